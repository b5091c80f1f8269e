"""What became of the addresses, names and links of the source: written, merged, or left out and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of all objects with one thing that is counted: found = kept + merged + all of skipped."""

    found: int
    kept: int  # in a record of their own
    merged: int  # in the record of a street, river or place that has other objects too
    skipped: dict[str, int]  # by the reason


@dataclass(slots=True)
class Tally:
    """Counts objects by what they have: "address", "name:fr", "wikipedia:it", "wikidata"."""

    found: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    merged: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, Counter[str]] = field(default_factory=dict)

    def see(self, things: Iterable[str]) -> None:
        """Count an object of the source."""
        self.found.update(things)

    def keep(self, things: Iterable[str]) -> None:
        """Count an object that has a record of its own."""
        self.kept.update(things)

    def merge(self, things: Iterable[str]) -> None:
        """Count an object that went into the record of others."""
        self.merged.update(things)

    def skip(self, things: Iterable[str], reason: str) -> None:
        """Count an object that has no record."""
        if things:
            self.skipped.setdefault(reason, Counter()).update(things)

    def fates(self) -> dict[str, Fate]:
        """Return what became of each thing, in the order of their names."""
        return {
            thing: Fate(
                self.found[thing],
                self.kept[thing],
                self.merged[thing],
                {reason: counts[thing] for reason, counts in sorted(self.skipped.items()) if counts[thing]},
            )
            for thing in sorted(self.found)
        }
