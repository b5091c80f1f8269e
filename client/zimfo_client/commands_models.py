"""The commands `zimfo models …`: what is on this machine, and what more can come here."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zimfo_client.guard import guarded

if TYPE_CHECKING:
    from zimfo_client.models.known import Licence

_MAX_CONTEXT = 1 << 24  # tokens; no model comes near it


@click.group()
def models() -> None:
    """Models on this machine."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array instead of text.")
def list_models(*, as_json: bool) -> None:
    """List the models that --model takes by name, and say where a GGUF file goes."""
    from dataclasses import asdict

    from zimfo_client.models import models_folder
    from zimfo_client.models.info import hints, listed_models

    found = listed_models()
    if as_json:
        click.echo(json.dumps([asdict(model) for model in found], ensure_ascii=False))
        return
    for model in found:
        click.echo(model.line())
    for hint in hints():
        click.echo(hint, err=True)
    click.echo(f"Put GGUF files into {models_folder()}", err=True)


@models.command()
@click.argument("path", type=click.Path(path_type=Path))
def add(path: Path) -> None:
    """Let --model take the GGUF file PATH by name, without copying it; of a split model, name the first part."""

    def work() -> None:
        from zimfo_client.models.folder import add_model

        model = add_model(path)
        click.echo(f"{model.name}: {model.path}")

    guarded(work)


@models.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask, even at a terminal.")
def remove(name: str, *, yes: bool) -> None:
    """Remove the model NAME from the models folder; of one that was added, the link and not the file."""

    def work() -> None:
        from zimfo_client.models.folder import remove_model, what_goes
        from zimfo_client.models.sizes import size_text

        removal = what_goes(name)
        size = size_text(removal.freed_bytes)
        if removal.freed_bytes and not yes and sys.stdin.isatty():
            click.confirm(f"Delete {removal.name} ({size})?", abort=True, err=True)
        remove_model(removal)
        freed = (
            f"{size} are free again." if removal.freed_bytes else "The file that it was a link to stays where it is."
        )
        click.echo(f"{removal.name} is removed. {freed}", err=True)

    guarded(work)


@models.command()
@click.argument("model", required=False, metavar="[NAME|PATH]")
@click.option("--context", type=click.IntRange(1, _MAX_CONTEXT), metavar="TOKENS", help="Else what the profile says.")
@click.option("--kv", "kv_types", metavar="TYPE[/TYPE]", help="Types of keys and values in the cache, such as q8_0.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, sizes in bytes.")
def info(model: str | None, context: int | None, kv_types: str | None, *, as_json: bool) -> None:
    """Say what a model is and about how much memory it takes; without a name, the one that would be used."""

    def work() -> None:
        from zimfo_client.engine import EngineOverrides
        from zimfo_client.models import find_model
        from zimfo_client.models.info import describe

        keys, slash, values = (kv_types or "").partition("/")
        overrides = EngineOverrides(
            n_ctx=context, kv_type_k=keys or None, kv_type_v=(values if slash else keys) or None
        )
        report = describe(find_model(model), overrides)
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False) if as_json else "\n".join(report.lines()))
        if report.warning and not as_json:
            click.echo(report.warning, err=True)

    guarded(work)


@models.command()
@click.argument("model", metavar="NAME|OWNER/REPOSITORY/FILE")
@click.option("--accept-licence", is_flag=True, help="Accept the model's licence without being asked.")
def pull(model: str, *, accept_licence: bool) -> None:
    """Download a model from the Hugging Face Hub; the only command that uses the network.

    A download that was broken off goes on where it stopped. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured. With
    a known name, such as lfm2.5-zimfo, the training corpus comes too, and the model's profile is learned from it.
    """

    def agree(licence: "Licence") -> bool:
        from zimfo_client.errors import PullError

        click.echo(f"This model comes under the {licence.name} ({licence.gist}): {licence.url}", err=True)
        if accept_licence:
            return True
        if not sys.stdin.isatty():
            raise PullError(f"The {licence.name} was not accepted yet. Read it, then add: --accept-licence")
        return click.confirm("Do you accept it?", err=True)

    def work() -> None:
        from zimfo_client.errors import ExtraMissingError

        if find_spec("huggingface_hub") is None:
            raise ExtraMissingError("Downloading models")
        from zimfo_client.models.environment import require_usable

        require_usable()
        from zimfo_client.models.pull import Wanted, pull

        wanted = Wanted.of(model)
        try:
            found = pull(wanted, agree)
            click.echo(f"{found.name}: {found.path}")
            if wanted.known is not None:
                from zimfo_client.models.training import learn_from_training

                click.echo(f"profile {wanted.known.name}: {learn_from_training(wanted.known)}")
        except KeyboardInterrupt:
            click.echo("Interrupted. What has arrived is kept; the same command goes on from there.", err=True)
            raise

    guarded(work)
