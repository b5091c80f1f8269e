"""Errors of the client. All are read by the person at the terminal; every message says what to try next.

ClientError
├── ExtraMissingError           an optional package is needed for this command
├── ConfigError                 a configuration file that cannot be used
├── ModelNotFoundError          no model of that name or at that path
├── ModelInvalidError           a file that is no usable GGUF
├── ModelStoreError             the models folder could not be changed as asked
├── PullError                   a model or what belongs to it could not be downloaded
├── ProfileError                an unknown, unreadable or contradictory profile
├── CorpusError                 a training corpus that no profile can be learned from
├── ContextFullError            the conversation does not fit the model's context
├── EngineError                 llama.cpp could not load or run the model
├── EndpointError               an inference server that cannot be reached or used
├── SuiteError                  a suite of evaluation questions that cannot be used
├── ServerUnavailableError      the MCP server could not be started or reached
├── ServerLostError             the MCP server went away in the middle of a conversation
└── ToolCallError               a tool call failed on the way, not in the tool
"""


class ClientError(Exception):
    """Base of everything this package raises on purpose."""


class ExtraMissingError(ClientError):
    """A command needs packages of an extra that is not installed."""

    def __init__(self, purpose: str, extra: str = "agent") -> None:
        super().__init__(f"{purpose} needs packages that are not installed. Type: pip install 'zimfo[{extra}]'")
        self.extra = extra


class ConfigError(ClientError):
    """The person's configuration file is unreadable or wrong; the message says where and how to mend it."""


class ModelNotFoundError(ClientError):
    """No model matches what was asked for; the message lists those that exist."""


class ModelInvalidError(ClientError):
    """A model file that cannot be used; the message says what is wrong with it."""


class ModelStoreError(ClientError):
    """A model could not be added to the models folder or removed from it."""


class PullError(ClientError):
    """A download that failed or may not begin; what had arrived is kept, and the message says how to go on."""


class ProfileError(ClientError):
    """A profile that does not exist or does not make sense."""


class CorpusError(ClientError):
    """A training corpus is unreadable, or too little of it follows one format."""


class ContextFullError(ClientError):
    """A prompt and the room for its reply are larger than the context; both counts are tokens."""

    def __init__(self, needed: int, available: int) -> None:
        super().__init__(
            f"The conversation needs {needed} tokens (reply included) and the context holds {available}. "
            "Take back a question, start a new conversation, or choose a larger context."
        )
        self.needed = needed
        self.available = available


class EngineError(ClientError):
    """The inference engine failed; the message quotes its reason."""


class EndpointError(ClientError):
    """An inference server cannot be reached, refuses, or does not answer like one; the message names it."""


class SuiteError(ClientError):
    """A suite of evaluation questions, or a report of one, that cannot be used."""


class ServerUnavailableError(ClientError):
    """The MCP server could not be started or reached."""


class ServerLostError(ClientError):
    """The MCP server went away during a call."""


class ToolCallError(ClientError):
    """A tool call failed outside of the tool: protocol, deadline or transport."""
