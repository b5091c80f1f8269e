"""From a tool's payload to what a model reads: the shapes and sizes of the training corpus (zimfo-behaviour §1.4).

The full payload stays with the client, for sources, grounding and display.
"""

import re
from typing import Any

from zimfo_client.agent import compact_places
from zimfo_client.results import ToolResult
from zimfo_client.text import content_stems, sentences

MAX_LEAD_WORDS = 120  # the corpus: median 57, 90 % at most 73
MAX_SECTION_WORDS = 200  # the corpus: median 88, 90 % at most 102
MAX_SECTION_NAMES = 12
MAX_HITS = 4
MAX_SNIPPET_WORDS = 30
MAX_ARTICLE_WORDS = 250
MAX_SIDE_WORDS = 80
MAX_RAW_CHARS = 2_000  # of a payload whose shape is unknown (a foreign server's)
MAX_ERROR_CHARS = 600


def compact(result: ToolResult, question: str) -> dict[str, Any]:
    """Return the JSON object that stands in the prompt for `result`, chosen with the question in mind."""
    payload = result.payload
    if payload is None:
        return {"error": result.text[:MAX_ERROR_CHARS]}
    try:
        if of_place := compact_places.SHAPES.get(result.name):
            return of_place(payload)
        shape = _SHAPES.get(result.name)
        return shape(payload, question) if shape else _raw(payload)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return _raw(payload)  # a foreign tool of the same name


def _search(payload: dict[str, Any], _question: str) -> dict[str, Any]:
    hits = payload["hits"][:MAX_HITS]
    return {
        "hits": [{"title": hit["title"], "snippet": _first_words(hit["snippet"], MAX_SNIPPET_WORDS)} for hit in hits]
    }


def _overview(payload: dict[str, Any], _question: str) -> dict[str, Any]:
    names = [item["title"] for item in payload["available_sections"] if item["title"]]
    return {
        "title": payload["title"],
        "lead": _first_words(_lead(payload["sections"]), MAX_LEAD_WORDS),
        "available_sections": names[:MAX_SECTION_NAMES],
    }


def _section(payload: dict[str, Any], question: str) -> dict[str, Any]:
    return {"section_body": relevant(payload["text"], question, MAX_SECTION_WORDS)}


def _compare(payload: dict[str, Any], _question: str) -> dict[str, Any]:
    if "articles" not in payload:
        return {
            "title": payload["resolved_title"],
            "comparison": " ".join(_first_words(part["text"], MAX_SIDE_WORDS) for part in payload["sections"][:2]),
        }
    sides = [
        {"title": side["title"], "error": side["error"][:MAX_ERROR_CHARS]}
        if "error" in side
        else {"title": side["title"], "lead": _first_words(_lead(side["sections"]), MAX_SIDE_WORDS)}
        for side in payload["articles"]
    ]
    return dict(zip("abcd", sides, strict=False))


def _narrate(payload: dict[str, Any], _question: str) -> dict[str, Any]:
    return {"article_body": _first_words(payload["text"], MAX_ARTICLE_WORDS)}


_SHAPES = {
    "search": _search,
    "article_overview": _overview,
    "get_article_section": _section,
    "compare_articles": _compare,
    "narrate_article": _narrate,
}


def relevant(text: str, question: str, max_words: int) -> str:
    """Return the paragraphs of `text` that share most words with the question, in their order, within a budget."""
    if len(text.split()) <= max_words:
        return " ".join(text.split())
    asked = set(content_stems(question))
    paragraphs = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    ranked = sorted(
        range(len(paragraphs)), key=lambda index: (-len(asked & set(content_stems(paragraphs[index]))), index)
    )
    chosen: list[int] = []
    length = 0
    for index in ranked:
        size = len(paragraphs[index].split())
        if chosen and length + size > max_words:
            continue
        chosen.append(index)
        length += size
        if length >= max_words:
            break
    return _first_words(" ".join(paragraphs[index] for index in sorted(chosen)), max_words)


def _lead(sections: list[dict[str, Any]]) -> str:
    return next((str(section["text"]) for section in sections if section["text"].strip()), "")


def _first_words(text: str, limit: int) -> str:
    """Return the whole sentences that fit into `limit` words; a first one that is too long is cut."""
    kept: list[str] = []
    count = 0
    for sentence in sentences(text):
        size = len(sentence.split())
        if kept and count + size > limit:
            break
        kept.append(sentence)
        count += size
    said = " ".join(kept).split()
    return " ".join(said[:limit]) + ("…" if len(said) > limit else "")


def _raw(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload of unknown shape, long texts cut, within the character budget."""
    budget = MAX_RAW_CHARS

    def cut(value: Any) -> Any:
        nonlocal budget
        if budget <= 0:
            return "…"
        if isinstance(value, str):
            shown = value if len(value) <= budget else value[:budget] + "…"
            budget -= len(shown)
            return shown
        if isinstance(value, dict):
            kept: dict[str, Any] = {}
            for key, item in value.items():
                if budget <= 0:
                    break
                budget -= len(key) + 6  # quotes, colon, comma
                kept[key] = cut(item)
            return kept
        if isinstance(value, list):
            return [cut(item) for item in value if budget > 0]
        budget -= 8
        return value

    shortened = cut(payload)
    assert isinstance(shortened, dict)
    return shortened
