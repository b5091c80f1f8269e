"""Decode rate of calls with and without the grammar: `python -m tests.bench.constrained`."""

import statistics
import sys
from dataclasses import replace

from zimfo_client.engine import EngineOverrides, SamplingSettings, load_engine
from zimfo_client.fold import fold_tools, grammar_for
from zimfo_client.models import embedded_model
from zimfo_client.profile import get_profile
from zimfo_client.transcript import Segment, Transcript
from zimfo_shared.catalogue import CATALOGUE

ROUNDS = 12
SAMPLING = SamplingSettings(temperature=0.2, top_p=0.9, top_k=40, max_tokens=200)


def main() -> None:
    """Measure and print milliseconds a token, and the ratio of the medians."""
    found = embedded_model()
    if found is None:
        return
    profile = get_profile("chatml")
    listing = [
        {"name": contract.name, "description": contract.description, "inputSchema": contract.input_schema()}
        for contract in CATALOGUE.values()
    ]
    engine = load_engine(found.path, profile, EngineOverrides(n_ctx=4_096))
    transcript = Transcript(engine)
    transcript.append(profile.opening(fold_tools(listing, profile), "Which museums are there near Stanford?"))
    transcript.append([*profile.answer_open(), Segment("assistant", profile.call.open, trusted=True)])
    mark = transcript.mark()
    rates: dict[bool, list[float]] = {False: [], True: []}
    for seed in range(ROUNDS + 1):
        for constrained in rates:
            transcript.rewind(mark)
            calls = grammar_for(listing, profile) if constrained else None
            reply = engine.generate(transcript, replace(SAMPLING, seed=seed, calls=calls))
            if seed:  # the first round is warm-up
                rates[constrained].append(reply.decode_ms / reply.completion_tokens)
    engine.close()
    free, held = (statistics.median(rates[constrained]) for constrained in (False, True))
    sys.stdout.write(f"calls: free {free:.1f} ms a token, under the grammar {held:.1f}, ratio {held / free:.2f}\n")


if __name__ == "__main__":
    main()
