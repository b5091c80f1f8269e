"""The tool that a model meant by a name."""

from collections.abc import Iterable
from typing import Final

from rapidfuzz.distance import Levenshtein

MAX_EDITS = 2
LETTERS_PER_EDIT = 3  # a name of five letters may have one edit: short words are too near to each other

# Tools of earlier versions that a model may remember, and the one that does their work now (zimfo-behaviour §1.6).
# The others of that table have no successor and stay unknown.
RETIRED: Final = {
    "get_article": "narrate_article",
    "get_article_by_title": "get_article_section",
    "list_article_sections": "article_overview",
    "geocode": "near_named_place",
    "locate": "near_named_place",
    "show_map": "near_named_place",
    "plan_driving_route": "route_from_places",
}


def resolve(name: str, tools: Iterable[str]) -> str | None:
    """Return the tool of `tools` that `name` stands for, or None when it stands for none or for several alike."""
    known = list(tools)
    if name in known:
        return name
    folded = _folded(name)
    by_fold = {_folded(tool): tool for tool in reversed(known)}
    for candidate in (folded, _folded(name.rpartition(".")[2])):
        if candidate and candidate in by_fold:
            return by_fold[candidate]
    retired = {_folded(old): new for old, new in RETIRED.items()}.get(folded)
    if retired in known:
        return retired
    edits = min(MAX_EDITS, len(folded) // LETTERS_PER_EDIT)
    distances = {
        tool: distance
        for fold, tool in by_fold.items()
        if (distance := Levenshtein.distance(folded, fold, score_cutoff=edits)) <= edits
    }
    nearest = [tool for tool, distance in distances.items() if distance == min(distances.values())]
    return nearest[0] if len(nearest) == 1 else None


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
