"""The conversation engine against its alternatives: `python -m tests.bench.engine`.

Ten turns with tool results against llama-cpp-python's own chat call, cold and warm starts, the rate of decoding against
a bare loop, and how long a stop takes. On SmolLM2 and on a tiny hybrid of random weights.
"""

import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.client import tiny_models
from zimfo_client.engine import Engine, EngineOverrides, SamplingSettings, load_engine
from zimfo_client.fold import fold_tools
from zimfo_client.models import embedded_model
from zimfo_client.profile import Profile, get_profile
from zimfo_client.transcript import Transcript
from zimfo_shared.catalogue import CATALOGUE

TURNS = 10
REPLY = 24  # tokens of each reply
GREEDY = SamplingSettings(temperature=0, max_tokens=REPLY)
ROUNDS = 5  # of decoding, alternating
DECODED = 128  # tokens a round
RESULT = json.dumps({"title": "Sunset", "lead": "The Sun goes below the horizon once a day. " * 6})


def main() -> None:
    """Measure and print."""
    profile = get_profile("chatml")
    listing = [
        {"name": contract.name, "description": contract.description, "inputSchema": contract.input_schema()}
        for contract in CATALOGUE.values()
    ]
    fold = fold_tools(listing, profile)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        models = [("hybrid", tiny_models.write_hybrid(Path(folder) / "hybrid.gguf"), 32_768)]
        if found := embedded_model():
            models.append(("SmolLM2", found.path, 8_192))
        for name, path, n_ctx in models:
            overrides = EngineOverrides(n_ctx=n_ctx)
            _turns(name, path, overrides, profile, fold)
            _starts(name, path, n_ctx)
            _rates(name, path, overrides, profile)
            _stops(name, path, overrides, profile, fold)


def _turns(name: str, path: Path, overrides: EngineOverrides, profile: Profile, fold: str) -> None:
    """Ten turns, each with a call and its result, through the transcript and through the stock chat call."""
    os.environ["ZIMFO_STATES_MB"] = "0"
    engine = load_engine(path, profile, overrides)
    transcript, evaluated = Transcript(engine), 0
    began = time.perf_counter()
    for turn in range(TURNS):
        question = f"What happens in the evening of day {turn}?"
        transcript.append(profile.opening(fold, question) if not turn else profile.follow_up(question, closed=False))
        transcript.append(profile.host_call("article_overview", {"title": f"Sunset {turn}"}))
        transcript.append(profile.tool_result("article_overview", RESULT))
        transcript.append(profile.answer_open())
        evaluated += engine.generate(transcript, GREEDY).evaluated_tokens
    ours = time.perf_counter() - began
    engine.close()

    import llama_cpp  # after our engine has set the surroundings of the native library

    stock = llama_cpp.Llama(str(path), n_ctx=engine.info.n_ctx, n_threads=engine.info.n_threads, verbose=False)
    counts: list[int] = []
    evaluate = stock.eval

    def counted(tokens: Any) -> None:
        counts.append(len(tokens))
        evaluate(tokens)

    stock.eval = counted
    messages: list[dict[str, str]] = [{"role": "system", "content": fold}]
    began = time.perf_counter()
    for turn in range(TURNS):
        call = profile.call.open + json.dumps({"name": "article_overview", "arguments": {"title": f"Sunset {turn}"}})
        messages += [
            {"role": "user", "content": f"What happens in the evening of day {turn}?"},
            {"role": "assistant", "content": call + profile.call.close},
            {"role": "user", "content": f"<tool_response>\n{RESULT}\n</tool_response>"},
        ]
        reply = stock.create_chat_completion(messages, temperature=0.0, max_tokens=REPLY)
        messages.append({"role": "assistant", "content": reply["choices"][0]["message"]["content"] or ""})
    theirs = time.perf_counter() - began
    stock.close()
    # The stock call counts sampled tokens too, one by one.
    prompts = sum(counts) - TURNS * (REPLY - 1)
    sys.stdout.write(
        f"\n{name}: {TURNS} turns: {evaluated} prompt tokens evaluated of {len(transcript)} in all, {ours:.2f} s; "
        f"stock chat call about {prompts}, {theirs:.2f} s; ratios {prompts / evaluated:.1f} and {theirs / ours:.1f}\n"
    )


_START = """
import sys
from pathlib import Path
from zimfo_client.engine import EngineOverrides, SamplingSettings, load_engine
from zimfo_client.profile import get_profile
from zimfo_client.transcript import Transcript
profile = get_profile("chatml")
engine = load_engine(Path(sys.argv[1]), profile, EngineOverrides(n_ctx=int(sys.argv[2])))
transcript = Transcript(engine)
text = "A tool that looks for places near a point and tells how far they are. "
while len(engine.tokenize(text, trusted=False)) < 1_200:
    text += text[:71]
opening = profile.opening(text, "Who wrote Faust?")
transcript.append(opening[:2])
transcript.anchor()
transcript.append([*opening[2:], *profile.answer_open()])
print(engine.generate(transcript, SamplingSettings(temperature=0, max_tokens=4)).first_token_ms)
"""


def _starts(name: str, path: Path, n_ctx: int) -> None:
    """Time from the prompt to the first token in new processes, the model being loaded."""
    times = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", _START, str(path), str(n_ctx)],
            env={**os.environ, "ZIMFO_STATES_MB": "512"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        times.append(float(done.stdout))
    cold, warm = times[0], statistics.median(times[1:])
    sys.stdout.write(f"{name}: first token cold {cold:.1f} ms, warm {warm:.1f} ms, ratio {cold / warm:.1f}\n")


def _rates(name: str, path: Path, overrides: EngineOverrides, profile: Profile) -> None:
    """Tokens a second of the engine and of a bare loop of decode and sample on the same context."""
    engine = load_engine(path, profile, overrides)
    transcript = Transcript(engine)
    transcript.append(
        [*profile.opening("", "Tell me a long story of a ship that crosses the sea."), *profile.answer_open()]
    )
    mark = transcript.mark()
    sampling = SamplingSettings(temperature=0, max_tokens=DECODED)
    rates: dict[str, list[float]] = {"engine": [], "bare": []}
    for _ in range(ROUNDS):
        transcript.rewind(mark)
        reply = engine.generate(transcript, sampling)
        rates["engine"].append(1000 * (reply.completion_tokens - 1) / reply.decode_ms)
        transcript.rewind(mark)
        engine.generate(transcript, replace(sampling, max_tokens=1))
        rates["bare"].append(_bare(engine, reply.completion_tokens))
        engine._state.clear()  # the bare loop went on behind the mirror's back
    engine.close()
    ours, bare = (statistics.median(rates[kind]) for kind in ("engine", "bare"))
    sys.stdout.write(f"{name}: decoding {ours:.1f} tokens/s, bare loop {bare:.1f}, share {ours / bare:.3f}\n")


def _bare(engine: Engine, count: int) -> float:
    from llama_cpp import llama_cpp as lib

    context = engine._context
    sampler = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    lib.llama_sampler_chain_add(sampler, lib.llama_sampler_init_greedy())
    token = (ctypes.c_int32 * 1)()
    began = time.perf_counter()
    for _ in range(count - 1):
        token[0] = lib.llama_sampler_sample(sampler, context, -1)
        lib.llama_decode(context, lib.llama_batch_get_one(token, 1))
    rate = (count - 1) / (time.perf_counter() - began)
    lib.llama_sampler_free(sampler)
    return rate


def _stops(name: str, path: Path, overrides: EngineOverrides, profile: Profile, fold: str) -> None:
    """How long the engine goes on after it was told to stop while it reads a prompt."""
    engine = load_engine(path, profile, overrides)
    waits = []
    for number in range(ROUNDS):
        transcript = Transcript(engine)
        transcript.append([*profile.opening(f"{number} {fold}", "Who?"), *profile.answer_open()])
        stop = threading.Event()
        told: list[float] = []

        def tell(event: threading.Event = stop, when: list[float] = told) -> None:
            when.append(time.perf_counter())
            event.set()

        threading.Timer(0.004 + 0.05 * number, tell).start()
        engine.generate(transcript, GREEDY, should_stop=stop.is_set)
        ended = time.perf_counter()
        stop.wait()
        waits.append(1000 * (ended - told[0]))
    engine.close()
    stopped = [wait for wait in waits if wait > 0]
    sys.stdout.write(f"{name}: stopped {max(stopped, default=0):.1f} ms after it was told, at most\n")


if __name__ == "__main__":
    main()
