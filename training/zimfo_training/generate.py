"""Makes the data set: `python -m zimfo_training.generate`. The same archives and corpus give the same data set."""

import json
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import anyio
import click

from zimfo_client.host import ToolHost, open_host
from zimfo_shared.demo import demo_archives
from zimfo_shared.wire import Location
from zimfo_training import corpus
from zimfo_training.chains import Chains
from zimfo_training.dialogue import Conversation
from zimfo_training.entities import gather, is_held_out, titles
from zimfo_training.leakage import leaks, normalised, suite_questions
from zimfo_training.questions import Questions, many

SEED: Final = 20261128
SINGLES: Final = 9_000
CHAINS: Final = 1_000
HELD_OUT_SINGLES: Final = 600
HELD_OUT_CHAINS: Final = 80
PUBLIC_ARTICLES: Final = ("wikipedia_en_100_mini_2022-10.zim", "wikipedia_en_ray_charles_maxi_2019-08.zim")
PUBLIC_MAPS: Final = ("monaco-v4-head.zim", "malta-v4-head.zim", "helsinki-v4-head.zim")
# Where the people of the examples stand: a name that a map knows, and its place.
STANDS: Final = tuple(
    (name, Location(lat=lat, lon=lon))
    for name, lat, lon in (
        ("San Mateo", 37.5636, -122.3255), ("Redwood City", 37.4852, -122.2364), ("Mountain View", 37.3894, -122.0819),
        ("Ferry Building", 37.7955, -122.3937), ("Valletta", 35.8989, 14.5146), ("Sliema", 35.9122, 14.5042),
        ("Monte Carlo", 43.7396, 7.4277), ("Kamppi", 60.1688, 24.9316), ("Kallio", 60.1841, 24.9497),
    )
)  # fmt: skip
# Of what kinds places are looked for around them.
KINDS: Final = ("city", "suburb", "restaurant", "station", "park", "museum", "hotel", "school", "shop", "street")
# How often each kind of conversation is tried.
MIX: Final = {"article": 40, "misspelt": 6, "missing": 6, "search": 5, "compare": 9, "places": 22, "here": 7, "talk": 7}


CARD: Final = """# Data card of the embedded model

Made by `make training-data`; {learned} conversations are learned from, {held_out} are held out with whole entities and
whole phrasings. {leaked} were dropped because an evaluation suite or a held-out question of the corpus asks the same:
none is left.

Titles come from the demo encyclopedia, {articles},
and the questions of the public corpus; places from the demo map, {maps};
the rest are names of nothing. Results are those of the real server, made compact by the real client; answers are
sentences of them.

{tools}

{shapes}

{languages}
"""


@dataclass(frozen=True)
class DataSet:
    """What is learned from, and what the learning is measured on."""

    learned: list[Conversation]
    held_out: list[Conversation]
    corpus_held_out: list[Conversation]
    leaked: int


async def make(shared: Path) -> DataSet:
    """Return the data set, from the demo archives and the public ones in `shared`."""
    articles = [shared / "data/zim" / name for name in PUBLIC_ARTICLES]
    maps = [shared / "data/streetzim" / name for name in PUBLIC_MAPS]
    demo = demo_archives()
    async with open_host(archives=tuple(str(path) for path in (*demo, *articles, *maps))) as host:
        places = await _place_names(host)
        encyclopedias = [path for path in demo if path.stem == "encyclopedia"]
        entities = gather([*encyclopedias, *articles], shared / "data/corpus", places)
        names = list(dict.fromkeys(title for path in [*encyclopedias, *articles] for title in titles(path)))
        learned_corpus, held_out_corpus = corpus.split(shared / "data/corpus")
        measured = {normalised(question) for one in held_out_corpus for question in one.questions()}
        kept_out = suite_questions() | measured
        sides = []
        for held_out, singles, chains in ((False, SINGLES, CHAINS), (True, HELD_OUT_SINGLES, HELD_OUT_CHAINS)):
            dice = random.Random(f"{SEED} {held_out}")
            questions = Questions(entities, dice, held_out=held_out)
            made = list(many(questions, singles))
            own = [name for name in names if is_held_out(name) is held_out]
            made += await _chains(Chains(host, questions, dice, own), dice, chains)
            sides.append(made)
    clean = [[one for one in side if not leaks(one, kept_out)] for side in [[*sides[0], *learned_corpus], sides[1]]]
    leaked = len(sides[0]) + len(learned_corpus) + len(sides[1]) - sum(map(len, clean))
    learned = {normalised(question) for one in clean[0] for question in one.questions()}
    unseen = [one for one in clean[1] if normalised(one.questions()[0]) not in learned]
    return DataSet(clean[0], unseen, [one for one in held_out_corpus if not leaks(one, suite_questions())], leaked)


async def _place_names(host: ToolHost) -> Iterable[str]:
    """Return names of places around where people stand, nearest first."""
    names: list[str] = []
    for name, where in STANDS:
        names.append(name)
        for kind in KINDS:
            arguments = {"lat": where.lat, "lon": where.lon, "kinds": [kind], "radius_km": 10, "limit": 50}
            result = await host.call("near_places", arguments)
            names += [place["name"] for place in (result.payload or {}).get("results", [])]
    return names


async def _chains(chains: Chains, dice: random.Random, count: int) -> list[Conversation]:
    made: list[Conversation] = []
    tries: dict[str, Callable[[], Awaitable[Conversation | None]]] = {
        "article": chains.article, "misspelt": chains.misspelt, "missing": chains.missing, "search": chains.search,
        "compare": chains.compare, "talk": chains.talk,
    }  # fmt: skip
    for _ in range(4 * count):
        if len(made) >= count:
            break
        kind = dice.choices(list(MIX), list(MIX.values()))[0]
        name, where = dice.choice(STANDS)
        if kind == "places":
            one = await chains.places(name, where)
        elif kind == "here":
            one = await chains.here(where)
        else:
            one = await tries[kind]()
        if one is not None:
            made.append(one)
    return made


def write(conversations: Iterable[Conversation], path: Path) -> None:
    """Write a line of JSON for each conversation."""
    with path.open("w", encoding="utf-8") as file:
        for one in conversations:
            file.write(json.dumps(one.to_json(), ensure_ascii=False) + "\n")


def read(path: Path) -> list[Conversation]:
    """Read what `write` has written."""
    return [Conversation.from_json(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def data_card(made: DataSet) -> str:
    """Return what is in a data set, as Markdown: counts by tool, shape and language, and what was kept out of it."""
    sides = {"learned": made.learned, "held out": made.held_out, "corpus, held out": made.corpus_held_out}

    def table(title: str, counts: list[Counter[str]]) -> str:
        keys = sorted(set().union(*counts), key=lambda key: (-counts[0][key], key))
        rows = [f"| {key} | {' | '.join(str(count[key]) for count in counts)} |" for key in keys]
        return "\n".join([f"| {title} | {' | '.join(sides)} |", f"|---|{'--:|' * len(sides)}", *rows])

    def replies(side: list[Conversation]) -> Counter[str]:
        return Counter(
            turn.name
            if turn.role == "call"
            else "answer from a result"
            if before.role == "result"
            else "answer, no call"
            for one in side
            for before, turn in pairwise(one.turns)
            if turn.role in ("call", "answer") and turn.learned
        )

    return CARD.format(
        articles=", ".join(f"`{name}`" for name in PUBLIC_ARTICLES),
        maps=", ".join(f"`{name}`" for name in PUBLIC_MAPS),
        learned=len(made.learned), held_out=len(made.held_out), leaked=made.leaked,
        tools=table("reply", [replies(side) for side in sides.values()]),
        shapes=table("shape", [Counter(one.shape for one in side) for side in sides.values()]),
        languages=table("language", [Counter(one.language for one in side) for side in sides.values()]),
    )  # fmt: skip


@click.command()
@click.option("--shared", type=click.Path(path_type=Path), default=None, help="The folder with data/ (ZIMFO_SHARED).")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("data"), help="Where the data goes.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), help="Where the data card goes.")
def main(shared: Path | None, output: Path, results: Path) -> None:
    """Make the data set of the embedded model."""
    shared = shared or Path(os.environ.get("ZIMFO_SHARED", "../shared"))
    made = anyio.run(make, shared)
    output.mkdir(parents=True, exist_ok=True)
    write(made.learned, output / "learned.jsonl")
    write(made.held_out, output / "held-out.jsonl")
    write(made.corpus_held_out, output / "corpus-held-out.jsonl")
    results.mkdir(parents=True, exist_ok=True)
    (results / "data-card.md").write_text(data_card(made), "utf-8")
    click.echo(f"{len(made.learned)} learned, {len(made.held_out)} held out; see {results / 'data-card.md'}")


if __name__ == "__main__":
    main()
