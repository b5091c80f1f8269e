"""What may stand on a result, and what strays from it."""

import pytest

from zimfo_client.agent.grounding import strays

EVIDENCE = (
    '{"lead": "Marie Curie (1867–1934) was a physicist and chemist born in Warsaw. She shared the Nobel Prize in '
    'Physics in 1903 with Pierre Curie and Henri Becquerel for research on radioactivity, and won 12,500 francs."}'
)


@pytest.mark.parametrize(
    "text",
    ["Marie Curie was a physicist and chemist who was born in Warsaw in 1867.",
     "She shared the 1903 Nobel Prize in Physics with Pierre Curie and Henri Becquerel.",
     "The prize was 12500 francs, won for research on radioactivity."],
)  # fmt: skip
def test_a_faithful_paraphrase_stands(text: str):
    assert strays(text, EVIDENCE) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Marie Curie was a physicist and chemist born in Warsaw in 1876.", "1876"),
     ("Marie Curie shared the Nobel Prize with Albert Einstein.", "Albert"),
     ("The capital city lies beside a river where many tourists enjoy boats.", "words"),
     ("Yes.", "too little")],
)  # fmt: skip
def test_an_invented_number_name_or_story_strays(text: str, reason: str):
    assert reason in (strays(text, EVIDENCE) or "")
