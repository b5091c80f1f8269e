"""How people really write: in lower case, without marks, with slips of the finger, as a microphone hears them."""

import random
import re
from typing import Final

_FILLERS: Final = (
    "hey ",
    "ok so ",
    "um ",
    "hey can you tell me ",
    "please ",
    "okay ",
    "so ",
    "hi, ",
    "well ",
    "listen, ",
)
_ENDINGS: Final = (" please", " thanks", ", please", " pls", " thank you", " quickly")
_NEIGHBOURS: Final = {
    "a": "s", "b": "v", "c": "x", "d": "f", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o", "k": "l", "l": "k",
    "m": "n", "n": "m", "o": "p", "p": "o", "r": "t", "s": "d", "t": "r", "u": "i", "v": "b", "w": "e", "y": "u",
}  # fmt: skip
LEAST_FOR_SLIP: Final = 5  # letters of a word that a slip leaves readable


def slipped(text: str, dice: random.Random) -> str:
    """Return a text with one slip in a word of it: two letters swapped, one left out, doubled or mistaken."""
    words = [found for found in re.finditer(r"[^\W\d_]+", text) if len(found[0]) >= LEAST_FOR_SLIP]
    if not words:
        return text
    word = dice.choice(words)
    place = word.start() + dice.randrange(1, len(word[0]) - 1)
    letter, following = text[place], text[place + 1]
    instead = dice.choice(
        [
            following + letter,
            following,
            letter + letter + following,
            _NEIGHBOURS.get(letter.lower(), letter) + following,
        ]
    )
    return text[:place] + instead + text[place + 2 :]


def as_typed(template: str, dice: random.Random, *, english: bool = True) -> str:
    """Return a phrasing, not yet filled in, as a hurried person types it; fillers are `english`."""
    chance = dice.random()
    if chance < 0.25:
        template = re.sub(r"[?.!,]+$", "", template)
    elif chance < 0.3:
        template = template.rstrip("?.!") + dice.choice(["!", "??", "...", "."])
    if dice.random() < 0.3 and not template.startswith("{"):
        template = template[0].lower() + template[1:]
    if english and dice.random() < 0.06 and template[0].islower() and not template.startswith("{"):
        template = dice.choice(_FILLERS) + template
    if english and dice.random() < 0.04 and template[-1:] not in "?.!":
        template += dice.choice(_ENDINGS)
    if dice.random() < 0.06:
        kept = re.split(r"(\{\w+\})", template)
        template = "".join(part if part.startswith("{") else slipped(part, dice) for part in kept)
    return template


def as_named(name: str, dice: random.Random) -> str:
    """Return an entity as a hurried person types it: now and then in lower case, now and then with a slip."""
    chance = dice.random()
    if chance < 0.22:
        name = name.lower()
    elif chance < 0.25:
        name = name.upper()
    return slipped(name, dice) if dice.random() < 0.05 else name
