"""From the options of a command to a conversation with a model on this machine."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec

import click
from anyio import from_thread, to_thread

from zimfo_client.agent.loop import Intents, ModelConversation, Watcher
from zimfo_client.engine import Engine, GgufInfo, load_engine, read_gguf
from zimfo_client.errors import ExtraMissingError
from zimfo_client.fitting import free_memory, overrides_here
from zimfo_client.host import ToolHost
from zimfo_client.models import FoundModel, find_model
from zimfo_client.options import AskOptions
from zimfo_client.profile import Profile, choose_profile
from zimfo_client.progress import Progress
from zimfo_client.show import call_line


@dataclass(frozen=True)
class LocalModel:
    """A model file that was found and checked, with the profile chosen for it."""

    found: FoundModel
    info: GgufInfo
    profile: Profile
    options: AskOptions

    @classmethod
    def find(cls, options: AskOptions) -> "LocalModel":
        """Return the model that the options ask for, else the best there is.

        Raises `ExtraMissingError` without llama.cpp, `ModelNotFoundError`, `ModelInvalidError`,
        `ProfileError`.
        """
        if find_spec("llama_cpp") is None:
            raise ExtraMissingError("Answering with a model (without one: --direct)")
        found = find_model(options.model)
        info = read_gguf(found.path)
        choice = choose_profile(info, options.profile)
        if choice.warning:
            click.echo(choice.warning, err=True)
        return cls(found, info, choice.profile, options)

    async def converse(self, host: ToolHost, *, quiet: bool) -> ModelConversation:
        """Load the model and return a conversation; with `quiet`, text is not shown while it is decoded."""
        progress = Progress()
        engine = await self._loaded(progress.loading(self.found.name))
        progress.done()
        return ModelConversation(
            host,
            engine,
            self.profile,
            model=self.found.name,
            intents=self._intents(),
            location=self.options.location,
            seed=self.options.seed,
            grammar=self.options.grammar,
            watcher=Watcher(
                on_text=None if quiet else progress.text,
                on_call=None if quiet else lambda call: progress.line(call_line(call)),
                on_prefill=progress.prefill,
                on_notice=progress.line,
                on_trace=progress.line if self.options.trace else None,
            ),
        )

    def _intents(self) -> Intents:
        """The embedded model is too small to choose tools; every other one is trusted with all but a few shapes."""
        if not self.options.intents:
            return Intents.NONE
        return Intents.ALL if self.found.origin == "embedded" else Intents.MISTRAINED

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
