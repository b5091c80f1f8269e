"""What a model's vocabulary says, without loading the model's weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zimfo_client.engine.gguf_file import read_gguf
from zimfo_client.engine.vocab import Vocab
from zimfo_client.errors import EngineError


def count_tokens(path: Path, text: str) -> int:
    """Return the tokens of data in a model's vocabulary. Raises `ModelInvalidError` and `EngineError`."""
    with vocabulary(path) as vocab:
        return len(vocab.tokenize(text, trusted=False))


def end_of_text(path: Path) -> str:
    """Return the text of the token that ends a sequence, "" where there is none.

    Raises `ModelInvalidError` and `EngineError`.
    """
    import llama_cpp.llama_cpp as lib

    with vocabulary(path) as vocab:
        token: int = lib.llama_vocab_eos(vocab.handle)
        return "" if token < 0 else vocab.piece(token).decode("utf-8", "replace")


@contextmanager
def vocabulary(path: Path) -> Iterator[Vocab]:
    """Give a model's vocabulary. Raises `ModelInvalidError` and `EngineError`."""
    read_gguf(path)
    import llama_cpp.llama_cpp as lib

    import zimfo_client.engine.llama  # noqa: F401 - keeps what llama.cpp has to say off the terminal

    params = lib.llama_model_default_params()
    params.vocab_only = True
    model = lib.llama_model_load_from_file(str(path).encode(), params)
    if model is None:
        raise EngineError(f"llama.cpp cannot read the vocabulary of {path.name}.")
    try:
        yield Vocab(lib, model)
    finally:
        lib.llama_model_free(model)
