"""Words for where the person is, which models and people write where a place name belongs (zimfo-behaviour §5.6)."""

from typing import Final

MAX_CHARS: Final = 60  # of such words, with space to spare; anything longer is a name or nonsense

_WORDS: Final = frozenset(
    """here|me|my location|mylocation|my current location|current location|currentlocation|my position|
    my current position|current position|current place|my area|my place|around here|around me|near me|near here|nearby|
    close by|this area|this place|this location|where i am|where i am now|where am i|where we are|right here|
    user location|userlocation|user's location|user|your location|gps|my gps|my gps location|my surroundings|
    this neighbourhood|this neighborhood|my neighbourhood|my neighborhood|this town|this city|this spot|the area|
    the current location|the user's location""".replace("\n    ", "").split("|")
)


def is_own_place(text: str) -> bool:
    """Return whether a text means where the person is ("my location", "here", "current_location")."""
    if len(text) > MAX_CHARS:
        return False
    return " ".join(text.replace("_", " ").replace("’", "'").lower().split()).strip(" .?!,\"'") in _WORDS
