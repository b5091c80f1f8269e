"""Which records there are, and in which files of the search data each stands and has to stand.

Records and keys are kept as numbers in arrays, so that a million records take some 200 MB.
"""

from array import array
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

# Odd, with bits all over: spreads the numbers of keys over the hashes of records.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]


@dataclass(slots=True)
class Pairs:
    """Pairs of a record and a key."""

    identities: "array[int]" = field(default_factory=lambda: array("q"))
    keys: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, identity: int, key: int) -> None:
        """Take a pair in."""
        self.identities.append(identity)
        self.keys.append(key)

    def hashes(self) -> Hashes:
        """Return one number for each pair."""
        identities = np.frombuffer(self.identities, np.int64).astype(np.uint64)
        return identities ^ (np.frombuffer(self.keys, np.uint32).astype(np.uint64) + np.uint64(1)) * _SPREAD


@dataclass(slots=True)
class Known:
    """The records of the search data by a hash that full duplicates share."""

    types: dict[int, str] = field(default_factory=dict)
    # Keys whose files have errors of their own: what follows from those is not told again.
    flawed: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)
    _stands: Pairs = field(default_factory=Pairs)
    _must: Pairs = field(default_factory=Pairs)

    def __len__(self) -> int:
        return len(self.types)

    def add(self, identity: int, kind: str, key: str, own: Collection[str]) -> None:
        """Note that a record stands in a file of this key, and has to in those of its own keys."""
        self._stands.add(identity, self._number(key))
        if identity not in self.types:
            self.types[identity] = kind
            for other in own:
                self._must.add(identity, self._number(other))

    def missing(self) -> dict[str, set[int]]:
        """Return the records that do not stand in files where they have to, by the key of these."""
        lacking = ~np.isin(self._must.hashes(), self._stands.hashes())
        names = list(self._numbers)
        found: dict[str, set[int]] = {}
        for place in np.flatnonzero(lacking).tolist():
            found.setdefault(names[self._must.keys[place]], set()).add(self._must.identities[place])
        return found

    def copies(self) -> Counter[str]:
        """Return how many records there are of each type when full duplicates count."""
        _, first, counts = np.unique(self._stands.hashes(), return_index=True, return_counts=True)
        identities = np.frombuffer(self._stands.identities, np.int64)[first]
        order = np.lexsort((counts, identities))
        identities, counts = identities[order], counts[order]
        # The last one of each record is that of the file in which it stands most often.
        last = np.append(identities[1:] != identities[:-1], True)[: len(identities)]
        found: Counter[str] = Counter()
        for identity, count in zip(identities[last].tolist(), counts[last].tolist(), strict=True):
            found[self.types[identity]] += count
        return found

    def _number(self, key: str) -> int:
        return self._numbers.setdefault(key, len(self._numbers))
