"""Which sections of an article to show, and which one a name means."""

import re
from collections.abc import Sequence

from rapidfuzz.fuzz import ratio, token_sort_ratio

from zimfo_server.articles.clean import plain
from zimfo_server.articles.guidance import MAX_CHOICES, Asked, choices, short
from zimfo_server.articles.model import Article, Section
from zimfo_server.articles.names import words
from zimfo_server.errors import GuidanceError

# What most questions are about, in the order in which sections are picked (zimfo-behaviour §2.5).
PRIORITY = (
    "history",
    "overview",
    "background",
    "description",
    "geography",
    "culture",
    "economy",
    "demographics",
    "etymology",
    "early life",
    "career",
    "biography",
)
FUZZY_SHARE = 75  # per cent of likeness from which another name is taken for a section's
MIN_INFIX = 3  # letters that a name needs to be looked for inside longer ones
MAX_OUTLINE = 40  # sections listed after a miss; a reference page may have hundreds

_ALWAYS_LEAD = frozenset(("", "lead"))
_LEAD_UNLESS_SECTION = frozenset(("summary", "intro", "introduction", "lead section", "abstract", "lede", "top"))
_NUMBER = re.compile(r"^\s*(?:section\s+)?(\d+(?:\.\d+)*)[.):]?(?:\s+|$)", re.IGNORECASE)


def pick_overview(article: Article, count: int) -> list[Section]:
    """Return up to `count` sections: the lead, then those that matter to most questions, then the largest.

    No section is picked together with one that contains it.
    """
    sections = article.sections
    picked = [sections[0]]
    ancestors = _ancestors(article)
    by_rank = sorted(sections[1:], key=lambda section: len(ancestors[id(section)]))
    for word in PRIORITY:
        named = (section for section in by_rank if _unnumbered(section.title).startswith(word))
        if (found := next((s for s in named if _is_apart(s, picked, ancestors)), None)) and len(picked) < count:
            picked.append(found)
    for section in sorted(_candidates(article), key=lambda section: -section.bytes):
        if len(picked) < count and _is_apart(section, picked, ancestors):
            picked.append(section)
    return picked[:count]


def find_section(article: Article, name: str) -> Section | None:
    """Return the section that `name` means: lead, exact, number, prefix, substring, then the most alike; else None."""
    sections = article.sections
    wanted = plain(name) if name.strip() else ""
    if wanted in _ALWAYS_LEAD:
        return sections[0]
    titled = [section for section in sections if section.title]
    if exact := _named(titled, wanted):
        return exact
    if wanted in _LEAD_UNLESS_SECTION:
        return sections[0]
    return _numbered(article, name) or _partly_named(titled, wanted) or _most_alike(titled, wanted)


def section_or_guidance(article: Article, asked: Asked) -> Section:
    """Return the section that `asked` names; raises `GuidanceError` with the outline, the likeliest first."""
    name = asked.section or ""
    if section := find_section(article, name):
        return section
    wanted = plain(name)
    titled = sorted(
        (section for section in article.sections if section.title),
        key=lambda section: -_likeness(wanted, section.title),
    )
    intro = f'"{article.title}" has no section "{short(name)}".'
    titles = list(dict.fromkeys(section.title for section in titled))
    if not titles:
        raise choices(f"{intro} It has only a lead:", [asked.instead(article.title, article.zim, section="")])
    error = choices(
        f"{intro} Its sections:",
        [asked.instead(article.title, article.zim, section=title) for title in titles],
    )
    rest = titles[MAX_CHOICES:MAX_OUTLINE]
    if not rest:
        raise error
    more = len(titles) - MAX_OUTLINE
    listed = "; ".join(rest) + (f"; and {more} more" if more > 0 else "")
    raise GuidanceError(f"{error}\nOther sections: {listed}.")


def is_equal_name(section: Section, name: str) -> bool:
    """Return whether `name` is the section's title, or one of the names for the lead."""
    wanted = plain(name) if name.strip() else ""
    if section.is_lead or not wanted:
        return wanted in _ALWAYS_LEAD | _LEAD_UNLESS_SECTION
    return wanted == plain(section.title)


def _ancestors(article: Article) -> dict[int, set[int]]:
    """Return the ids of the sections that contain each section, by the section's id."""
    above: dict[int, set[int]] = {}
    waiting: list[tuple[Section, set[int]]] = [(root, set()) for root in article.roots]
    while waiting:
        section, containing = waiting.pop()
        above[id(section)] = containing
        waiting += [(child, containing | {id(section)}) for child in section.subsections]
    return above


def _is_apart(section: Section, picked: Sequence[Section], ancestors: dict[int, set[int]]) -> bool:
    chosen = {id(other) for other in picked}
    if id(section) in chosen or ancestors[id(section)] & chosen:
        return False
    return not any(id(section) in ancestors[id(other)] for other in picked)


def _candidates(article: Article) -> list[Section]:
    """Return the sections among which the largest are sought: a lone one that only holds others stands for them."""
    roots = [root for root in article.roots if not root.is_lead]
    while len(roots) == 1 and roots[0].subsections and len(roots[0].own_text) < len(roots[0].text) // 4:
        roots = [*roots[0].subsections]
    return roots


def _unnumbered(title: str) -> str:
    return plain(_NUMBER.sub("", title) or title)


def _named(titled: Sequence[Section], wanted: str) -> Section | None:
    same = next((section for section in titled if plain(section.title) == wanted), None)
    return same or next((section for section in titled if _unnumbered(section.title) == wanted), None)


def _numbered(article: Article, name: str) -> Section | None:
    """Return the section called "2. History" or just "2": by the numbers in the titles, else by counting."""
    number = _NUMBER.match(name)
    if not number:
        return None
    rest = name[number.end() :].strip()
    titled = [section for section in article.sections if section.title]
    if rest:
        return _named(titled, plain(rest)) or _partly_named(titled, plain(rest))
    for section in titled:
        if (own := _NUMBER.match(section.title)) and own.group(1) == number.group(1):
            return section
    top = [root for root in article.roots if not root.is_lead]
    position = int(number.group(1)) if number.group(1).isdigit() else 0
    return top[position - 1] if 0 < position <= len(top) else None


def _partly_named(titled: Sequence[Section], wanted: str) -> Section | None:
    names = [(section, _unnumbered(section.title)) for section in titled]
    for section, title in names:
        if title.startswith(wanted):
            return section
    if len(wanted) >= MIN_INFIX:
        for section, title in names:
            if f" {wanted} " in f" {title} ":
                return section
        for section, title in names:
            if wanted in title:
                return section
        for section, title in names:
            if len(title) >= MIN_INFIX and f" {title} " in f" {wanted} ":
                return section
    return None


def _most_alike(titled: Sequence[Section], wanted: str) -> Section | None:
    best = max(titled, key=lambda section: _likeness(wanted, section.title), default=None)
    return best if best and _likeness(wanted, best.title) >= FUZZY_SHARE else None


def _likeness(wanted: str, title: str) -> float:
    """Return 0 to 100; "the deaths" is as like "Death" as "deaths" is."""
    bare = _unnumbered(title)
    return max(ratio(wanted, bare), token_sort_ratio(" ".join(words(wanted)), " ".join(words(bare))))
