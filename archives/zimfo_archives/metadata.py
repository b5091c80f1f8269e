"""What archives of every sort say about themselves, and how far their making has come."""

import re
from collections.abc import Callable, Mapping
from importlib.metadata import version

from zimfo_archives.errors import OptionError

# The ZIM specification's limit: readers show it under the title.
DESCRIPTION_CHARACTERS = 80

SCRAPER = f"zimfo-archives {version('zimfo')}"

# Told what is being done, and how much of how much is done.
Progress = Callable[[str, int, int], None]


def phase(progress: Progress | None, label: str) -> Callable[[int, int], None] | None:
    """Return a progress callback for the one phase with this label."""
    if progress is None:
        return None
    return lambda done, total: progress(label, done, total)


def check_texts(texts: Mapping[str, str | None]) -> None:
    """Check metadata by its name; None stands for a default. Raises OptionError for what an archive cannot carry."""
    language = texts.get("language")
    if language is not None and not re.fullmatch(r"[a-z]{3}", language):
        raise OptionError(f"the language {language!r} must be three letters of ISO 639-3, such as eng")
    description = texts.get("description")
    if description is not None and len(description) > DESCRIPTION_CHARACTERS:
        raise OptionError(f"the description has {len(description)} characters; {DESCRIPTION_CHARACTERS} are allowed")
    for name, value in texts.items():
        if value is not None and (not value.strip() or not value.isprintable()):
            raise OptionError(f"the {name} is empty or has characters that cannot be printed")
