"""Profiles: how a model wants its prompts. A profile is data, a TOML file; this module reads it and renders turns.

A turn is a list of segments. The markers that a profile declares are trusted; whatever came from a person, a tool, an
archive or a tool listing is not. Segments are cut where the tokenizers of these models cut anyway, behind line ends, so
that a prompt has the tokens it would have had as one text.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final, Self

import platformdirs
from pydantic import Field, ValidationError

from zimfo_client.calls.scan import Wrapper, own_wrapper
from zimfo_client.engine.base import EngineSettings, SamplingSettings
from zimfo_client.errors import ProfileError
from zimfo_client.profiles.notation import (
    Block,
    CallFormat,
    FoldFormat,
    Learned,
    Part,
    ResponseFormat,
    ResponseMarker,
    SurfaceTool,
    Turns,
    fill,
)
from zimfo_client.transcript import Segment

MAX_PROFILE_BYTES = 1 << 20  # a profile is a page or two of text

FINE_TUNE: Final = "lfm2.5-zimfo"
CHATML: Final = "chatml"
EMBEDDED: Final = "embedded"
LFM2: Final = "lfm2"
GEMMA3: Final = "gemma3"
TEMPLATE: Final = "template"
CHAT_COMPLETIONS: Final = "chat-completions"
_SUFFIX: Final = ".toml"


class Sampling(Part):
    """Sampling defaults; `max_tokens` bounds a reply."""

    temperature: float = Field(ge=0)
    top_p: float = Field(gt=0, le=1)
    top_k: int = Field(ge=0)
    repeat_penalty: float = Field(gt=0)
    max_tokens: int = Field(ge=1)


class Context(Part):
    """Context size in tokens, KV cache types (ggml names), flash attention, and tokens evaluated at a time."""

    n_ctx: int = Field(ge=0)
    n_batch: int = Field(default=512, ge=1)
    kv_type_k: str
    kv_type_v: str
    flash_attention: bool | None = None


class Profile(Part):
    """How one family of models wants prompts. `surface` None shows every tool that is listed.

    `location_digits` are the decimals of coordinates in `location_line`; None writes them as Python does. `grammar`
    False leaves calls free even where they could be held to a grammar. A `chat_template` renders the fold.

    Of a `composed` model only the calls are trusted: the host composes answers, and the model's words have to measure
    up to them. `adapter` is a LoRA adapter in GGUF format that the profile was trained with; in the file, a path from
    the profile's folder.
    """

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
    location_digits: int | None = Field(default=None, ge=0, le=15)
    grammar: bool = True
    composed: bool = False
    adapter: str | None = None
    chat_template: str | None = None
    surface: tuple[SurfaceTool, ...] | None = None
    learned: Learned | None = None

    def with_response_marker(self, marker: ResponseMarker) -> Self:
        """Return the profile with the other opening of results."""
        return self.model_copy(update={"response": self.response.model_copy(update={"marker": marker})})

    def sampling_settings(self, *, seed: int | None = None) -> SamplingSettings:
        """Return the sampling defaults with the profile's stop markers."""
        return SamplingSettings(**self.sampling.model_dump(), seed=seed, stop=self.stop)

    def engine_settings(self) -> EngineSettings:
        """Return the engine defaults."""
        return EngineSettings(**self.context.model_dump(), adapter=self.adapter or "")

    @property
    def wrapper(self) -> Wrapper | None:
        """The markers around calls, where only this profile has them: what its replies are searched for besides."""
        return own_wrapper(self.call.open, self.call.close)

    def markers(self) -> tuple[str, ...]:
        """Return every text that means something to the model, longest first: data shown to it must not hold them."""
        turns = (marker.strip() for marker in self.turns.model_dump().values())
        # A bracket belongs to the call; what stands before the first and behind the last is the marker.
        calls = (self.call.open.strip().removesuffix("["), self.call.close.strip().removeprefix("]"))
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
        if isinstance(fold_text, Block):
            parts += [Segment("system", text, trusted=trusted) for text, trusted in fold_text.pieces]
        elif fold_text and turns.system_open:
            parts += [_marker("system", turns.system_open), _data("system", fold_text)]
            parts += [_marker("system", turns.system_close + turns.gap), _marker("user", turns.user_open)]
        elif fold_text:
            parts += [_marker("user", turns.user_open), _data("user", fold_text + self.separator)]
        else:
            parts.append(_marker("user", turns.user_open))
        if location is not None and self.location_line:
            lat, lon = map(self._degrees, location)
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
            parts += [_data("tool", response.style.rewrite(payload_json)), _marker("tool", response.close)]
        return self._user_turn(parts, closed=closed, results=True)

    def host_call(self, name: str, arguments: Mapping[str, Any]) -> list[Segment]:
        """Render a call as if the model had made it, with the end of its turn."""
        return _cut_behind_line_ends(
            [
                *self.answer_open(),
                _marker("assistant", self.call.open),
                _data("assistant", self.call.write(name, arguments)),
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

    def _user_turn(self, parts: Iterable[Segment], *, closed: bool, results: bool = False) -> list[Segment]:
        turns = self.turns
        before = turns.gap if closed else turns.assistant_close + turns.gap
        own_turn = results and turns.tool_open
        role = "tool" if own_turn else "user"
        opened = _marker(role, before + (turns.tool_open if own_turn else turns.user_open))
        closing = _marker(role, turns.tool_close if own_turn else turns.user_close)
        return _cut_behind_line_ends([opened, *parts, closing])

    def _degrees(self, value: float) -> str:
        return str(float(value)) if self.location_digits is None else f"{value:.{self.location_digits}f}"


def profiles_folder() -> Path:
    """Return the folder of a person's own profiles, learned or written by hand, whether or not it exists."""
    return platformdirs.user_data_path("zimfo") / "profiles"


def list_profiles() -> list[str]:
    """Return the names of all profiles, shipped and the person's own."""
    return sorted({*_named(_shipped()), *_named(profiles_folder())})


def get_profile(name: str) -> Profile:
    """Return a profile by its name; the person's own goes before a shipped one. Raises `ProfileError`."""
    if name in _named(profiles_folder()):
        return read_profile(profiles_folder() / f"{name}{_SUFFIX}")
    return shipped_profile(name)


def shipped_profile(name: str) -> Profile:
    """Return a profile as it is shipped, whatever the person has of that name. Raises `ProfileError`."""
    if name not in _named(_shipped()):
        raise ProfileError(f"There is no profile '{name}'. Choose one of: {', '.join(list_profiles())}.")
    profile = parse_profile(_shipped().joinpath(f"{name}{_SUFFIX}").read_text("utf-8"), name)
    return _with_adapter(profile, Path(str(_shipped())))


def find_profile(spec: str) -> Profile:
    """Return the profile of a name or of a path to a TOML file. Raises `ProfileError`."""
    path = Path(spec).expanduser()
    is_path = len(path.parts) > 1 or path.suffix == _SUFFIX or (spec not in list_profiles() and path.is_file())
    return read_profile(path) if is_path else get_profile(spec)


def read_profile(path: Path) -> Profile:
    """Return the profile of a file. Raises `ProfileError`."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_PROFILE_BYTES + 1).decode("utf-8")
    except FileNotFoundError:
        raise ProfileError(f"There is no profile file {path}.") from None
    except OSError as error:
        raise ProfileError(f"The profile {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ProfileError(f"The profile {path} is no UTF-8 text.") from None
    return _with_adapter(parse_profile(text, str(path)), path.parent)


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
    if (problem := _problem(profile)) is not None:
        raise ProfileError(f"The profile {source} is not usable: {problem}.")
    return profile


def _with_adapter(profile: Profile, folder: Path) -> Profile:
    """Return a profile with the whole path of its adapter. Raises `ProfileError` when that is not there."""
    if not profile.adapter:
        return profile
    path = folder / profile.adapter
    if not path.is_file():
        raise ProfileError(
            f"The profile {profile.name} needs the adapter {path}, which is not there. "
            f"Put it back (reinstalling zimfo does), or choose another profile: --profile {CHATML}."
        )
    return profile.model_copy(update={"adapter": str(path)})


def _shipped() -> Any:
    return resources.files("zimfo_client") / "profiles"


def _named(folder: Any) -> set[str]:
    """Return the names of the profiles in a folder, which may not exist."""
    try:
        return {entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)}
    except OSError:
        return set()


def _problem(profile: Profile) -> str | None:
    """Return what contradicts itself in a profile whose values are each of the right type."""
    for tool in profile.surface or ():
        for argument in tool.arguments:
            if not re.fullmatch(r"[^\s,:*()]+\*?:[^,()\n]+", argument):
                return f"surface: {argument!r} is no `name*:type`"
    for where, text, needed in (
        ("fold.tool_line", profile.fold.tool_line, "tool" if profile.fold.tools == "schemas" else "name"),
        ("location_line", profile.location_line, "lat" if profile.location_line else ""),
    ):
        if needed and f"{{{needed}}}" not in text:
            return f"{where} lacks {{{needed}}}"
    if not profile.turns.assistant_open or not profile.turns.assistant_close:
        return "turns: a reply needs a marker at its beginning and at its end"
    return None


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
