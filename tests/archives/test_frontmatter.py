import pytest

from zimfo_archives import frontmatter


def problems(yaml: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    frontmatter.parse(yaml, lambda line, message: found.append((line, message)))
    return found


def test_all_fields_are_read() -> None:
    yaml = "title: Blue\nredirects: [Azure,\n  Sky blue]\ntags: [a, b]\ncoordinates: [37, -122.5]\nlanguage: pt-BR\n"
    yaml += "categories: [Hues, 'A, b']"
    found = frontmatter.parse(yaml, lambda line, message: pytest.fail(message))
    assert (found.title, found.redirects, found.tags) == ("Blue", [("Azure", 3), ("Sky blue", 4)], ["a", "b"])
    assert (found.coordinates, found.language) == ((37.0, -122.5), "pt-BR")
    assert found.categories == ["Hues", "A, b"]


def test_the_body_keeps_its_line_number() -> None:
    assert frontmatter.split("---\ntitle: Blue\n---\nfirst\n---\n") == ("title: Blue", "first\n---\n", 4)


@pytest.mark.parametrize("text", ["", "title: Blue", "---\ntitle: Blue\n", "\n---\ntitle: Blue\n---\n"])
def test_front_matter_needs_both_markers(text: str) -> None:
    assert frontmatter.split(text) is None


@pytest.mark.parametrize(
    ("yaml", "line", "part"),
    [
        ("", 1, "no title"),
        ("tags: [a]", 1, "no title"),
        ("- title", 2, "`key: value`"),
        ("title: Blue\ntags: [a", 3, "not valid YAML"),
        ("title: Blue\ntags: *a", 3, "not valid YAML"),
        ("title: Blue\ntags: 2024-13-45", 1, "not valid YAML"),
        ("title: Blue\x00", 1, "not valid YAML"),
        ("title: Blue\ncolour: blue", 3, "unknown key 'colour'"),
        ("title: Blue\n1: blue", 3, "unknown key 1"),
        ("title: Blue\ntitle: Red", 3, "twice"),
        ("title:", 2, "is empty"),
        ("title: ' '", 2, "is empty"),
        ("title: 1984", 2, "put quotes around 1984"),
        ("title: ' Blue'", 2, "spaces"),
        ('title: "Blue\\u200b"', 2, "cannot be printed"),
        ('title: "\\ud800"', 2, "cannot be printed"),
        ("title: a/../b", 2, "between slashes"),
        ("title: /a", 2, "between slashes"),
        ("title: " + "x" * 256, 2, "longer than 255 bytes"),
        ("title: Blue\nredirects: Azure", 3, "must be a list"),
        ("title: Blue\nredirects:\n- Azure\n- 7", 3, "put quotes around 7"),
        ("title: Blue\ntags: physics", 3, "must be a list"),
        ("title: Blue\ntags: [a;b]", 3, "semicolon"),
        ("title: Blue\ntags: [a//b]", 3, "between slashes"),
        ("title: Blue\ncategories: physics", 3, "must be a list"),
        ("title: Blue\ncategories: [7]", 3, "the category 7 must be text"),
        ("title: Blue\ncategories: [' a']", 3, "spaces"),
        ("title: [a]", 2, "must be text"),
        ("title: Blue\nredirects: [[a]]", 3, "the redirect that is a list must be text"),
        ("title: Blue\n? {a: b}\n: c", 3, "unknown key that is a mapping"),
        ("title: Blue\n" + "k" * 70_000 + ": 1", 1, "characters; 65,536 are allowed"),
        ("title: Blue\nlanguage: no", 3, "put quotes around no"),
        ("title: Blue\nlanguage: english!", 3, "such as en"),
        ("title: Blue\ncoordinates: 37", 3, "two numbers"),
        ("title: Blue\ncoordinates: [37]", 3, "two numbers"),
        ("title: Blue\ncoordinates: [37, west]", 3, "two numbers"),
        ("title: Blue\ncoordinates: [true, 0]", 3, "two numbers"),
        ("title: Blue\ncoordinates: [.nan, 0]", 3, "two numbers"),
        ("title: Blue\ncoordinates: [-122.1, 37]", 3, "latitude first"),
        ("title: Blue\ncoordinates: [37, 180.1]", 3, "longitude"),
    ],
)
def test_each_mistake_is_named_with_its_line(yaml: str, line: int, part: str) -> None:
    [(found_line, message)] = problems(yaml)
    assert found_line == line
    assert part in message


def test_all_mistakes_of_a_file_are_named_at_once() -> None:
    assert [line for line, _ in problems("title: 7\ncolour: 1\ncoordinates: 3")] == [2, 3, 4]


def test_endless_nesting_is_a_mistake_and_no_crash() -> None:
    [(_, message)] = problems("title: " + "[" * 500)
    assert "not valid YAML" in message


def test_titles_are_composed_so_that_equal_letters_are_equal() -> None:
    assert frontmatter.parse("title: Cafe\u0301", lambda line, message: pytest.fail(message)).title == "Caf\u00e9"


def test_lists_that_stand_for_endless_text_are_not_written_out() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n"
    for one, other in zip("abcdefghijk", "bcdefghijkl", strict=True):
        bomb += f"{other}: &{other} [{', '.join([f'*{one}'] * 8)}]\n"
    messages = [message for _, message in problems(f"{bomb}title: *l\ntags: [*l]\nlanguage: *l\nredirects: &r [*r]")]
    assert max(map(len, messages)) < 200
    assert len(messages) == 12 + 4
