import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zimfo_client.calls import ToolCall, parse_calls
from zimfo_client.engine import EngineOverrides, GgufInfo, settings_for
from zimfo_client.errors import ProfileError
from zimfo_client.fold import fold_tools
from zimfo_client.profile import (
    Profile,
    find_profile,
    get_profile,
    list_profiles,
    parse_profile,
    profiles_folder,
)
from zimfo_client.profiles.choice import choose_profile
from zimfo_client.transcript import Segment


def _text(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in segments)


def _info(architecture: str, name: str = "", template: str = "", file: str = "model.gguf") -> GgufInfo:
    return GgufInfo(Path(file), architecture, name, 0, template, 0, 0, 0, {})


SHIPPED = ["chat-completions", "chatml", "embedded", "gemma3", "lfm2", "lfm2.5-zimfo", "template"]


def test_the_shipped_profiles_are_listed() -> None:
    assert list_profiles() == SHIPPED
    known = "chat-completions, chatml, embedded, gemma3, lfm2, lfm2\\.5-zimfo, template"
    with pytest.raises(ProfileError, match=f"no profile 'gpt'. Choose one of: {known}"):
        get_profile("gpt")


def test_a_profile_of_the_person_goes_before_a_shipped_one(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (resources.files("zimfo_client") / "profiles" / "chatml.toml").read_text("utf-8")
    profiles_folder().mkdir(parents=True)
    (profiles_folder() / "chatml.toml").write_text(text.replace("temperature = 0.2", "temperature = 0.7"), "utf-8")
    (profiles_folder() / "mine.toml").write_text(text.replace('"chatml"', '"mine"'), "utf-8")
    (profiles_folder() / "notes.txt").write_text("no profile", "utf-8")
    assert list_profiles() == sorted([*SHIPPED, "mine"])
    assert get_profile("chatml").sampling.temperature == 0.7
    assert find_profile("mine").name == "mine"
    assert find_profile(str(profiles_folder() / "mine.toml")).name == "mine"
    (profiles_folder() / "lfm2").write_text("a file of the same name", "utf-8")
    monkeypatch.chdir(profiles_folder())
    (profiles_folder() / "another").write_text(text, "utf-8")
    assert (find_profile("another").name, find_profile("lfm2").name) == ("chatml", "lfm2")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(None, "There is no profile file"), (b"\xff\xfe", "is no UTF-8 text"), (b"name = 1", "is not usable")],
)
def test_a_profile_file_that_cannot_be_used_says_why(tmp_path: Path, data: bytes | None, reason: str) -> None:
    file = tmp_path / "own.toml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(ProfileError, match=reason):
        find_profile(str(file))
    with pytest.raises(ProfileError, match="cannot be read"):
        find_profile(str(tmp_path) + "/")


def test_the_fine_tune_is_prompted_as_it_was_trained(fine_tune: Profile) -> None:
    opening = fine_tune.opening("BLOCK", "what is here?", (37.4419, -122))
    assert _text(opening) == (
        "<|im_start|>user\nBLOCK\n\ncurrentLocation: lat=37.4419 lon=-122.0\n\nUser query:\nwhat is here?<|im_end|>"
    )
    call = fine_tune.host_call("search", {"n": 1.5, "query": "Köln"})
    assert _text(call) == (
        '\n<|im_start|>assistant\n```tool_call\n{"function": "search", "parameters": {"n": 1.5, "query": "Köln"}}'
        "\n```<|im_end|>"
    )
    named = fine_tune.tool_result("search", '{"hits": []}')
    assert _text(named) == '\n<|im_start|>user\n[TOOL_RESPONSE name=search]\n{"hits": []}<|im_end|>'
    plain = fine_tune.with_response_marker("plain").tool_results([("a", "{}"), ("b", "[]")])
    assert _text(plain) == "\n<|im_start|>user\n[TOOL_RESPONSE]\n{}\n\n[TOOL_RESPONSE]\n[]<|im_end|>"
    assert _text(fine_tune.follow_up("And?")) == "\n<|im_start|>user\nAnd?<|im_end|>"
    assert _text(fine_tune.answer_open()) == "\n<|im_start|>assistant\n"
    assert _text(fine_tune.host_answer("Yes.")) == "\n<|im_start|>assistant\nYes.<|im_end|>"


def test_chatml_puts_the_tools_into_the_system_turn(chatml: Profile) -> None:
    assert _text(chatml.opening("TOOLS", "Hi?")) == (
        "<|im_start|>system\nTOOLS<|im_end|>\n<|im_start|>user\nHi?<|im_end|>"
    )
    assert _text(chatml.opening("", "Hi?")) == "<|im_start|>user\nHi?<|im_end|>"
    assert _text(chatml.tool_results([("a", "{}"), ("b", "{}")])) == (
        "\n<|im_start|>user\n<tool_response>\n{}\n</tool_response>\n<tool_response>\n{}\n</tool_response><|im_end|>"
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_turn_left_open_is_closed_first(name: str) -> None:
    profile = get_profile(name)
    for closed, opened in (
        (profile.follow_up("x"), profile.follow_up("x", closed=False)),
        (profile.instruction("x"), profile.instruction("x", closed=False)),
        (profile.tool_result("t", "{}"), profile.tool_result("t", "{}", closed=False)),
    ):
        assert _text(opened) == profile.turns.assistant_close + _text(closed)


@pytest.mark.parametrize("name", SHIPPED)
def test_only_what_the_profile_says_is_trusted(name: str) -> None:
    profile = get_profile(name)
    foreign = "F00 <|im_end|>"
    rendered = [
        *profile.opening(foreign, foreign, (1, 2)),
        *profile.host_call(foreign, {foreign: foreign}),
        *profile.tool_results([(foreign, foreign), (foreign, foreign)]),
        *profile.follow_up(foreign),
        *profile.instruction(foreign),
        *profile.host_answer(foreign),
    ]
    assert sum(foreign in segment.text for segment in rendered) >= 8
    assert not [segment for segment in rendered if segment.trusted and "F00" in segment.text]


def test_lfm2_shows_schemas_between_its_markers_and_calls_in_python_notation() -> None:
    profile = get_profile("lfm2")
    tool = {"name": "search", "description": "Find.", "inputSchema": {"properties": {"q": {"type": "string"}}}}
    opening = _text(profile.opening(fold_tools([tool, tool], profile), "Hi?"))
    shown = (
        '{"name": "search", "description": "Find.", '
        '"parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}'
    )
    assert opening.startswith("<|im_start|>system\nYou are ")
    assert opening.endswith(
        f"\nList of tools: <|tool_list_start|>[{shown}, {shown}]<|tool_list_end|><|im_end|>\n"
        "<|im_start|>user\nHi?<|im_end|>"
    )
    assert _text(profile.host_call("search", {"q": 'the "x"', "n": [1, None, True]})) == (
        "\n<|im_start|>assistant\n"
        '<|tool_call_start|>[search(q="the \\"x\\"", n=[1, None, True])]<|tool_call_end|><|im_end|>'
    )
    assert _text(profile.tool_result("search", "{}")) == (
        "\n<|im_start|>tool\n<|tool_response_start|>{}<|tool_response_end|><|im_end|>"
    )


def test_gemma_has_no_system_turn() -> None:
    profile = get_profile("gemma3")
    assert _text(profile.opening("TOOLS", "Hi?")) == ("<start_of_turn>user\nTOOLS\n\nQuestion: Hi?<end_of_turn>")
    assert _text(profile.answer_open()) == "\n<start_of_turn>model\n"


def test_what_stands_before_the_question_ends_at_a_segment_boundary(fine_tune: Profile) -> None:
    first = fine_tune.opening("BLOCK", "one", (1, 2))
    second = fine_tune.opening("BLOCK", "two", (1, 2))
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, True, True, True, False, True]


def test_line_ends_stand_at_the_end_of_data_not_before_a_marker(fine_tune: Profile, chatml: Profile) -> None:
    for profile in (fine_tune, chatml):
        segments = [*profile.host_call("a", {}), *profile.tool_result("a", "{}")]
        for before, after in zip(segments, segments[1:], strict=False):
            assert before.trusted or not after.trusted or not after.text.startswith("\n")


NASTY = [
    '"',
    "'",
    "\\",
    "```",
    "<|im_end|>",
    "]",
    ")",
    "}",
    "=",
    ", ",
    "\n",
    '" "',
    "</tool_call>",
    "<|tool_call_end|>",
]
texts = st.text(max_size=8) | st.lists(st.sampled_from([*NASTY, "a", " "]), max_size=5).map("".join)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2), max_leaves=6
)
names = st.sampled_from(["search", "get-weather", "поиск", "a.b/c", "two words", "call", "none"])


@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=150)
@given(tool=names, arguments=st.dictionaries(texts, values.filter(lambda value: value is not None), max_size=3))
def test_a_rendered_call_of_any_tool_is_parsed_to_itself(name: str, tool: str, arguments: dict[str, Any]) -> None:
    rendered = _text(get_profile(name).host_call(tool, arguments))
    assert parse_calls(rendered, {tool: list(arguments), "other": []}).calls == [ToolCall(tool, arguments)]


@pytest.mark.parametrize(
    ("info", "name", "warned"),
    [
        (_info("lfm2moe", "LFM2.5 8B A1B ft"), "lfm2.5-zimfo", False),
        (_info("lfm2moe", file="lfm2.5-8b-a1b-ft.imx.IQ3_XS.gguf"), "lfm2.5-zimfo", False),
        (_info("lfm2moe", "zimfo-2"), "lfm2.5-zimfo", False),
        (_info("lfm2moe", "LFM2 8B software", "<|im_start|>"), "lfm2", False),
        (_info("lfm2", template="<|im_start|> <|tool_call_start|>"), "lfm2", False),
        (_info("qwen2", template="<|im_start|> <tool_call>"), "chatml", False),
        (_info("llama", "Smol ft", "<|im_start|>"), "chatml", False),
        (_info("gemma3", "Gemma", "<start_of_turn>"), "gemma3", False),
        (_info(""), "chatml", True),
    ],
)
def test_the_profile_is_chosen_by_what_the_model_says(info: GgufInfo, name: str, warned: bool) -> None:
    choice = choose_profile(info)
    assert (choice.profile.name, choice.warning is not None) == (name, warned)


def test_engine_and_sampling_settings_come_from_the_profile(fine_tune: Profile) -> None:
    settings = settings_for(fine_tune, EngineOverrides(n_ctx=4096, n_threads=3))
    assert (settings.n_ctx, settings.n_threads, settings.kv_type_k, settings.flash_attention) == (4096, 3, "q8_0", True)
    assert settings_for(fine_tune).n_ctx == 32768
    sampling = fine_tune.sampling_settings(seed=5)
    assert (sampling.temperature, sampling.seed, sampling.max_tokens) == (0.3, 5, 1024)
    assert "<|im_end|>" in sampling.stop


def test_the_markers_of_a_profile_are_known(fine_tune: Profile, chatml: Profile) -> None:
    assert {"<|im_start|>user", "<|im_end|>", "```tool_call", "[TOOL_RESPONSE", "<think>"} <= set(fine_tune.markers())
    assert {"<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"} <= set(chatml.markers())


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('name = "chatml"', "name = ", "is no TOML"),
        ('name = "chatml"', "", "name: field required"),
        ('name = "chatml"', 'name = "chatml"\nextra = 1', "extra: extra inputs are not permitted"),
        ("top_p = 0.9", "top_p = 9", "sampling.top_p: input should be less than"),
        ("[context]", '[[surface]]\nname = "a"\narguments = ["b(c"]\n[context]', "'b(c' is no `name*:type`"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(before: str, after: str, reason: str) -> None:
    text = (resources.files("zimfo_client") / "profiles" / "chatml.toml").read_text("utf-8")
    assert parse_profile(text, "mine") == get_profile("chatml")
    with pytest.raises(ProfileError, match=r"The profile mine") as caught:
        parse_profile(text.replace(before, after), "mine")
    assert reason in str(caught.value)


def _turns(messages: list[dict[str, str]]) -> str:
    return "\n".join(f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>" for message in messages)


@pytest.mark.parametrize("file", ["train_v3_single.jsonl", "train_chains.jsonl"])
def test_the_corpus_is_rendered_byte_for_byte_and_its_calls_parse(corpus: Path, fine_tune: Profile, file: str) -> None:
    profile = fine_tune.with_response_marker("plain")
    assert profile.surface is not None
    tools = {tool.name: tool.names for tool in profile.surface}
    rows = [json.loads(line)["messages"] for line in (corpus / file).read_text("utf-8").splitlines()]
    assert rows
    for messages in rows:
        first = messages[0]["content"]
        head, _, question = first.partition("\n\nUser query:\n")
        block, _, here = head.partition("\n\ncurrentLocation: ")
        location = tuple(float(part.partition("=")[2]) for part in here.split()) if here else None
        rendered = _text(profile.opening(block, question, location))  # type: ignore[arg-type]
        for number in range(1, len(messages), 4):
            if number > 1:
                rendered += _text(profile.follow_up(messages[number - 1]["content"]))
            (call,) = parse_calls(messages[number]["content"], tools).calls
            written = json.loads(messages[number]["content"].split("\n")[1])
            given = {name: value for name, value in written["parameters"].items() if value is not None}
            assert call == ToolCall(written["function"], given, known=written["function"] in tools)
            rendered += _text(profile.host_call(written["function"], written["parameters"]))
            payload = json.loads(messages[number + 1]["content"].partition("\n")[2])
            rendered += _text(profile.tool_result(call.name, json.dumps(payload, ensure_ascii=False)))
            rendered += _text(profile.host_answer(messages[number + 2]["content"]))
        assert rendered == _turns(messages)
