"""`zimfo doctor`: what there is on this machine to answer with, what is missing, and what to do about it.

Looks at files and starts the tool server once. It loads no model and uses no network.
"""

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Final

from zimfo_client.engine import GgufInfo, read_gguf, settings_for
from zimfo_client.errors import ClientError
from zimfo_client.models import FoundModel, find_model
from zimfo_client.profile import choose_profile

LIST_DEADLINE_S: Final = 60  # a folder of hundreds of archives on a slow disk; a usual one takes 1 s
_PACKAGES: Final = ("zimfo", "llama-cpp-python", "libzim", "mcp", "numpy")
# Bytes of one value in a KV cache, for the types that profiles and people choose.
_KV_BYTES: Final = {"f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q5_1": 24 / 32, "q5_0": 22 / 32,
                    "q4_1": 20 / 32, "q4_0": 18 / 32}  # fmt: skip
# The quantisation that a GGUF's `general.file_type` stands for.
_FILE_TYPES: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 32: "BF16",
}  # fmt: skip
_ARCHIVE_KEYS: Final = (
    "name",
    "file",
    "kind",
    "size",
    "article_count",
    "has_fulltext",
    "has_graph",
    "usable",
    "problem",
)
_MB: Final = 1 << 20


@dataclass
class Report:
    """What was found. `problems` keep zimfo from answering with a model; `hints` say what to do next."""

    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    archives: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def lines(self) -> list[str]:
        """Return the report for a person."""
        shown = ["Versions: " + ", ".join(f"{name} {number}" for name, number in self.versions.items())]
        shown += [f"{key}: {value}" for key, value in {**self.machine, **self.model}.items()]
        shown += [_archive_line(archive) for archive in self.archives]
        shown += [f"PROBLEM: {problem}" for problem in self.problems]
        return shown + [f"Next: {hint}" for hint in self.hints]


def examine(model: str | None = None, archives: tuple[str, ...] = ()) -> Report:
    """Return what there is: the model that `model` asks for, the archives named or found."""
    report = Report(versions={"python": platform.python_version()})
    for package in _PACKAGES:
        try:
            report.versions[package] = version(package)
        except PackageNotFoundError:
            report.versions[package] = "missing"
    free = free_memory()
    report.machine = {"processors": os.cpu_count(), "free memory, MB": None if free is None else free // _MB}
    if find_spec("llama_cpp") is None:
        report.problems.append("llama.cpp is not installed.")
        report.hints.append("Type: pip install 'zimfo[agent]' (or ask with --direct, which needs no model).")
    try:
        _examine_model(report, find_model(model), free)
    except ClientError as error:
        report.problems.append(str(error))
    _examine_archives(report, archives)
    if not report.problems:
        report.hints.append('Everything that is needed is there. Ask: zimfo "What causes malaria?"')
    return report


def free_memory() -> int | None:
    """Return the bytes that a program may still take, None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def kv_bytes(info: GgufInfo, n_ctx: int, type_k: str, type_v: str) -> int:
    """Return what the KV cache of `n_ctx` tokens takes in bytes, as far as the header tells; 0 where it does not."""

    def numbers(key: str) -> list[int]:
        found = info.metadata.get(f"{info.architecture}.{key}", 0)
        return [int(one) for one in found if isinstance(one, int)] if isinstance(found, tuple) else [int(found)]

    layers, heads = numbers("block_count")[0], numbers("attention.head_count")[0]
    per_layer = numbers("attention.head_count_kv")
    width = numbers("embedding_length")[0] // heads if heads else 0
    groups = sum(per_layer) if len(per_layer) > 1 else layers * per_layer[0]
    each = [numbers(f"attention.{key}_length")[0] or width for key in ("key", "value")]
    return int(n_ctx * groups * (each[0] * _KV_BYTES.get(type_k, 2.0) + each[1] * _KV_BYTES.get(type_v, 2.0)))


def _examine_model(report: Report, found: FoundModel, free: int | None) -> None:
    info = read_gguf(found.path)
    choice = choose_profile(info)
    settings = settings_for(choice.profile)
    n_ctx = min(settings.n_ctx or info.context_length, info.context_length or settings.n_ctx)
    needed = info.size_bytes + kv_bytes(info, n_ctx, settings.kv_type_k, settings.kv_type_v)
    flash = {None: "chosen by llama.cpp", True: "on", False: "off"}[settings.flash_attention]
    report.model = {
        "model": found.name,
        "path": str(found.path),
        "architecture": info.architecture,
        "quantisation": _FILE_TYPES.get(info.file_type, f"type {info.file_type}"),
        "trained context": info.context_length,
        "profile": choice.profile.name,
        "context": n_ctx,
        "KV types": f"{settings.kv_type_k}/{settings.kv_type_v}",
        "flash attention": flash,
        "threads": settings.n_threads or "chosen by the number of processors",
        "GPU layers": "all that fit" if settings.n_gpu_layers < 0 else settings.n_gpu_layers,
        "mmap": "on" if settings.use_mmap else "off",
        "memory needed, MB": needed // _MB,
    }
    if choice.warning:
        report.hints.append(choice.warning)
    if free is not None and needed > free:
        report.problems.append(f"The model needs about {needed // _MB} MB and {free // _MB} MB are free.")
        report.hints.append("Choose a smaller model or close other programs.")


def _examine_archives(report: Report, archives: tuple[str, ...]) -> None:
    """Let our own server list the archives: only it may read them."""
    command = [sys.executable, "-m", "zimfo_server", "list", "--json", *archives]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, encoding="utf-8", errors="replace", timeout=LIST_DEADLINE_S
        )
    except subprocess.TimeoutExpired:
        report.problems.append(f"The archives were not listed within {LIST_DEADLINE_S} s.")
        return
    except OSError as error:
        report.problems.append(f"The tool server cannot be started: {error.strerror}.")
        return
    try:
        listed = json.loads(done.stdout)
    except ValueError:
        listed = []
    report.archives = [{key: one[key] for key in _ARCHIVE_KEYS if key in one} for one in listed]
    damaged = [one for one in report.archives if not one.get("usable")]
    if len(damaged) == len(report.archives):
        report.problems.append("No archive can be used.")
        report.hints.append("Name a ZIM file or a folder of them with --archives PATH.")
    elif damaged:
        report.hints.append(f"Leave out or replace what cannot be used: {', '.join(one['name'] for one in damaged)}.")


def _archive_line(archive: dict[str, Any]) -> str:
    if not archive.get("usable"):
        return f"archive: {archive['name']} cannot be used: {archive.get('problem', 'no reason is given')}"
    extra = ", map with roads" if archive.get("has_graph") else ""
    return f"archive: {archive['name']}, {archive['kind']}, {archive['article_count']} pages{extra}"
