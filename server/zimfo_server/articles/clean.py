"""Small repairs of running text: citations, debris of pronunciations, cutting at sentence ends.

Every function is pure and idempotent; the rules are zimfo-behaviour §2.7 with the corrections noted beside them.
"""

import functools
import re
import unicodedata

DISAMBIGUATION_CHARS = 400  # "may refer to" stands in the first sentence or it is no disambiguation page
OVERSHOOT_CHARS = 200  # how far past its limit an excerpt may run to end with a sentence
CACHED_NAMES = 16_384  # titles and words that a search compares again and again; about 3 MB
MAX_ABBREVIATION = 12  # characters before a full stop that are looked at; no abbreviation is longer

_CITATION = re.compile(
    r"\[\s*(?:\d{1,3}|[a-z]|(?:note|nb|n|lower-alpha|fn)\.?\s*\d{1,3}|(?:note|nb|sic)\b[^\[\]\n]{0,40}"
    r"|(?:citation|clarification|page|year|better source|verification|attribution|dubious|discuss)"
    r"(?:\s+needed)?\b[^\[\]\n]{0,60}|who\?|when\?|which\?|where\?|by whom\?|edit)\s*\]",
    re.IGNORECASE,
)
_SPACE_BEFORE_STOP = re.compile(r"[ \t\xa0]+(?=[.,;:!?](?:\s|$))")
_SPACES = re.compile(r"[ \t\xa0]{2,}")
_LISTEN = re.compile(r"\s*\(\s*(?:listen|audio)\s*\)|\s*\N{CIRCLED LATIN SMALL LETTER I}", re.IGNORECASE)
# Brackets are debris only where no word touches them: `main()` is a function, `name ()` has lost a pronunciation.
_EMPTY_BRACKETS = re.compile(r"(?<!\S)(?:\(\s*[,;:/–—-]*\s*\)|\[\s*[,;]*\s*\])(?=\s|[.,;:!?]|$)")
_BRACKET_START = re.compile(r"(?<!\S)\(\s*(?:(?:[,;]|/(?=\s)|or\b(?=\s*[,;]))\s*)+(?=[^\s);,])")
_BRACKET_END = re.compile(r"(?<=[^\s(;,])\s*(?:[,;]\s*)+\)(?=\s|[.,;:!?]|$)")
_BRACKET_SPACE = re.compile(r"(?<!\S)\([ \t]+(?=\S)")
_DOUBLE_STOP = re.compile(r"(?<=\w)\s*([,;])(?:\s*[,;])+(?=\s)")
_MAY_BE_DEBRIS = re.compile(r"[(\[\N{CIRCLED LATIN SMALL LETTER I}]|[,;]\s*[,;]")

_SENTENCE_END = re.compile(r"""(?:[.!?…]+["'”’»)\]]*(?=\s|$)|[。！？।]["'”’」』）]*|\n)""")
_NOT_AN_END = frozenset(
    "mr mrs ms dr prof rev fr sr jr st mt ft gen col capt lt sgt maj gov sen rep hon pres no nos vol vols pp p ch fig "
    "figs ed eds vs v cf ca c approx est al etc e.g i.e viz resp inc ltd co corp bros dept univ jan feb mar apr jun "
    "jul aug sep sept oct nov dec u.s u.k u.n d.c a.m p.m b.c a.d ph.d z.b d.h u.a bzw usw nr bd str".split()
)
_ENDS_ANYWAY = frozenset("etc inc ltd co corp jr sr al u.s u.k d.c a.m p.m b.c a.d ph.d".split())
_BEFORE_NAMES = frozenset(("jr", "sr", "u.s", "u.k", "d.c"))  # "the U.S. Army", "King Jr. Day"
_STARTERS = frozenset("the a an in it its he his she her they their this these there on at as but and when for".split())

_REFERS = re.compile(r"\b(?:may refer to|(?:commonly|usually|often) refers to)\b\s*(:?)", re.IGNORECASE)
_ASCII_OTHER = re.compile(r"[^0-9A-Za-z+#]+")
_JOINERS = str.maketrans({"_": " ", "'": None, "’": None, "ʼ": None, "\xad": None})


def strip_citations(text: str) -> str:
    """Return `text` without `[12]`, `[a]`, `[note 3]`, `[citation needed]` and the gaps that they leave."""
    while (shorter := _CITATION.sub("", text)) != text:
        text = shorter
    # A stop is pulled back only where a word could not begin with it: " .NET" and " :name" stay.
    return _SPACES.sub(" ", _SPACE_BEFORE_STOP.sub("", text))


def tidy_brackets(text: str) -> str:
    """Return `text` without what removed pronunciations and dates leave: `()`, `( ; born 1930)`, `(listen)`."""
    while _MAY_BE_DEBRIS.search(text):
        before = text
        for pattern, replacement in (
            (_LISTEN, ""),
            (_EMPTY_BRACKETS, ""),
            (_BRACKET_START, "("),
            (_BRACKET_END, ")"),
            (_BRACKET_SPACE, "("),
            (_DOUBLE_STOP, r"\1"),
        ):
            text = pattern.sub(replacement, text)
        text = _SPACES.sub(" ", _SPACE_BEFORE_STOP.sub("", text))
        if text == before:
            break
    return _SPACES.sub(" ", _SPACE_BEFORE_STOP.sub("", text))


def is_disambiguation(title: str, lead: str) -> bool:
    """Return whether an article only lists others of the same name.

    The words "may refer to" alone are not enough: ordinary leads say them of a term. A colon or a list must follow, or
    nothing more than a sentence.
    """
    if "(disambiguation)" in title.lower():
        return True
    found = _REFERS.search(lead[:DISAMBIGUATION_CHARS])
    return found is not None and (found.group(1) == ":" or "\n- " in lead or len(lead) < DISAMBIGUATION_CHARS)


@functools.lru_cache(maxsize=CACHED_NAMES)
def plain(text: str) -> str:
    """Return `text` for comparing names: no case, no accents, no punctuation, single spaces.

    `+` and `#` stay because they tell C, C++ and C# apart; a text of nothing but punctuation stays as it is.
    """
    if text.isascii():  # nearly all titles, at a tenth of the cost
        return " ".join(_ASCII_OTHER.sub(" ", text.translate(_JOINERS)).lower().split()) or text.strip().lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(_JOINERS))
    kept = (
        char if char.isalnum() or char in "+#" or unicodedata.category(char).startswith("M") else " "
        # Only the combining marks of alphabetic scripts go: in Indic scripts marks are vowels.
        for char in decomposed
        if not "\u0300" <= char <= "\u036f"
    )
    return " ".join("".join(kept).casefold().split()) or text.strip().casefold()


def strip_title(text: str, title: str) -> str:
    """Return `text` without leading paragraphs that only repeat the title."""
    wanted = plain(title)
    while text:
        first, _, rest = text.partition("\n\n")
        if plain(first) != wanted:
            break
        text = rest.lstrip()
    return text


def one_line(text: str) -> str:
    """Return `text` with every run of whitespace as one space."""
    return " ".join(text.split())


def sentence_ends(text: str) -> list[int]:
    """Return the positions just behind each sentence of `text`; line ends count as sentence ends."""
    return [match.end() for match in _SENTENCE_END.finditer(text) if _ends_sentence(text, match)]


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    if not match.group().startswith("."):
        return True
    following = text[match.end() :].lstrip(" \xa0")[:1] if match.end() < len(text) else ""
    if following.islower():
        return False
    words = text[max(0, match.start() - MAX_ABBREVIATION) : match.start()].split()
    word = words[-1].lower().lstrip("([\"'“‘") if words else ""
    if word in _ENDS_ANYWAY:
        return word not in _BEFORE_NAMES or not following or _starts_sentence(text, match.end())
    if len(word) == 1 and word.isalpha() and word != "i":
        return not following or _starts_sentence(text, match.end())  # an initial, or the end of "Vitamin C."
    return word not in _NOT_AN_END


def _starts_sentence(text: str, position: int) -> bool:
    """Return whether the next word is one that seldom belongs to a name."""
    following = text[position : position + 20].split()
    return bool(following) and following[0].lower().strip(',"“(') in _STARTERS


def trim_sentences(text: str, limit: int, *, overshoot: int = OVERSHOOT_CHARS) -> str:
    """Return `text` cut to about `limit` characters, at the last sentence end in the second half of the limit.

    The result exceeds `limit` by at most `overshoot`; without a sentence end it is cut at a word and ends in "…".
    """
    if len(text) <= limit:
        return text
    window = text[: limit + overshoot]
    # An end is only known to be one with what follows it, so the whole text is looked at near the edge.
    ends = [
        end
        for end in sentence_ends(text[: limit + overshoot + 1])
        # Past the limit a line end is no sentence: cut there, the text would not know its end again.
        if limit // 2 < end <= (limit if text[end - 1] == "\n" else len(window))
    ]
    for end in reversed(ends):
        if cut := window[:end].rstrip():
            return cut
    return _cut_at_word(text, limit)


def _cut_at_word(text: str, limit: int) -> str:
    cut = text[: max(limit - 1, 0)]
    space = cut.rfind(" ")
    if space > limit // 2:
        cut = cut[:space]
    return cut.rstrip(" ,;:–—-\n") + "…"


def paginate(text: str, limit: int) -> list[str]:
    """Return `text` in pages of at most `limit` characters, cut between paragraphs, else lines, sentences, words."""
    pages: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        cut = _page_end(rest[: limit + 1], limit)
        pages.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pages, rest] if rest or not pages else pages


def _page_end(window: str, limit: int) -> int:
    least = limit // 2  # a shorter page would only mean more of them
    for separator in ("\n\n", "\n"):
        if (cut := window.rfind(separator)) > least:
            return cut
    ends = [end for end in sentence_ends(window) if least < end <= limit]
    space = window.rfind(" ")
    return ends[-1] if ends else space if space > least else limit
