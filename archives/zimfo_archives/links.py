"""Where links and images of a page lead: to a page, a heading, a file that is packed, the world, or nowhere."""

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from zimfo_archives.errors import Problem
from zimfo_archives.files import BrokenTargetError, Files, PackedFile, kind_of
from zimfo_archives.headings import slug
from zimfo_archives.sources import SUFFIXES, Page, zim_path

# A reader without a network can do nothing with most of these, but they name where a statement comes from.
EXTERNAL_SCHEMES = frozenset(("http", "https", "mailto", "tel", "geo"))
# The pages that stand for a folder, as on GitHub and in most generators of sites.
INDEX_NAMES = ("index.md", "README.md", "readme.md", "_index.md")


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A link, image or footnote that leads nowhere; `what` says which of them."""

    file: Path
    line: int
    target: str
    reason: str
    what: str = "link to"

    def as_problem(self) -> Problem:
        """Return it as a problem of the sources."""
        return Problem(self.file, self.line, f"the {self.what} {self.target!r} is broken: {self.reason}")


@dataclass(frozen=True, slots=True)
class Jump:
    """A link to a heading, to be judged when all anchors are known."""

    key: Path
    anchor: str


Anchors = Mapping[Path, frozenset[str]]


def relative_link(source: str, target: str, anchor: str = "") -> str:
    """Return the link from one path of the archive to another, percent-encoded."""
    # A colon is encoded too, or the first word of a title such as "Mars: an overview" would be a scheme.
    up = "../" * source.count("/")
    return up + quote(target, safe="/") + (f"#{quote(anchor, safe='')}" if anchor else "")


def names_a_file(name: str) -> bool:
    """Return whether a name is that of a page or of another file that can be packed, by its ending."""
    return name.lower().endswith(SUFFIXES) or kind_of(name) is not None


class Links:
    """Finds what the links of all pages lead to. Its methods raise BrokenTargetError for a link that leads nowhere."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.files = Files(page.root for page in pages)
        self._pages = {page.key: page for page in pages}
        self._names = _Names(pages)

    def link(self, href: str, page: Page, anchors: Anchors | None, jumps: list[Jump]) -> str:
        """Return where a link leads; adds to `jumps` if to a heading, which is judged here if `anchors` are known."""
        try:
            parts = urlsplit(href)
        except ValueError:
            raise BrokenTargetError("not a valid address") from None
        if parts.scheme in EXTERNAL_SCHEMES:
            return href
        if parts.scheme or parts.netloc or parts.query or parts.path.startswith("/"):
            raise BrokenTargetError("links lead to another file by a relative path, or to http(s), mailto, tel or geo")
        path, anchor = unquote(parts.path), unquote(parts.fragment)
        if not path and not anchor:
            raise BrokenTargetError("it is empty")
        target = self._target(path, page) if path else page
        if isinstance(target, PackedFile):
            # Such as page=2 of a PDF, which its reader understands.
            fragment = f"#{quote(anchor, safe='=&,')}" if anchor else ""
            return relative_link(page.path, target.path) + fragment
        return self._to_heading(target, anchor, page, anchors, jumps)

    def wiki_link(self, wanted: str, page: Page, anchors: Anchors | None, jumps: list[Jump]) -> str:
        """Return where `[[wanted]]` leads: to the page of this title, redirect or file name, or to one of its headings.

        Headings are named by their text, of which the last part counts.
        """
        if (titled := self._names.titled(wanted)) is not None:
            return relative_link(page.path, titled.path)  # titles such as C# hold the sign themselves
        name, _, heading = wanted.partition("#")
        anchor = slug(heading.rpartition("#")[2]) if heading.strip() else ""
        target = self._names.page(name.strip()) if name.strip() else page
        if target is None:
            if kind_of(name.strip()) is None:
                raise BrokenTargetError("no page has this title, redirect or file name")
            return relative_link(page.path, self._named_file(name.strip(), page).path)
        return self._to_heading(target, anchor, page, anchors, jumps)

    def image(self, source: str, page: Page) -> str:
        """Return where the image of `![alt](source)` is packed."""
        try:
            parts = urlsplit(source)
        except ValueError:
            raise BrokenTargetError("not a valid address") from None
        if parts.scheme in ("http", "https") or parts.netloc:
            raise BrokenTargetError("images are not fetched from the network; save it beside the page")
        if parts.scheme or parts.query or parts.fragment or parts.path.startswith("/"):
            raise BrokenTargetError("images are named by a relative path")
        if not parts.path:
            raise BrokenTargetError("it is empty")
        return self._image(self._key(unquote(parts.path), page), page)

    def wiki_image(self, name: str, page: Page) -> str:
        """Return where the image of `![[name]]` is packed; a name alone is looked for in all folders."""
        if kind_of(name) is None:
            raise BrokenTargetError("only images can be shown within a page; link to it with [[…]]")
        return self._image(self._named_file(name, page).key, page)

    def _image(self, key: Path, page: Page) -> str:
        kind = kind_of(key.name)
        if kind is None or not kind.is_image:
            raise BrokenTargetError("not an image; PNG, JPEG, GIF, WebP, AVIF and SVG can be shown")
        return relative_link(page.path, self.files.pack(key).path)

    def _named_file(self, name: str, page: Page) -> PackedFile:
        for folder in (page.key.parent, page.root):
            key = _resolved(folder / name)
            if key.is_file():
                return self.files.pack(key)
        named = self.files.named(name, page.root) if "/" not in name else None
        if named is None:
            raise BrokenTargetError("there is no such file")
        return self.files.pack(named)

    def _to_heading(self, target: Page, anchor: str, page: Page, anchors: Anchors | None, jumps: list[Jump]) -> str:
        if anchor:
            if anchors is not None and anchor not in anchors[target.key]:
                raise BrokenTargetError(_no_heading(anchor, target, anchors[target.key]))
            jumps.append(Jump(target.key, anchor))
            if target is page:
                return f"#{quote(anchor, safe='')}"
        return relative_link(page.path, target.path, anchor)

    def _target(self, path: str, page: Page) -> Page | PackedFile:
        key = self._key(path, page)
        # GitHub's wikis and many generators leave the ending out.
        names = (key, *(key / name for name in INDEX_NAMES), *(Path(f"{key}{end}") for end in SUFFIXES))
        for name in names:
            if (target := self._pages.get(name)) is not None:
                return target
        if not key.exists():
            raise BrokenTargetError("there is no such file")
        if key.is_dir():
            raise BrokenTargetError(f"that folder has no page {INDEX_NAMES[0]} or {INDEX_NAMES[1]} among the sources")
        if key.suffix.lower() in SUFFIXES:
            raise BrokenTargetError("that file is not among the sources")
        return self.files.pack(key)

    @staticmethod
    def _key(path: str, page: Page) -> Path:
        return _resolved(page.key.parent / path)


def _resolved(path: Path) -> Path:
    """Return a path without symbolic links and dots; raises BrokenTargetError for one that no file can have."""
    try:
        resolved = Path(os.path.realpath(path))
        resolved.exists()
    except (ValueError, OSError):  # a zero byte, a name too long
        raise BrokenTargetError("there is no such file") from None
    return resolved


class _Names:
    """The pages by title and redirect, and by the names of their files."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._titles: dict[str, Page] = {}
        self._folded: dict[str, set[Page]] = {}
        for page in pages:
            for path in (page.path, *(alias.path for alias in page.redirects)):
                self._titles[path] = page
                self._folded.setdefault(path.casefold(), set()).add(page)
        self._files: dict[str, set[Page]] = {}
        for page in pages:
            self._files.setdefault(page.key.stem.casefold(), set()).add(page)
            self._files.setdefault(_within(page).casefold(), set()).add(page)

    def titled(self, title: str) -> Page | None:
        """Return the page of exactly this title or redirect, None if there is none."""
        return self._titles.get(_path(title))

    def page(self, name: str) -> Page | None:
        """Return the page of this name, None if there is none; raises BrokenTargetError if it may be one of several."""
        if (found := self.titled(name)) is not None:
            return found
        file = name.casefold()
        for suffix in SUFFIXES:
            file = file.removesuffix(suffix)
        for candidates in (self._folded.get(_path(name).casefold()), self._files.get(file)):
            if candidates is not None and len(candidates) == 1:
                return next(iter(candidates))
            if candidates is not None:
                titles = ", ".join(sorted(repr(candidate.title) for candidate in candidates))
                raise BrokenTargetError(f"it may be any of {titles}; write the title exactly")
        return None


def _path(name: str) -> str:
    return zim_path(" ".join(unicodedata.normalize("NFC", name).split()))


def _within(page: Page) -> str:
    """Return the path of a page's file below the sources, without its ending."""
    path = page.key.relative_to(page.root) if page.key.is_relative_to(page.root) else Path(page.key.name)
    return path.with_suffix("").as_posix()


def _no_heading(anchor: str, target: Page, known: frozenset[str]) -> str:
    by_slug = slug(anchor.replace("_", " "))
    hint = f"; did you mean #{by_slug}?" if by_slug in known else ""
    return f"{target.file.name} has no heading with the anchor #{anchor}{hint}"
