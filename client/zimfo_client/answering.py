"""From the options of a command to a conversation with a model: a file on this machine, or what a server runs."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import click
from anyio import from_thread, to_thread

from zimfo_client.agent.loop import ModelConversation
from zimfo_client.agent.turn import Grounding, Intents, Watcher
from zimfo_client.config import load_config
from zimfo_client.engine import Engine, GgufInfo, load_engine, read_gguf
from zimfo_client.errors import ExtraMissingError
from zimfo_client.fitting import free_memory, overrides_here
from zimfo_client.host import ToolHost
from zimfo_client.models import FoundModel, find_model
from zimfo_client.models.store import asked_address
from zimfo_client.options import AskOptions
from zimfo_client.profile import EMBEDDED, Profile
from zimfo_client.profiles.choice import ProfileChoice, choose_profile, choose_remote_profile
from zimfo_client.progress import Progress
from zimfo_client.show import call_line

if TYPE_CHECKING:
    from zimfo_client.engine.remote import RemoteModel  # brings an HTTP client along

ELSEWHERE = "Your questions and what the archives say about them go to {host}, which is not this machine."
UNGUARDED = (
    "{root} renders the turns itself: markers in the text of archives are broken up, but what its template makes of "
    "them cannot be checked here."
)


class AnsweringModel(Protocol):
    """A model that was found and checked, and can be talked to."""

    async def converse(self, host: ToolHost, *, quiet: bool) -> ModelConversation:
        """Load the model and return a conversation; with `quiet`, text is not shown while it is decoded."""


def find_answering_model(options: AskOptions) -> AnsweringModel:
    """Return the model that the options or `ZIMFO_MODEL` ask for, else the best there is.

    Raises `ExtraMissingError`, `ModelNotFoundError`, `ModelInvalidError`, `EndpointError`, `ProfileError`.
    """
    address = asked_address(options.model, os.environ)
    return ServedModel.find(address, options) if address else LocalModel.find(options)


@dataclass(frozen=True)
class LocalModel:
    """A model file with the profile chosen for it."""

    found: FoundModel
    info: GgufInfo
    profile: Profile
    options: AskOptions

    @classmethod
    def find(cls, options: AskOptions) -> "LocalModel":
        """Return the file that the options ask for; see `find_answering_model`."""
        if find_spec("llama_cpp") is None:
            raise ExtraMissingError("Answering with a model (without one: --direct)")
        found = find_model(options.model)
        info = read_gguf(found.path)
        return cls(found, info, _announced(choose_profile(info, options.profile or found.profile)), options)

    async def converse(self, host: ToolHost, *, quiet: bool) -> ModelConversation:
        """Load the model and return a conversation."""
        progress = Progress()
        engine = await self._loaded(progress.loading(self.found.name))
        # What rules tell surely, they tell a small model as well; a larger one is trusted with all but a few shapes.
        intents = Intents.ALL if self.found.profile == EMBEDDED else Intents.MISTRAINED
        return _conversation(host, engine, self.profile, self.found.name, intents, self.options, progress, quiet=quiet)

    async def _loaded(self, report: Callable[[float], None]) -> Engine:
        overrides = replace(overrides_here(self.info, self.profile, free_memory()), seed=self.options.seed)
        whole = overrides_here(self.info, self.profile, None).n_ctx
        if overrides.n_ctx != whole:
            click.echo(f"Memory is short: the context has {overrides.n_ctx} tokens instead of {whole}.", err=True)

        def load() -> Engine:
            return load_engine(
                self.found.path, self.profile, overrides, lambda done: from_thread.run_sync(report, done)
            )

        return await to_thread.run_sync(load)


@dataclass(frozen=True)
class ServedModel:
    """A model that a server runs, with the profile chosen for it."""

    remote: "RemoteModel"
    profile: Profile
    options: AskOptions

    @classmethod
    def find(cls, address: str, options: AskOptions) -> "ServedModel":
        """Return what runs at an address; see `find_answering_model`."""
        from zimfo_client.engine.remote import connect  # brings an HTTP client along

        remote = connect(address)
        profile = _announced(choose_remote_profile(remote, options.profile))
        if not remote.endpoint.is_this_machine:
            click.echo(ELSEWHERE.format(host=remote.endpoint.host), err=True)
        if not remote.takes_tokens:
            click.echo(UNGUARDED.format(root=remote.endpoint.root), err=True)
        return cls(remote, profile, options)

    async def converse(self, host: ToolHost, *, quiet: bool) -> ModelConversation:
        """Return a conversation."""
        chosen = load_config().engine.n_ctx
        engine = await to_thread.run_sync(lambda: self.remote.engine(self.profile, chosen))
        name = self.remote.name
        return _conversation(
            host, engine, self.profile, name, Intents.MISTRAINED, self.options, Progress(), quiet=quiet
        )


def _announced(choice: ProfileChoice) -> Profile:
    if choice.warning:
        click.echo(choice.warning, err=True)
    return choice.profile


def _grounding(options: AskOptions) -> Grounding:
    if options.raw or not options.grounding:
        return Grounding.OFF
    return Grounding.MARKED if options.allow_prior else Grounding.STRICT


def _conversation(
    host: ToolHost,
    engine: Engine,
    profile: Profile,
    name: str,
    intents: Intents,
    options: AskOptions,
    progress: Progress,
    *,
    quiet: bool,
) -> ModelConversation:
    progress.done()
    return ModelConversation(
        host,
        engine,
        profile,
        model=name,
        intents=intents if options.intents and not options.raw else Intents.NONE,
        location=options.location,
        seed=options.seed,
        grammar=options.grammar and not options.raw,
        grounding=_grounding(options),
        raw=options.raw,
        watcher=Watcher(
            on_text=None if quiet else progress.text,
            on_call=None if quiet else lambda call: progress.line(call_line(call)),
            on_prefill=progress.prefill,
            on_notice=progress.line,
            on_trace=progress.line if options.trace else None,
        ),
    )
