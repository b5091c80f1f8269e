"""Slips of the keyboard: whether a name that exists is what was meant."""

from rapidfuzz import fuzz

from zimfo_client.text import words
from zimfo_shared.sounds import spelled_otherwise

TYPO_LETTERS, TYPO_RATIO = 4, 65  # of a wrong word beside a right one; the ratio is rapidfuzz's
LONE_TYPO_LETTERS, LONE_TYPO_RATIO = 6, 80  # of a word that stands alone


def is_typo_of(asked: str, title: str) -> bool:
    """Whether `title` may be what was meant: the same words but for slips in long ones.

    Short words and numbers must be equal: "World War I" is no slip for "World War II". Beside a word that is right a
    slip may be larger than where it stands alone.
    """
    mine, theirs = words(asked), words(title)
    if len(mine) != len(theirs):
        return False
    wrong = [(one, other) for one, other in zip(mine, theirs, strict=True) if one != other]
    letters, ratio = (TYPO_LETTERS, TYPO_RATIO) if len(wrong) < len(mine) else (LONE_TYPO_LETTERS, LONE_TYPO_RATIO)
    return all(
        min(len(one), len(other)) >= letters
        and any(form[0] == other[0] and fuzz.ratio(form, other) >= ratio for form in (one, *spelled_otherwise(one)))
        for one, other in wrong
    )
