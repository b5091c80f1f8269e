"""What an archive is: its metadata, its indexes and its kind. Runs in a worker; results are cached by the caller."""

import dataclasses
from pathlib import Path

from libzim.reader import Archive

from zimfo_server.library.record import ArchiveRecord
from zimfo_shared.articles import ArchiveKind

GRAPH_ENTRIES = (  # any of these makes a map routable (streetzim-format.md)
    "routing-data/graph.bin",
    "routing-data/graph.json",
    "routing-data/graph-chunk-manifest.json",
    "routing-data/graph-cells-index.bin",
)
MAP_ENTRIES = ("map-config.json", "streetzim-meta.json", "search-data/manifest.json")
MAP_MAKERS = ("streetzim/", "create_osm_zim")  # how scraper and publisher of maps begin
MAX_METADATA_CHARS = 1_000  # titles and descriptions are one line; anything longer is no use in a listing


def classify(record: ArchiveRecord) -> ArchiveRecord:
    """Return `record` completed from the archive's metadata, or with its `problem` when it cannot be opened."""
    try:
        archive = Archive(Path(record.file))
        return _described(record, archive)
    except (RuntimeError, OSError, UnicodeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return dataclasses.replace(record, problem=f"cannot be opened ({reason.replace(record.file, record.name)})")


def _described(record: ArchiveRecord, archive: Archive) -> ArchiveRecord:
    metadata = {key.lower(): _metadata(archive, key) for key in archive.metadata_keys if not key.startswith("Illus")}
    tags = [tag.strip() for tag in metadata.get("tags", "").split(";") if tag.strip()]
    has_graph = any(archive.has_entry_by_path(path) for path in GRAPH_ENTRIES)
    record = dataclasses.replace(
        record,
        title=metadata.get("title", ""),
        description=metadata.get("description", ""),
        language=metadata.get("language", ""),
        date=metadata.get("date", ""),
        creator=metadata.get("creator", ""),
        publisher=metadata.get("publisher", ""),
        tags=tags,
        uuid=str(archive.uuid),
        entry_count=archive.entry_count,
        article_count=_pages(metadata.get("counter", ""), archive.article_count),
        has_fulltext=bool(archive.has_fulltext_index),
        has_title_index=bool(archive.has_title_index),
        has_graph=has_graph,
    )
    makers = (metadata.get("scraper", "").lower(), record.publisher.lower())
    is_map = (
        has_graph
        or any(archive.has_entry_by_path(path) for path in MAP_ENTRIES)
        or any(maker.startswith(MAP_MAKERS) for maker in makers)
    )
    return dataclasses.replace(record, kind="streetzim" if is_map else _kind(record, metadata.get("name", "")))


def _kind(record: ArchiveRecord, name: str) -> ArchiveKind:
    """The order and the signs are zimfo-behaviour §2.1's."""
    tags = {tag.lower() for tag in record.tags}
    names = (name.lower(), record.name.lower())
    if any(text.startswith("streetzim") for text in names) or name.lower().startswith("street_") or "streetzim" in tags:
        return "streetzim"
    if (
        tags & {"mdwiki", "medical"}
        or any(text.startswith("mdwiki") for text in names)
        or "wikiprojectmed" in record.publisher.lower().replace(" ", "")
        or "mdwiki" in record.title.lower()
    ):
        return "mdwiki"
    if (
        tags & {"wikipedia", "_category:wikipedia"}
        or any(text.startswith("wikipedia") for text in names)
        or record.creator.lower() == "wikipedia"
    ):
        return "wikipedia"
    return "generic"


def _metadata(archive: Archive, key: str) -> str:
    try:
        return bytes(archive.get_metadata(key)).decode("utf-8", "replace").strip()[:MAX_METADATA_CHARS]
    except (KeyError, RuntimeError):
        return ""


def _pages(counter: str, fallback: int) -> int:
    """Return the number of HTML pages from the Counter metadata (`text/html=12;image/png=3`).

    libzim's own article count is something else in archives of the old path scheme.
    """
    pages = 0
    for part in counter.split(";"):
        mimetype, _, number = part.rpartition("=")
        if mimetype.strip().lower().startswith(("text/html", "application/xhtml")) and number.strip().isdigit():
            pages += int(number)
    return pages or fallback
