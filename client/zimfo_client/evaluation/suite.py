"""Suites of questions: TOML files, the ones that come with zimfo and a person's own (docs/evaluation.md)."""

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from zimfo_client.errors import SuiteError

SUITES: Final = ("grid", "field")

MAX_SUITE_BYTES: Final = 4_000_000  # a thousand conversations; what is larger is some other file
MAX_PROBLEMS: Final = 3  # of a suite that are told at once

_Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_Part):
    """A question, and what its answer is judged by; what is left empty is not judged.

    Words are looked for in the answer without regard to case, as parts of it.
    """

    ask: _Text
    tools: tuple[_Text, ...] = ()  # any of them has to be called, or to be tried
    not_tools: tuple[_Text, ...] = ()  # none of them may be; "*" stands for all
    arguments: dict[str, str] = {}  # argument: pattern that it has to match in one of the calls
    says_any: tuple[_Text, ...] = ()
    says: tuple[tuple[_Text, ...], ...] = ()  # any word of each group
    says_not: tuple[_Text, ...] = ()
    cites: tuple[_Text, ...] = ()  # any of these titles has to be among the sources
    declines: bool = False  # the archives do not hold the answer, and that has to be said

    @model_validator(mode="after")
    def _patterns_are_sound(self) -> Self:
        for name, pattern in self.arguments.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"the pattern of the argument {name} cannot be read: {error}") from error
        return self


class Scenario(_Part):
    """A conversation of one or more turns."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")]
    location: Annotated[str, Field(pattern=r"^-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?$")] | None = None
    turns: Annotated[tuple[Turn, ...], Field(min_length=1, max_length=50)]


class Suite(_Part):
    """Scenarios that are scored together."""

    name: _Text
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=2_000)]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [scenario.id for scenario in self.scenarios]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"several scenarios are called {twice[0]}")
        return self

    def only(self, ids: tuple[str, ...]) -> "Suite":
        """Return the suite with these scenarios alone. Raises `SuiteError` for an unknown one."""
        if not ids:
            return self
        known = {scenario.id for scenario in self.scenarios}
        if unknown := [name for name in ids if name not in known]:
            raise SuiteError(f"{self.name} has no scenario {unknown[0]}. It has: {', '.join(sorted(known))}.")
        return self.model_copy(update={"scenarios": tuple(s for s in self.scenarios if s.id in ids)})


def load_suite(name: str) -> Suite:
    """Return a suite that comes with zimfo, by its name, or the one in a file. Raises `SuiteError`."""
    try:
        if name in SUITES:
            data = resources.files("zimfo_client.evaluation.suites").joinpath(f"{name}.toml").read_bytes()
        else:
            path = Path(name)
            if path.stat().st_size > MAX_SUITE_BYTES:
                raise SuiteError(f"{name} has more than {MAX_SUITE_BYTES / 1e6:g} MB and is no suite of questions.")
            data = path.read_bytes()
        return Suite.model_validate({"name": Path(name).stem, **tomllib.loads(data.decode("utf-8"))})
    except OSError as error:
        known = ", ".join(SUITES)
        raise SuiteError(
            f"There is no suite {name}: {error.strerror}. Name a TOML file, or one of: {known}."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SuiteError(f"{name} cannot be read as TOML: {error}") from error
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'the suite'}: {e['msg']}" for e in error.errors()]
        more = f" (and {len(problems) - MAX_PROBLEMS} more)" if len(problems) > MAX_PROBLEMS else ""
        raise SuiteError(f"{name} is no suite: {'; '.join(problems[:MAX_PROBLEMS])}{more}") from error
