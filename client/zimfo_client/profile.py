"""Profiles: how a model wants its prompts. A profile is data, a TOML file; this module reads it and renders turns.

A turn is a list of segments. The markers that a profile declares are trusted; whatever came from a person, a tool, an
archive or a tool listing is not. Segments are cut where the tokenizers of these models cut anyway, behind line ends, so
that a prompt has the tokens it would have had as one text.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zimfo_client.engine.base import EngineSettings, SamplingSettings
from zimfo_client.engine.gguf_file import GgufInfo
from zimfo_client.errors import ProfileError
from zimfo_client.transcript import Segment

MAX_PROFILE_BYTES = 1 << 20  # a profile is a page or two of text

FINE_TUNE: Final = "lfm2.5-zimfo"
CHATML: Final = "chatml"

ResponseMarker = Literal["named", "plain"]


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with each `{key}` replaced once; braces in values and unknown keys stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def as_json(value: object) -> str:
    """Return the JSON that models are shown: one line, raw UTF-8, a space after `:` and `,`, as in the corpus."""
    return json.dumps(value, ensure_ascii=False)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turns(_Part):
    """The markers around turns; `gap` stands between one turn's close and the next one's open."""

    user_open: str
    user_close: str
    assistant_open: str
    assistant_close: str
    gap: str
    system_open: str = ""
    system_close: str = ""


class FoldFormat(_Part):
    """How a tool listing becomes text; `tool_line` has `{name}`, `{arguments}` and `{description}`."""

    intro: str
    tool_line: str
    outro: str


class CallFormat(_Part):
    """How a call is written: `open`, one line of JSON with two keys, `close`."""

    open: str
    close: str
    name_key: str
    arguments_key: str


class ResponseFormat(_Part):
    """How results are written; `named` has `{name}`, `marker` chooses between the two openings."""

    marker: ResponseMarker
    named: str
    plain: str
    close: str
    join: str


class Sampling(_Part):
    """Sampling defaults; `max_tokens` bounds a reply."""

    temperature: float = Field(ge=0)
    top_p: float = Field(gt=0, le=1)
    top_k: int = Field(ge=0)
    repeat_penalty: float = Field(gt=0)
    max_tokens: int = Field(ge=1)


class Context(_Part):
    """Context size in tokens, KV cache types (ggml names) and flash attention."""

    n_ctx: int = Field(ge=0)
    kv_type_k: str
    kv_type_v: str
    flash_attention: bool | None = None


class SurfaceTool(_Part):
    """One tool as a model was trained to see it; arguments as they are shown, `name:type`, `*` for required."""

    name: str
    arguments: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The bare names of its arguments, in order."""
        return [argument.partition(":")[0].rstrip("*") for argument in self.arguments]


class Profile(_Part):
    """How one family of models wants prompts. `surface` None shows every tool that is listed."""

    name: str
    summary: str
    question_label: str
    location_line: str
    separator: str
    stop: tuple[str, ...]
    reasoning: tuple[tuple[str, str], ...]
    turns: Turns
    fold: FoldFormat
    call: CallFormat
    response: ResponseFormat
    sampling: Sampling
    context: Context
    surface: tuple[SurfaceTool, ...] | None = None

    def with_response_marker(self, marker: ResponseMarker) -> Self:
        """Return the profile with the other opening of results."""
        return self.model_copy(update={"response": self.response.model_copy(update={"marker": marker})})

    def sampling_settings(self, *, seed: int | None = None) -> SamplingSettings:
        """Return the sampling defaults with the profile's stop markers."""
        return SamplingSettings(**self.sampling.model_dump(), seed=seed, stop=self.stop)

    def engine_settings(self) -> EngineSettings:
        """Return the engine defaults."""
        return EngineSettings(**self.context.model_dump())

    def markers(self) -> tuple[str, ...]:
        """Return every text that means something to the model, longest first: data shown to it must not hold them."""
        turns = (marker.strip() for marker in self.turns.model_dump().values())
        calls = (self.call.open.strip(), self.call.close.strip())
        results = (re.split(r"[\s\]]", text)[0] for text in (self.response.named, self.response.plain))
        reasoning = (marker for pair in self.reasoning for marker in pair)
        found = {*turns, *calls, *results, self.response.close.strip(), *reasoning, *self.stop} - {""}
        return tuple(sorted(found, key=lambda marker: (-len(marker), marker)))

    def opening(self, fold_text: str, question: str, location: tuple[float, float] | None = None) -> list[Segment]:
        """Render the beginning of a conversation; what comes before the question ends at a segment boundary.

        `location` is latitude and longitude in degrees. The turn is complete; `answer_open` or `host_call` follows.
        """
        turns = self.turns
        parts: list[Segment] = []
        if fold_text and turns.system_open:
            parts += [_marker("system", turns.system_open), _data("system", fold_text)]
            parts += [_marker("system", turns.system_close + turns.gap), _marker("user", turns.user_open)]
        elif fold_text:
            parts += [_marker("user", turns.user_open), _data("user", fold_text + self.separator)]
        else:
            parts.append(_marker("user", turns.user_open))
        if location is not None:
            lat, lon = (str(float(degrees)) for degrees in location)
            parts.append(_data("user", fill(self.location_line, {"lat": lat, "lon": lon}) + self.separator))
        parts += [_data("user", self.question_label), _data("user", question), _marker("user", turns.user_close)]
        return _cut_behind_line_ends(parts)

    def follow_up(self, question: str, *, closed: bool = True) -> list[Segment]:
        """Render a later question, bare. `closed` says whether the last reply ended with its end-of-turn marker."""
        return self._user_turn([_data("user", question)], closed=closed)

    def instruction(self, text: str, *, closed: bool = True) -> list[Segment]:
        """Render a word of the host, such as the demand for a final answer."""
        return self._user_turn([_data("user", text)], closed=closed)

    def tool_result(self, name: str, payload_json: str, *, closed: bool = True) -> list[Segment]:
        """Render one tool's result."""
        return self.tool_results([(name, payload_json)], closed=closed)

    def tool_results(self, results: Sequence[tuple[str, str]], *, closed: bool = True) -> list[Segment]:
        """Render results of (name, JSON) in one turn, each with its own marker."""
        response = self.response
        parts: list[Segment] = []
        for number, (name, payload_json) in enumerate(results):
            if number:
                parts.append(_marker("tool", response.join))
            if response.marker == "named" and "{name}" in response.named:
                # A name that the model invented is data, and the marker around it is plain text.
                parts.append(_data("tool", fill(response.named, {"name": name})))
            else:
                parts.append(_marker("tool", response.named if response.marker == "named" else response.plain))
            parts += [_data("tool", payload_json), _marker("tool", response.close)]
        return self._user_turn(parts, closed=closed)

    def host_call(self, name: str, arguments: Mapping[str, Any]) -> list[Segment]:
        """Render a call as if the model had made it, with the end of its turn."""
        call = as_json({self.call.name_key: name, self.call.arguments_key: dict(arguments)})
        return _cut_behind_line_ends(
            [
                *self.answer_open(),
                _marker("assistant", self.call.open),
                _data("assistant", call),
                _marker("assistant", self.call.close + self.turns.assistant_close),
            ]
        )

    def host_answer(self, text: str) -> list[Segment]:
        """Render a reply that the host gives in the model's place, with the end of its turn."""
        return _cut_behind_line_ends(
            [
                *self.answer_open(),
                _data("assistant", text),
                _marker("assistant", self.turns.assistant_close),
            ]
        )

    def answer_open(self) -> list[Segment]:
        """Render the beginning of a reply, after which the model is asked to go on."""
        return [_marker("assistant", self.turns.gap + self.turns.assistant_open)]

    def _user_turn(self, parts: Iterable[Segment], *, closed: bool) -> list[Segment]:
        turns = self.turns
        before = turns.gap if closed else turns.assistant_close + turns.gap
        opened = _marker("user", before + turns.user_open)
        return _cut_behind_line_ends([opened, *parts, _marker("user", turns.user_close)])


@dataclass(frozen=True)
class ProfileChoice:
    """A profile chosen for a model, and what the person should know about the choice."""

    profile: Profile
    warning: str | None = None


def list_profiles() -> list[str]:
    """Return the names of the shipped profiles."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def get_profile(name: str) -> Profile:
    """Return a shipped profile. Raises `ProfileError` for an unknown name."""
    names = list_profiles()
    if name not in names:
        raise ProfileError(f"There is no profile '{name}'. Choose one of: {', '.join(names)}.")
    return parse_profile(_folder().joinpath(f"{name}.toml").read_text("utf-8"), name)


def parse_profile(text: str, source: str) -> Profile:
    """Return the profile of a TOML text; `source` names it in errors. Raises `ProfileError`."""
    if len(text) > MAX_PROFILE_BYTES:
        raise ProfileError(f"The profile {source} is too large to be one.")
    try:
        data = tomllib.loads(text)
        profile = Profile.model_validate(data)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"The profile {source} is no TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ProfileError(f"The profile {source} is not usable: {place}: {first['msg'].lower()}.") from None
    for tool in profile.surface or ():
        for argument in tool.arguments:
            if not re.fullmatch(r"\w+\*?:\w+", argument):
                raise ProfileError(f"The profile {source} is not usable: surface: {argument!r} is no `name*:type`.")
    return profile


def choose_profile(info: GgufInfo) -> ProfileChoice:
    """Choose a profile by what a model file says about itself."""
    names = f"{info.name} {info.path.stem}".lower()
    if info.architecture == "lfm2moe" and ("zimfo" in names or re.search(r"(?<![a-z])ft(?![a-z])", names)):
        return ProfileChoice(get_profile(FINE_TUNE))
    if "<|im_start|>" in info.chat_template:
        return ProfileChoice(get_profile(CHATML))
    what = f"a model of the architecture '{info.architecture}'" if info.architecture else "this model"
    return ProfileChoice(
        get_profile(CHATML),
        f"No profile is made for {what}; '{CHATML}' is tried. Choose another if its answers are odd.",
    )


def _folder() -> Any:
    return resources.files("zimfo_client") / "profiles"


def _marker(role: str, text: str) -> Segment:
    return Segment(role, text, trusted=True)


def _data(role: str, text: str) -> Segment:
    return Segment(role, text, trusted=False)


def _cut_behind_line_ends(parts: Iterable[Segment]) -> list[Segment]:
    """Drop empty segments, and move line ends from the beginning of a marker to the end of the data before it.

    Tokenizers of the GPT-4 family glue line ends to the punctuation before them; cut in front of a line end, JSON and
    the fence that closes it would get tokens that no model was trained on.
    """
    done: list[Segment] = []
    for part in parts:
        text = part.text
        if done and part.trusted and not done[-1].trusted and (rest := text.lstrip("\n")) != text:
            moved = text[: len(text) - len(rest)]
            done[-1] = Segment(done[-1].role, done[-1].text + moved, trusted=False)
            text = rest
        if text:
            done.append(Segment(part.role, text, part.trusted))
    return done
