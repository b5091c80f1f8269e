"""Models on this machine: where they are, what they take in memory, and how more of them come here."""

from zimfo_client.models.memory import MemoryEstimate, estimate_memory
from zimfo_client.models.store import FoundModel, embedded_model, find_model, list_models, models_folder

__all__ = [
    "FoundModel",
    "MemoryEstimate",
    "embedded_model",
    "estimate_memory",
    "find_model",
    "list_models",
    "models_folder",
]
