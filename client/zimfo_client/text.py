"""Words and sentences of questions and answers: folding, stop words, light stemming, sentence ends."""

import re
import unicodedata

MAX_SENTENCE_CHARS = 600  # a "sentence" beyond this is a list or a table; it is cut so that an answer stays readable

# Words that carry no subject: articles, prepositions, auxiliaries, question words, pronouns, polite verbs.
STOP_WORDS = frozenset(
    """a an the this that these those there here of in on at by for from to into onto with without about over under
    between among through during before after since until as than then so and or but nor not no yes if while because
    is are was were be been being am do does did done doing have has had having will would shall should can could may
    might must i me my mine we us our you your he him his she her hers it its they them their who whom whose which what
    when where why how much many more most some any each every other such own same just also too very please tell give
    show find get explain describe say says said happen happened mean means called name
    year date many still ever actually really exactly one ones thing things let lets know want like wait okay
    ok hmm off out up down away again""".split()
)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_END = re.compile(r"(?<=[.!?。！？])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\s a-z])|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|c|ca|approx|No|Inc|Ltd|Co|Mt|Gen|Lt|Col|Capt|Rev|Hon|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|U\.S|U\.K|D\.C|a\.m|p\.m))\.$"
)


def fold(text: str) -> str:
    """Return `text` in lower case without diacritics ("Curaçao" → "curacao")."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words(text: str) -> list[str]:
    """Return the folded words of `text` in order, possessive endings removed."""
    return [re.sub(r"['’]s?$", "", word) for word in _WORD.findall(fold(text))]


def stem(word: str) -> str:
    """Return a crude English stem, enough to match "detected" with "detection" and "bodies" with "body"."""
    for suffix, least in (
        ("ational", 4), ("ization", 4), ("iveness", 4), ("fulness", 4),
        ("ically", 4), ("ations", 4), ("ation", 4), ("ities", 4), ("ments", 4), ("ings", 4), ("ment", 4),
        ("ions", 4), ("ies", 3), ("ity", 4), ("ing", 4), ("ion", 4), ("ors", 4), ("ers", 4), ("ous", 4), ("ive", 4),
        ("ed", 3), ("es", 4), ("ly", 4), ("al", 5), ("or", 5), ("er", 5), ("s", 3), ("e", 4), ("y", 4),
    ):  # fmt: skip
        if word.endswith(suffix) and len(word) - len(suffix) >= least and not word.endswith("ss"):
            return word[: -len(suffix)]
    return word


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order, each once."""
    return list(dict.fromkeys(stem(word) for word in words(text) if word not in STOP_WORDS))


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`; a line break ends one too, an abbreviation or an initial does not."""
    found: list[str] = []
    for raw in _END.split(text):
        piece = " ".join(raw.split())
        if not piece:
            continue
        if found and _ABBREVIATION.search(found[-1]) and len(found[-1]) < MAX_SENTENCE_CHARS:
            found[-1] += " " + piece
        else:
            found.append(piece)
    return [shorten(sentence, MAX_SENTENCE_CHARS) for sentence in found]


def shorten(text: str, limit: int) -> str:
    """Return `text` cut at a word within `limit` characters, with an ellipsis where something was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:") + "…"


def opening(text: str, limit: int) -> str:
    """Return the first whole sentences of `text` that fit into `limit` characters, at least one (cut if need be)."""
    kept: list[str] = []
    length = 0
    for sentence in sentences(text):
        if kept and length + len(sentence) + 1 > limit:
            break
        kept.append(sentence)
        length += len(sentence) + 1
    return shorten(" ".join(kept), max(limit, 1))
