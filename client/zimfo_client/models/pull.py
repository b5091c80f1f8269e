"""`zimfo models pull`, the only command that uses the network: downloads models and published training corpora."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import platformdirs

from zimfo_client.engine import read_gguf
from zimfo_client.engine.gguf_split import SUFFIX, PartName, model_name
from zimfo_client.errors import ModelInvalidError, PullError
from zimfo_client.models.download import fetch, fetch_small, require_space
from zimfo_client.models.environment import CORPUS_ENDPOINT
from zimfo_client.models.hub import RemoteFile, endpoint, locate
from zimfo_client.models.known import KNOWN, Corpus, KnownModel, Licence, known_by_file, known_by_name
from zimfo_client.models.licences import accept, is_accepted
from zimfo_client.models.partial import partial_path
from zimfo_client.models.sizes import size_text
from zimfo_client.models.store import FoundModel, models_folder

GITHUB: Final = "https://raw.githubusercontent.com"
MAX_CORPUS_BYTES: Final = 200_000_000  # the published corpora have 2 to 10 MB
# OWNER/NAME/FILE, the file perhaps in a folder of the repository; no part begins with a dot.
_SPEC: Final = re.compile(r"(?P<repository>[\w-][\w.-]*/[\w-][\w.-]*)/(?P<file>(?:[\w-][\w.+-]*/)*[\w-][\w.+ -]*)")

Agreement = Callable[[Licence], bool]


@dataclass(frozen=True)
class Wanted:
    """What to pull: a file of a repository, and the known model that it belongs to, if any."""

    repository: str
    file: str
    known: KnownModel | None

    @classmethod
    def of(cls, spec: str) -> "Wanted":
        """Return what a known name or OWNER/NAME/FILE.gguf asks for. Raises `PullError`."""
        if (known := known_by_name(spec)) is not None:
            return cls(known.repository, known.files[0], known)
        found = _SPEC.fullmatch(spec)
        if found is None or not found["file"].lower().endswith(SUFFIX):
            names = ", ".join(model.name for model in KNOWN)
            raise PullError(f"'{spec}' is neither a known name ({names}) nor of the form OWNER/NAME/FILE{SUFFIX}.")
        return cls(found["repository"], found["file"], known_by_file(found["repository"], found["file"]))

    def files(self) -> list[str]:
        """Return the paths in the repository of all files that belong together: of a split model, every part."""
        folder, slash, name = self.file.rpartition("/")
        part = PartName.of(name)
        return [folder + slash + sibling for sibling in part.siblings()] if part else [self.file]


def pull(wanted: Wanted, agree: Agreement) -> FoundModel:
    """Bring a model into the models folder and return it; what is there already is not downloaded again.

    `agree` shows a licence that was not accepted before and returns whether the person accepts it. Raises `PullError`.
    """
    if wanted.known is not None:
        _require_licence(wanted.known.licence, agree)
    else:
        click.echo(f"Its licence is stated at {endpoint()}/{wanted.repository}", err=True)
    remotes = [locate(wanted.repository, file) for file in wanted.files()]
    missing = [remote for remote in remotes if not _is_here(remote)]
    _require_space(missing)
    for remote in missing:
        click.echo(f"Downloading {remote.name} ({size_text(remote.size)}) from {endpoint()}", err=True)
        fetch(remote, models_folder() / remote.name)
    if not missing:
        click.echo(f"{remotes[0].name} is here already, with the right checksum.", err=True)
    first = models_folder() / remotes[0].name
    try:
        read_gguf(first)
    except ModelInvalidError as error:
        click.echo(f"Warning: the file arrived as it was published, but {error}", err=True)
    return FoundModel(model_name(first), first, "folder")


def pull_corpus(corpus: Corpus) -> Path:
    """Download a known model's training corpus into the user's data folder and return it. Raises `PullError`."""
    base = (os.environ.get(CORPUS_ENDPOINT) or GITHUB).rstrip("/")
    place = platformdirs.user_data_path("zimfo") / "corpora" / Path(corpus.path).name
    click.echo(f"Downloading the training corpus {corpus.path} of {corpus.repository} from {base}", err=True)
    fetch_small(f"{base}/{corpus.repository}/{corpus.revision}/{corpus.path}", place, MAX_CORPUS_BYTES)
    return place


def _require_licence(licence: Licence, agree: Agreement) -> None:
    if is_accepted(licence):
        return
    if not agree(licence):
        raise PullError(f"The {licence.name} was not accepted, so nothing was downloaded.")
    accept(licence)


def _is_here(remote: RemoteFile) -> bool:
    """Tell whether a file is in the models folder. Raises `PullError` where another one has its name."""
    place = models_folder() / remote.name
    if not place.exists():
        return False
    click.echo(f"Checking {remote.name}, which is here …", err=True)
    try:
        if remote.matches(place):
            return True
    except OSError as error:
        raise PullError(f"{place} cannot be read: {error.strerror or error}.") from None
    raise PullError(
        f"There is another {remote.name} in {models_folder()}, or it is damaged. "
        f"Type first: zimfo models remove {model_name(place)}"
    )


def _require_space(missing: list[RemoteFile]) -> None:
    """Raise `PullError` unless all parts fit, less what has arrived of them."""
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        have = [partial_path(remote.name, remote.digest) for remote in missing]
        arrived = sum(path.stat().st_size for path in have if path.exists())
        require_space(folder, sum(remote.size for remote in missing) - arrived)
    except OSError as error:
        raise PullError(f"{folder} cannot be written to: {error.strerror or error}.") from None
