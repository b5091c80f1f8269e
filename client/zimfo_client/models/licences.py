"""Licences that a person has accepted, in a file of the user's data folder, so that each is asked about once."""

import json
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from zimfo_client.errors import PullError
from zimfo_client.models.known import Licence


def licences_path() -> Path:
    """Return where accepted licences are noted, whether or not the file exists."""
    return platformdirs.user_data_path("zimfo") / "accepted-licences.json"


def is_accepted(licence: Licence) -> bool:
    """Tell whether a licence was accepted before. A file that cannot be read accepts nothing."""
    return licence.name in _accepted()


def accept(licence: Licence) -> None:
    """Note that a licence is accepted, and when. Raises `PullError` when that cannot be written."""
    path = licences_path()
    noted = {**_accepted(), licence.name: datetime.now(UTC).date().isoformat()}
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise PullError(f"{path} cannot be written: {error.strerror or error}.") from None


def _accepted() -> dict[str, str]:
    try:
        noted = json.loads(licences_path().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(day) for name, day in noted.items()} if isinstance(noted, dict) else {}
