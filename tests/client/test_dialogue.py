"""A conversation in a context that is too small for it: what goes, what stays, and what is run again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zimfo_client.agent.dialogue import TOO_LONG, Dialogue, shortened
from zimfo_client.agent.focus import Focus
from zimfo_client.engine import Engine, EngineSettings, SamplingSettings
from zimfo_client.profile import Profile

llama = pytest.importorskip("zimfo_client.engine.llama", reason="llama-cpp-python is not installed")

FOLD = "Tools: search(query). "
GREEDY = SamplingSettings(temperature=0, max_tokens=6)


@pytest.fixture(scope="module")
def small(hybrid_path: Path) -> Iterator[Engine]:
    """A hybrid in whose context there is room for a few short exchanges."""
    engine = llama.LlamaEngine(hybrid_path, EngineSettings(n_ctx=768, n_threads=1, n_batch=64))
    yield engine
    engine.close()


class Spoken:
    """A dialogue, with what it told the person."""

    def __init__(self, engine: Engine, profile: Profile) -> None:
        self.dropped = 0
        self.engine, self.profile = engine, profile
        ahead = [*profile.instruction("Answer now."), *profile.answer_open()]
        self.dialogue = Dialogue(
            engine, profile, FOLD, location=None, max_tokens=6, ahead=ahead, on_dropped=self._note_dropped
        )

    def _note_dropped(self) -> None:
        self.dropped += 1

    def reply(self) -> int:
        """Let the model speak; returns the tokens that were evaluated for it."""
        self.dialogue.add(self.profile.answer_open())
        return self.engine.generate(self.dialogue.transcript, GREEDY).evaluated_tokens

    def exchange(self, question: str, said: str = "Yes.") -> None:
        """Ask, and let the host answer in the model's place."""
        self.dialogue.begin(question)
        self.dialogue.add(self.profile.host_answer(said))
        self.dialogue.settle(Focus())

    @property
    def questions(self) -> list[str]:
        return [exchange.question for exchange in self.dialogue.exchanges]

    @property
    def text(self) -> str:
        return self.dialogue.transcript.text()


@pytest.fixture
def spoken(small: Engine, chatml: Profile) -> Spoken:
    return Spoken(small, chatml)


def written(profile: Profile, *exchanges: tuple[str, str]) -> str:
    """The text of a conversation that had these exchanges and no others."""
    (first, said), *others = exchanges
    parts = [*profile.opening(FOLD, first), *profile.host_answer(said)]
    for question, answer in others:
        parts += [*profile.follow_up(question), *profile.host_answer(answer)]
    return "".join(part.text for part in parts)


def test_the_oldest_exchanges_but_the_first_are_dropped_and_the_person_is_told(spoken: Spoken, chatml: Profile) -> None:
    spoken.exchange("First?", "Begun.")
    for number in range(30):
        spoken.exchange(f"Question {number}?", f"Answer {number}.")
    kept = spoken.questions
    assert kept[0] == "First?"
    assert 3 < len(kept) < 28
    assert kept[1:] == [f"Question {number}?" for number in range(31 - len(kept), 30)]
    assert spoken.dropped == 1
    others = [(question, question.replace("Question", "Answer").replace("?", ".")) for question in kept[1:]]
    assert spoken.text == written(chatml, ("First?", "Begun."), *others)


def test_what_follows_the_gap_is_run_again_and_nothing_else(spoken: Spoken) -> None:
    spoken.exchange("First?")
    held = len(spoken.dialogue.transcript)
    for number in range(30):
        spoken.dialogue.begin(f"Question {number}?")
        evaluated = spoken.reply()
        if spoken.dropped:
            break
        spoken.dialogue.settle(Focus())
    assert spoken.dropped == 1
    prompt = len(spoken.dialogue.transcript) - 6
    assert 100 < prompt < spoken.engine.info.n_ctx / 2
    # All behind the first exchange, whose last token is run along with what follows it.
    assert evaluated in (prompt - held, prompt - held + 1)


def test_a_long_question_leaves_nothing_but_the_tools(spoken: Spoken, chatml: Profile) -> None:
    for number in range(3):
        spoken.exchange(f"Question {number}?")
    spoken.exchange("why " * 175, "So.")
    assert spoken.questions == ["why " * 175]
    assert spoken.text == written(chatml, ("why " * 175, "So."))
    assert spoken.dialogue.undo() is not None
    assert spoken.text == ""


def test_an_exchange_that_is_abandoned_is_gone_even_when_others_went_for_it(spoken: Spoken, chatml: Profile) -> None:
    for number in range(3):
        spoken.exchange(f"Question {number}?", "Yes.")
    spoken.dialogue.begin("what " * 163)
    assert spoken.dropped
    kept = spoken.questions
    spoken.dialogue.abandon()
    spoken.exchange("And now?", "Now.")
    assert spoken.questions == [*kept, "And now?"]
    assert spoken.text == written(chatml, *[(question, "Yes.") for question in kept], ("And now?", "Now."))


def test_results_are_shortened_when_nothing_is_left_to_drop(spoken: Spoken, chatml: Profile) -> None:
    spoken.dialogue.begin("Why?")
    payload = {"title": "Sea", "text": "wave " * 400, "hits": [{"title": f"Hit {number}"} for number in range(40)]}
    spoken.dialogue.add_results([("search", payload)], chatml.tool_results)
    text = spoken.dialogue.text()
    body = json.loads(text[text.index("<tool_response>\n") + 16 : text.index("\n</tool_response>")])
    assert body["title"] == "Sea"
    assert 1 <= len(body["hits"]) < 40
    assert "wave wave" in body["text"]
    assert spoken.reply() > 0


def test_a_result_for_which_there_is_no_room_at_all_says_so(spoken: Spoken, chatml: Profile) -> None:
    spoken.dialogue.begin("why " * 175)
    payload = {f"key {number}": number for number in range(400)}
    spoken.dialogue.add_results([("search", payload)], chatml.tool_results)
    assert TOO_LONG["error"] in spoken.text


def test_shortening_cuts_texts_and_lists_and_nothing_else() -> None:
    value = {"a": "x" * 30, "b": [1, 2, 3], "c": {"d": ["y" * 9]}, "e": None, "f": 1.5}
    assert shortened(value, 10, 2) == {"a": "x" * 10 + "…", "b": [1, 2], "c": {"d": ["y" * 9]}, "e": None, "f": 1.5}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["ask", "result", "undo", "abandon"]), st.integers(1, 90), st.booleans()),
        max_size=14,
    )
)
def test_there_is_always_room_and_every_turn_is_whole(
    small: Engine, chatml: Profile, steps: list[tuple[str, int, bool]]
) -> None:
    spoken = Spoken(small, chatml)
    for kind, size, cut in steps:
        if kind == "undo":
            spoken.dialogue.undo()
            continue
        spoken.dialogue.begin("q " * size)
        if kind == "abandon":
            spoken.dialogue.abandon()
            continue
        if kind == "result":
            spoken.dialogue.add(chatml.host_call("search", {"query": "x"}))
            spoken.dialogue.add_results([("search", {"text": "wave " * 5 * size})], chatml.tool_results)
        spoken.reply()
        if cut:
            spoken.dialogue.add(chatml.instruction("Say it again.", closed=spoken.dialogue.is_closed()))
            spoken.reply()
        spoken.dialogue.settle(Focus())
        assert len(spoken.dialogue.transcript) <= small.info.n_ctx
        tokens = list(spoken.dialogue.transcript.tokens)
        opens, closes = (
            tokens.count(small.tokenize(marker, trusted=True)[0]) for marker in ("<|im_start|>", "<|im_end|>")
        )
        assert opens >= 3 * len(spoken.questions)
        assert closes >= 3 * len(spoken.questions) - 1
        assert [piece.start for piece in spoken.dialogue.transcript.pieces] == sorted(
            {piece.start for piece in spoken.dialogue.transcript.pieces}
        )
        for exchange in spoken.dialogue.exchanges[1:]:
            begun = spoken.dialogue.transcript.pieces[exchange.start.pieces]
            assert begun.start == exchange.start.tokens
            assert begun.segment is not None
            assert begun.segment.text == "\n<|im_start|>user\n"
