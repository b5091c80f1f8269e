"""The tools that a block of a corpus shows: signature lines, or JSON objects one behind the other."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from zimfo_client.calls.decode import strict_at
from zimfo_client.fold import schema_arguments
from zimfo_client.profiles.notation import FoldFormat, SurfaceTool

MAX_TOOLS: Final = 500  # of a block; hosts of today show models at most a few hundred
MAX_FAILURES: Final = 100  # objects in a block that are no tools: bounds the time on noise

_OBJECT: Final = re.compile(r'\{\s*"\w+"\s*:')
_SIGNATURE: Final = re.compile(
    r"^(?P<lead>[^\w\n(]{0,16})(?P<name>[\w./-]{1,128})\((?P<arguments>[^()\n]*)\)(?P<dash>\s*(?:—|–|--?|:)?\s*)(?P<text>[^\n]*)$",
    re.MULTILINE,
)
_ARGUMENT: Final = re.compile(r"(?P<name>[\w.-]+)(?P<mark>[*?]?)\s*(?::\s*(?P<type>[^,()\n=*]+))?.*")


@dataclass(frozen=True)
class TrainedTools:
    """The tools of a block in order, and the format around them."""

    surface: tuple[SurfaceTool, ...]
    fold: FoldFormat


def tools_in(block: str) -> TrainedTools | None:
    """Return the tools of a block; `fold` and the tools' lines together are the block. None when none are seen."""
    return _signatures(block) or _schemas(block)


def _signatures(block: str) -> TrainedTools | None:
    found = list(_SIGNATURE.finditer(block))
    if not found:
        return None
    lead, times = Counter(line["lead"] for line in found).most_common(1)[0]
    if not lead.strip() and times < 2:
        return None  # one call in prose, on a line of its own
    lines = [line for line in found if line["lead"] == lead][:MAX_TOOLS]
    # A description may go on over several lines: a tool's text ends where the next tool begins.
    ends = [following.start() - 1 for following in lines[1:]] + [lines[-1].end()]
    marks = {argument[-1:] for line in lines for argument in re.findall(r"[\w.-]+[*?]", line["arguments"])}
    surface = tuple(
        SurfaceTool(name=line["name"], arguments=_arguments(line["arguments"], marks), line=block[line.start() : end])
        for line, end in zip(lines, ends, strict=True)
    )
    dash = Counter(line["dash"] for line in lines).most_common(1)[0][0]
    template = f"{lead}{{name}}({{arguments}}){dash}{{description}}"
    form = FoldFormat(intro=block[: lines[0].start()], tool_line=template, outro=block[ends[-1] :])
    return TrainedTools(surface, form)


def _arguments(text: str, marks: set[str]) -> tuple[str, ...]:
    """Return arguments as `name*:type`; where only `?` is used, it marks those that may be left out."""
    shown = []
    for part in filter(None, map(str.strip, text.split(","))):
        found = _ARGUMENT.fullmatch(part)
        if found:
            required = found["mark"] == "*" or (marks == {"?"} and not found["mark"])
            shown.append(f"{found['name']}{'*' if required else ''}:{(found['type'] or 'any').strip()}")
    return tuple(shown)


def _schemas(block: str) -> TrainedTools | None:
    spans: list[tuple[int, int, Mapping[str, Any]]] = []
    place = failures = 0
    while len(spans) < MAX_TOOLS and failures < MAX_FAILURES and (start := _OBJECT.search(block, place)):
        found = strict_at(block, start.start())
        if found and (tool := _tool(found[0])) is not None:
            spans.append((start.start(), found[1], tool))
            place = found[1]
        elif spans:
            break  # the tools stand together
        else:
            failures += 1
            place = start.end()
    if not spans:
        return None
    betweens = {block[end:start] for (_, end, _), (start, _, _) in pairwise(spans)} or {"\n"}
    if len(betweens) > 1:
        return None
    surface = tuple(
        SurfaceTool(
            name=str(tool["name"]),
            arguments=tuple(schema_arguments(tool.get("parameters") or tool.get("inputSchema"))),
            line=block[start:end],
        )
        for start, end, tool in spans
    )
    intro, outro = block[: spans[0][0]], block[spans[-1][1] :]
    form = FoldFormat(intro=intro, tool_line="{tool}", outro=outro, between=betweens.pop(), tools="schemas")
    return TrainedTools(surface, form)


def _tool(value: object) -> Mapping[str, Any] | None:
    """Return the object with a tool's name and description in a decoded value; None when it is something else."""
    if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        value = value["function"]
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        return value if value.keys() & {"description", "parameters", "inputSchema"} else None
    return None
