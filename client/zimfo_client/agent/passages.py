"""Finds the passage of an article that answers a question, by words: no model involved."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from zimfo_client.languages import language_of, subject_words
from zimfo_client.text import content_stems, fold, sentences, stem, words
from zimfo_shared.articles import OverviewOutput

MAX_PASSAGE_SENTENCES = 4  # an answer is a few sentences; more is reading the article
MAX_PASSAGE_CHARS = 700
AS_GOOD = 0.9  # of a score: what differs by less is equal
FUZZY_RATIO = 86  # of rapidfuzz, for words of five letters and more: one slip in six letters still matches
LEAD, LEAD_NUMBER = 0.5, 1.5  # of score, for a sentence of the lead; for one that a quantity is asked of
NEAR_WORDS = 4  # between a number and what it counts
TABLE_SHARE = 0.4  # of the score of a table's row: it answers in numbers that nobody can read alone
TITLED_SCORE = 10.0  # of a section whose title is what is asked for: no sentence elsewhere fits better
ENOUGH_COVERAGE = 0.6  # share of the question's words that title and passage must hold, to call it an answer

# What people ask with one word and articles say with another.
_SAID_OTHERWISE = {
    "born": "birth", "birth": "born", "birthplace": "born", "birthday": "born",
    "die": "death died dead", "died": "death die dead", "death": "die died killed casualties fatal",
    "dead": "death killed", "casualties": "deaths killed wounded dead", "killed": "death casualties dead",
    "cause": "reason result origin led due", "reason": "cause because",
    "symptoms": "signs", "treat": "therapy cure", "cure": "treat", "therapy": "treat",
    "invent": "develop create", "discover": "found detect observe", "detect": "discover observe",
    "begin": "start began outbreak", "start": "begin began outbreak", "end": "ended over fall",
    "wife": "married", "husband": "married", "spouse": "married", "married": "wed",
    "child": "daughter son", "children": "child daughter son",
    "big": "large size", "large": "big", "tall": "height high", "high": "height tall", "old": "age",
    "far": "distance", "heavy": "mass weight", "hot": "temperature", "cost": "price",
    "company": "firm corporation headquarters", "job": "work career", "school": "education university",
    "study": "education university degree", "build": "construct built", "built": "construct completed",
    "population": "inhabitants residents census", "inhabitants": "population residents", "daily": "day",
    "dose": "dosage", "dosage": "dose", "maximum": "most limit exceed",
    "live": "population inhabitants residents", "lives": "population inhabitants residents", "colour": "painted",
    "transmitted": "passed spread", "transmit": "pass spread", "spread": "passed transmitted",
}  # fmt: skip
_SYNONYMS = {stem(word): tuple(stem(other) for other in others.split()) for word, others in _SAID_OTHERWISE.items()}

_EXPECTED = (  # question word → what a sentence that answers it tends to hold
    (re.compile(r"\b(?:when|what year|which year|what date|how old)\b"), re.compile(r"\b\d{3,4}\b|\bcentury\b")),
    (re.compile(r"\bhow (?:many|much|long|far|tall|high|big|large|old|fast|hot|deep|heavy)\b|population|percent"),
     re.compile(r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|billion)\b")),
    (re.compile(r"\bwho\b|\bwhose\b"), re.compile(r"(?<=[a-z,] )[A-Z][a-z]+ (?:[A-Z]|de |von |van )")),
    (re.compile(r"\bwhere\b|\bbirthplace\b"), re.compile(r"\b(?:in|at|near|on|from) (?:the )?[A-Z]")),
    (re.compile(r"\bwhy\b|\bcause[sd]?\b|\breason"),
     re.compile(r"\b(?:because|due to|caused|result|since|therefore|owing to|led to|so that|as a consequence)\b")),
)  # fmt: skip


_BOTH = re.compile(r"\b(?:both|the two)\b(?! \w+s\b)")  # and not: the two moons
# A question for the reason of its subject as a whole, and the titles of sections that give one.
_WHY = re.compile(r"\bwhy\b|\bwhat (?:causes|caused|leads to|led to)\b|\breasons? (?:for|of)\b|\bcauses? of\b")
_REASON_TITLE = re.compile(r"\b(?:why|causes?|reasons?|origins?|mechanisms?|explanation)\b", re.IGNORECASE)
_COMES_ABOUT = frozenset(
    stem(word)
    for word in "arise begin begins cause causes caused come effect effects exist exists form forms happen happens "
    "lead leads led occur occurs reason reasons start starts break out outbreak".split()
)
_GENERAL = frozenset(
    stem(word)
    for word in "famous important interesting known notable significant significance special role work works matter "
    "background basics information history unfold go proceed function look".split()
)
WHOLE_SUBJECT = 0.5  # of such a question's words that the title holds

_SMALL_WORDS = frozenset("of the and for de la du".split())
_LONG_NAME = re.compile(r"\b[A-Z][\w'-]*(?: (?:(?:of|the|and|for|de|la|du) )*[A-Z][\w'-]*)+")
_NUMERAL = re.compile(r"[IVX]+|\d+")
_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|far|tall|high|big|large|old|fast|hot|deep|heavy)\b|"
    r"\b(?:population|maximum|minimum|dose|dosage|diameter|height|length|temperature|distance|number of)\b"
)
# What is counted has to be in an answer; people are counted in many words.
_COUNTED = re.compile(r"\bhow (?:many|much) (?P<noun>[^\W\d_]{3,})")
_ANYBODY = frozenset("people persons".split())
_HELP = re.compile(
    r"\bwhat (?:should|can|must|do) (?:i|you|we|one) do\b|\bhow (?:do|can|should) (?:i|you|we) (?:treat|help|handle)\b"
)
# A question that is answered by an account rather than by a fact.
_EXPLAINS = re.compile(
    r"^(?:please |can you |could you )*(?:why|explain|describe)\b|\bhow (?:do|does|did|is|are|was|were|can|could)\b|"
    r"\bwhat (?:happens|happened|causes|caused|leads to|led to)\b"
)
_HELP_TITLE = re.compile(r"\b(?:first aid|treatment|what to do)\b", re.IGNORECASE)
_STATED_REASON = re.compile(r"\b(?:because|caused by|due to|owing to|as a result of|results? from)\b")

# Encyclopedias open an article on a person with the years of birth and death in brackets, without saying so in words.
_LIFE_DATES = re.compile(r"\([^()]*\b\d{3,4}\b[^()]*\)|\bborn\b[^.]*\d{4}")
_LIFE_STEMS = frozenset({"born", "birth", "die", "death", "birthday"})


@dataclass(frozen=True)
class Passage:
    """A few sentences of one section; `coverage` (0 to 1) is how much of the question title and text hold."""

    text: str
    section: str
    coverage: float
    score: float

    def fits_like(self, other: "Passage") -> bool:
        """Whether this passage answers about as well as another."""
        return self.coverage >= other.coverage and self.score >= AS_GOOD * other.score


@dataclass(frozen=True)
class _Sentence:
    text: str
    stems: frozenset[str]
    section: str
    order: int


class Question:
    """A question taken apart once, to be held against several articles."""

    def __init__(self, text: str) -> None:
        self.text = text
        folded = fold(text)
        counted = _COUNTED.search(folded)
        noun = counted["noun"] if counted else ""
        anybody = stem(noun) if noun in _ANYBODY else ""
        self.language = language_of(text)
        self.stems = [one for one in content_stems(subject_words(text)) if one != anybody]
        self.counted = stem(noun) if noun and not anybody and stem(noun) in self.stems else None
        self.asks_help = bool(_HELP.search(folded))
        self.expected = [answer for asked, answer in _EXPECTED if asked.search(folded)]
        self.asks_quantity = bool(_QUANTITY.search(folded))
        self.explains = bool(_EXPLAINS.search(folded)) and not self.asks_quantity and not self.asks_help
        self.asks_why = bool(_WHY.search(folded))
        self.asks_of_both = bool(_BOTH.search(folded))
        self.names = _names(text)

    @property
    def wants_account(self) -> bool:
        """Whether an answer has to explain, help, set apart or count: a small model tells what comes first instead."""
        return self.explains or self.asks_help or self.asks_why or self.asks_of_both or self.asks_quantity

    def title_share(self, title: str) -> float:
        """Return how much of a title (0 to 1) the question names."""
        stems = content_stems(re.sub(r"\s*\([^)]*\)$", "", title))
        return sum(_among(stem, self.stems) for stem in stems) / len(stems) if stems else 0.0

    def title_coverage(self, title: str) -> float:
        """Return how much of the question (0 to 1) a title holds."""
        stems = content_stems(title)
        return sum(_among(stem, stems) for stem in self.stems) / len(self.stems) if self.stems else 0.0

    def is_general(self, title: str) -> bool:
        """Return whether the question asks for nothing in particular about an article of this title."""
        stems = content_stems(title)
        return all(_among(stem, stems) or stem in _GENERAL for stem in self.stems)

    def fit(self, text: str, title: str) -> float:
        """Return how well a text about a title answers (0 to 2): the words it takes up, and the sort of answer."""
        present = frozenset(content_stems(f"{title} {text}"))
        covered = sum(_speaks_of(present, stem) for stem in self.stems) / len(self.stems) if self.stems else 1.0
        return covered + self.has_its_sort(text)

    def has_its_sort(self, text: str) -> bool:
        """Return whether the sort of answer that is asked for is in a text: a time, a number, a reason."""
        return not self.expected or any(expected.search(text) for expected in self.expected)

    def misses_a_name(self, text: str) -> bool:
        """Return whether a name or a number of the question occurs nowhere in `text`, as typed or nearly so.

        An article that never mentions what the question names cannot answer it, however many other words fit.
        """
        vocabulary = {*words(text), *_initials(text)}
        return any(not _among(name, vocabulary, exact=name.isdigit()) for name in self.names)


def best_passage(question: Question, article: OverviewOutput, *, besides: Collection[str] = ()) -> Passage | None:
    """Return the passage of an article that fits the question best; None when nothing of the question is in it.

    Sections titled as in `besides` are passed over; the lead is titled "".
    """
    found = [
        _Sentence(text, _stems(text, section.title, order), section.title, order)
        for section in article.sections
        if section.title not in besides
        for order, text in enumerate(sentences(section.text))
    ]
    if not found or not question.stems:
        return None
    title_stems = [*content_stems(article.title), *_initials(article.title)]
    focus = [stem for stem in question.stems if not _among(stem, title_stems)]
    if (whole := _of_whole_subject(question, article.title, focus, found)) is not None:
        return whole
    if (titled := _of_section(question, focus, found)) is not None:
        return titled
    weights = {
        stem: math.log(1 + len(found) / (1 + sum(_holds(sentence.stems, stem) for sentence in found)))
        for stem in question.stems
    }
    scores = [_score(question, sentence, focus, weights) for sentence in found]
    best = max(range(len(found)), key=lambda index: (scores[index], -found[index].order))
    if focus and not any(_speaks_of(found[best].stems, stem) or _titled(found[best], stem) for stem in focus):
        return None
    if focus and all(_titled(found[best], stem) for stem in focus):
        # The section itself is what is asked for, so it is read from its beginning.
        chosen = _beginning(found, lambda sentence: sentence.section == found[best].section)
    else:
        chosen = [found[index] for index in _window(found, scores, best)]
    text = " ".join(sentence.text for sentence in chosen)
    present = frozenset().union(*(sentence.stems for sentence in chosen)) | set(title_stems)
    present |= set(content_stems(found[best].section))
    covered = sum(_speaks_of(present, stem) for stem in question.stems) / len(question.stems)
    if question.counted is not None and not _speaks_of(present, question.counted):
        covered = 0.0
    return Passage(text=text, section=found[best].section, coverage=covered, score=scores[best])


def _of_whole_subject(question: Question, title: str, focus: list[str], found: list[_Sentence]) -> Passage | None:
    """Answer why a subject comes about at all, or what to do about it, from the sentences that are there for that."""
    if question.title_coverage(title) < WHOLE_SUBJECT:
        return None
    if question.asks_help:
        chosen = _beginning(found, lambda sentence: bool(_HELP_TITLE.search(sentence.section)))
    elif question.asks_why and _COMES_ABOUT.issuperset(focus):
        chosen = _beginning(found, lambda sentence: not sentence.section and bool(_STATED_REASON.search(sentence.text)))
        chosen = chosen or _beginning(found, lambda sentence: bool(_REASON_TITLE.search(sentence.section)))
    else:
        return None
    if not chosen:
        return None
    return Passage(" ".join(sentence.text for sentence in chosen), chosen[0].section, 1.0, len(question.stems))


def _of_section(question: Question, focus: list[str], found: list[_Sentence]) -> Passage | None:
    """Answer what a section's title asks for, and nothing else, from the beginning of that section."""
    if not focus or question.expected:
        return None  # a time, a number or a name is somewhere in particular
    asked = set(focus)
    chosen = _beginning(
        found, lambda sentence: bool(sentence.section) and asked == set(content_stems(sentence.section))
    )
    if not chosen:
        return None
    return Passage(" ".join(sentence.text for sentence in chosen), chosen[0].section, 1.0, TITLED_SCORE)


def _beginning(found: list[_Sentence], fits: Callable[[_Sentence], bool]) -> list[_Sentence]:
    """Return the first sentence that fits, and what follows it in its section, as long as a passage may be."""
    chosen: list[_Sentence] = []
    length = 0
    for sentence in found:
        length += len(sentence.text) + 1 if chosen or fits(sentence) else 0
        if chosen and (sentence.section != chosen[0].section or length > MAX_PASSAGE_CHARS):
            break
        if chosen or fits(sentence):
            chosen.append(sentence)
    return chosen


def _counts(text: str, focus: list[str]) -> bool:
    """Return whether a number stands near a word that is asked about: "873,965 residents" for a population."""
    said = [stem(word) for word in words(text)]
    for index, word in enumerate(said):
        near = frozenset(said[max(index - NEAR_WORDS, 0) : index + NEAR_WORDS + 1])
        if word[0].isdigit() and any(_speaks_of(near, wanted) for wanted in focus):
            return True
    return False


def _stems(text: str, section: str, order: int) -> frozenset[str]:
    stems = frozenset((*content_stems(text), *_initials(text)))
    return stems | _LIFE_STEMS if not section and order == 0 and _LIFE_DATES.search(text) else stems


def _score(question: Question, sentence: _Sentence, focus: list[str], weights: dict[str, float]) -> float:
    score = 0.0
    for wanted in question.stems:
        share = 1.0 if wanted in focus else 0.25
        if _holds(sentence.stems, wanted):
            score += share * weights[wanted]
        elif _titled(sentence, wanted):
            score += 0.6 * share * weights[wanted]
        elif _speaks_of(sentence.stems, wanted):
            score += 0.7 * share * weights[wanted]
    if score > 0 and question.asks_quantity and _counts(sentence.text, focus):
        score += 1.0
    if score > 0:
        score += sum(0.8 for expected in question.expected if expected.search(sentence.text))
    if " | " in sentence.text:
        score *= TABLE_SHARE
    lead = 0.0
    if not sentence.section:
        # Of several numbers, the one for the subject as a whole stands in the lead.
        lead = LEAD_NUMBER if question.asks_quantity and score > 0 else LEAD
    return score + lead - 0.01 * min(sentence.order, 20)


def _window(found: list[_Sentence], scores: list[float], best: int) -> list[int]:
    """Return the best sentence with the neighbours of its section that still bear on the question."""
    chosen = [best]
    length = len(found[best].text)
    for step in (1, -1, 2):
        index = best + step
        if not 0 <= index < len(found) or found[index].section != found[best].section:
            continue
        if step == 2 and best + 1 not in chosen:
            continue
        fits = length + len(found[index].text) <= MAX_PASSAGE_CHARS and len(chosen) < MAX_PASSAGE_SENTENCES
        # The sentence after an answer usually finishes the thought; one before must earn its place.
        if fits and (step == 1 or scores[index] > 0.4 * scores[best]):
            chosen.append(index)
            length += len(found[index].text)
    return sorted(chosen)


def _titled(sentence: _Sentence, stem: str) -> bool:
    return bool(sentence.section) and _among(stem, content_stems(sentence.section))


def _holds(stems: frozenset[str], stem: str) -> bool:
    return stem in stems or (len(stem) >= 4 and _among(stem, stems))


def _speaks_of(stems: frozenset[str], stem: str) -> bool:
    """Return whether the stem or one that says the same is there."""
    return _holds(stems, stem) or any(_holds(stems, other) for other in _SYNONYMS.get(stem, ()))


def _among(stem: str, others: Iterable[str], *, exact: bool = False) -> bool:
    """Return whether `others` holds the stem, one that begins with it, or nearly the same spelling."""
    others = set(others)
    if stem in others:
        return True
    if exact or len(stem) < 4:
        return False
    for other in others:
        if len(other) >= 4 and (other.startswith(stem) or stem.startswith(other)):
            return True
        if len(stem) >= 5 and abs(len(other) - len(stem)) <= 2 and fuzz.ratio(stem, other) >= FUZZY_RATIO:
            return True
    return False


def _initials(text: str) -> Iterator[str]:
    """Yield the short forms of names in a text: "wwii" of World War II, "who" of the World Health Organization."""
    for name in _LONG_NAME.finditer(text):
        parts = [part for part in name[0].split() if part.lower() not in _SMALL_WORDS]
        for size in range(2, len(parts) + 1):
            # A numeral is kept as it is.
            yield "".join(part if _NUMERAL.fullmatch(part) else part[0] for part in parts[:size]).lower()


def _names(text: str) -> list[str]:
    """Return the words of a question that must occur in an answer's article: numbers, and capitals inside it."""
    tokens = re.findall(r"[^\W_]+", text)
    return [
        fold(token)
        for index, token in enumerate(tokens)
        if token.isdigit() or (index > 0 and token[0].isupper() and len(token) > 1)
    ]
