"""Overture's categories of records: finer than subtypes; few maps have them, and only for some of their records."""

import functools

from zimfo_server.atlas.places.index import PlaceIndex

SAMPLED = 2_000  # records read, once, to see whether a map has categories; where it has, every tenth record has one


@functools.lru_cache(maxsize=64)
def has_categories(index: PlaceIndex) -> bool:
    """Return whether a map has records with a category, judged by records all over it."""
    step = max(index.count // SAMPLED, 1)
    return any(index.record(row).category for row in range(0, index.count, step))


def category_of(index: PlaceIndex, row: int) -> str:
    """Return a record's category, empty when it has none."""
    return index.record(row).category if has_categories(index) else ""
