from collections.abc import Callable
from pathlib import Path

import pytest
from libzim.reader import Archive

from zimfo_archives.errors import SourcesError
from zimfo_archives.illustration import draw_illustration
from zimfo_archives.wiki import WikiOptions, build_wiki

Article = Callable[..., Path]
Build = Callable[..., Archive]

PNG = draw_illustration()


@pytest.fixture
def image(sources: Path) -> Callable[..., Path]:
    """Put an image among the sources."""

    def image(name: str, data: bytes = PNG) -> Path:
        file = sources / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    return image


def problems(folder: Path, tmp_path: Path) -> list[str]:
    with pytest.raises(SourcesError) as caught:
        build_wiki([folder], tmp_path / "a.zim", WikiOptions())
    return [str(problem) for problem in caught.value.problems]


def html(archive: Archive, path: str) -> str:
    return bytes(archive.get_entry_by_path(path).get_item().content).decode()


def files(archive: Archive) -> dict[str, bytes]:
    entries = [archive._get_entry_by_id(number) for number in range(archive.entry_count)]
    return {entry.path: bytes(entry.get_item().content) for entry in entries if entry.path.startswith("_zimfo/files/")}


def test_images_are_packed_once_and_shown(article: Article, image: Callable[..., Path], build: Build) -> None:
    image("img/a tower.png")
    article("x/a.md", '![The *tower*](../img/a%20tower.png "By night")\n\nSee ![it](<../img/a tower.png>)', "AC/DC")
    article("b.md", "![Again](img/a%20tower.png)")
    archive = build()
    [(path, content)] = files(archive).items()
    assert content == PNG
    assert archive.get_entry_by_path(path).get_item().mimetype == "image/png"
    place = path.replace(" ", "%20")
    assert (
        f'<figure><img src="../{place}" alt="The tower" loading="lazy" />\n<figcaption>By night</figcaption>\n'
        "</figure>\n"
        f'<p>See <img src="../{place}" alt="it" loading="lazy" /></p>'
    ) in html(archive, "AC/DC")
    assert f'<figure><img src="{place}" alt="Again" loading="lazy" /></figure>' in html(archive, "b")


def test_images_of_vaults_are_found_by_their_name(article: Article, image: Callable[..., Path], build: Build) -> None:
    image("attachments/deep/Tower.png")
    article("x/a.md", "![[tower.png]] ![[attachments/deep/Tower.png|Words]] ![[Tower.png|300x200]] [[tower.png]]", "A")
    archive = build()
    [path] = files(archive)
    page = html(archive, "A")
    assert f'<img src="{path}" alt="" loading="lazy" />' in page
    assert f'<img src="{path}" alt="Words" loading="lazy" />' in page
    assert f'<img src="{path}" alt="" width="300" loading="lazy" />' in page
    assert f'<a href="{path}">tower.png</a>' in page


def test_documents_are_packed_for_links_to_them(
    article: Article, image: Callable[..., Path], build: Build, sources: Path, tmp_path: Path
) -> None:
    image("plan.pdf", b"%PDF-1.4")
    image("tower.png")
    article("a.md", "[plan](plan.pdf#page=2) [tower](tower.png)")
    report = build_wiki([sources], tmp_path / "a.zim", WikiOptions())
    assert (report.images, report.files) == (1, 1)
    archive = Archive(report.path)
    pdf, png = sorted(files(archive), key=lambda path: path.endswith("png"))
    assert f'<a href="{pdf}#page=2">plan</a> <a href="{png}">tower</a>' in html(archive, "a")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("gone.png", "there is no such file"),
        ("fake.png", "the file is not PNG as its name says: it is GIF"),
        ("notes.txt", "not an image; PNG, JPEG"),
        ("a.md", "not an image; PNG, JPEG"),
        ("https://example.org/a.png", "not fetched from the network"),
        ("//example.org/a.png", "not fetched from the network"),
        ("data:image/png;base64,AAAA", "by a relative path"),
        ("/etc/a.png", "by a relative path"),
        ("../outside.png", "outside of the folders of the sources"),
        ("link.png", "outside of the folders of the sources"),
        ("a%00.png", "there is no such file"),
        (f"{'x' * 5000}.png", "there is no such file"),
        ("", "it is empty"),
    ],
)
def test_an_image_that_cannot_be_packed_is_named_with_its_line(
    sources: Path, article: Article, image: Callable[..., Path], tmp_path: Path, source: str, reason: str
) -> None:
    image("fake.png", b"GIF89a")
    image("notes.txt", b"text")
    image("../outside.png")
    (sources / "link.png").symlink_to(tmp_path / "outside.png")
    file = article("a.md", f"One\n\ntwo\n![words]({source})\n")
    [problem] = problems(sources, tmp_path)
    assert problem.startswith(f"{file}:7: the image '")
    assert reason in problem


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.png", "there is no such file"),
        ("twice.png", "there are 2 files of that name"),
        ("A note", "only images can be shown within a page"),
        ("../outside.png", "outside of the folders"),
        ("/etc/passwd.png", "there is no such file"),
    ],
)
def test_an_embedded_image_that_is_not_there_is_named(
    sources: Path, article: Article, image: Callable[..., Path], tmp_path: Path, name: str, reason: str
) -> None:
    for file in ["x/twice.png", "y/twice.png", "../outside.png"]:
        image(file)
    article("a.md", f"![[{name}]]")
    [problem] = problems(sources, tmp_path)
    assert f"the image {name!r} is broken: " in problem
    assert reason in problem


def test_broken_images_become_their_words_where_that_is_allowed(sources: Path, article: Article, build: Build) -> None:
    article("a.md", "![A tower](gone.png) by night ![[gone.png|words]]")
    assert "<p>A tower by night words</p>" in html(build(allow_broken_links=True), "a")


def test_a_page_given_by_itself_finds_the_images_beside_it(
    sources: Path, article: Article, image: Callable[..., Path], tmp_path: Path
) -> None:
    file = article("a.md", "![x](b.png)")
    image("b.png")
    assert build_wiki([file], tmp_path / "a.zim", WikiOptions()).images == 1


def test_broken_images_in_tables_have_their_lines(sources: Path, article: Article, tmp_path: Path) -> None:
    file = article("a.md", "| h |\n|---|\n| ![x](gone.png) |\n| [y](gone.md) |\n")
    assert [problem.split(": ")[0] for problem in problems(sources, tmp_path)] == [f"{file}:6", f"{file}:7"]


def test_an_image_that_changes_before_it_is_written_leaves_no_archive(
    sources: Path, article: Article, image: Callable[..., Path], tmp_path: Path
) -> None:
    article("a.md", "![x](b.png)")
    file = image("b.png")

    def change(label: str, done: int, total: int) -> None:
        if label == "Reading pages" and done == total:
            file.write_bytes(PNG + b"more")

    with pytest.raises(SourcesError, match=r"b\.png: was changed while the archive was built"):
        build_wiki([sources], tmp_path / "a.zim", WikiOptions(), progress=change)
    assert [path.name for path in tmp_path.iterdir()] == ["sources"]
