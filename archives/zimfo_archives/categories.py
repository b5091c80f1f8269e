"""The categories of an encyclopedia: which there are, and which articles each of them lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from zimfo_archives.errors import Problem, SourcesError
from zimfo_archives.sources import Page, in_file_order, zim_path

# As in Wikipedia's archives, whose readers know such pages for what they are.
PREFIX = "Category:"


@dataclass(frozen=True, slots=True)
class Category:
    """A category and its articles in the order of the alphabet."""

    name: str
    path: str
    pages: tuple[Page, ...]

    @property
    def title(self) -> str:
        """The title of its page, which is never the title of an article."""
        return PREFIX + self.name


def in_order(pages: Sequence[Page]) -> list[Page]:
    """Return pages in the order in which a person looks for titles."""
    return sorted(pages, key=lambda page: (page.title.casefold(), page.title))


def group_pages(pages: Sequence[Page]) -> tuple[Category, ...]:
    """Return the categories of all pages in the order of the alphabet.

    Names that differ in capitals or underscores alone are one category. Raises SourcesError where a page has the title
    or a redirect of a category's page.
    """
    names: dict[str, set[str]] = {}
    members: dict[str, list[Page]] = {}
    for page in pages:
        for name in page.categories:
            names.setdefault(fold_name(name), set()).add(name)
        # A page that names one category in two ways is listed once.
        for fold in {fold_name(name) for name in page.categories}:
            members.setdefault(fold, []).append(page)
    found: list[Category] = []
    for fold, spellings in sorted(names.items()):
        name = min(spellings)  # capitals come before small letters
        found.append(Category(name, zim_path(PREFIX + name), tuple(in_order(members[fold]))))
    _check_paths(pages, found)
    return tuple(found)


def categories_by_page(categories: Sequence[Category]) -> dict[str, tuple[Category, ...]]:
    """Return the categories of each page, by the page's path, in the order in which the page names them."""
    by_fold = {fold_name(category.name): category for category in categories}
    pages = {page.path: page for category in categories for page in category.pages}
    return {
        path: tuple(dict.fromkeys(by_fold[fold_name(name)] for name in page.categories)) for path, page in pages.items()
    }


def fold_name(name: str) -> str:
    """Return what equal names of a category have in common."""
    return zim_path(name).casefold()


def _check_paths(pages: Sequence[Page], categories: Sequence[Category]) -> None:
    holders = {category.path: category for category in categories}
    problems: list[Problem] = []
    for page in pages:
        taken = [("title", page.title, page.path, page.title_line)]
        taken += [("redirect", alias.title, alias.path, alias.line) for alias in page.redirects]
        for what, title, path, line in taken:
            if (category := holders.get(path)) is not None:
                first = category.pages[0]
                message = f"the {what} {title!r} is that of a category's page; {first.file}:{first.categories_line}"
                problems.append(Problem(page.file, line, f"{message} names the category"))
    if problems:
        raise SourcesError(in_file_order(problems))
