"""What a text that names a place can mean: a point, the person's own position, a name within another, an address."""

import re
from dataclasses import dataclass

from zimfo_server.errors import PlaceNotFoundError

MAX_QUERY = 500  # characters; the longest names of OpenStreetMap have 255, and a region may follow
MAX_PARTS = 4  # places after a name: "Town, County, State, Country"
MAX_TRAILING_WORDS = 4  # of a query without a comma that may name the town: "San Pedro de Macorís"

_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")
_QUOTES = "\"'“”„«»`"


def tidy(text: str) -> str:
    """Return a query with single spaces, without quotes around it. Raises `PlaceNotFoundError` if it is no name."""
    if len(text) > MAX_QUERY:
        raise PlaceNotFoundError(
            f"A place name of {len(text)} characters is none. Call again with the name only, as on a map: 'Name' or "
            "'Name, Town'."
        )
    clean = _SPACE.sub(" ", text).strip(f"{_QUOTES} ").strip(" .,;:!?")
    if not clean:
        raise PlaceNotFoundError("The place is empty. Call again with a name ('Name' or 'Name, Town') or 'lat,lon'.")
    return clean


# --- Coordinates ---------------------------------------------------------------------------------------------------

_NUMBER = r"[+−-]?\d{1,3}(?:\.\d{1,20})?"
_PART = r"\d{1,2}(?:\.\d{1,20})?"
_DEGREES = rf"({_NUMBER})\s*(?:[°º]|deg(?:rees)?\b)?\s*(?:({_PART})\s*['′’]\s*(?:({_PART})\s*(?:[\"″”]|'')\s*)?)?"
_LABEL = r"(?:(?:lat(?:itude)?|lon(?:gitude)?|lng|long)\s*[:=]?\s*)?"
_ANGLE = rf"{_LABEL}([NSEW])?\s*{_DEGREES}([NSEW])?"
_PAIR = re.compile(rf"(?:geo:)?[(\[]?\s*{_ANGLE}\s*([,;/]|\s)\s*{_ANGLE}\s*[)\]]?", re.IGNORECASE)
_DECIMAL_COMMAS = re.compile(r"([+−-]?\d{1,3}),(\d{2,20})\s*[;\s]\s*([+−-]?\d{1,3}),(\d{2,20})")


def coordinates(text: str) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees written in a text ("45.46, 9.19", "45°27′N 9°11′E"); None for a name.

    Raises `PlaceNotFoundError` for what can only be coordinates but lies outside of the earth, and for (0, 0), which
    stands for an unknown position.
    """
    if commas := _DECIMAL_COMMAS.fullmatch(text):
        text = f"{commas[1]}.{commas[2]} {commas[3]}.{commas[4]}"
    found = _PAIR.fullmatch(text)
    if not found:
        return None
    before, degrees, minutes, seconds, after, separator, before2, degrees2, minutes2, seconds2, after2 = found.groups()
    side, side2 = (before or after or "").upper(), (before2 or after2 or "").upper()
    plain = not side and not side2 and "°" not in text and "º" not in text
    # Two whole numbers side by side are a name ("24 7"), as are a number and a fraction.
    if plain and not separator.strip() and not ("." in degrees and "." in degrees2):
        return None
    first, second = _angle(degrees, minutes, seconds), _angle(degrees2, minutes2, seconds2)
    if side in ("E", "W") and side2 in ("N", "S"):
        first, second, side, side2 = second, first, side2, side
    if side in ("E", "W") or side2 in ("N", "S"):
        return None
    lat, lon = -first if side == "S" else first, -second if side2 == "W" else second
    if abs(lat) > 90 or abs(lon) > 180:
        raise PlaceNotFoundError(
            f"'{text}' is no position: latitude is -90 to 90, longitude -180 to 180, latitude first. "
            "Call again with 'lat,lon' or a place name."
        )
    if lat == 0 and lon == 0:
        raise PlaceNotFoundError("0,0 stands for an unknown position. Call again with a place name, or ask the person.")
    return lat, lon


def _angle(degrees: str, minutes: str | None, seconds: str | None) -> float:
    value = float(degrees.replace("−", "-"))
    rest = float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return value - rest if degrees[0] in "-−" else value + rest


# --- A name within another -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """A name and where it is: `places` are names of towns or regions, the nearest first."""

    name: str
    places: tuple[str, ...]


_WITHIN = re.compile(r"^(.+)\s(?:in|near|at|by|close to|next to|inside|outside)\s(?:the\s)?(.+)$", re.IGNORECASE)
_POSTCODE = re.compile(r"\b[A-Z]{0,2}-?\d{4,6}\b")
_COMMA_NUMBER = re.compile(r"^(.*\D),\s*(\d+\s?[a-zA-Z]?)(?=,|$)")
_NUMBER_COMMA = re.compile(r"^(\d+\s?[a-zA-Z]?),\s*(?=\D)")


def with_number(text: str) -> str:
    """Return a text with the comma between a street and its house number removed ("Via Dante, 5, Milano")."""
    return _NUMBER_COMMA.sub(r"\1 ", _COMMA_NUMBER.sub(r"\1 \2", text))


def splits(text: str) -> list[Split]:
    """Return the ways to read "X, City, Region", "X in City", "X near Y", the likeliest first."""
    found: list[Split] = []
    name, *rest = [part.strip() for part in text.split(",") if part.strip()] or [text]
    if rest:
        found.append(Split(name, _places(rest)))
    if within := _WITHIN.match(name):
        found.append(Split(within[1], _places([within[2], *rest])))
    return found


def trailing_splits(text: str) -> list[Split]:
    """Return the ways to read "X City" without anything between, the longest town first."""
    words = text.split()
    longest = min(MAX_TRAILING_WORDS, len(words) - 1)
    return [Split(" ".join(words[:-count]), (" ".join(words[-count:]),)) for count in range(longest, 0, -1)]


def _places(parts: list[str]) -> tuple[str, ...]:
    without_codes = (_POSTCODE.sub("", part).strip(" -") for part in parts)
    return tuple(part for part in without_codes if part)[:MAX_PARTS]


# --- Addresses -----------------------------------------------------------------------------------------------------

_HOUSE = r"\d{1,5}\s?(?:[a-zA-Z](?![a-zA-Z]))?(?:\s?[-/]\s?\d{1,5}\s?[a-zA-Z]?)?"
_NUMBER_FIRST = re.compile(rf"^({_HOUSE})\s+(\D.*)$")
_NUMBER_LAST = re.compile(rf"^(.*[^\d\s].*?)\s+({_HOUSE})$")


@dataclass(frozen=True)
class Address:
    """A house number and a street."""

    number: str
    street: str

    @property
    def spellings(self) -> tuple[str, ...]:
        """The address as maps write it, number first, with and without a space inside of the number."""
        return tuple(dict.fromkeys((f"{self.number} {self.street}", f"{self.number.replace(' ', '')} {self.street}")))


def address(text: str) -> Address | None:
    """Return a text as an address in either order ("12 Main Street", "Via Dante 5"), None when it is none."""
    if found := _NUMBER_FIRST.match(text):
        return Address(found[1], found[2])
    if found := _NUMBER_LAST.match(text):
        return Address(found[2], found[1])
    return None
