"""`make bench`: our server and a rival over stdio, side by side in one run, then maps and the embedded model.

Medians and ratios on whatever machine this is; run it on an idle one. The rival (zimi-mcp) needs another major version
of the `mcp` package, so it lives in an environment of its own and is left out where that cannot be made.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters, stdio_client

from tests.bench import builder, constrained, engine

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("ZIMFO_SHARED", ROOT.parent / "shared")) / "data"
ARCHIVE = SHARED / "zim" / "wikipedia_en_ray_charles_maxi_2019-08.zim"
MAP = SHARED / "streetzim" / "milan-v4-head.zim"
RIVAL = "zimi-mcp==1.14.0"
RIVAL_HOME = ROOT / ".venv" / "rival"
QUERIES = (
    "Ray Charles", "soul music", "piano", "Atlantic Records", "Georgia on My Mind", "Grammy Award", "blind musician",
    "rhythm and blues", "jazz album 1961", "Quincy Jones", "country music", "Florida school", "What'd I Say", "heroin",
    "Aretha Franklin", "Hit the Road Jack", "saxophone", "gospel", "Nat King Cole", "The Blues Brothers",
)  # fmt: skip

SPOTS = ((45.4642, 9.1900), (45.4849, 9.2037), (45.4521, 9.1763), (45.4781, 9.1552), (45.5106, 9.1900))
PLACES = ("Milano", "Sesto San Giovanni", "Duomo", "Loreto", "Via Torino", "Bocconi", "Lambrate", "Rho Fiera")
ROUTES = (
    ("Assago", "Sesto San Giovanni"), ("Corsico", "Segrate"), ("45.4642,9.19", "Bresso"), ("Buccinasco", "Lambrate"),
    ("Novate Milanese", "San Donato Milanese"), ("45.4521,9.1763", "45.4849,9.2037"), ("Cormano", "Vimodrone"),
)  # fmt: skip
MAP_CALLS: dict[str, list[tuple[str, dict[str, object]]]] = {
    "near_places": [
        ("near_places", {"lat": lat, "lon": lon, "radius_km": 1, **kinds})
        for lat, lon in SPOTS
        for kinds in ({}, {"kinds": ["cafe"]}, {"kinds": ["library", "park"]})
    ],
    # The smallest search around a name is its geocoding and little else.
    "geocode": [("near_named_place", {"place": place, "radius_km": 0.05}) for place in PLACES],
    "what_is_here": [("what_is_here", {"lat": lat, "lon": lon}) for lat, lon in SPOTS],
    "city route, drive": [("route_from_places", {"origin": a, "destination": b}) for a, b in ROUTES],
    "city route, walk": [("route_from_places", {"origin": a, "destination": b, "mode": "walk"}) for a, b in ROUTES],
}
ROUNDS = 3  # over all map calls; the first round is cold and is reported by itself


async def main() -> None:
    """Measure and print."""
    if not ARCHIVE.exists():
        sys.stdout.write(f"no {ARCHIVE}; set ZIMFO_SHARED\n")
        return
    ours = await _server([sys.executable, "-m", "zimfo_server", str(ARCHIVE)], "search", "query")
    rival = await _rival()
    _table(ours, rival)
    await _maps()
    _model()


def alone() -> None:
    """Measure what needs no server, each in the process that it has left clean."""
    builder.main(SHARED)
    constrained.main()
    engine.main()


async def _server(command: list[str], tool: str, argument: str, env: dict[str, str] | None = None) -> dict[str, float]:
    started = time.perf_counter()
    parameters = StdioServerParameters(command=command[0], args=command[1:], env={**os.environ, **(env or {})})
    with open(os.devnull, "w", encoding="utf-8") as log:
        async with Client(stdio_client(parameters, errlog=log), mode="legacy", read_timeout_seconds=60) as client:
            tools = (await client.list_tools()).tools
            found = {"ready ms": 1000 * (time.perf_counter() - started)}
            found["listing bytes"] = sum(
                len(
                    tool.model_dump_json(
                        by_alias=True, exclude_none=True, include={"name", "description", "input_schema"}
                    )
                )
                for tool in tools
            )
            times, sizes = [], []
            for query in QUERIES:
                begun = time.perf_counter()
                result = await client.call_tool(tool, {argument: query})
                times.append(1000 * (time.perf_counter() - begun))
                sizes.append(sum(len(block.text) for block in result.content))
            found["first search ms"] = times[0]
            found["search median ms"] = statistics.median(times[1:])
            found["search max ms"] = max(times[1:])
            found["text per search chars"] = statistics.median(sizes)
    return found


async def _rival() -> dict[str, float]:
    program = RIVAL_HOME / "bin" / "zimi-mcp"
    if not program.exists():
        venv.create(RIVAL_HOME, with_pip=True)
        done = subprocess.run(
            [RIVAL_HOME / "bin" / "python", "-m", "pip", "install", "--quiet", RIVAL], capture_output=True, text=True
        )
        if done.returncode:
            sys.stdout.write(f"rival left out: {done.stderr.strip().splitlines()[-1]}\n")
            return {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ARCHIVE.name).symlink_to(ARCHIVE)
        try:
            return await _server([str(program)], "search", "query", {"ZIM_DIR": folder, "ZIMI_DATA_DIR": folder})
        except Exception as error:  # the rival's troubles are not ours
            sys.stdout.write(f"rival left out: {type(error).__name__}: {error}\n")
            return {}


async def _maps() -> None:
    """Measure the map tools. There is no rival: no other MCP server answers them without a network."""
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "zimfo_server", str(MAP)], env={**os.environ, "ZIMFO_VERIFY_MB": "0"}
    )
    sys.stdout.write(f"\n{f'{MAP.stem} over stdio':24}{'first ms':>10}{'median ms':>10}{'max ms':>8}\n")
    with open(os.devnull, "w", encoding="utf-8") as log:
        async with Client(stdio_client(parameters, errlog=log), mode="legacy", read_timeout_seconds=60) as client:
            for name, calls in MAP_CALLS.items():
                times = []
                for _ in range(ROUNDS):
                    for tool, arguments in calls:
                        begun = time.perf_counter()
                        result = await client.call_tool(tool, arguments)
                        times.append(1000 * (time.perf_counter() - begun))
                        if result.is_error:
                            sys.stdout.write(f"{name}: {arguments}: {result.content[0].text[:100]}\n")
                warm = times[len(calls) :]
                sys.stdout.write(f"{name:24}{times[0]:10.1f}{statistics.median(warm):10.1f}{max(warm):8.1f}\n")


def _table(ours: dict[str, float], rival: dict[str, float]) -> None:
    sys.stdout.write(f"{'over stdio':24}{'zimfo':>10}{'zimi-mcp':>10}{'ratio':>8}\n")
    for name, value in ours.items():
        other = rival.get(name)
        theirs = f"{other:10.1f}{other / value:8.1f}" if other is not None else f"{'-':>10}"
        sys.stdout.write(f"{name:24}{value:10.1f}{theirs}\n")


def _model() -> None:
    from zimfo_client.engine import SamplingSettings, load_engine
    from zimfo_client.models import embedded_model
    from zimfo_client.profile import get_profile
    from zimfo_client.transcript import Transcript

    model = embedded_model()
    if model is None:
        return
    profile = get_profile("chatml")
    started = time.perf_counter()
    engine = load_engine(model.path, profile)
    loaded = time.perf_counter() - started
    transcript = Transcript(engine)
    transcript.append(profile.opening("", "Tell a long story of a ship that crosses the sea. " * 50))
    transcript.append(profile.answer_open())
    reply = engine.generate(transcript, SamplingSettings(temperature=0, max_tokens=128))
    engine.close()
    prefill = 1000 * reply.evaluated_tokens / reply.prefill_ms
    decode = 1000 * reply.completion_tokens / reply.decode_ms
    sys.stdout.write(
        f"\nembedded model: load {loaded:.2f} s, prefill {prefill:.0f} tokens/s, decode {decode:.0f} tokens/s\n"
    )


if __name__ == "__main__":
    anyio.run(main)
    alone()
