"""The commands `zimfo models …`: what is on this machine, and what more can come here."""

import click


@click.group()
def models() -> None:
    """Models on this machine."""


@models.command("list")
def list_models() -> None:
    """List the models that --model takes by name, and say where a GGUF file goes."""
    from zimfo_client.models import list_models, models_folder

    for model in list_models():
        click.echo(f"{model.name}: {model.path} ({model.origin})")
    click.echo(f"Put GGUF files into {models_folder()}", err=True)
