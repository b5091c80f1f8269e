"""`zimfo doctor`: what there is on this machine to answer with, what is missing, and what to do about it.

Looks at files and starts the tool server once. It loads no model, and asks no other program than an inference server
whose address was given for a model.
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

from zimfo_client.engine import read_gguf, settings_for
from zimfo_client.errors import ClientError
from zimfo_client.fitting import free_memory, overrides_here
from zimfo_client.models import FoundModel, estimate_memory, find_model
from zimfo_client.models.store import asked_address
from zimfo_client.profiles.choice import choose_profile, choose_remote_profile

LIST_DEADLINE_S: Final = 60  # a folder of hundreds of archives on a slow disk; a usual one takes 1 s
_PACKAGES: Final = ("zimfo", "llama-cpp-python", "libzim", "mcp", "numpy")
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
_MB: Final = 1_000_000


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
    address = asked_address(model, os.environ)
    if address is None and find_spec("llama_cpp") is None:
        report.problems.append("llama.cpp is not installed.")
        report.hints.append("Type: pip install 'zimfo[agent]' (or ask with --direct, which needs no model).")
    try:
        if address is None:
            _examine_model(report, find_model(model), free)
        else:
            _examine_server(report, address)
    except ClientError as error:
        report.problems.append(str(error))
    _examine_archives(report, archives)
    if not report.problems:
        report.hints.append('Everything that is needed is there. Ask: zimfo "What causes malaria?"')
    return report


def _examine_model(report: Report, found: FoundModel, free: int | None) -> None:
    info = read_gguf(found.path)
    choice = choose_profile(info, found.profile)
    settings = settings_for(choice.profile, overrides_here(info, choice.profile, free))
    memory = estimate_memory(info, settings)
    needed = memory.total
    flash = {None: "chosen by llama.cpp", True: "on", False: "off"}[settings.flash_attention]
    report.model = {
        "model": found.name,
        "path": str(found.path),
        "architecture": info.architecture,
        "quantisation": info.quantisation,
        "trained context": info.context_length,
        "profile": choice.profile.name,
        "context": memory.n_ctx,
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


def _examine_server(report: Report, address: str) -> None:
    from zimfo_client.engine.remote import connect  # brings an HTTP client along

    remote = connect(address)
    report.model = {
        "model": remote.name,
        "server": remote.endpoint.root,
        "prompts": "token ids (llama-server)" if remote.takes_tokens else "messages (/v1/chat/completions)",
        "profile": choose_remote_profile(remote).profile.name,
        "context": remote.n_ctx,
    }
    remote.endpoint.close()


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
