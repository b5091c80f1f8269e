"""Greedy decoding of a model in PyTorch, many replies side by side."""

from collections.abc import Sequence
from typing import Any, Final

import torch

from zimfo_client.transcript import Transcript
from zimfo_training.base import Model
from zimfo_training.score import Reply

BATCH: Final = 48  # replies decoded side by side


def decoder(model: Model, tokenizer: Any, end: int) -> Reply:
    """Return a greedy decoder of a model in PyTorch, up to the token `end`."""

    @torch.inference_mode()
    def decode(batch: Sequence[list[int]], most: int) -> list[str]:
        width = max(map(len, batch))
        tokens = torch.zeros(len(batch), width, dtype=torch.long)
        present = torch.zeros(len(batch), width, dtype=torch.bool)
        for row, prompt in enumerate(batch):
            tokens[row, width - len(prompt) :] = torch.tensor(prompt)
            present[row, width - len(prompt) :] = True
        said: list[list[int]] = [[] for _ in batch]
        done = torch.zeros(len(batch), dtype=torch.bool)
        cache = None
        for _ in range(most):
            hidden, cache = model.hidden(tokens, present, cache)
            chosen = model.logits(hidden[:, -1]).argmax(-1)
            done |= chosen == end
            if bool(done.all()):
                break
            for row, token in enumerate(chosen.tolist()):
                if not done[row]:
                    said[row].append(token)
            tokens = chosen[:, None]
            present = torch.cat([present, torch.ones(len(batch), 1, dtype=torch.bool)], dim=1)
        return [tokenizer.detokenize(one) for one in said]

    def reply(asked: Sequence[Transcript], most: int) -> list[str]:
        order = sorted(range(len(asked)), key=lambda index: len(asked[index]))
        texts: dict[int, str] = {}
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            texts |= dict(zip(chosen, decode([list(asked[index].tokens) for index in chosen], most), strict=True))
        return [texts[index] for index in range(len(asked))]

    return reply
