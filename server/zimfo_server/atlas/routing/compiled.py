"""The compiled kernels, loaded when the first route is asked: numba and its compiler cost a second and 100 MB."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from platformdirs import user_cache_path

CACHE_VARIABLE = "NUMBA_CACHE_DIR"


@cache
def kernel() -> ModuleType:
    """Return the module `zimfo_server.atlas.routing.kernel`, compiled (seconds, once per machine) or from the cache."""
    if not os.environ.get(CACHE_VARIABLE):
        os.environ[CACHE_VARIABLE] = str(_cache_folder())
    return import_module("zimfo_server.atlas.routing.kernel")


def _cache_folder() -> Path:
    """Return a folder that can be written: the person's own cache, else one that lasts as long as this process.

    The second has a name that nobody can foresee, because numba runs what it finds in its cache.
    """
    folder = user_cache_path("zimfo") / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        own = tempfile.mkdtemp(prefix="zimfo-numba-")
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return Path(own)
