"""What a reader of map data needs of an archive: its entries as bytes."""

from typing import Protocol


class Entries(Protocol):
    """An archive's entries. `OpenArchive` is one; tests use a dictionary."""

    @property
    def name(self) -> str:
        """The archive's name, as the model knows it."""
        ...

    def has(self, path: str) -> bool:
        """Return whether there is an entry at exactly `path`."""
        ...

    def data(self, path: str) -> memoryview | None:
        """Return the entry's bytes, read-only and without a limit of size; None when there is none."""
        ...
