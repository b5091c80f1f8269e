"""Calls under the grammar: whatever a model's weights, a call that was begun is one that a tool takes."""

import ast
import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from zimfo_client.calls import parse_calls
from zimfo_client.calls.grammar import CallGrammar
from zimfo_client.engine import Engine, EngineOverrides, Generation, SamplingSettings, load_engine
from zimfo_client.engine.constrained import CallConstraint
from zimfo_client.engine.llama import lib
from zimfo_client.errors import EngineError
from zimfo_client.fold import grammar_for
from zimfo_client.profile import Profile, get_profile
from zimfo_client.transcript import Segment, Transcript
from zimfo_shared.catalogue import CATALOGUE

LISTING = [
    {"name": contract.name, "description": contract.description, "inputSchema": contract.input_schema()}
    for contract in CATALOGUE.values()
]
SCHEMAS = {tool["name"]: tool["inputSchema"] for tool in LISTING}
ARGUMENTS = {tool["name"]: list(tool["inputSchema"]["properties"]) for tool in LISTING}
WILD = SamplingSettings(temperature=1.5, top_k=0, top_p=1.0, max_tokens=1_024)
GREEDY = SamplingSettings(temperature=0, max_tokens=64)


@pytest.fixture(scope="module")
def random_weights(hybrid_path: Path) -> Iterator[Engine]:
    """The tiny LFM2-MoE, whose markers are tokens of their own."""
    engine = load_engine(hybrid_path, get_profile("lfm2"), EngineOverrides(n_ctx=4_096, n_threads=1))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def grammar(chatml: Profile) -> CallGrammar:
    made = grammar_for(LISTING, chatml)
    assert made is not None
    return made


def reply_to(engine: Engine, profile: Profile, sampling: SamplingSettings, said: str, question: str = "") -> Generation:
    """What follows `said`, which the model is made to begin its reply with."""
    transcript = Transcript(engine)
    transcript.append([*profile.opening("", question or "What is near Paris?"), *profile.answer_open()])
    transcript.append([Segment("assistant", said, trusted=True)])
    return engine.generate(transcript, sampling)


def strict(profile: Profile, reply: str) -> tuple[str, dict[str, Any]]:
    """The tool and the arguments of a forced call, read as JSON or Python and nothing else, valid for the tool."""
    assert reply.endswith(profile.call.close), reply
    written = reply.removesuffix(profile.call.close)
    if profile.call.notation == "python":
        # JSON has an escaped slash, and Python a backslash before one.
        call = ast.parse(written.replace("\\/", "/"), mode="eval").body
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Name)
        assert not call.args
        name = call.func.id
        arguments = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    else:
        body = json.loads(written)
        assert list(body) == [profile.call.name_key, profile.call.arguments_key]
        name, arguments = body.values()
    jsonschema.validate(arguments, SCHEMAS[name])
    return name, arguments


def every_call_is_valid(
    engine: Engine, profile: Profile, seeds: range, listing: Sequence[dict[str, Any]] = LISTING
) -> int:
    """Check one call a seed, and return how many there were."""
    grammar = grammar_for(listing, profile)
    assert grammar is not None
    for seed in seeds:
        reply = reply_to(engine, profile, replace(WILD, calls=grammar, seed=seed), profile.call.open)
        assert reply.stopped == "stop"
        name, arguments = strict(profile, reply.text)
        assert name in [tool["name"] for tool in listing]
        [call] = parse_calls(profile.call.open + reply.text, ARGUMENTS).calls
        assert (call.name, call.arguments, call.repaired) == (name, arguments, False)
    return len(seeds)


PROFILES = ("chatml", "lfm2.5-zimfo", "lfm2", "gemma3")


def calls_of_random_weights(engine: Engine, seeds: int) -> int:
    """Check calls of every profile, in each of which the model chooses among all tools or has only one."""
    made = 0
    for profile in map(get_profile, PROFILES):
        made += every_call_is_valid(engine, profile, range(14 * seeds))
        for tool in LISTING:
            made += every_call_is_valid(engine, profile, range(seeds), [tool])
    return made


def test_a_hundred_calls_of_random_weights_are_valid(random_weights: Engine) -> None:
    assert calls_of_random_weights(random_weights, 1) == 100


def test_calls_of_a_real_model_at_high_temperature_are_valid(smol: Engine) -> None:
    for name in ("chatml", "lfm2"):
        every_call_is_valid(smol, get_profile(name), range(3))


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_two_thousand_calls_of_random_weights_are_valid(random_weights: Engine) -> None:
    assert calls_of_random_weights(random_weights, 20) == 2_000


def test_a_call_is_brought_to_its_end_within_a_small_budget(
    smol: Engine, chatml: Profile, grammar: CallGrammar
) -> None:
    for seed in range(5):
        sampling = replace(WILD, calls=grammar, seed=seed, max_tokens=grammar.shortest + 2)
        reply = reply_to(smol, chatml, sampling, chatml.call.open)
        assert reply.stopped == "stop"
        strict(chatml, reply.text)


def test_prose_is_the_same_with_and_without_a_grammar(smol: Engine, chatml: Profile, grammar: CallGrammar) -> None:
    replies = [
        reply_to(smol, chatml, replace(GREEDY, temperature=0.8, seed=3, calls=calls), "", "Tell me a story.").tokens
        for calls in (None, grammar)
    ]
    assert replies[0] == replies[1]


@pytest.mark.parametrize("step", [1, 2, 4, 100])
def test_an_opener_spread_over_tokens_begins_a_call(
    smol: Engine, chatml: Profile, grammar: CallGrammar, step: int
) -> None:
    text = "I look it up. <tool_call>"
    pieces = [text[start : start + step] for start in range(0, len(text), step)]
    with contextlib.closing(CallConstraint(lib, smol._vocab, grammar)) as constraint:  # type: ignore[attr-defined]
        for token in (token for piece in pieces for token in smol.tokenize(piece, trusted=False)):
            assert constraint._call is None
            assert constraint._watch(token)
        assert constraint._call is not None


def test_what_comes_in_one_token_with_the_opener_must_fit(smol: Engine, chatml: Profile, grammar: CallGrammar) -> None:
    with contextlib.closing(CallConstraint(lib, smol._vocab, grammar)) as constraint:  # type: ignore[attr-defined]
        begun = constraint._begun(b'\n{"name": "sea')
        assert begun is not None
        begun.close()
        for rest in (b">", b"\n\n", b'\n{"name": "fly', b"\xff"):
            assert constraint._begun(rest) is None


def test_a_call_in_a_train_of_thought_is_left_alone(smol: Engine, chatml: Profile, grammar: CallGrammar) -> None:
    with contextlib.closing(CallConstraint(lib, smol._vocab, grammar)) as constraint:  # type: ignore[attr-defined]
        for token in smol.tokenize("<think>I could write <tool_call>none", trusted=True):
            assert constraint._watch(token)
        assert constraint._call is None
        for token in smol.tokenize("</think><tool_call>", trusted=True):
            assert constraint._watch(token)
        assert constraint._call is not None


def test_no_tool_means_no_grammar(chatml: Profile) -> None:
    assert grammar_for([], chatml) is None


def test_a_grammar_that_llama_cpp_refuses_is_an_error(smol: Engine, chatml: Profile, grammar: CallGrammar) -> None:
    with pytest.raises(EngineError, match="--no-grammar"):
        reply_to(smol, chatml, replace(GREEDY, calls=replace(grammar, gbnf="root ::= nothing")), "")


@pytest.fixture
def forced(smol_path) -> Callable[[dict[str, Any]], dict[str, Any]]:  # type: ignore[no-untyped-def]
    profile = get_profile("chatml")
    engine = load_engine(smol_path, profile, EngineOverrides(n_ctx=1_536, n_threads=1))

    def call(schema: dict[str, Any], seed: int = 1) -> dict[str, Any]:
        grammar = grammar_for([{"name": "tool", "description": "", "inputSchema": schema}], profile)
        reply = reply_to(engine, profile, replace(WILD, calls=grammar, seed=seed), profile.call.open)
        body = json.loads(reply.text.removesuffix(profile.call.close))
        jsonschema.validate(body["arguments"], schema)
        arguments: dict[str, Any] = body["arguments"]
        return arguments

    return call


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"type": "object", "properties": {"n": {"type": "integer", "minimum": 17, "maximum": 123}}, "required": ["n"]},
        {"type": "object", "properties": {"n": {"type": "number", "minimum": 0.2, "maximum": 0.8}}, "required": ["n"]},
        {"type": "object", "properties": {"n": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}}},
        {"type": "object", "properties": {"c": {"enum": ['a"b', 7, None, True]}}, "required": ["c"]},
        {"type": "object", "properties": {"t": {"type": ["string", "null"], "minLength": 3, "maxLength": 5}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}, "minItems": 3}}},
        {"type": "object", "properties": {"a": {"type": "array", "maxItems": 0}}, "required": ["a"]},
        {"type": "object", "properties": {"o": {"anyOf": [{"type": "null"}, {"type": "boolean"}]}}, "required": ["o"]},
        {
            "type": "object",
            "properties": {"at": {"$ref": "#/$defs/Point"}},
            "required": ["at"],
            "$defs": {
                "Point": {
                    "type": "object",
                    "properties": {"lat": {"type": "number"}, "next": {"$ref": "#/$defs/Point"}},
                    "required": ["lat"],
                    "additionalProperties": False,
                }
            },
        },
        {
            "type": "object",
            "properties": {f"p{number}": {"type": "boolean"} for number in range(12)},
            "required": ["p3", "p9"],
            "additionalProperties": False,
        },
    ],
)  # fmt: skip
def test_calls_of_a_foreign_tool_are_valid_for_its_schema(
    forced: Callable[..., dict[str, Any]], schema: dict[str, Any]
) -> None:
    for seed in range(3):
        forced(schema, seed)
