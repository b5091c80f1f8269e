"""Numbers that look random and depend on nothing but what they are drawn for.

A sequence of random numbers would tie all parts of an archive together: whoever needs the streets of one town would
have to draw those of all towns before. Here, every number has its own keys, and any of them can be had alone.
"""

import zlib

import numpy as np
import numpy.typing as npt

from zimfo_archives.errors import OptionError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Keys = int | str | Ints

MAX_SEED = (1 << 63) - 1  # keys are integers of 64 bits

# SplitMix64, by Steele, Lea and Flood (2014).
_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def draws(*keys: Keys) -> Floats:
    """Return numbers of [0, 1), one for each combination of the keys, which are broadcast; at least one-dimensional."""
    value = np.zeros(1, dtype=np.uint64)
    for key in keys:
        number = zlib.crc32(key.encode()) if isinstance(key, str) else key
        value = (value ^ np.atleast_1d(np.asarray(number, dtype=np.int64)).view(np.uint64)) + _STEP
        value = (value ^ value >> np.uint64(30)) * _FIRST
        value = (value ^ value >> np.uint64(27)) * _SECOND
        value = value ^ value >> np.uint64(31)
    return (value >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(limit: int | Ints, *keys: Keys) -> Ints:
    """Return whole numbers from 0 to limit - 1."""
    return np.floor(draws(*keys) * limit).astype(np.int64)


def ranks(limit: int, *keys: Keys) -> Ints:
    """Return whole numbers from 0 to limit - 1 after Zipf: number n is drawn about 1/(n + 1) times as often as 0."""
    return np.minimum((limit + 1.0) ** draws(*keys) - 1, limit - 1).astype(np.int64)


def allotted(total: int, weights: Floats) -> Ints:
    """Return how many of `total` things each one gets by its weight; they add up to the total."""
    cuts: Ints = np.rint(np.cumsum(weights) / weights.sum() * total).astype(np.int64)
    return np.diff(cuts, prepend=0)


def check(size: int, seed: int, limit: int, what: str) -> None:
    """Raise OptionError unless size and seed can be used; `what` is what the size counts."""
    if not 1 <= size <= limit:
        raise OptionError(f"the size is {size:,}; it must be from 1 to {limit:,} {what}")
    if not 0 <= seed <= MAX_SEED:
        raise OptionError(f"the seed is {seed}; it must be from 0 to {MAX_SEED}")
