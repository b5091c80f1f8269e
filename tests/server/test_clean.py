"""Citations, debris, sentences, pages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zimfo_server.articles import clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Born[12] there.[a]", "Born there."),
        ("It is [citation needed] so [note 3], yes [nb 1][clarification needed].", "It is so, yes."),
        ("A [sic] b [1[2]]", "A b"),
        ("In [2004] and [Paris]", "In [2004] and [Paris]"),
        ("Uses .NET and .zim files .", "Uses .NET and .zim files."),
    ],
)
def test_citations_go(text: str, expected: str):
    assert clean.strip_citations(text).strip() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada ( ; born 1815) was", "Ada (born 1815) was"),
        ("Ada () was", "Ada was"),
        ("Ada ( , ) was", "Ada was"),
        ("Ada (listen) was", "Ada was"),
        ("Ada (born 1815; ) was", "Ada (born 1815) was"),
        ("call main() now", "call main() now"),
    ],
)
def test_brackets_are_tidied(text: str, expected: str):
    assert clean.tidy_brackets(text) == expected


@pytest.mark.parametrize(
    ("title", "lead", "expected"),
    [
        ("Mercury", "Mercury may refer to:\n- Mercury (planet)", True),
        ("Mercury (disambiguation)", "Things.", True),
        ("Mercury", "Mercury most commonly refers to:\n- x", True),
        ("Jazz", "Jazz is music. It may also refer to: a dance.", False),
        ("Jazz", "Jazz is music that may refer to African rhythm. " + "It has long been played. " * 30, False),
    ],
)
def test_disambiguation(title: str, lead: str, expected: bool):
    assert clean.is_disambiguation(title, lead) is expected


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. King met Mr. X. He left.", ["Dr. King met Mr. X.", "He left."]),
        ("He lived in the U.S. Army base. Then he left.", ["He lived in the U.S. Army base.", "Then he left."]),
        ("J. R. R. Tolkien wrote. It sold 3.5 million.", ["J. R. R. Tolkien wrote.", "It sold 3.5 million."]),
        ('He said "Stop!" Then he went (at 5 p.m.). End', ['He said "Stop!"', "Then he went (at 5 p.m.).", "End"]),
        ("これは本です。それはペンです。", ["これは本です。", "それはペンです。"]),
        ("Works, e.g. Paintings, etc. are here. Yes.", ["Works, e.g. Paintings, etc. are here.", "Yes."]),
    ],
)
def test_sentences_end_where_they_do(text: str, sentences: list[str]):
    ends = [0, *clean.sentence_ends(text), len(text)]
    found = [text[a:b].strip() for a, b in zip(ends, ends[1:], strict=False)]

    assert [sentence for sentence in found if sentence] == sentences


def test_a_trimmed_text_ends_with_a_sentence():
    text = "One sentence here. " * 100

    assert clean.trim_sentences(text, 500, overshoot=0).endswith("here.")
    assert len(clean.trim_sentences(text, 500, overshoot=0)) <= 500
    assert clean.trim_sentences("word " * 300, 500).endswith("word…")
    assert clean.trim_sentences("short", 500) == "short"


def test_only_an_exact_repetition_of_the_title_is_stripped():
    assert clean.strip_title("Blue\n\nBLUE!\n\nBlue is a colour.", "Blue") == "Blue is a colour."
    assert clean.strip_title("Blue is a colour.", "Blue") == "Blue is a colour."


def test_names_compare_without_case_accents_and_punctuation():
    assert clean.plain("What’d_I Say!") == clean.plain("whatd i say")
    assert clean.plain("Führerschein") == "fuhrerschein"
    assert len({clean.plain(name) for name in ("C", "C++", "C#")}) == 3
    assert clean.plain("!!!") == "!!!"
    assert clean.plain("हिन्दी") != clean.plain("हनद")


TEXT = st.text(alphabet=st.sampled_from('aB1 .,;:!?()[]\n…"é本。-–/'), max_size=80)


@given(TEXT)
@settings(deadline=None)
def test_cleaning_twice_is_cleaning_once(text: str):
    for helper in (clean.strip_citations, clean.tidy_brackets, clean.plain, clean.one_line):
        assert helper(helper(text)) == helper(text)


@given(TEXT, st.integers(4, 60), st.integers(0, 20))
@settings(deadline=None)
def test_trimming_keeps_its_limit_and_is_stable(text: str, limit: int, overshoot: int):
    trimmed = clean.trim_sentences(text, limit, overshoot=overshoot)

    assert len(trimmed) <= limit + overshoot
    assert clean.trim_sentences(trimmed, limit, overshoot=overshoot) == trimmed


@given(TEXT, st.integers(1, 30))
@settings(deadline=None)
def test_pages_hold_everything(text: str, limit: int):
    pages = clean.paginate(text, limit)

    assert all(len(page) <= limit for page in pages)
    assert "".join("".join(pages).split()) == "".join(text.split())
