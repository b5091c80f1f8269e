"""Counting a text's tokens without loading a model's weights."""

from pathlib import Path

from zimfo_client.engine.gguf_file import read_gguf
from zimfo_client.errors import EngineError


def count_tokens(path: Path, text: str) -> int:
    """Return the tokens of data in a model's vocabulary. Raises `ModelInvalidError` and `EngineError`."""
    read_gguf(path)
    import llama_cpp.llama_cpp as lib

    import zimfo_client.engine.llama  # noqa: F401 - keeps what llama.cpp has to say off the terminal
    from zimfo_client.engine.vocab import Vocab

    params = lib.llama_model_default_params()
    params.vocab_only = True
    model = lib.llama_model_load_from_file(str(path).encode(), params)
    if model is None:
        raise EngineError(f"llama.cpp cannot read the vocabulary of {path.name}.")
    try:
        return len(Vocab(lib, model).tokenize(text, trusted=False))
    finally:
        lib.llama_model_free(model)
