from pathlib import Path

import pytest

from zimfo_archives.errors import OptionError
from zimfo_archives.illustration import draw_illustration, read_illustration


def test_the_drawn_picture_passes_the_check(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(draw_illustration())
    assert read_illustration(file) == draw_illustration()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a PNG of 48x48"),
        (b"GIF89a" + b"0" * 100, "is not a PNG of 48x48"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * (1 << 20), "is not a PNG of 48x48"),
        (draw_illustration()[:-20], "damaged"),
        (draw_illustration()[:-12], "damaged"),
        (draw_illustration()[:8], "damaged"),
        (draw_illustration().replace(b"IHDR\0\0\0\x30", b"IHDR\0\0\0\x31"), "damaged"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(data)
    with pytest.raises(OptionError, match=message):
        read_illustration(file)


def test_another_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    with monkeypatch.context() as smaller:
        smaller.setattr("zimfo_archives.illustration.SIZE", 32)
        file.write_bytes(draw_illustration())
    with pytest.raises(OptionError, match="is 32x32 pixels; it must be 48x48"):
        read_illustration(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read: No such file"):
        read_illustration(tmp_path / "a.png")
