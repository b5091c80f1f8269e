"""In which of a few languages a text is written, told by its function words; which of its words carry no subject."""

import re
from typing import Final

from zimfo_client.text import fold, words

ENGLISH: Final = "en"
MIN_SHARE: Final = 0.2  # of a text's words that are function words of its language; running text has twice as many
MIN_WORDS: Final = 2  # of these, for another language than English: "Los Angeles" is no Spanish

# Function and question words, folded as `text.fold` does. Words that two of these languages share decide nothing, and
# do no harm: the language with most of them is taken.
_FUNCTION_WORDS: Final = {
    ENGLISH: "a an and are as at be been but by can could did do does for from had has have how i if in into is it its "
    "me my not of on or our should so some than that the their them then there these they this to was we were what "
    "when where which who whom whose why will with would you your",
    "de": "aber als am an auch auf aus bei beim bin bis bitte da das dass dem den denn der des die dir du durch ein "
    "eine einem einen einer eines er es fur gibt hat hatte haben ich ihr im in ins ist kann man mein mich mir mit nach "
    "nicht noch nur oder ohne sein seine seit sich sie sind so uber um und uns unter vom von vor wann war waren warum "
    "was wegen welche welchem welchen welcher welches wem wen wenn wer werden wie wieso wird wo woher wohin wurde "
    "wurden zu zum zur",
    "fr": "a ai au aux avec ce ces cette comment d dans de depuis des donc du elle elles en entre est et etait ete "
    "etre eu fait fut ici il ils j je l la le les leur ma mais me mon n ne nous on ont ou par parce pas peut plus pour "
    "pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sous sur t tu un une vers "
    "vous y",
    "es": "a al como con cual cuales cuando cuanta cuantas cuanto cuantos de del desde donde e el ella ellos en entre "
    "era es esta estan este esto fue fueron ha hay la las le lo los me mi mas murio muy no o para pero por porque que "
    "quien quienes se ser si sin sobre son su sus te tiene un una unas unos y",
    "it": "a ad ai al alla alle anche c ce che chi ci come con cos cosa cui d da dal dalla de degli dei del della "
    "delle di dopo dove e ed era fu gli ha hanno i il in io l la le lo ma mi nel nella nelle non o per perche piu "
    "qual quale quali quando quanta quante quanti quanto se sei si sono su sul sulla tra un una uno",
}  # fmt: skip
_KNOWN: Final = {language: frozenset(listed.split()) for language, listed in _FUNCTION_WORDS.items()}
# How a person names them to a model.
NAMES: Final = {"de": "German", "fr": "French", "es": "Spanish", "it": "Italian"}


def language_of(text: str) -> str:
    """Return the language of a text as two letters of ISO 639; English where nothing speaks for another one."""
    said = _parts(text)
    counts = {language: sum(word in known for word in said) for language, known in _KNOWN.items()}
    best = max(counts, key=lambda language: (counts[language], language == ENGLISH))
    return best if counts[best] >= max(MIN_WORDS, MIN_SHARE * len(said)) else ENGLISH


def subject_words(text: str) -> str:
    """Return a text that is not in English without the function words of its language; an English one as it is."""
    language = language_of(text)
    if language == ENGLISH:
        return text
    kept = [word for word in _tokens(text) if fold(word) not in _KNOWN[language]]
    return " ".join(kept) or text


def without_article(title: str, language: str) -> str:
    """Return a title without the articles and prepositions of its language before it ("la photosynthèse")."""
    told = _tokens(title)
    while len(told) > 1 and fold(told[0]) in _KNOWN[language]:
        told = told[1:]
    return " ".join(told)


def _tokens(text: str) -> list[str]:
    """Return the words of a text as written, elided articles ("l'eau") apart, other marks gone."""
    return [part for word in re.split(r"[\s'’-]+", text) if (part := _bare(word))]


def _bare(word: str) -> str:
    return word.strip('.,;:!?¿¡"«»“”„()…')


def _parts(text: str) -> list[str]:
    return words(text.replace("’", " ").replace("'", " "))
