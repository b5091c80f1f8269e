"""Long sections are noted one at a time, and a note says nothing that its section does not."""

from zimfo_client.agent.compact import MAX_SECTION_WORDS
from zimfo_client.agent.digest import NOTED_WORDS, as_result, long_section
from zimfo_client.results import ToolResult

SENTENCE = "Peat grows in bogs where dead moss does not rot. "


def section(text: str) -> ToolResult:
    return ToolResult("get_article_section", {}, text, {"text": text}, 0.0)


def test_a_short_section_stands_in_the_prompt_as_it_is():
    assert long_section(section(SENTENCE), "How does peat form?") is None
    assert long_section(ToolResult("search", {}, "", {"hits": []}, 0.0), "peat") is None
    assert long_section(ToolResult("get_article_section", {}, "refused", None, 0.0), "peat") is None


def test_a_long_section_is_read_up_to_a_bound():
    read = long_section(section("\n\n".join([SENTENCE * 10] * 30)), "How does peat form?")

    assert read is not None
    assert MAX_SECTION_WORDS < len(read["section_body"].split()) <= NOTED_WORDS


def test_a_note_that_strays_from_its_section_is_dropped():
    read = {"section_body": SENTENCE}

    assert as_result("Dead moss does not rot in bogs, so peat grows.", read, "How does peat form?") == {
        "section_body": "Dead moss does not rot in bogs, so peat grows."
    }
    assert as_result("Peat was found by Humboldt in 1802.", read, "How does peat form?") is None
    assert as_result("", read, "How does peat form?") is None
