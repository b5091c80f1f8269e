"""Files that are stored as byte ranges, put together from a manifest (streetzim-format.md 2.6)."""

import hashlib

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zimfo_server.atlas.entries import Entries
from zimfo_server.atlas.graph.checks import damaged, parse_json, read_entry, unknown_version

MAX_MANIFEST_BYTES = 2**20  # some 80 bytes per chunk
MAX_CHUNKS = 1024  # real builds cut at 200 MB, so even the United States have 43
MAX_CHUNK_BYTES = 2 * 2**30
MAX_TOTAL_BYTES = 16 * 2**30  # the largest graph known, of the United States, has 8.6 GB

_FOLDER = "routing-data/"


class _Chunk(BaseModel):
    model_config = ConfigDict(strict=True)

    path: str = Field(min_length=1, max_length=200)
    bytes: int = Field(ge=0, le=MAX_CHUNK_BYTES)


class _Manifest(BaseModel):
    model_config = ConfigDict(strict=True)

    total_bytes: int = Field(ge=0, le=MAX_TOTAL_BYTES)
    sha256: str | None = None
    chunks: list[_Chunk] = Field(max_length=MAX_CHUNKS)


def read_chunks(entries: Entries, path: str) -> memoryview:
    """Return the bytes of the file that the manifest at `path` describes.

    Memory grows with the chunks that are there, not with what the manifest promises. Raises `MapUnreadableError` for an
    unknown schema, a missing or repeated chunk, a wrong length or a wrong SHA-256.
    """
    archive = entries.name
    manifest = _manifest(entries, path)
    sizes = [chunk.bytes for chunk in manifest.chunks]
    # A repeated chunk would let a small archive fill the memory.
    if sum(sizes) != manifest.total_bytes or len({chunk.path for chunk in manifest.chunks}) != len(sizes):
        raise damaged(archive, "list of chunks")
    parts: list[memoryview] = []
    digest = hashlib.sha256()
    for number, chunk in enumerate(manifest.chunks):
        part = read_entry(entries, _FOLDER + chunk.path)
        if part is None:
            raise damaged(archive, f"chunk {number} is missing")
        if len(part) != chunk.bytes:
            raise damaged(archive, f"chunk {number} has the wrong length")
        digest.update(part)
        parts.append(part)
    if manifest.sha256 is not None and digest.hexdigest() != manifest.sha256:
        raise damaged(archive, "checksum of the chunks")
    return parts[0] if len(parts) == 1 else memoryview(b"".join(parts))


def _manifest(entries: Entries, path: str) -> _Manifest:
    part = "list of chunks"
    data = read_entry(entries, path)
    values = None if data is None else parse_json(data, MAX_MANIFEST_BYTES, entries.name, part)
    schema = values.get("schema") if isinstance(values, dict) else None
    if type(schema) is not int:
        raise damaged(entries.name, part)
    if schema != 1:
        raise unknown_version(entries.name, schema, "the list of chunks of its road graph")
    try:
        return _Manifest.model_validate(values)
    except ValidationError as error:
        raise damaged(entries.name, part) from error
