"""What there is to say about models: one line each for a list, and all of it about one."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zimfo_client.engine import EngineOverrides, GgufInfo, read_gguf, settings_for
from zimfo_client.engine.gguf_split import model_name
from zimfo_client.errors import ModelInvalidError
from zimfo_client.models.known import KNOWN
from zimfo_client.models.memory import MemoryEstimate, estimate_memory
from zimfo_client.models.partial import partial_of, partials
from zimfo_client.models.sizes import size_text
from zimfo_client.models.store import FoundModel, folder_entries, is_first, list_models
from zimfo_client.profiles.choice import choose_profile


@dataclass(frozen=True)
class Listed:
    """A model in the list; `known_as` is zimfo's own name for it, `problem` why it cannot be used, both often empty."""

    name: str
    path: str
    origin: str
    known_as: str
    quantisation: str
    size_bytes: int
    problem: str

    def line(self) -> str:
        """Return the model for a person."""
        known = f" = {self.known_as}" if self.known_as else ""
        what = self.problem or f"{self.quantisation}, {size_text(self.size_bytes)}"
        return f"{self.name}{known}: {self.path} ({self.origin}, {what})"


@dataclass(frozen=True)
class ModelReport:
    """What a model says about itself, the profile that it gets, and what it takes in memory with these settings."""

    found: FoundModel
    info: GgufInfo
    profile: str
    warning: str
    kv_types: tuple[str, str]
    memory: MemoryEstimate

    def to_dict(self) -> dict[str, Any]:
        """Return everything, sizes in bytes."""
        return {
            "name": self.found.name,
            "path": str(self.found.path),
            "origin": self.found.origin,
            "parts": [part.name for part in self.info.parts],
            "title": self.info.name,
            "architecture": self.info.architecture,
            "quantisation": self.info.quantisation,
            "parameters": self.info.n_params,
            "size_bytes": self.info.size_bytes,
            "context_length": self.info.context_length,
            "chat_template": self.info.chat_template,
            "profile": self.profile,
            "warning": self.warning,
            "memory": {
                **asdict(self.memory),
                "total": self.memory.total,
                "kv_type_k": self.kv_types[0],
                "kv_type_v": self.kv_types[1],
            },
        }

    def lines(self) -> list[str]:
        """Return the report for a person."""
        info, memory = self.info, self.memory
        template = f"{len(info.chat_template):,} characters (--json shows it)" if info.chat_template else "none"
        parts = f" in {len(info.parts)} parts" if len(info.parts) > 1 else ""
        return [
            f"{self.found.name}: {self.found.path}{parts}",
            f"title: {info.name or 'none'}",
            f"architecture: {info.architecture or 'not stated'}",
            f"quantisation: {info.quantisation}",
            f"parameters: {info.n_params:,}",
            f"size: {size_text(info.size_bytes)}",
            f"trained context: {info.context_length:,} tokens",
            f"chat template: {template}",
            f"profile: {self.profile}",
            f"memory at {memory.n_ctx:,} tokens, KV {'/'.join(self.kv_types)}: about {size_text(memory.total)}",
            f"  weights: {size_text(memory.weights)}",
            f"  KV cache: {size_text(memory.kv_cache)}",
            f"  recurrent state: {size_text(memory.recurrent_state)}",
            f"  compute buffer: {size_text(memory.compute_buffer)}",
        ]


def describe(found: FoundModel, overrides: EngineOverrides) -> ModelReport:
    """Return all there is to say about a model, loaded as its profile says except for `overrides`.

    Raises `ModelInvalidError`, `ProfileError`, and `EngineError` for an unknown type of cache.
    """
    info = read_gguf(found.path)
    choice = choose_profile(info, found.profile)
    settings = settings_for(choice.profile, overrides)
    return ModelReport(
        found=found,
        info=info,
        profile=choice.profile.name,
        warning=choice.warning or "",
        kv_types=(settings.kv_type_k, settings.kv_type_v),
        memory=estimate_memory(info, settings),
    )


def listed_models() -> list[Listed]:
    """Return every model that goes by a name, and those of the models folder that cannot be used, with the reason."""
    found = list_models()
    lost = [
        FoundModel(model_name(entry), entry, "folder")
        for entry in folder_entries()
        if is_first(entry) and not entry.is_file()
    ]
    return [_listed(model) for model in [*found, *lost]]


def hints() -> list[str]:
    """Return what a person may do next: known models that are not here, and downloads that are not finished."""
    here = {entry.name for entry in folder_entries()}
    shown = [
        f"Not here yet: {model.name} ({size_text(model.sizes[0])}). Type: zimfo models pull {model.name}"
        for model in KNOWN
        if here.isdisjoint(model.files)
    ]
    return shown + [
        f"Not finished: {partial_of(path)}, {size_text(path.stat().st_size)} have arrived. "
        f"Pull it again to go on, or type: zimfo models remove {model_name(partial_of(path))}"
        for path in partials()
    ]


def _listed(model: FoundModel) -> Listed:
    quantisation, size, problem = "", 0, ""
    try:
        info = read_gguf(model.path)
        quantisation, size = info.quantisation, info.size_bytes
    except ModelInvalidError as error:
        gone = model.path.is_symlink() and not model.path.exists()
        problem = f"the file it links to is gone: {Path(model.path).readlink()}" if gone else str(error)
    known = next((one.name for one in KNOWN if model.path.name in one.files), "")
    return Listed(model.name, str(model.path), model.origin, known, quantisation, size, problem)
