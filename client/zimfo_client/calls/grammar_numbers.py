"""GBNF for numbers between bounds: without exponents, with few digits, so that every number ends."""

import math
from typing import Final

MAX_INTEGER: Final = 999_999_999  # where a schema names no bound; no argument of a tool needs more
MAX_DECIMALS: Final = 6  # 0.1 m in degrees


def integer(low: float | None, high: float | None) -> str:
    """Return GBNF for the whole numbers from `low` to `high`, both included; None is no bound."""
    least, most = _whole(low, high)
    if least > most:
        return f'"{most}"'  # nothing is between them: no call can be valid, and the tool says so
    return " | ".join(f"{sign}{_span(first, last)}" for sign, first, last in _signed(least, most))


def decimal(low: float | None, high: float | None) -> str:
    """Return GBNF for the numbers from `low` to `high`, whole or with decimals."""
    least, most = _whole(low, high)
    if least > most:
        # The bounds lie between two whole numbers: three numbers stand for all of them.
        assert low is not None
        assert high is not None
        chosen = dict.fromkeys(_plain(number) for number in (low, (low + high) / 2, high))
        return " | ".join(f'"{text}"' for text in chosen)
    fraction = f'("." [0-9]{{1,{MAX_DECIMALS}}})?'
    choices = []
    for sign, first, last in _signed(least, most):
        if first < last:
            choices.append(f"{sign}{_span(first, last - 1)} {fraction}")
        choices.append(f"{sign}{_span(last, last)}")
    return " | ".join(choices)


def _whole(low: float | None, high: float | None) -> tuple[int, int]:
    """Return the least and the greatest whole number; a bound that is missing lies far away from the other one."""
    least = math.ceil(low) if low is not None and math.isfinite(low) else None
    most = math.floor(high) if high is not None and math.isfinite(high) else None
    if least is None:
        least = -MAX_INTEGER if most is None or most > -MAX_INTEGER else most
    return least, max(MAX_INTEGER, least) if most is None else most


def _signed(least: int, most: int) -> list[tuple[str, int, int]]:
    """Return the parts of a range as sign and digits from smallest to largest size."""
    parts = []
    if most >= 0:
        parts.append(("", max(least, 0), most))
    if least < 0:
        parts.append(('"-" ', max(1, -most), -least))
    return parts


def _span(first: int, last: int) -> str:
    """Return GBNF for the digits of `first` to `last`, neither negative."""
    choices = []
    for length in range(len(str(first)), len(str(last)) + 1):
        smallest = 10 ** (length - 1) if length > 1 else 0
        choices.append(_same_length(str(max(first, smallest)), str(min(last, 10**length - 1))))
    return f"({' | '.join(choices)})"


def _same_length(first: str, last: str) -> str:
    if not first:
        return '""'
    if set(first[1:]) <= {"0"} and set(last[1:]) <= {"9"}:
        return f"[{first[0]}-{last[0]}]" + (f" [0-9]{{{len(first) - 1}}}" if len(first) > 1 else "")
    if first[0] == last[0]:
        return f'"{first[0]}" ({_same_length(first[1:], last[1:])})'
    low, high, rest = int(first[0]), int(last[0]), len(first) - 1
    choices = []
    if set(first[1:]) - {"0"}:
        choices.append(f'"{low}" ({_same_length(first[1:], "9" * rest)})')
        low += 1
    if set(last[1:]) - {"9"}:
        choices.append(f'"{high}" ({_same_length("0" * rest, last[1:])})')
        high -= 1
    if low <= high:
        choices.append(f"[{low}-{high}] [0-9]{{{rest}}}")
    return " | ".join(choices)


def _plain(number: float) -> str:
    return f"{number:.{MAX_DECIMALS}f}".rstrip("0").rstrip(".")
