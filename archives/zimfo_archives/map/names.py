"""The names of an object in all languages, and the tags whose way into the archive is followed and counted."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

_LANGUAGE = r"[a-z]{2,3}(?:[-_][A-Za-z0-9]+)*"
_NAME_IN = re.compile(rf"name:({_LANGUAGE})")
# Names that people use beside the main one; a suffix tells the language: alt_name:fr.
_OTHER_NAME = re.compile(rf"(?:alt|int|loc|local|nat|official|old|reg|short)_name(?::{_LANGUAGE})?")
_WIKIPEDIA_IN = re.compile(rf"(?:wikipedia:)?({_LANGUAGE})")
# Keys that look like a language and are none.
_NO_LANGUAGES = frozenset({"ref", "src"})

MIN_NAME = 2  # a name of one character finds nothing in the search index
# Of the languages of a country's name, there are three hundred.
MAX_NAMES = 400


def name_of(tags: Mapping[str, str]) -> str:
    """Return what the object is called on the spot, or the next best that people would call it; "" if nothing."""
    for key in ("name", "int_name", "official_name", "alt_name", "loc_name", "short_name", "brand"):
        name = tags.get(key, "").partition(";")[0].strip()
        if len(name) >= MIN_NAME:
            return tags[key].strip() if key == "name" else name
    translated = [tags[key] for key in sorted(tags) if _NAME_IN.fullmatch(key) and len(tags[key]) >= MIN_NAME]
    if translated:
        return tags.get("name:en") or translated[0]
    _, _, title = wikipedia_of(tags).partition(":")
    return unquote(title).replace("_", " ").partition("#")[0].strip()


def other_names(tags: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return all names but the one given, each once: alternatives first, then by language."""
    found: dict[str, None] = {}
    keys = [key for key in tags if _OTHER_NAME.fullmatch(key)]
    keys += sorted(key for key in tags if _is_name_in(key))
    if tags.get("name", name) != name:
        keys.insert(0, "name")
    for key in keys:
        for text in tags[key].split(";"):
            if len(text := text.strip()) >= MIN_NAME and text != name:
                found.setdefault(text)
    return tuple(found)[:MAX_NAMES]


def wikipedia_of(tags: Mapping[str, str]) -> str:
    """Return the article as "language:Title", also from `wikipedia:language=Title`; "" if none is told."""
    told = tags.get("wikipedia", "")
    if told:
        return told
    for key in sorted(tags):
        if key.startswith("wikipedia:") and _WIKIPEDIA_IN.fullmatch(key) and tags[key]:
            return f"{key.removeprefix('wikipedia:')}:{tags[key]}"
    return ""


def is_address(tags: Mapping[str, str]) -> bool:
    """Tell whether the tags give a house number and what it counts along."""
    return bool(tags.get("addr:housenumber") and (tags.get("addr:street") or tags.get("addr:place")))


def tracked(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is counted of an object, address aside: "name:fr", "wikipedia:it", "wikidata"."""
    found = [key for key in tags if _is_name_in(key)]
    language, colon, _ = tags.get("wikipedia", "").partition(":")
    languages = {language} if colon and _WIKIPEDIA_IN.fullmatch(language) else set()
    languages |= {key.removeprefix("wikipedia:") for key in tags if key.startswith("wikipedia:")}
    found += [f"wikipedia:{language}" for language in languages if _WIKIPEDIA_IN.fullmatch(language)]
    if "wikidata" in tags:
        found.append("wikidata")
    return _one(tuple(sorted(found)))


def _is_name_in(key: str) -> bool:
    match = _NAME_IN.fullmatch(key)
    return match is not None and match[1] not in _NO_LANGUAGES


@lru_cache(maxsize=65_536)
def _one(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the one copy of equal values: most objects have one of few combinations."""
    return value
