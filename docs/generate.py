"""Writes the generated pages: `tools.md` from the contracts, `commands.md` from the programs' own help.

`python docs/generate.py` writes them; `--check` only compares and fails when a page is out of date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from zimfo_archives.cli import main as archives_command
from zimfo_client.cli import main as client_command
from zimfo_server.cli import main as server_command
from zimfo_shared.catalogue import CATALOGUE, PLACE_TOOLS, ROUTE_TOOLS
from zimfo_shared.contract import Contract

DOCS = Path(__file__).parent
COMMANDS = {"zimfo": client_command, "zimfo-server": server_command, "zimfo-archives": archives_command}
WIDTH = 100


def tools_page() -> str:
    """Return the reference of all tools."""
    parts = ["# Tools\n\nGenerated from `zimfo_shared` by `make docs`. All tools only read, and never use a network.\n"]
    parts += [_tool(contract) for contract in CATALOGUE.values()]
    return "\n".join(parts)


def commands_page() -> str:
    """Return the help of every command."""
    parts = ["# Commands\n\nGenerated from the programs' own help by `make docs`.\n"]
    for name, command in COMMANDS.items():
        parts += [f"## `{path}`\n\n```text\n{text}\n```\n" for path, text in _help(name, command, None)]
    return "\n".join(parts)


def _tool(contract: Contract) -> str:
    schema = contract.input_schema()
    required = schema.get("required", [])
    lines = [f"## {contract.name}\n", f"{contract.description}{_condition(contract)}", ""]
    lines += ["| argument | type | |", "|---|---|---|"]
    for name, value in schema["properties"].items():
        shown = f"`{name}` (required)" if name in required else f"`{name}`"
        lines.append(f"| {shown} | {_type(value)} | {value.get('description', '')} |")
    members = ", ".join(f"`{name}`" for name in contract.output_schema()["properties"])
    return "\n".join([*lines, "", f"Result: {members}.", ""])


def _condition(contract: Contract) -> str:
    if contract in ROUTE_TOOLS:
        return " Listed when a map archive with roads is loaded."
    return " Listed when a map archive is loaded." if contract in PLACE_TOOLS else ""


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " / ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("type", "any"))


def _help(name: str, command: click.Command, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name, parent=parent, max_content_width=WIDTH, terminal_width=WIDTH)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in sorted(command.commands):
            yield from _help(child, command.commands[child], context)


PAGES = {"tools.md": tools_page, "commands.md": commands_page}


def main() -> int:
    """Write or check the pages."""
    stale = []
    for name, page in PAGES.items():
        text = page()
        target = DOCS / name
        if "--check" in sys.argv[1:]:
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            target.write_text(text, encoding="utf-8")
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run make docs\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
