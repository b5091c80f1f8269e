"""The demo archives that come with zimfo: an encyclopedia and a map."""

from importlib import resources
from pathlib import Path


def demo_archives() -> list[Path]:
    """Return the demo archives that are installed with zimfo."""
    try:
        folder = resources.files("zimfo_archives.demo")
    except ModuleNotFoundError:
        return []
    return sorted(Path(str(item)) for item in folder.iterdir() if item.name.endswith(".zim"))
