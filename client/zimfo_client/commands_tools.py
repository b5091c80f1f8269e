"""The command `zimfo tools`: the tools that a model would be offered, and the text in which it would see them."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zimfo_client.guard import guarded

if TYPE_CHECKING:
    from zimfo_client.profile import Profile


@click.command()
@click.option("--fold", metavar="PROFILE", help="Print the prompt block of this profile: a name or a TOML file.")
@click.option("--server", metavar="COMMAND", help="Start this MCP server instead of zimfo's own.")
@click.option(
    "--mcp-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Start the servers of this mcpServers file beside zimfo's own.",
)
@click.option("--archives", multiple=True, metavar="PATH", help="Archive or folder of archives; repeatable.")
@click.option("--model", metavar="PATH|NAME", help="Whose tokens are counted.  [default: the model used for asking]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def tools(
    *,
    fold: str | None,
    server: str | None,
    mcp_config: Path | None,
    archives: tuple[str, ...],
    model: str | None,
    as_json: bool,
) -> None:
    """List the tools on offer, or print what a profile makes of them, with the number of tokens."""
    if server is not None and mcp_config is not None:
        raise click.UsageError("--server and --mcp-config exclude each other.")
    if archives and server is not None:
        raise click.UsageError("--archives is for zimfo's own server.")

    def work() -> None:
        import anyio

        from zimfo_client.fold import fold_tools, shown_tools

        profile = _profile(fold, model) if fold else None
        listing = anyio.run(_listing, server, mcp_config, archives)
        if profile is None:
            _print_listing(listing, as_json=as_json)
            return
        block = fold_tools(listing, profile)
        names = [str(tool["name"]) for tool, _ in shown_tools(listing, profile)]
        tokens, counted_by = _tokens(block, model)
        if as_json:
            report = {
                "profile": profile.name,
                "block": block,
                "tools": names,
                "tokens": tokens,
                "tokenizer": counted_by,
            }
            click.echo(json.dumps(report, ensure_ascii=False))
            return
        click.echo(block)
        about = f"{tokens} tokens ({counted_by})" if counted_by else f"about {tokens} tokens (4 characters each)"
        click.echo(f"{len(names)} of {len(listing)} tools, {len(block)} characters, {about}", err=True)

    guarded(work)


def _profile(fold: str, model: str | None) -> "Profile":
    """Return the profile of that name; a model's own chat template is that of the model. Raises `ClientError`."""
    from zimfo_client.engine import read_gguf
    from zimfo_client.models import find_model
    from zimfo_client.profile import TEMPLATE, find_profile
    from zimfo_client.profiles.choice import choose_profile

    return choose_profile(read_gguf(find_model(model).path), fold).profile if fold == TEMPLATE else find_profile(fold)


async def _listing(server: str | None, config: Path | None, archives: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the tools of the servers asked for. Raises `ConfigError`, `ServerUnavailableError`."""
    from zimfo_client.approval import approval
    from zimfo_client.host import open_host
    from zimfo_client.servers import open_hosts, read_servers

    if config is None:
        async with open_host(server, archives) as host:
            return host.tools
    async with open_hosts(read_servers(config), approval(()), archives) as hosts:
        return hosts.tools


def _print_listing(listing: list[dict[str, Any]], *, as_json: bool) -> None:
    from zimfo_client.fold import MAX_DESCRIPTION, MAX_NAME, neutralise, schema_arguments

    if as_json:
        click.echo(json.dumps({"tools": listing}, ensure_ascii=False))
        return
    for tool in listing:
        arguments = ", ".join(schema_arguments(tool.get("inputSchema")))
        line = f"{tool['name']}({arguments}): {tool.get('description') or ''}"
        click.echo(neutralise(line, (), MAX_NAME + 2 * MAX_DESCRIPTION))


def _tokens(text: str, model: str | None) -> tuple[int, str]:
    """Return the tokens of a text and the model whose they are; a guess and no model where none is at hand.

    Raises `ModelNotFoundError` and `ModelInvalidError` for a model that was asked for, `ExtraMissingError`.
    """
    from zimfo_client.errors import ExtraMissingError, ModelNotFoundError
    from zimfo_client.models import find_model

    if find_spec("llama_cpp") is None:
        if model is not None:
            raise ExtraMissingError("Counting a model's tokens")
        return -(-len(text) // 4), ""
    from zimfo_client.engine.tokens import count_tokens

    try:
        found = find_model(model)
    except ModelNotFoundError:
        if model is not None:
            raise
        return -(-len(text) // 4), ""
    return count_tokens(found.path, text), found.name
