from zimfo_client.agent import memory
from zimfo_client.agent.memory import MAX_READ_ARTICLES, ReadArticles
from zimfo_client.agent.passages import Question
from zimfo_shared.articles import Compared, ComparedSection, CompareOutput, OutlineItem, OverviewOutput, SectionText


def overview(title: str, **sections: str) -> OverviewOutput:
    texts = [SectionText(title=name, level=2, bytes=len(text), text=text) for name, text in sections.items()]
    outline = [OutlineItem(title=name, level=2, bytes=9) for name in (*sections, "Legacy")]
    return OverviewOutput(
        zim="wiki", path=title, title=title, section_count=len(outline), sections=texts, available_sections=outline
    )


def texts(read: ReadArticles, title: str) -> dict[str, str]:
    article = read.get("wiki", title)
    return {section.title: section.text for section in article.sections} if article else {}


def test_the_longest_text_of_a_section_is_kept():
    read = ReadArticles()
    read.see(overview("Curie", Life="She was born", Work="Radium"))
    read.see(overview("Curie", Life="She was born in Warsaw."))
    read.see(overview("Curie", Life="She"))
    assert texts(read, "Curie") == {"Life": "She was born in Warsaw.", "Work": "Radium"}
    article = read.get("wiki", "Curie")
    assert article is not None
    assert read.unread(article) == ["Legacy"]


def test_both_sides_of_a_comparison_are_read():
    sides = [
        Compared(title=name, zim="wiki", path=name, sections=[ComparedSection(title="", text=f"{name}.", bytes=2)])
        for name in "AB"
    ]
    read = ReadArticles()
    read.see(CompareOutput(requested=["A", "B", "C"], articles=[*sides, Compared(title="C", error="not found")]))
    assert (texts(read, "A"), texts(read, "B"), texts(read, "C")) == ({"": "A."}, {"": "B."}, {})


def test_what_was_read_long_ago_is_forgotten(monkeypatch):
    read = ReadArticles()
    for number in range(MAX_READ_ARTICLES + 1):
        read.see(overview(f"A{number}", Life="x"))
    assert read.get("wiki", "A0") is None
    assert read.get("wiki", "A1") is not None
    monkeypatch.setattr(memory, "MAX_READ_CHARS", 10)
    read.see(overview("Long", Life="x" * 8, Work="y" * 8))
    assert texts(read, "Long") == {"Life": "x" * 8}


def test_a_copy_does_not_learn():
    read = ReadArticles()
    before = read.copy()
    read.see(overview("Curie", Life="x"))
    assert before.get("wiki", "Curie") is None


def test_short_forms_of_names_are_found_in_an_article():
    assert not Question("How deadly was WWII?").misses_a_name("World War II was fought from 1939 to 1945.")
    assert Question("How deadly was WWII?").misses_a_name("World War I was fought from 1914 to 1918.")
    assert not Question("What does the WHO advise?").misses_a_name("The World Health Organization advises rest.")
