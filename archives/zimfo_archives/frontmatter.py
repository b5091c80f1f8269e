"""The YAML front matter of a page: what it may say, and which line is wrong when it says something else.

The YAML is composed into nodes first, not loaded at once, because nodes know their lines and keep both of two equal
keys, where loading would silently drop the first.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import yaml

KEYS = ("title", "redirects", "categories", "tags", "coordinates", "language")
MARKER = "---"
# MediaWiki's own limit, so that titles travel between this and Wikipedia's archives.
TITLE_BYTES = 255
# Some keys need some hundred; what is longer is a file in which the second marker is far away by accident.
MAX_CHARACTERS = 64 << 10
_SHOWN_CHARACTERS = 80  # of a wrong value, in a message
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

# Told a line of the file and what is wrong there.
Report = Callable[[int, str], None]


@dataclass(slots=True)
class FrontMatter:
    """The fields of a page's front matter; `lines` has the line of each key, redirects carry their own."""

    title: str = ""
    redirects: list[tuple[str, int]] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    coordinates: tuple[float, float] | None = None
    language: str | None = None
    lines: dict[str, int] = field(default_factory=dict)


def split(text: str) -> tuple[str, str, int] | None:
    """Return the YAML, the body and the line the body begins on; None if there is no front matter."""
    lines = text.split("\n")
    if lines[0].rstrip() != MARKER:
        return None
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == MARKER:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :]), number + 2
    return None


def parse(text: str, report: Report) -> FrontMatter:
    """Read the YAML between the markers; every problem goes to `report`, and what could be read is returned."""
    found = FrontMatter()
    if len(text) > MAX_CHARACTERS:
        report(1, f"the front matter has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed")
        return found
    try:
        loader = yaml.SafeLoader(text)
        try:
            _fill(found, loader, report)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        report(_file_line(mark.line) if mark else 1, f"the front matter is not valid YAML: {error.problem}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Characters YAML forbids, dates such as 2024-13-45, and lists nested without end.
        report(1, f"the front matter is not valid YAML: {str(error).splitlines()[0]}")
    else:
        if "title" not in found.lines:
            report(1, "the front matter has no title")
    return found


def _file_line(yaml_line: int) -> int:
    # YAML counts from 0, and the opening marker comes before it.
    return yaml_line + 2


def _fill(found: FrontMatter, loader: yaml.SafeLoader, report: Report) -> None:
    root = loader.get_single_node()
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        report(2, "the front matter must be lines of the form `key: value`")
        found.lines["title"] = 2  # one complaint is enough
        return
    for key_node, value_node in root.value:
        line = _file_line(key_node.start_mark.line)
        key = loader.construct_object(key_node)
        if not isinstance(key, str) or key not in KEYS:
            report(line, f"unknown key {_shown(key)} in the front matter; known are {', '.join(KEYS)}")
            continue
        if key in found.lines:
            report(line, f"the key {key!r} stands in the front matter twice")
            continue
        found.lines[key] = line
        value = loader.construct_object(value_node, deep=True)
        _READERS[key](found, value, value_node, partial(report, line))


# A reader gets the value, its node for finer lines, and a way to complain about the line of the key.
_Complain = Callable[[str], None]


def _read_title(found: FrontMatter, value: object, node: yaml.Node, complain: _Complain) -> None:
    if (problem := title_problem(value)) is not None:
        complain(f"the title {problem}")
    else:
        found.title = unicodedata.normalize("NFC", str(value))


def _read_redirects(found: FrontMatter, value: object, node: yaml.Node, complain: _Complain) -> None:
    if not isinstance(value, list) or not isinstance(node, yaml.SequenceNode):
        complain("redirects must be a list of titles, such as [Rayleigh law]")
        return
    for item, item_node in zip(value, node.value, strict=True):
        if (problem := title_problem(item)) is not None:
            complain(f"the redirect {_shown(item)} {problem}")
        else:
            line = _file_line(item_node.start_mark.line)
            found.redirects.append((unicodedata.normalize("NFC", str(item)), line))


def _read_categories(found: FrontMatter, value: object, node: yaml.Node, complain: _Complain) -> None:
    if not isinstance(value, list):
        complain("categories must be a list of names, such as [Physics]")
        return
    for item in value:
        if (problem := title_problem(item)) is not None:
            complain(f"the category {_shown(item)} {problem}")
        else:
            found.categories.append(unicodedata.normalize("NFC", str(item)))


def _read_tags(found: FrontMatter, value: object, node: yaml.Node, complain: _Complain) -> None:
    if not isinstance(value, list):
        complain("tags must be a list of words, such as [physics]")
        return
    for tag in value:
        # An archive keeps its tags in one line with semicolons between them, a page its keywords with commas.
        if not isinstance(tag, str) or not tag.strip() or not tag.isprintable() or set(tag) & set(";,"):
            complain(f"the tag {_shown(tag)} must be text without a comma or semicolon")
        elif (problem := title_problem(name := " ".join(tag.split()))) is not None:
            # A tag may become a category, which has a page.
            complain(f"the tag {_shown(tag)} {problem}")
        else:
            found.tags.append(unicodedata.normalize("NFC", name))


def _read_coordinates(found: FrontMatter, value: object, node: yaml.Node, complain: _Complain) -> None:
    if not isinstance(value, list) or len(value) != 2 or not all(_is_number(number) for number in value):
        complain("coordinates must be two numbers, latitude and longitude in degrees, such as [37.44, -122.14]")
        return
    latitude, longitude = float(value[0]), float(value[1])
    if abs(latitude) > 90:
        complain(f"the latitude {value[0]} is not between -90 and 90; coordinates are latitude first")
    elif abs(longitude) > 180:
        complain(f"the longitude {value[1]} is not between -180 and 180")
    else:
        found.coordinates = (latitude, longitude)


def _read_language(found: FrontMatter, value: object, node: yaml.Node, complain: _Complain) -> None:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        complain(f"the language {_shown(value)} must be text such as en or pt-BR; put quotes around no")
    else:
        found.language = value


_READERS: dict[str, Callable[[FrontMatter, object, yaml.Node, _Complain], None]] = {
    "title": _read_title,
    "redirects": _read_redirects,
    "categories": _read_categories,
    "tags": _read_tags,
    "coordinates": _read_coordinates,
    "language": _read_language,
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: object) -> str:
    """Return a wrong value for a message: lists that hold each other may be endless, and are not written out."""
    if isinstance(value, list | dict | set | tuple):
        return "that is a list" if not isinstance(value, dict) else "that is a mapping"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def title_problem(value: object) -> str | None:
    """Return what is wrong with a title or redirect, None if it is fine."""
    if not isinstance(value, str):
        if value is None:
            return "is empty"
        return "must be text" if isinstance(value, list | dict) else f"must be text; put quotes around {value}"
    if not value.strip():
        return "is empty"
    if value != " ".join(value.split()):
        return "has spaces or line breaks to spare"
    if not value.isprintable():
        return "has characters that cannot be printed"
    if len(value.encode("utf-8", "surrogatepass")) > TITLE_BYTES:
        return f"is longer than {TITLE_BYTES} bytes"
    # A path such as ../x would make relative links between pages lead elsewhere.
    if any(part in ("", ".", "..") for part in value.split("/")):
        return "cannot be the path of a page: a part between slashes is empty, . or .."
    return None
