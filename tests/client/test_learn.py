"""Learning a profile from a corpus: the public one byte for byte, others of other formats, and what is refused."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zimfo_client.cli import main
from zimfo_client.errors import CorpusError
from zimfo_client.fold import fold_tools
from zimfo_client.profile import Profile, get_profile, profiles_folder, read_profile
from zimfo_client.profiles.check import problems
from zimfo_client.profiles.learn import block_md5, block_of, learn_profile
from zimfo_client.profiles.store import profile_toml
from zimfo_shared.catalogue import CATALOGUE

BLOCK_MD5 = "62011151bc4b7fd6986c43df108245bd"
PUBLIC = [
    "train_chains", "train_chains_3090", "train_chains_3090b", "train_chains_3090c", "train_chains_studio",
    "train_places_diverse", "train_v3_single",
]  # fmt: skip
QUESTIONS = ["Is it warm?", "Is it far to Ü?", "what now\n\nand then?", "Ask: 3 or 4?", "why {lat}?", "Is it?"]

Messages = list[dict[str, str]]


def _zimfo(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: list[Messages], name: str = "own.jsonl") -> Path:
        path = tmp_path / name
        lines = [json.dumps({"messages": messages}, ensure_ascii=False) for messages in rows]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    return write


def _turns(*pairs: tuple[str, str]) -> Messages:
    return [{"role": role, "content": content} for role, content in pairs]


def _plain_rows(count: int = 200, **changes: str) -> Iterator[Messages]:
    """Rows of a made-up corpus in the manner of the public one, whose parts `changes` replaces."""
    part = {
        "block": "Be brief.\n\nTools:\n- look_up(what*:string, n:integer) — Look.\n- go(to*:string) — Go.\n\nCall so.",
        "label": "Question:\n",
        "call": '<call>{"tool":"look_up","args":%s}</call>',
        "result": "[RESULT]\n%s",
        "here": "Position: 12.50 / -3.25\n\n",
        **changes,
    }
    for number in range(count):
        question = part["label"] + f"{QUESTIONS[number % len(QUESTIONS)]} {number}"
        here = part["here"] if number % 3 else ""
        arguments = json.dumps({"what": f"ü{number}", "n": number}, ensure_ascii=False, separators=(",", ":"))
        yield _turns(
            ("user", f"{part['block']}\n\n{here}{question}"),
            ("assistant", part["call"] % arguments),
            ("user", part["result"] % json.dumps({"found": [number, "é"]}, ensure_ascii=False)),
            ("assistant", f"It is {number}."),
            ("user", "And more?"),
            ("assistant", "No."),
        )


@pytest.mark.parametrize("file", PUBLIC)
def test_each_file_of_the_public_corpus_gives_its_block_and_all_its_rows(
    corpus: Path, fine_tune: Profile, file: str
) -> None:
    lesson = learn_profile(corpus / f"{file}.jsonl", fine_tune)
    report = lesson.report()
    assert (report["block_md5"], report["coverage"], report["response_marker"]) == (BLOCK_MD5, 1.0, "plain")
    assert set(report) == {"block_md5", "rows", "coverage", "tools", "response_marker", "call_format"}
    assert fine_tune.surface is not None
    assert report["tools"] == [tool.name for tool in fine_tune.surface]
    assert (report["call_format"]["open"], report["call_format"]["name_key"]) == ("```tool_call\n", "function")
    assert lesson.profile.location_line == "currentLocation: lat={lat} lon={lon}"
    assert lesson.profile.question_label == "User query:\n"
    assert len(block_of(lesson.profile).encode()) == 2210
    assert problems(lesson.profile) == []


def test_what_was_learned_is_used_and_the_shipped_text_is_another(corpus: Path) -> None:
    listing = [
        {"name": contract.name, "description": contract.description, "inputSchema": contract.input_schema()}
        for contract in CATALOGUE.values()
    ]
    assert block_md5(fold_tools(listing, get_profile("lfm2.5-zimfo"))) != BLOCK_MD5
    done = _zimfo("profile", "learn", corpus / "train_chains.jsonl", "--json")
    assert (done.exit_code, json.loads(done.stdout)["block_md5"]) == (0, BLOCK_MD5)
    learned = get_profile("lfm2.5-zimfo")
    assert block_md5(fold_tools(listing, learned)) == BLOCK_MD5
    assert learned.response.marker == "plain"
    assert learned.learned is not None
    assert {size.tool for size in learned.learned.result_sizes} == {"article_overview", "get_article_section"}
    assert _zimfo("profile", "check", "--corpus", corpus / "train_v3_single.jsonl", "lfm2.5-zimfo").exit_code == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("plain", "<call>", "tool", False)),
        ({"result": "[RESULT from=look_up]\n%s"}, ("named", "<call>", "tool", False)),
        ({"call": '```json\n{"parameters":%s,"name":"look_up"}\n```'}, ("plain", "```json\n", "name", True)),
        ({"label": ""}, ("plain", "<call>", "tool", False)),
        ({"label": "Q: ", "here": ""}, ("plain", "<call>", "tool", False)),
        ({"result": "<out>%s</out>", "here": "At lon=5.12345 lat=60.10000.\n\n"}, ("plain", "<call>", "tool", False)),
    ],
)  # fmt: skip
def test_other_formats_are_recognised_and_rendered_byte_for_byte(
    written: Callable[..., Path], fine_tune: Profile, changes: dict[str, str], expected: tuple[str, str, str, bool]
) -> None:
    lesson = learn_profile(written(list(_plain_rows(**changes))), fine_tune)
    call, response = lesson.profile.call, lesson.profile.response
    assert lesson.failures == ()
    assert lesson.learned.coverage == 1.0
    assert (response.marker, call.open, call.name_key, call.arguments_first) == expected
    assert (call.style.item_separator, call.style.key_separator) == (",", ":")
    assert [tool.arguments for tool in lesson.profile.surface or ()] == [("what*:string", "n:integer"), ("to*:string",)]
    assert read_profile_text(lesson.profile) == lesson.profile
    assert problems(lesson.profile) == []


def read_profile_text(profile: Profile) -> Profile:
    path = profiles_folder() / "own.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(profile_toml(profile), "utf-8")
    return read_profile(path)


@pytest.mark.parametrize("python", [False, True])
def test_system_turns_json_tools_and_tool_turns_are_learned(
    written: Callable[..., Path], fine_tune: Profile, python: bool
) -> None:
    tools = [
        {"type": "function", "function": {"name": name, "description": "Does.", "parameters": {
            "type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}}}
        for name in ("find", "fetch")
    ]  # fmt: skip
    system = "Help.\n<tools>\n" + "\n".join(map(json.dumps, tools)) + "\n</tools>"
    rows = []
    for number in range(120):
        call = json.dumps({"name": "find", "arguments": {"q": f"é {number}"}})
        notation = f'<|tool_call_start|>[find(q="é {number}")]<|tool_call_end|>'
        rows.append(
            _turns(
                ("system", system),
                ("user", f"{QUESTIONS[number % 6]} {number}"),
                ("assistant", notation if python else f"<tool_call>\n{call}\n</tool_call>"),
                ("tool", json.dumps({"r": f"é{number}", "n": 1})),
                ("assistant", "Done."),
            )
        )
    lesson = learn_profile(written(rows), fine_tune)
    profile = lesson.profile
    assert (lesson.learned.coverage, lesson.failures) == (1.0, ())
    assert profile.turns.tool_open == "<|im_start|>tool\n"
    assert block_of(profile) == system
    assert profile.call.notation == ("python" if python else "json")
    assert python or profile.call.style.ascii_only
    assert profile.response.style.ascii_only
    assert [(tool.name, tool.arguments) for tool in profile.surface or ()] == [
        ("find", ("q*:string",)), ("fetch", ("q*:string",)),
    ]  # fmt: skip
    opened = "".join(segment.text for segment in profile.opening(system, "Hi?"))
    assert opened == f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\nHi?<|im_end|>"


def test_a_corpus_of_mixed_formats_is_refused_unless_told_otherwise(
    written: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [*_plain_rows(90), *_plain_rows(10, call="look_up with %s please")]
    corpus, out = written(rows), tmp_path / "out.toml"
    done = _zimfo("profile", "learn", corpus, "-o", out, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["coverage"] == 0.9
    assert "90 % of 100 rows are reproduced byte for byte, 99 % are needed" in done.stderr
    assert "line 91: " in done.stderr
    assert not out.exists()
    assert _zimfo("profile", "learn", corpus, "-o", out, "--min-coverage", "0.9").exit_code == 0
    assert read_profile(out).name == "own"
    assert set(tmp_path.iterdir()) == {corpus, out}


def test_a_few_damaged_rows_are_counted_and_named(written: Callable[..., Path], fine_tune: Profile) -> None:
    corpus = written(list(_plain_rows(300)))
    lines = corpus.read_text("utf-8").splitlines()
    lines[0], lines[7] = '{"messages": [', '{"messages": [{"role": "user"}]}'
    corpus.write_text("\n".join(["", *lines]), "utf-8")
    lesson = learn_profile(corpus, fine_tune)
    assert (lesson.learned.rows, round(300 * lesson.learned.coverage)) == (300, 298)
    assert lesson.failures == (
        "line 2: no JSON",
        "line 9: a message without the texts 'role' and 'content'",
    )
    lesson.require(0.99)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "holds no rows"),
        ("nonsense\n", r"holds no rows of the form \{\"messages\": \[\.\.\.\]\} \(line 1 has no JSON\)"),
        ('{"messages": [{"role": "user", "content": "Hi"}]}\n', "no tools were recognised"),
        ('{"messages": [{"role": "user", "content": ""}]}\n', "do not begin with the same text"),
        ('{"messages": [{"role": "user", "content": "- a(b:c) — d\\n- e(f:g) — h\\n\\nx"}]}\n', "no tool call"),
    ],
)
def test_what_is_no_corpus_is_refused_with_the_reason(
    tmp_path: Path, fine_tune: Profile, data: str, reason: str
) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text(data, "utf-8")
    with pytest.raises(CorpusError, match=reason):
        learn_profile(path, fine_tune)
    assert _zimfo("profile", "learn", path).exit_code == 1


def test_a_profile_written_by_hand_is_not_replaced_unasked(written: Callable[..., Path], tmp_path: Path) -> None:
    corpus, out = written(list(_plain_rows())), tmp_path / "mine.toml"
    out.write_text("# notes", "utf-8")
    refused = _zimfo("profile", "learn", corpus, "-o", out)
    assert (refused.exit_code, out.read_text("utf-8")) == (1, "# notes")
    assert "was not learned" in refused.stderr
    assert _zimfo("profile", "learn", corpus, "-o", out, "--force", "--response-marker", "named").exit_code == 0
    assert read_profile(out).response.marker == "named"
    assert _zimfo("profile", "learn", corpus, "-o", out).exit_code == 0
    assert "is a folder" in _zimfo("profile", "learn", corpus, "-o", tmp_path).stderr
    assert "is no name for a profile" in _zimfo("profile", "learn", corpus, "--name", "../x").stderr


def test_profiles_are_listed_shown_and_checked(tmp_path: Path) -> None:
    listed: list[dict[str, Any]] = json.loads(_zimfo("profile", "list", "--json").stdout)
    assert {entry["name"]: entry["origin"] for entry in listed}["lfm2"] == "shipped"
    for entry in listed:
        shown = tmp_path / f"{entry['name']}.toml"
        shown.write_text(_zimfo("profile", "show", entry["name"]).stdout, "utf-8")
        assert read_profile(shown) == get_profile(entry["name"])
    assert _zimfo("profile", "check").exit_code == 0
    broken = tmp_path / "broken.toml"
    broken.write_text(shown.read_text("utf-8").replace("stop = [", 'stop = ["", "\\"", '), "utf-8")
    done = _zimfo("profile", "check", broken)
    assert done.exit_code == 1
    assert "an empty marker would end every reply" in done.stdout
    assert "stands in every call" in done.stdout
    assert _zimfo("profile", "show", "nix").exit_code == 1


@pytest.mark.parametrize("noise", ["-", "- a(", "1 ", "{", '{"name":', "[", "a.b/", "\n\n"])
def test_a_corpus_of_noise_is_refused_soon(tmp_path: Path, fine_tune: Profile, noise: str) -> None:
    path = tmp_path / "noise.jsonl"
    content = noise * (300_000 // len(noise))
    row = {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": content}] * 2}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    began = time.monotonic()
    with pytest.raises(CorpusError):
        learn_profile(path, fine_tune)
    assert time.monotonic() - began < 10  # seconds; 0.2 alone on a machine


def test_the_published_block_stands_nowhere_in_the_repository(corpus: Path) -> None:
    row = json.loads((corpus / "train_chains.jsonl").read_text("utf-8").partition("\n")[0])
    sentences = [line for line in row["messages"][0]["content"].split("\n") if len(line) > 60 and "(" not in line[:30]]
    root = Path(__file__).parents[2]
    texts = [
        file.read_text("utf-8")
        for folder in ("client", "shared", "server", "docs", "tests")
        for file in (root / folder).rglob("*")
        if file.suffix in (".py", ".toml", ".md", ".json")
    ]
    assert len(sentences) > 2
    assert not [sentence for sentence in sentences if any(sentence[:60] in text for text in texts)]
