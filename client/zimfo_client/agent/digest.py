"""Long sections as notes: a model reads each by itself, and answers from what it noted of all of them."""

from typing import Any, Final

from zimfo_client.agent.compact import MAX_SECTION_WORDS, relevant
from zimfo_client.agent.grounding import strays
from zimfo_client.results import ToolResult

NOTED_WORDS: Final = 600  # of a section that a note is made from: three times what stands in a prompt otherwise
NOTE_TOKENS: Final = 120  # of a note: two or three sentences
NOTE_IT: Final = "\nNote in one or two sentences what this text says about the question."


def long_section(result: ToolResult, question: str) -> dict[str, Any] | None:
    """Return what to make a note from, None for a result that stands in the prompt as it is."""
    text = result.payload.get("text") if result.payload and result.name == "get_article_section" else None
    if not isinstance(text, str) or len(text.split()) <= MAX_SECTION_WORDS:
        return None
    return {"section_body": relevant(text, question, NOTED_WORDS)}


def as_result(note: str, read: dict[str, Any], question: str) -> dict[str, Any] | None:
    """Return a note in the form of a result; None when it says something that the section does not."""
    said = note.strip().strip('"')
    if not said or strays(said, f"{read['section_body']} {question}"):
        return None
    return {"section_body": said}
