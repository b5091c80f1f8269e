"""What answers at an address: llama.cpp's own server, or another one that speaks `/v1/chat/completions`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Final

from zimfo_client.engine.base import Engine
from zimfo_client.engine.chat_server import ChatNotation, ChatServerEngine
from zimfo_client.engine.endpoint import Endpoint
from zimfo_client.engine.llama_server import LlamaServerEngine, context_of
from zimfo_client.errors import EndpointError

if TYPE_CHECKING:
    from zimfo_client.profile import Profile

ASSUMED_CONTEXT: Final = 8_192  # tokens, of a server that does not tell; the profile's own default
MAX_LISTED: Final = 12  # models in a message
# Where servers put the context in their list of models: vLLM, LM Studio, llama.cpp, OpenRouter.
_CONTEXT_KEYS: Final = ("max_model_len", "max_context_length", "n_ctx", "context_length")


@dataclass(frozen=True)
class RemoteModel:
    """A model that a server runs. `properties` are a llama-server's `/props`, None for every other server."""

    endpoint: Endpoint
    name: str
    n_ctx: int
    properties: Mapping[str, Any] | None

    @property
    def takes_tokens(self) -> bool:
        """Whether prompts go over as token ids, so that data cannot speak as the host."""
        return self.properties is not None

    @property
    def chat_template(self) -> str:
        """The model's chat template, "" where the server does not show it."""
        return str((self.properties or {}).get("chat_template") or "")

    @property
    def end_of_text(self) -> str:
        """The text of the token that ends a sequence, "" where the server does not show it."""
        return str((self.properties or {}).get("eos_token") or "")

    def engine(self, profile: "Profile", n_ctx: int | None = None) -> Engine:
        """Return the engine of this model; `n_ctx` replaces what the server tells of its context, in tokens.

        Raises `EndpointError`.
        """
        if self.properties is not None:
            return LlamaServerEngine(self.endpoint, self.properties, self.name, profile.markers())
        turns = tuple(marker.strip() for marker in profile.turns.model_dump().values() if marker.strip())
        notation = ChatNotation(profile.markers(), turns, profile.response.join, profile.call.open, profile.call.close)
        return ChatServerEngine(self.endpoint, self.name, n_ctx or self.n_ctx, notation)


def connect(address: str) -> RemoteModel:
    """Ask the server at an address what it is and what it runs. Raises `EndpointError`."""
    endpoint = Endpoint(address)
    try:
        return _found(endpoint)
    except BaseException:
        endpoint.close()
        raise


def _found(endpoint: Endpoint) -> RemoteModel:
    properties = endpoint.has("/props")
    listed = endpoint.has("/v1/models")
    models = listed.get("data") if isinstance(listed, Mapping) else None
    models = [one for one in models if isinstance(one, Mapping) and one.get("id")] if isinstance(models, list) else []
    if isinstance(properties, Mapping) and (n_ctx := context_of(properties)):
        path = str(properties.get("model_path") or properties.get("model_alias") or "")
        file = PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name
        return RemoteModel(endpoint, file.removesuffix(".gguf") or _name(models) or "model", n_ctx, properties)
    if listed is None:
        raise EndpointError(f"{endpoint.root} offers no models: it is no inference server, or needs another address.")
    chosen = _chosen(endpoint, models)
    n_ctx = next((chosen[key] for key in _CONTEXT_KEYS if isinstance(chosen.get(key), int)), 0)
    return RemoteModel(endpoint, str(chosen["id"]), n_ctx if n_ctx > 0 else ASSUMED_CONTEXT, None)


def _chosen(endpoint: Endpoint, models: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the model that the address names, or the only one."""
    if endpoint.model:
        # A server may run models that it does not list.
        return next((one for one in models if one["id"] == endpoint.model), {"id": endpoint.model})
    if len(models) == 1:
        return models[0]
    if not models:
        raise EndpointError(f"{endpoint.root} has no model yet. Load one there first.")
    names = ", ".join(str(one["id"]) for one in models[:MAX_LISTED])
    raise EndpointError(f"{endpoint.root} has several models. Add one to the address as {endpoint.root}#NAME: {names}")


def _name(models: list[Mapping[str, Any]]) -> str:
    return str(models[0]["id"]) if models else ""
