"""What a corpus shows of the first turn: the block that is the same in all rows, the location line, the label."""

import math
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zimfo_client.profiles.notation import fill

_NUMBER: Final = r"[-+]?\d{1,3}(?:\.\d+)?"
_LOCATION: Final = re.compile(rf"([^\n]*?)({_NUMBER})([^\d\n]+?)({_NUMBER})([^\d\n]*)")
_MAX_LOCATION: Final = 200  # characters of a location line
_LEAST_LOCATED: Final = 0.01  # share of rows with a location line: fewer are questions that hold two numbers
_PARAGRAPH: Final = "\n\n"


@dataclass(frozen=True)
class Opening:
    """How a first turn is made: `block`, `separator`, perhaps `location_line` and `separator`, `label`, question.

    With `in_system` the block is the system turn and the rest a turn of its own.
    """

    block: str
    separator: str
    location_line: str
    location_digits: int | None
    label: str
    in_system: bool


def learn_opening(firsts: Sequence[str], questions: Sequence[str], share: float) -> Opening | None:
    """Return the form of first turns, with what at least `share` of them have in common; None when that is nothing.

    `firsts` are the turns with the block; `questions` the first user turns behind them where the block is in the
    system turn, else empty.
    """
    common = shared_prefix(firsts, share)
    if questions:
        block, separator, bodies = common, _PARAGRAPH, list(questions)
    else:
        block = _cut(common, firsts)
        rests = [first[len(block) :] for first in firsts if first.startswith(block)]
        separator = _commonest([rest[: len(rest) - len(rest.lstrip("\n"))] for rest in rests])
        bodies = [rest[len(separator) :] for rest in rests if rest.startswith(separator)]
    if not block.strip():
        return None
    line, digits = _location_line(bodies, separator)
    if line:
        pattern = location_pattern(line, separator)
        bodies = [pattern.sub("", body, count=1) if pattern.match(body) else body for body in bodies]
    return Opening(block, separator, line, digits, _label(shared_prefix(bodies, share)), bool(questions))


def shared_prefix(texts: Sequence[str], share: float) -> str:
    """Return the longest text with which at least `share` of `texts` begin."""
    ordered = sorted(texts)
    width = max(1, math.ceil(share * len(ordered)))
    ends = zip(ordered, ordered[width - 1 :], strict=False)
    return max((os.path.commonprefix(pair) for pair in ends), key=len, default="")  # noqa: RUF071 - of characters


def location_pattern(line: str, separator: str) -> re.Pattern[str]:
    """Return the pattern of a location line, with the groups `lat` and `lon`."""
    escaped = re.escape(line)
    groups = {name: rf"(?P<{name}>{_NUMBER})" for name in ("lat", "lon")}
    return re.compile(fill(escaped.replace(r"\{", "{").replace(r"\}", "}"), groups) + re.escape(separator))


def _cut(common: str, firsts: Sequence[str]) -> str:
    """Return the block of a common beginning: up to the last paragraph break, and before a location line."""
    end = common.rfind(_PARAGRAPH)
    # Where all rows are one, the whole text is common and its last paragraph is the question.
    block = common if end < 0 or (common in firsts and len(set(firsts)) > 1) else common[:end]
    before, _, last = block.rpartition(_PARAGRAPH)
    if before and _location(last):
        block = before
    return block.rstrip("\n")


def _location_line(bodies: Sequence[str], separator: str) -> tuple[str, int | None]:
    """Return the template of location lines and their decimals where Python's own way would not give them back."""
    found: Counter[str] = Counter()
    numbers: dict[str, list[str]] = {}
    for body in bodies:
        head, parted, _ = body.partition(separator) if separator else ("", "", "")
        if parted and (line := _location(head)):
            before, first, between, second, after = line.groups()
            names = ("{lat}", "{lon}") if not re.search(r"(?i)lon|lng", before) else ("{lon}", "{lat}")
            template = f"{before}{names[0]}{between}{names[1]}{after}"
            found[template] += 1
            numbers.setdefault(template, []).extend((first, second))
    if not found:
        return "", None
    template, rows = found.most_common(1)[0]
    if rows < max(2, _LEAST_LOCATED * len(bodies)):
        return "", None
    decimals = {len(number.partition(".")[2]) for number in numbers[template]}
    usual = all(str(float(number)) == number for number in numbers[template])
    return template, None if usual or len(decimals) > 1 else decimals.pop()


def _location(line: str) -> re.Match[str] | None:
    """Return the parts of a line that has words and two numbers that may be degrees; None for any other."""
    found = _LOCATION.fullmatch(line) if len(line) <= _MAX_LOCATION else None
    if found is None or not re.search(r"[^\W\d_]", found[1]):
        return None
    return found if all(abs(float(found[number])) <= 180 for number in (2, 4)) else None


def _label(common: str) -> str:
    """Return what introduces a question: up to the last line end, else up to the last colon."""
    for mark in ("\n", ": "):
        if mark in common:
            return common[: common.rindex(mark) + len(mark)]
    return ""


def _commonest(texts: Sequence[str]) -> str:
    return Counter(texts).most_common(1)[0][0] if texts else ""
