"""Profiles as files: a profile as TOML that reads back as the same profile, and where a person's own are kept."""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from zimfo_client.errors import ProfileError
from zimfo_client.profile import Profile, parse_profile, profiles_folder

NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")  # what every file system takes


def profile_toml(profile: Profile, remark: str = "") -> str:
    """Return a profile as TOML, `remark` as a comment before it. Raises `ProfileError` for text that is no Unicode."""
    data = profile.model_dump(mode="json", exclude_none=True)
    head = "".join(f"# {line}\n" for line in remark.splitlines())
    text = head + "\n" + _table(data, ()) if head else _table(data, ())
    if parse_profile(text, profile.name) != profile:
        raise ProfileError(f"The profile {profile.name} cannot be written as TOML.")
    return text


def save_profile(text: str, path: Path) -> None:
    """Write a profile's text to a file, whole or not at all. Raises `ProfileError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ProfileError(f"The profile cannot be written to {path}: {error.strerror}.") from None


def own_path(name: str) -> Path:
    """Return where a person's own profile of that name is kept. Raises `ProfileError` for a name that is no file's."""
    if not NAME.fullmatch(name):
        raise ProfileError(f"'{name[:60]}' is no name for a profile. Take letters, digits, '.', '-' and '_'.")
    return profiles_folder() / f"{name}.toml"


def _table(members: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """Return a table and the tables in it; plain values come first, as TOML asks."""
    nested = {key: value for key, value in members.items() if _is_nested(value)}
    lines = [f"{key} = {_value(value)}\n" for key, value in members.items() if key not in nested]
    for key, value in nested.items():
        place = (*path, key)
        if isinstance(value, Mapping):
            lines.append(f"\n[{'.'.join(place)}]\n{_table(value, place)}")
        else:
            lines += [f"\n[[{'.'.join(place)}]]\n{_table(member, place)}" for member in value]
    return "".join(lines)


def _is_nested(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON's texts, numbers and booleans are TOML's, but for a character that TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
