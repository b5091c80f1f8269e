"""Text that reads like one from afar: sentences of words that occur as often as words of a language do."""

from functools import cached_property

import numpy as np

from zimfo_archives.synth.chance import Floats
from zimfo_archives.synth.names import word

# The commonest words of English, the most common first: every tenth word of a text is one of the first two or three.
_COMMON = """
    the of and in to a was is for as on by with he that at from his it an were are which this also be has or had their
    first one its after new who they two her she been other when time during there into all may such more between
    known only some over city years where about can used three most while made would then state called part under
""".split()
_INVENTED = 30_000
# Mandelbrot's correction: without it, "the" would be every tenth word.
_SHIFT = 2.7
_SENTENCE = (6, 25)  # words


class Prose:
    """Writes sentences."""

    def sentences(self, random: np.random.Generator, words: int) -> list[list[str]]:
        """Return sentences of so many words together, each as its words, without a capital and a full stop."""
        drawn = self._words_of(random.random(words))
        low, high = _SENTENCE
        found = []
        for length in random.integers(low, high, size=1 + words // low).tolist():
            if len(drawn) < low:
                break
            found.append(drawn[:length])
            drawn = drawn[length:]
        # What is left is too short to be a sentence.
        if found:
            found[-1] = found[-1] + drawn
        return found or [drawn]

    def _words_of(self, shares: Floats) -> list[str]:
        vocabulary = self._vocabulary
        return [vocabulary[number] for number in np.searchsorted(self._limits, shares, side="right").tolist()]

    @cached_property
    def _vocabulary(self) -> list[str]:
        return [*_COMMON, *(word(number).lower() for number in range(_INVENTED))]

    @cached_property
    def _limits(self) -> Floats:
        limits = np.cumsum(1 / (np.arange(len(self._vocabulary)) + _SHIFT))
        # The last word takes the shares that rounding leaves.
        shares: Floats = limits[:-1] / limits[-1]
        return shares


def written(sentence: list[str]) -> str:
    """Return a sentence with its capital and full stop; all words but the first may be HTML."""
    text = " ".join(sentence)
    return f"{text[:1].upper()}{text[1:]}."
