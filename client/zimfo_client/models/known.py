"""Models that zimfo knows by a name of its own: where they are published, under which licence, trained on what."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Licence:
    """A licence that a person accepts before the first download."""

    name: str
    url: str
    gist: str


@dataclass(frozen=True)
class Corpus:
    """A published training corpus, from which a profile is learned: a file of a repository on GitHub."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True)
class KnownModel:
    """A model under a short name; the first of `files` is the recommended one, `sizes` are their bytes, about."""

    name: str
    repository: str
    files: tuple[str, ...]
    sizes: tuple[int, ...]
    licence: Licence
    corpus: Corpus


KNOWN: Final = (
    KnownModel(
        name="lfm2.5-zimfo",
        repository="sliderforthewin/lfm2.5-8b-a1b-ft-GGUF",
        files=("lfm2.5-8b-a1b-ft.imx.IQ3_XS.gguf", "lfm2.5-8b-a1b-ft.Q3_K_M.gguf"),
        sizes=(3_560_000_000, 4_110_000_000),
        licence=Licence(
            name="LFM Open License v1.0",
            url="https://www.liquid.ai/lfm-open-license-v1.0",
            gist="free of charge; commercial use only below a yearly revenue of 10 million US dollars",
        ),
        corpus=Corpus("jasontitus/mcpzim", "main", "tools/fine-tune/train_v2.jsonl"),
    ),
)


def known_by_name(name: str) -> KnownModel | None:
    """Return the known model of a name, in any case."""
    return next((model for model in KNOWN if model.name == name.lower()), None)


def known_by_file(repository: str, file: str) -> KnownModel | None:
    """Return the known model that a file of a repository belongs to."""
    return next((model for model in KNOWN if model.repository == repository and file in model.files), None)
