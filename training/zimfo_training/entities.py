"""What training questions are about: titles, places and kinds, from archives and corpora, and names of nothing at all.

Whole entities are held out: a name that is asked about in the held-out set occurs nowhere in the training set.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from libzim.reader import Archive

from zimfo_client.text import fold
from zimfo_training.phrasings import loaded

HELD_OUT_SHARE: Final = 0.1  # of entities, and of phrasings
MAX_NAME: Final = 48  # characters; longer titles are lists and subtitles, which nobody asks for in one breath
INVENTED: Final = 2_000  # names of nothing: what a model can only copy
_TOPIC = re.compile(
    r"^(?:tell me about|explain|what is|what are|who was|who is|what's|history of|give me a quick intro to|"
    r"what happened in|"
    r"read me the article on|tell me the full story of|search wikipedia for|find wiki articles about|overview of|"
    r"any wikipedia entries for|search for articles on)\s+(?P<topic>[^?.!,]{2,48}?)"
    r"(?: known for| made of| used for)?[?.!]*$",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:in|near|around|to) (?P<place>(?:the )?[A-Z][\w'.-]+(?: [A-Z][\w'.-]+){0,3})$")


@dataclass(frozen=True)
class Entities:
    """Names to ask about, in a fixed order."""

    subjects: tuple[str, ...]
    places: tuple[str, ...]


def is_held_out(text: str, *, salt: str = "entity") -> bool:
    """Tell whether an entity or a phrasing belongs to the held-out set: the same for one text, always."""
    digest = hashlib.sha256(f"{salt}:{fold(text)}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < HELD_OUT_SHARE * 2**32


def gather(archives: Iterable[Path], corpus: Path | None, places: Iterable[str]) -> Entities:
    """Return the entities of archives and of a corpus, and invented ones besides."""
    subjects = [title for archive in archives for title in titles(archive)]
    found_places = list(places)
    if corpus is not None:
        for question in corpus_questions(corpus):
            if topic := _TOPIC.match(question):
                subjects.append(topic["topic"].strip().removeprefix("the "))
            elif place := _PLACE.search(question):
                found_places.append(place["place"])
    subjects += invented(INVENTED)
    found_places += invented_places(INVENTED // 2)
    return Entities(_tidy(subjects), _tidy(found_places))


def titles(path: Path) -> Iterator[str]:
    """Yield the titles of an archive's pages, without what stands in brackets behind them."""
    archive = Archive(path)
    for number in range(archive.all_entry_count):
        entry = archive._get_entry_by_id(number)
        if not entry.is_redirect and entry.get_item().mimetype.startswith("text/html"):
            title = re.sub(r"\s*\([^)]*\)$", "", entry.title)
            if ":" not in title:  # pages of the archive itself, such as "Category:…"
                yield title


def corpus_questions(folder: Path) -> Iterator[str]:
    """Yield the first question of every conversation of the public corpus."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            yield json.loads(line)["messages"][0]["content"].rpartition("User query:\n")[2].strip()


_PARTS: Final[dict[str, list[str]]] = {key: words.split() for key, words in loaded("names").items()}


def _last_name(dice: random.Random) -> str:
    return dice.choice(_PARTS["last_begin"]) + dice.choice(_PARTS["last_end"])


def invented(count: int) -> Iterator[str]:
    """Yield names of people and things that do not exist, and common nouns."""
    dice = random.Random("subjects")
    yield from _PARTS["common"]
    for _ in range(count):
        kind = dice.random()
        if kind < 0.45:
            yield f"{dice.choice(_PARTS['first'])} {_last_name(dice)}"
        elif kind < 0.85:
            yield f"{_last_name(dice)} {dice.choice(_PARTS['things'])}"
        elif kind < 0.95:
            yield f"{dice.choice(_PARTS['common'])} {dice.choice(_PARTS['things']).lower()}"
        else:
            yield "".join(dice.choice("ABCDEFGHIKLMNOPRSTUVWXZ") for _ in range(dice.randint(3, 5)))


def invented_places(count: int) -> Iterator[str]:
    """Yield names of places that do not exist."""
    dice = random.Random("places")
    for _ in range(count):
        end = dice.choice(_PARTS["place_ends"])
        yield _last_name(dice) + ("ville" if end == "ville" else f" {end}" if dice.random() < 0.7 else "")


def _tidy(names: Iterable[str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for name in map(" ".join, map(str.split, names)):
        if 2 < len(name) <= MAX_NAME and '"' not in name and "{" not in name:
            kept.setdefault(fold(name), name)
    return tuple(kept.values())
