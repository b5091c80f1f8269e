"""A folder of Markdown, and archives built from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from libzim.reader import Archive

from zimfo_archives.wiki import Report, WikiOptions, build_wiki

RAYLEIGH = """\
---
title: Rayleigh scattering
redirects: [Rayleigh law, "AC/DC effect"]
tags: [physics, optics]
coordinates: [37.44, -122.14]
language: en-GB
---
# Rayleigh scattering

Why the firmament is [blue](hues/blue.md#the-colour), see [below](#how-much).

## How much?

| Hue | Share |
|-----|------:|
| [Blue](hues/blue.md) | 16 |
"""
BLUE = """\
---
title: Blue
redirects:
  - Azure
---
A hue. It is due to [scattering](../rayleigh.md).

## The colour

Cerulean.
"""

Write = Callable[[str, str], Path]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """An empty folder for Markdown files."""
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def write(sources: Path) -> Write:
    """Write a file of the folder; returns its path."""

    def write(name: str, text: str) -> Path:
        file = sources / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def article(write: Write) -> Callable[..., Path]:
    """Write an article whose body begins on line 4."""

    def article(name: str, body: str, title: str | None = None) -> Path:
        return write(name, f"---\ntitle: {title or Path(name).stem}\n---\n{body}")

    return article


@pytest.fixture
def wiki(write: Write, sources: Path) -> Path:
    """A folder of two articles that link to each other."""
    write("rayleigh.md", RAYLEIGH)
    write("hues/blue.md", BLUE)
    return sources


@pytest.fixture
def build(sources: Path, tmp_path: Path) -> Callable[..., Archive]:
    """Build the folder into an archive and open it."""

    def build(**options: Any) -> Archive:
        report: Report = build_wiki([sources], tmp_path / "out.zim", WikiOptions(**options))
        return Archive(report.path)

    return build
