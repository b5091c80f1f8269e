"""Asking the person whether a tool that may change things is to be called."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import click
from anyio import to_thread

ALL: Final = "all"  # approves every tool
MAX_SHOWN: Final = 2_000  # characters of the arguments that are shown before a person decides

Approve = Callable[[str, Mapping[str, Any]], Awaitable[bool]]


def approval(allowed: tuple[str, ...]) -> Approve:
    """Return who approves calls: the names in `allowed` (`all` for every tool), else the person at the terminal."""

    async def approve(name: str, arguments: Mapping[str, Any]) -> bool:
        if ALL in allowed or name in allowed:
            return True
        if not sys.stdin.isatty():
            click.echo(f"{name} was not called: it may change things. Allow it with --allow {name}", err=True)
            return False
        shown = json.dumps(dict(arguments), ensure_ascii=True)[:MAX_SHOWN]
        return await to_thread.run_sync(lambda: click.confirm(f"Call {name} {shown}?", default=False, err=True))

    return approve
