"""Which profile a model gets: the one that was asked for, else one by what the model says about itself."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zimfo_client.engine.gguf_file import GgufInfo
from zimfo_client.errors import ExtraMissingError, ProfileError
from zimfo_client.profile import (
    CHAT_COMPLETIONS,
    CHATML,
    FINE_TUNE,
    GEMMA3,
    LFM2,
    TEMPLATE,
    Profile,
    find_profile,
    get_profile,
    list_profiles,
)

if TYPE_CHECKING:
    from zimfo_client.engine.remote import RemoteModel  # brings an HTTP client along


@dataclass(frozen=True)
class ProfileChoice:
    """A profile chosen for a model, and what the person should know about the choice."""

    profile: Profile
    warning: str | None = None


@dataclass(frozen=True)
class _Facts:
    """What a model says about itself; empty text where it is silent."""

    label: str
    architecture: str
    names: str
    chat_template: str
    end_of_text: Callable[[], str]


def choose_profile(info: GgufInfo, spec: str | None = None) -> ProfileChoice:
    """Return the profile that `spec` names, else choose one by what a model file says. Raises `ProfileError`."""

    def end_of_text() -> str:
        from zimfo_client.engine.tokens import end_of_text

        return end_of_text(info.path)

    names = f"{info.name} {info.path.stem}"
    return _choice(_Facts(info.path.name, info.architecture, names, info.chat_template, end_of_text), spec)


def choose_remote_profile(model: "RemoteModel", spec: str | None = None) -> ProfileChoice:
    """Return the profile for a model that a server runs, as `choose_profile` does. Raises `ProfileError`.

    A server that takes messages has one of its own, and no other makes sense there.
    """
    if not model.takes_tokens:
        if spec not in (None, CHAT_COMPLETIONS):
            raise ProfileError(f"{model.endpoint.root} renders turns itself, so --profile has no meaning there.")
        return ProfileChoice(get_profile(CHAT_COMPLETIONS))
    # llama-server does not tell the architecture. File names do, and templates.
    architecture = "lfm2moe" if re.search(r"lfm2.*a\d+b", model.name.lower()) else ""
    return _choice(_Facts(model.name, architecture, model.name, model.chat_template, lambda: model.end_of_text), spec)


def _choice(model: _Facts, spec: str | None) -> ProfileChoice:
    if spec == CHAT_COMPLETIONS:
        raise ProfileError(f"'{spec}' is for servers that render turns themselves. Choose another profile.")
    if spec is not None:
        return ProfileChoice(_templated(model) if spec == TEMPLATE else find_profile(spec))
    names = model.names.lower()
    if model.architecture == "lfm2moe" and ("zimfo" in names or re.search(r"(?<![a-z])ft(?![a-z])", names)):
        return ProfileChoice(get_profile(FINE_TUNE))
    for name, marker in ((LFM2, "<|tool_call_start|>"), (CHATML, "<|im_start|>"), (GEMMA3, "<start_of_turn>")):
        if marker in model.chat_template or (name == LFM2 and model.architecture in ("lfm2", "lfm2moe")):
            return ProfileChoice(get_profile(name))
    if model.chat_template:
        with contextlib.suppress(ProfileError, ExtraMissingError):
            return ProfileChoice(_templated(model))
    what = f"a model of the architecture '{model.architecture}'" if model.architecture else "this model"
    return ProfileChoice(
        get_profile(CHATML),
        f"No profile is made for {what}; '{CHATML}' is tried. Choose another if its answers are odd.",
    )


def _templated(model: _Facts) -> Profile:
    """Return the profile of a model's own chat template. Raises `ProfileError`, `ExtraMissingError` without jinja."""
    if not model.chat_template:
        raise ProfileError(f"{model.label} has no chat template. Choose another profile: {', '.join(list_profiles())}.")
    try:
        from zimfo_client.profiles.template import template_profile

        eos = model.end_of_text() if "eos_token" in model.chat_template else ""
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("jinja2", "llama_cpp"):
            raise
        raise ExtraMissingError("A model's own chat template") from None
    return template_profile(model.chat_template, get_profile(TEMPLATE), eos)
