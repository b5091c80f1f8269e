"""The names of a split GGUF's parts: `NAME-00001-of-00003.gguf`. llama.cpp opens a split model by its first part."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

SUFFIX: Final = ".gguf"
_PART: Final = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class PartName:
    """What a file name says: the model's name, which part this is (from 1), and of how many."""

    name: str
    number: int
    count: int

    @classmethod
    def of(cls, path: Path | str) -> Self | None:
        """Return what the name of a part says, None for any other name, `-00004-of-00003` included."""
        found = _PART.fullmatch(Path(path).name)
        if found is None:
            return None
        number, count = int(found["number"]), int(found["count"])
        return cls(found["name"], number, count) if 1 <= number <= count else None

    def sibling(self, number: int) -> str:
        """Return the file name of another part of the same model."""
        return f"{self.name}-{number:05}-of-{self.count:05}{SUFFIX}"

    def siblings(self) -> list[str]:
        """Return the file names of all parts, in order."""
        return [self.sibling(number) for number in range(1, self.count + 1)]


def model_name(path: Path | str) -> str:
    """Return the name a model goes by: its file's name without the suffix, and without the number of a part."""
    part = PartName.of(path)
    return Path(path).stem if part is None else part.name
