"""What has arrived of downloads that are not finished, in a folder beside the models, on the same file system."""

from pathlib import Path
from typing import Final

from zimfo_client.models.store import goes_by, models_folder

_SUFFIX: Final = ".part"
_DIGEST_CHARS: Final = 16  # of the checksum, so that the beginning of one version is never continued with another


def partial_path(file: str, digest: str) -> Path:
    """Return where a file is gathered that will have this checksum."""
    return _folder() / f"{file}.{digest[:_DIGEST_CHARS]}{_SUFFIX}"


def partials() -> list[Path]:
    """Return what broken-off downloads left."""
    try:
        return sorted(path for path in _folder().iterdir() if path.suffix == _SUFFIX)
    except OSError:
        return []


def partial_of(path: Path) -> str:
    """Return the name of the file that an unfinished download will become."""
    return path.name.removesuffix(_SUFFIX).rpartition(".")[0]


def partials_of(spec: str) -> list[Path]:
    """Return what is left of downloads of a model."""
    return [path for path in partials() if goes_by(Path(partial_of(path)), spec)]


def _folder() -> Path:
    return models_folder() / ".partial"
