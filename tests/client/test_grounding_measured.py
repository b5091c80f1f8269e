"""How well the grounding check tells planted errors from faithful words, over every article of the demo sources.

An answer is two neighbouring sentences of an article, put into other words by rules; the evidence is the article. A
planted error is a number that the article does not hold, or a name of another article.
"""

import random
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from zimfo_client.agent.grounding import unsupported
from zimfo_client.text import sentences, words

SOURCES = Path(__file__).parents[2] / "archives" / "sources" / "wiki"
ANSWERS = 200
# The rules of a paraphrase: notation of numbers and dates, openings, and words for words.
REWRITTEN = (
    (r"(\d{1,2}) (January|March|May|June|July|August|September|October|November) (\d{4})", r"\2 \1, \3"),
    (r"(\d),(\d{3})\b", r"\1\2"), (r"\bpercent\b", "%"), (r"(\d+) to (\d+)", r"\1–\2"), (r"\babout\b", "roughly"),
    (r"\bhowever, ", ""), (r"\balso\b", "too"), (r"\bmany\b", "a lot of"), (r"\bbegan\b", "started"),
    (r"\blarge\b", "big"), (r"\boften\b", "frequently"), (r"\btwo\b", "2"), (r"\bthree\b", "3"), (r"\bsix\b", "6"),
    (r"\(([^()]*)\)", r"– \1 –"), (r"; ", ". "),
)  # fmt: skip
OPENINGS = ("", "According to the article: ", "The article says that this is so: ", "In short: ", "Yes. ")


@dataclass
class Article:
    text: str
    pairs: list[str]


def articles() -> list[Article]:
    found = []
    for file in sorted(SOURCES.glob("*.md")):
        body = file.read_text("utf-8").split("---", 2)[2]
        body = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"[*_]|^## ", "", body, flags=re.M))
        told = [one for one in sentences(body) if len(one) > 40]
        pairs = [" ".join(pair) for pair in zip(told[::2], told[1::2], strict=False)]
        if pairs:
            found.append(Article(f"{file.stem.replace('-', ' ')}\n{body}", pairs))
    return found


def paraphrased(answer: str, chance: random.Random) -> str:
    for pattern, other in REWRITTEN:
        if chance.random() < 0.7:
            answer = re.sub(pattern, other, answer)
    told = sentences(answer)
    if len(told) > 1 and chance.random() < 0.3:
        told.reverse()
    return chance.choice(OPENINGS) + " ".join(told)


def planted(article: Article, others: list[Article], answer: str, chance: random.Random) -> str | None:
    """The answer with one number or one name that is wrong; None when it has nothing that could be exchanged."""
    numbers = list(re.finditer(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?\b", answer))
    names = list(re.finditer(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b", answer))
    if numbers and (not names or chance.random() < 0.5):
        place = chance.choice(numbers)
        digits = list(place[0])
        while "".join(digits) in article.text:
            index = chance.choice([number for number, mark in enumerate(digits) if mark.isdigit()])
            digits[index] = chance.choice("123456789")
            if len(place[0]) < 2:
                digits.insert(0, chance.choice("123456789"))
        return answer[: place.start()] + "".join(digits) + answer[place.end() :]
    if not names:
        return None
    place = chance.choice(names)
    known = set(words(article.text))
    foreign = [
        one
        for other in chance.sample(others, 5)
        for one in re.findall(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b", other.text)
        if not known & set(words(one))
    ]
    return answer[: place.start()] + chance.choice(foreign) + answer[place.end() :] if foreign else None


@pytest.fixture(scope="module")
def told() -> list[tuple[Article, str]]:
    chance = random.Random(7)
    every = [(article, pair) for article in articles() for pair in article.pairs]
    chance.shuffle(every)
    return every


def test_a_planted_number_or_name_is_caught(told: list[tuple[Article, str]]) -> None:
    chance, others = random.Random(11), [article for article, _ in told]
    wrong = []
    for article, answer in told:
        if len(wrong) < ANSWERS and (spoilt := planted(article, others, paraphrased(answer, chance), chance)):
            wrong.append((article, spoilt))
    assert len(wrong) == ANSWERS
    missed = [answer for article, answer in wrong if not unsupported(answer, article.text)]
    assert len(missed) <= 0.05 * ANSWERS, missed


def test_faithful_words_are_not_flagged(told: list[tuple[Article, str]]) -> None:
    chance = random.Random(13)
    answers = [(article, paraphrased(answer, chance)) for article, answer in told[:ANSWERS]]
    assert len(answers) == ANSWERS
    flagged = [(answer, found) for article, answer in answers if (found := unsupported(answer, article.text))]
    assert len(flagged) <= 0.05 * ANSWERS, flagged
