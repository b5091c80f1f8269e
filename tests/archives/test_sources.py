import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zimfo_archives.errors import SourcesError
from zimfo_archives.sources import read_sources

Write = Callable[[str, str], Path]
Article = Callable[..., Path]


def problems(*sources: Path) -> list[str]:
    with pytest.raises(SourcesError) as caught:
        read_sources(sources, reserved=["mainPage", "_zimfo/"])
    return [str(problem) for problem in caught.value.problems]


def test_folders_are_read_to_the_bottom_and_hidden_ones_left_alone(sources: Path, article: Article) -> None:
    for name in ["b.md", "deep/er/a.markdown", ".git/c.md", ".d.md"]:
        article(name, "")
    (sources / "notes.txt").write_text("no page")
    assert [page.title for page in read_sources([sources])] == ["a", "b"]


def test_a_file_named_twice_is_one_page(sources: Path, article: Article) -> None:
    file = article("a.md", "")
    assert len(read_sources([sources, file])) == 1


def test_paths_are_titles_with_underscores(sources: Path, article: Article) -> None:
    article("a.md", "", "Golden Gate Bridge")
    assert read_sources([sources])[0].path == "Golden_Gate_Bridge"


def test_windows_line_breaks_and_byte_order_marks_are_fine(sources: Path) -> None:
    (sources / "a.md").write_bytes(b"\xef\xbb\xbf---\r\ntitle: Blue\r\n---\r\nA hue.\r\n")
    [page] = read_sources([sources])
    assert (page.title, page.body, page.body_line) == ("Blue", "A hue.\n", 4)


def test_a_folder_without_markdown_is_refused(sources: Path) -> None:
    assert problems(sources) == [f"{sources}: no Markdown files here; they end in .md or .markdown"]


def test_a_file_that_is_not_markdown_is_refused(sources: Path) -> None:
    file = sources / "a.txt"
    file.write_text("")
    assert "neither a folder nor a file that ends in" in problems(file)[0]


def test_a_file_without_front_matter_is_refused(sources: Path, write: Write) -> None:
    file = write("a.md", "# Blue\n")
    assert problems(sources)[0].startswith(f"{file}:1: no front matter")


def test_a_file_that_is_not_utf8_is_refused_with_its_line(sources: Path) -> None:
    file = sources / "a.md"
    file.write_bytes(b"---\ntitle: Blue\n---\ncaf\xe9\n")
    assert problems(sources) == [f"{file}:4: not UTF-8 text; save the file as UTF-8"]


def test_two_pages_cannot_have_one_title(sources: Path, article: Article) -> None:
    first, second = article("a.md", "", "Big blue"), article("b.md", "", "Big_blue")
    assert problems(sources) == [f"{second}:2: the title 'Big_blue' is also that of {first}:2"]


def test_a_redirect_cannot_be_a_title_or_stand_twice(sources: Path, write: Write) -> None:
    a = write("a.md", "---\ntitle: A\nredirects: [B, C, A]\n---\n")
    b = write("b.md", "---\ntitle: B\nredirects:\n- D\n- C\n---\n")
    assert problems(sources) == [
        f"{a}:3: the redirect 'B' is the title of {b}:2",
        f"{a}:3: the redirect 'A' is the title of {a}:2",
        f"{b}:5: the redirect 'C' is also in {a}:3",
    ]


def test_the_archives_own_paths_are_kept_for_it(sources: Path, write: Write) -> None:
    write("a.md", "---\ntitle: mainPage\n---\n")
    write("b.md", "---\ntitle: B\nredirects: [mainPage, _zimfo/style.css, _zimfo]\n---\n")
    assert ["kept for the archive itself" in problem for problem in problems(sources)] == [True, True, True]


def test_the_message_stays_readable_when_all_is_wrong(sources: Path, write: Write) -> None:
    for number in range(60):
        write(f"{number}.md", "no front matter")
    with pytest.raises(SourcesError, match="60 problems") as caught:
        read_sources([sources])
    assert str(caught.value).endswith("… and 10 more")


def test_what_is_no_file_is_reported_and_not_waited_for(sources: Path) -> None:
    os.mkfifo(sources / "a.md")
    (sources / "b.md").symlink_to("b.md")
    (sources / "c.md").symlink_to("gone.md")
    assert problems(sources) == [
        f"{sources / 'a.md'}: is not a file that can be read",
        f"{sources / 'b.md'}:1: cannot be read: Too many levels of symbolic links",
        f"{sources / 'c.md'}:1: cannot be read: No such file or directory",
    ]


def test_folders_that_hold_themselves_are_read_once(sources: Path, article: Article) -> None:
    article("a.md", "")
    (sources / "again").symlink_to(sources)
    assert len(read_sources([sources, sources / "again"])) == 1


def test_a_file_longer_than_any_page_is_refused(sources: Path, write: Write) -> None:
    file = write("a.md", f"---\ntitle: A\n---\n{'word ' * 2_000_000}")
    assert problems(sources) == [f"{file}: has 9.5 MiB; a page may have 4 MiB, split it into several"]


def test_zero_bytes_are_refused_with_their_line(sources: Path, write: Write) -> None:
    file = write("a.md", "---\ntitle: A\n---\nfine\nnot \0 fine\n")
    assert problems(sources) == [f"{file}:5: a zero byte, which no text holds; is the file damaged?"]


def test_pages_know_the_folder_they_are_part_of(sources: Path, article: Article) -> None:
    file = article("deep/a.md", "")
    assert [page.root for page in read_sources([sources])] == [sources]
    assert [page.root for page in read_sources([file])] == [sources / "deep"]
