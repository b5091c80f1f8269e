import os
from pathlib import Path

import pytest

from zimfo_archives.errors import SourcesError
from zimfo_archives.files import MAX_IMAGE_BYTES, BrokenTargetError, Files
from zimfo_archives.illustration import draw_illustration
from zimfo_archives.svg import svg_problem

PNG = draw_illustration()
AVIF = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + b"\0" * 20
EPUB = b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zip"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>'


def reason(file: Path) -> str:
    with pytest.raises(BrokenTargetError) as caught:
        Files([file.parent]).pack(file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "mimetype"),
    [
        ("a.png", PNG, "image/png"),
        ("a.PNG", PNG, "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.jpeg", b"\xff\xd8\xff\xe1", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("a.avif", AVIF, "image/avif"),
        ("a.svg", SVG, "image/svg+xml"),
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.epub", EPUB, "application/epub+zip"),
        ("a.txt", "é".encode(), "text/plain; charset=utf-8"),
        ("a.csv", b"a,b", "text/csv; charset=utf-8"),
    ],
)
def test_each_kind_is_packed_under_its_name(tmp_path: Path, name: str, data: bytes, mimetype: str) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    packed = Files([tmp_path]).pack(file)
    assert (packed.kind.mimetype, packed.size, packed.read()) == (mimetype, len(data), data)
    assert packed.path.startswith("_zimfo/files/")
    assert packed.path.endswith(f"/{name}")


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("a.png", b"\xff\xd8\xff\xe0", "not PNG as its name says: it is JPEG"),
        ("a.jpg", b"<script>", "not JPEG as its name says: its content is something else"),
        ("a.avif", b"\0\0\0\x14ftypheic\0\0\0\0mif1", "not AVIF"),
        ("a.webp", b"RIFF\0\0\0\0WAVE", "not WebP"),
        ("a.epub", b"PK\x03\x04", "not EPUB"),
        ("a.gif", b"", "the file is empty"),
        ("a.txt", b"caf\xe9", "not UTF-8"),
        ("a.csv", b"a\0b", "zero bytes"),
        ("a.svg", b"<svg><script/></svg>", "can run scripts"),
        ("a.exe", b"MZ", "files of this kind are not packed"),
        ("a\x07.png", PNG, "cannot be printed"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(tmp_path: Path, name: str, data: bytes, part: str) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    assert part in reason(file)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert reason(tmp_path / "folder.png") == reason(tmp_path / "pipe.png") == "that is not a file"
    assert "cannot be read" in reason(tmp_path / "loop.png")
    assert reason(tmp_path / "gone.png") == "there is no such file"


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    with file.open("wb") as stream:
        stream.truncate(MAX_IMAGE_BYTES + (1 << 19))
    assert reason(file) == "the file has 20.5 MiB; PNG files may have 20 MiB"


def test_equal_files_are_packed_once(tmp_path: Path) -> None:
    for name in ["a.png", "b.png"]:
        (tmp_path / name).write_bytes(PNG)
    files = Files([tmp_path])
    first, second = files.pack(tmp_path / "a.png"), files.pack(tmp_path / "b.png")
    assert files.packed == (first,) == (second,)


def test_a_file_that_changes_while_the_archive_is_built_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("before")
    packed = Files([tmp_path]).pack(file)
    file.write_text("behind")
    with pytest.raises(SourcesError, match="was changed while the archive was built"):
        packed.read()
    file.unlink()
    with pytest.raises(SourcesError, match="cannot be read: No such file"):
        packed.read()


@pytest.mark.parametrize(
    ("svg", "part"),
    [
        ("<svg><script>1</script></svg>", "'script'"),
        ('<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:ScRipt/></s:svg>', "'script'"),
        ("<svg><foreignObject><iframe/></foreignObject></svg>", "'iframe'"),
        ('<svg onload="1"/>', "'onload'"),
        ('<svg><a href="javascript:1"/></svg>', "'href' leads to a script"),
        ('<svg xmlns:x="http://www.w3.org/1999/xlink"><a x:href=" java&#10;script:1"/></svg>', "'href' leads"),
        ('<svg><animate values="#a;javascript:1"/></svg>', "'values' leads"),
        ("<svg><image href='data:text/html,x'/></svg>", "'href' leads"),
        ("<html/>", "its first element is 'html'"),
        ("<svg>", "not well-formed SVG: no element found"),
        ('<?xml version="1.0" encoding="nonsense"?><svg/>', "not well-formed SVG: unknown encoding"),
        ('<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>', "declares entities"),
        ('<?xml-stylesheet href="a.css"?><svg/>', "style sheet"),
    ],
)
def test_svg_that_could_run_something_is_refused(svg: str, part: str) -> None:
    assert part in (svg_problem(svg.encode()) or "")


@pytest.mark.parametrize(
    "svg",
    [
        SVG.decode(),
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg/>',
        "<svg><foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>words of a diagram</p></foreignObject></svg>",
        '<svg><a href="https://example.org"/><style>a { fill: red }</style></svg>',
        "<svg>" + "<g>" * 20_000 + "</g>" * 20_000 + "</svg>",
    ],
)
def test_drawings_are_fine(svg: str) -> None:
    assert svg_problem(svg.encode()) is None
