"""Names in the one form in which they are compared: without case, accents and punctuation.

Scripts stay as they are: nothing is transliterated, so "東京" is found by "東京" only.
"""

import re
import unicodedata

# Letters that Unicode does not decompose into a base letter and a mark, after case folding.
_LETTERS = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ə": "e", "ƒ": "f",
        "æ": "ae", "œ": "oe", "þ": "th", "ĳ": "ij",
    }
)  # fmt: skip
# An ending "'s" belongs to its word: people write "St Julians" for "St Julian's".
_POSSESSIVE = re.compile(r"['’ʼ`´]s\b")
_NO_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Return `text` folded: lower case, letters without marks, words separated by single spaces. Empty if it has none.

    The result contains no control characters, and folding it again changes nothing.
    """
    # Twice: casefold and decomposition each make letters for the other ("İ", "ΐ").
    lower = _POSSESSIVE.sub("s", text.casefold())
    if not lower.isascii():
        lower = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", lower).casefold())
        bare = "".join(letter for letter in lower if not unicodedata.combining(letter)).translate(_LETTERS)
        # Composed again, so that a Korean syllable is one letter and not a prefix of others.
        lower = unicodedata.normalize("NFC", bare)
    return _NO_WORD.sub(" ", lower).strip()
