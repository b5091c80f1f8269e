"""Search data and category index: the files a record stands in (streetzim-format.md §3.2 to §3.6, key generation G3).

Records are kept as the bytes they are stored as, once each, and a file is put together when it is written.
"""

import json
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from zimfo_archives.job import Entry
from zimfo_archives.map.chips import CHIPS, is_in
from zimfo_archives.map.records import Record

# Readers load a file to find one name in it: a larger one is split.
HOT_BYTES = 10_000_000
# Larger files break readers on phones; everything in them stands in smaller files as well.
MAX_CATEGORY_BYTES = 200_000_000

_WORD = re.compile(r"[^\W_]+")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_MIN_WORD = 2  # shorter words are not indexed
_BUCKETS = 16
_MAX_CHIP_BUCKETS = 256
_MAX_DEPTH = 5
# Records of one name have one hash: where so many share a bucket, hashing again would change nothing.
_CROWDED = 0.75
# Settlements that the main page lists at most.
MAX_SETTLEMENTS = 1_000
_LISTED = ("city", "town", "village")

_Numbers = Sequence[int]


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    numbers: _Numbers  # of the records in it, in order


@dataclass(slots=True)
class SearchIndex:
    """All records of a map, added in the order in which files shall have them: by type."""

    by_type: Counter[str] = field(default_factory=Counter)
    linked: int = 0  # records with a Wikipedia article
    street_names: set[str] = field(default_factory=set)
    settlements: dict[str, None] = field(default_factory=dict)  # names of some of the larger ones
    _rows: list[bytes] = field(default_factory=list)
    _chunks: "dict[str, array[int]]" = field(default_factory=dict)
    _categories: "dict[str, array[int]]" = field(default_factory=dict)
    _chips: "dict[str, array[int]]" = field(default_factory=lambda: {chip: array("I") for chip in CHIPS})

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, record: Record) -> None:
        """Take a record into every file where it is looked for."""
        number = len(self._rows)
        self._rows.append(_json(record.row()))
        for key in chunk_keys(record.name, record.names):
            self._chunks.setdefault(key, array("I")).append(number)
        self._categories.setdefault(record.type, array("I")).append(number)
        for chip in CHIPS:
            if is_in(chip, record):
                self._chips[chip].append(number)
        self.by_type[record.type] += 1
        self.linked += bool(record.wikipedia)
        if record.type == "street":
            self.street_names.add(record.name)
        elif record.type == "place" and record.subtype in _LISTED and len(self.settlements) < MAX_SETTLEMENTS:
            self.settlements.setdefault(record.name)

    def files(self) -> "SearchFiles":
        """Return the files of all records that were added."""
        chunks: list[_File] = []
        split: dict[str, list[str]] = {}
        for key, numbers in sorted(self._chunks.items()):
            leaves = list(self._leaves(key, numbers, 0))
            chunks += leaves
            if len(leaves) > 1:
                split[key] = [leaf.path for leaf in leaves]
        search: dict[str, object] = {"total": len(self), "chunks": {file.path: len(file.numbers) for file in chunks}}
        if split:
            search["sub_chunks"] = split
        categories = [
            _File(name, numbers)
            for name, numbers in sorted(self._categories.items())
            if self._size(numbers) <= MAX_CATEGORY_BYTES
        ]
        chips: dict[str, object] = {}
        chip_files: list[_File] = []
        for chip, numbers in self._chips.items():
            chips[chip], found = self._chip(chip, numbers)
            chip_files += found
        browse = {
            "total": len(self),
            "categories": {file.path: len(file.numbers) for file in categories},
            "chips": chips,
        }
        return SearchFiles(
            self._rows,
            {"search-data/manifest.json": _json(search), "category-index/manifest.json": _json(browse)},
            [
                *(_File(f"search-data/{file.path}.json", file.numbers) for file in chunks),
                *(_File(f"category-index/{file.path}.json", file.numbers) for file in categories + chip_files),
            ],
        )

    def _leaves(self, key: str, numbers: "array[int]", depth: int) -> Iterator[_File]:
        if self._size(numbers) <= HOT_BYTES or depth == _MAX_DEPTH or len(numbers) == 1:
            yield _File(key, numbers)
            return
        buckets = self._buckets(numbers, lambda number: fnv1a(self._name(number)) % _BUCKETS)
        if max(map(len, buckets.values())) >= _CROWDED * len(numbers):
            buckets = {digit: numbers[digit::_BUCKETS] for digit in range(min(_BUCKETS, len(numbers)))}
        for digit, some in sorted(buckets.items()):
            yield from self._leaves(f"{key}-{digit:x}", some, depth + 1)

    def _chip(self, chip: str, numbers: "array[int]") -> tuple[dict[str, object], list[_File]]:
        size = self._size(numbers)
        told: dict[str, object] = {"label": CHIPS[chip].label, "count": len(numbers), "bytes": size}
        if size <= HOT_BYTES:
            return told, [_File(f"chip-{chip}", numbers)]
        count = 2
        while count < _MAX_CHIP_BUCKETS and size > count * HOT_BYTES / 2:  # buckets differ in size
            count *= 2
        digits = len(f"{count - 1:x}")
        buckets = sorted(self._buckets(numbers, lambda number: fnv1a(self._name(number)) % count).items())
        names = [f"{bucket:0{digits}x}" for bucket, _ in buckets]
        files = [_File(f"chip-{chip}-{name}", some) for name, (_, some) in zip(names, buckets, strict=True)]
        return told | {"sub_chunks": names, "n_sub_buckets": count}, files

    def _buckets(self, numbers: _Numbers, bucket_of: Callable[[int], int]) -> "dict[int, array[int]]":
        buckets: dict[int, array[int]] = {}
        for number in numbers:
            buckets.setdefault(bucket_of(number), array("I")).append(number)
        return buckets

    def _name(self, number: int) -> str:
        name: str = json.loads(self._rows[number])["n"]
        return name

    def _size(self, numbers: _Numbers) -> int:
        return _size_of(self._rows, numbers)


@dataclass(frozen=True, slots=True)
class SearchFiles:
    """The entries of the search data and the category index."""

    rows: Sequence[bytes]
    manifests: dict[str, bytes]
    files: Sequence[_File]

    def __len__(self) -> int:
        return len(self.manifests) + len(self.files)

    @property
    def content_bytes(self) -> int:
        """The content of all entries added up."""
        return sum(map(len, self.manifests.values())) + sum(_size_of(self.rows, file.numbers) for file in self.files)

    def entries(self) -> Iterator[Entry]:
        """Yield the entries one by one."""
        for path, content in self.manifests.items():
            yield json_entry(path, content)
        for file in self.files:
            content = b",".join([self.rows[number] for number in file.numbers])
            yield json_entry(file.path, b"[" + content + b"]")


def json_entry(path: str, content: bytes) -> Entry:
    """Return an entry for programs: as in the original, its words are not for a full-text index."""
    return Entry(path, "", "application/json", content, front=False, indexed=False)


def fold(text: str) -> str:
    """Return the text without accents, in lower case."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def chunk_key(text: str) -> str:
    """Return the key of the file for names or words that begin like the text."""
    folded = fold(text).replace(" ", "_")
    if not folded:
        return "__"
    if not folded[0].isascii():
        return f"u{ord(folded[0]):x}"
    return "".join(c if c in _PLAIN else "_" for c in folded[:2]).ljust(2, "_")


def chunk_keys(name: str, others: Sequence[str] = ()) -> list[str]:
    """Return the keys of all files in which a record stands: of the beginning and each word of each of its names."""
    keys: dict[str, None] = {}
    for text in (name, *others):
        keys.setdefault(chunk_key(text[:2]))
        for word in _WORD.findall(text):
            if len(word) >= _MIN_WORD:
                keys.setdefault(chunk_key(word))
    return list(keys)


def fnv1a(text: str) -> int:
    """Return the hash that sorts names into buckets (§3.4): FNV-1a of 32 bits over UTF-8."""
    value = 0x811C9DC5
    for byte in text.encode("utf-8", "surrogatepass"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def _size_of(rows: Sequence[bytes], numbers: _Numbers) -> int:
    commas = max(0, len(numbers) - 1)
    return len(b"[]") + commas + sum(len(rows[number]) for number in numbers)


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
