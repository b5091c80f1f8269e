"""Loading a model with llama.cpp: weights, context, and what llama.cpp says when it refuses."""

import ctypes
import logging
import os
from collections import deque
from pathlib import Path
from typing import Any, Final

from zimfo_client.engine.base import EngineSettings, OnProgress
from zimfo_client.errors import EngineError

MANY_CPUS = 4  # beyond this many logical processors half of them are assumed to be second threads of a core
KEPT_LOG_LINES = 5  # of llama.cpp's last errors, for messages

# ggml's numbers for the types that a KV cache may have; `llama_cpp` does not name all of them.
KV_TYPES: Final = {"f32": 0, "f16": 1, "bf16": 30, "q8_0": 8, "q5_1": 7, "q5_0": 6, "q4_1": 3, "q4_0": 2}
_UNQUANTISED: Final = ("f32", "f16", "bf16")
_LOG_ERROR: Final = 4  # ggml's level for errors

_log = logging.getLogger(__name__)
_last_errors: deque[str] = deque(maxlen=KEPT_LOG_LINES)
_callbacks: list[Any] = []  # what llama.cpp calls must live as long as the process


def begin(lib: Any) -> None:
    """Start llama.cpp so that nothing of it ever reaches the terminal; comes before every other call."""

    def on_log(level: int, text: bytes, _user: ctypes.c_void_p) -> None:
        line = text.decode("utf-8", "replace").rstrip()
        if line.strip("."):  # progress dots are reported otherwise
            _log.debug("%s", line)
            if level == _LOG_ERROR:
                _last_errors.append(line)

    _callbacks.append(lib.llama_log_callback(on_log))
    lib.llama_log_set(_callbacks[-1], ctypes.c_void_p(0))
    lib.llama_backend_init()


def reason() -> str:
    """Return llama.cpp's last error as a sentence."""
    return f"It says: {_last_errors[-1]}." if _last_errors else "It gives no reason."


def default_threads() -> int:
    """Return how many threads serve decoding best: the processors we may use, less second threads of cores."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return usable // 2 if usable > MANY_CPUS else usable


def load_model(lib: Any, path: Path, settings: EngineSettings, on_progress: OnProgress | None) -> Any:
    """Return a `llama_model`. Raises `EngineError`, and whatever `on_progress` raises."""
    params = lib.llama_model_default_params()
    params.n_gpu_layers = settings.n_gpu_layers
    params.load_mode = lib.LLAMA_LOAD_MODE_MMAP if settings.use_mmap else lib.LLAMA_LOAD_MODE_NONE
    raised: list[BaseException] = []

    def progress(fraction: float, _user: ctypes.c_void_p) -> bool:
        if on_progress is not None:
            try:
                on_progress(fraction)
            except BaseException as error:  # carried over the C frames and raised below
                raised.append(error)
                return False
        return True

    params.progress_callback = lib.llama_progress_callback(progress)  # referenced by `params` until it is loaded
    _last_errors.clear()
    model = lib.llama_model_load_from_file(os.fsencode(path), params)
    if raised:
        if model is not None:
            lib.llama_model_free(model)
        raise raised[0]
    if model is None:
        raise EngineError(f"llama.cpp cannot load {path.name}. {reason()}")
    return model


def make_context(lib: Any, model: Any, settings: EngineSettings, n_ctx: int, n_batch: int, n_threads: int) -> Any:
    """Return a `llama_context` of one sequence. Raises `EngineError`."""
    for name in (settings.kv_type_k, settings.kv_type_v):
        if name not in KV_TYPES:
            raise EngineError(f"'{name}' is no KV cache type. Choose one of: {', '.join(KV_TYPES)}.")
    if settings.flash_attention is False and settings.kv_type_v not in _UNQUANTISED:
        raise EngineError(f"A KV cache of type {settings.kv_type_v} needs flash attention. Turn it on or choose f16.")
    params = lib.llama_context_default_params()
    params.n_ctx = n_ctx
    params.n_batch = params.n_ubatch = n_batch
    params.n_threads = params.n_threads_batch = n_threads
    params.type_k = KV_TYPES[settings.kv_type_k]
    params.type_v = KV_TYPES[settings.kv_type_v]
    params.flash_attn_type = {
        None: lib.LLAMA_FLASH_ATTN_TYPE_AUTO,
        True: lib.LLAMA_FLASH_ATTN_TYPE_ENABLED,
        False: lib.LLAMA_FLASH_ATTN_TYPE_DISABLED,
    }[settings.flash_attention]
    _last_errors.clear()
    context = lib.llama_init_from_model(model, params)
    if context is None:
        raise EngineError(f"llama.cpp cannot make a context of {n_ctx} tokens. {reason()} Try a smaller context.")
    return context


def attach_adapter(lib: Any, model: Any, context: Any, path: Path) -> None:
    """Load a LoRA adapter and use it in a context; it is freed with the model. Raises `EngineError`."""
    _last_errors.clear()
    adapter = lib.llama_adapter_lora_init(model, os.fsencode(path))
    if not adapter:  # a null pointer
        raise EngineError(f"llama.cpp cannot load the adapter {path.name} for this model. {reason()}")
    adapters = (lib.llama_adapter_lora_p_ctypes * 1)(adapter)
    if lib.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(1.0)) != 0:
        raise EngineError(f"llama.cpp cannot use the adapter {path.name}. {reason()}")


def description(lib: Any, model: Any) -> str:
    """Return llama.cpp's own words for a model: architecture, size, quantisation."""
    buffer = ctypes.create_string_buffer(256)
    lib.llama_model_desc(model, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace")
