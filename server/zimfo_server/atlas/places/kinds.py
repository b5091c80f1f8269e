"""From the words of a call to kinds of places.

A kind is looked up in the vocabulary in several readings ("best pizza places" → "pizza place" → "pizza"); what stays
unknown is matched on subtypes and names, and the reader is told so.
"""

import functools
import re
from collections.abc import Iterable

from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.selection import Selection
from zimfo_server.atlas.places.vocabulary import CUISINES, FOOD, KINDS, Kind
from zimfo_shared.places import singular

MAX_WORDS = 8  # of a kind; longer ones are sentences, and no place is filed under one

_PRAISE = frozenset(
    "best good great nice cheap local famous popular close closest nearest nearby open public free top fun cool some "
    "any more other the a near me my interesting notable major big small family kid friendly now today late around "
    "here in town".split()
)
_HEADS = frozenset(
    singular(word)
    for word in "shop store place spot joint parlor parlour truck house venue restaurant food cuisine bar eatery stand "
    "center centre site location area building facility outlet".split()
)


def understand(kinds: Iterable[str]) -> Selection | None:
    """Return what `kinds` ("coffee_shop", "EV charging stations") mean, each of them; None when they have no words."""
    understood: dict[str, Kind] = {}
    unknown: list[str] = []
    broader: list[str] = []
    for text in kinds:
        words = _singular_words(text)[:MAX_WORDS]
        if not words:
            continue
        kind = _known(words)
        if kind is None:
            kind, base = _by_words(words)
            unknown.append(kind.label)
            broader += [base.label] if base else []
        understood.setdefault(kind.label, kind)
    return Selection(tuple(understood.values()), tuple(unknown), tuple(broader)) if understood else None


def _known(words: list[str]) -> Kind | None:
    """Return the kind that the words name in one of their readings, the longest first."""
    while len(words) > 1 and words[0] in _PRAISE:
        words = words[1:]
    while len(words) > 1 and words[-1] in _PRAISE:
        words = words[:-1]
    table = _lookup()
    if kind := table.get("_".join(words)):
        return kind
    if len(words) > 1 and words[-1] in _HEADS:
        return table.get("_".join(words[:-1])) or _known(words[:-1])
    return None


def _by_words(words: list[str]) -> tuple[Kind, Kind | None]:
    """Return a kind for words that the vocabulary does not know, and the known kind that its last words are.

    A "rooftop bar" is a bar with "rooftop" in its name; a "zeppelin" anything that is called or classed so.
    """
    label = "_".join(words)
    subtypes = f"{label} {label}_* *_{label} *_{label}_*"
    for first in range(1, len(words)):
        if base := _known(words[first:]):
            told = "_".join(words[:first])
            return Kind(label, subtypes=subtypes, names=told, among=f"{base.subtypes} {base.among}"), base
    return Kind(label, subtypes=subtypes, names=label, among="*"), None


@functools.cache
def _lookup() -> dict[str, Kind]:
    """Return the vocabulary by every name of a kind, in the singular."""
    cuisines = [
        Kind(
            dish,
            subtypes=" ".join([dish, f"{dish}_*", f"*_{dish}", *(f"{name}_restaurant" for name in names.split())]),
            names=names,
            among=FOOD,
        )
        for dish, names in CUISINES.items()
    ]
    table: dict[str, Kind] = {}
    for kind in (*KINDS, *cuisines):
        table.setdefault("_".join(_singular_words(kind.label)), kind)
    for kind in KINDS:
        for name in kind.also.split():
            table.setdefault("_".join(_singular_words(name)), kind)
    return table


def _singular_words(name: str) -> list[str]:
    """Return the folded words of a kind's name, each in the singular and without "'s"."""
    return [singular(word) for word in fold(re.sub(r"['’]s\b", "", name.replace("_", " "))).split()]
