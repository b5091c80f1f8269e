"""Inference servers for tests: real weights behind the API of llama-server and of `/v1/chat/completions`.

Where the program `llama-server` is installed, the tests use that as well. What it answers, and what it leaves out, is
done here as its documentation and its behaviour have it.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import llama_cpp

Reply = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by the routes of its server."""

    protocol_version = "HTTP/1.1"
    routes: dict[str, Reply]
    seen: list[tuple[str, dict[str, Any]]]

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: dict[str, Any]) -> None:
        self.seen.append((self.path, body))
        route = self.routes.get(self.path)
        if route is None:
            self.json({"error": {"message": "Not found", "code": 404}}, code=404)
        else:
            route(self, body)

    def json(self, value: object, code: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def events(self, events: Iterator[dict[str, Any]], *, done: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for event in events:
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
            if done:
                self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass  # the client has heard enough
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the terminal quiet."""


@contextmanager
def served(routes: dict[str, Reply]) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Serve routes; yields the address and the requests that come."""
    seen: list[tuple[str, dict[str, Any]]] = []
    handler = type("Routes", (Handler,), {"routes": routes, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that has heard enough
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


class Weights:
    """A model behind both APIs, with llama-cpp-python's own evaluation."""

    def __init__(self, path: Path, n_ctx: int) -> None:
        self.path, self.n_ctx = path, n_ctx
        self._llama = llama_cpp.Llama(str(path), n_ctx=n_ctx, n_threads=1, verbose=False)
        self._busy = threading.Lock()
        self.template = self._llama.metadata["tokenizer.chat_template"]

    @property
    def routes(self) -> dict[str, Reply]:
        return {
            "/props": lambda handler, _: handler.json(self._properties()),
            "/v1/models": lambda handler, _: handler.json({"data": [{"id": self.path.name}]}),
            "/tokenize": lambda handler, body: handler.json(self._tokenize(body)),
            "/detokenize": lambda handler, body: handler.json({"content": self._text(body["tokens"])}),
            "/completion": lambda handler, body: handler.events(self._complete(body)),
        }

    def _properties(self) -> dict[str, Any]:
        return {
            "default_generation_settings": {"n_ctx": self.n_ctx},
            "model_path": str(self.path),
            "chat_template": self.template,
        }

    def _tokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        tokens = self._llama.tokenize(
            body["content"].encode(), add_bos=body.get("add_special", False), special=body.get("parse_special", True)
        )
        return {"tokens": [{"id": token, "piece": _as_piece(self._piece(token))} for token in tokens]}

    def _piece(self, token: int) -> bytes:
        return self._llama.detokenize([token], special=True)

    def _text(self, tokens: list[int]) -> str:
        return b"".join(map(self._piece, tokens)).decode("utf-8", "replace")

    def _complete(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the events of a completion: one a token, but none for a token that ends within a character."""
        grammar = llama_cpp.LlamaGrammar.from_string(body["grammar"], verbose=False) if body.get("grammar") else None
        preserved = {found[0] for text in body.get("preserved_tokens", ()) if len(found := self._special(text)) == 1}
        stops = [stop for stop in body.get("stop", ()) if stop]
        with self._busy:
            before, prompt = self._llama.n_tokens, body["prompt"]
            cached = 0
            while cached < min(before, len(prompt) - 1) and self._llama.input_ids[cached] == prompt[cached]:
                cached += 1
            self._llama.set_seed(body["seed"])
            sampled = self._llama.generate(
                prompt, temp=body["temperature"], top_k=body["top_k"], top_p=body["top_p"], min_p=body["min_p"],
                repeat_penalty=body["repeat_penalty"], grammar=grammar,
            )  # fmt: skip
            data, sent, stop_type, word = b"", 0, "limit", ""
            for number, token in enumerate(sampled, 1):
                is_end = llama_cpp.llama_vocab_is_eog(self._llama._model.vocab, token)
                plain = self._llama.detokenize([token], special=token in preserved)
                data += plain
                text = data.decode("utf-8", "ignore")
                if len(text.encode()) == len(data):
                    place, word = min(((text.find(stop), stop) for stop in stops if stop in text), default=(-1, ""))
                    shown = text[:place] if place >= 0 else text[: len(text) - _held(text, stops)]
                    yield {"content": shown[sent:], "tokens": [token], "stop": False}
                    sent = max(sent, len(shown))
                if is_end or word:
                    stop_type = "eos" if is_end else "word"
                    break
                if number >= body["n_predict"]:
                    break
            sampled.close()
            yield {
                "content": "", "tokens": [], "stop": True, "stop_type": stop_type, "stopping_word": word,
                "truncated": False,
                "timings": {"prompt_n": len(prompt) - cached, "prompt_ms": 1.0, "predicted_ms": 1.0},
            }  # fmt: skip

    def _special(self, text: str) -> list[int]:
        return self._llama.tokenize(text.encode(), add_bos=False, special=True)


def _as_piece(data: bytes) -> str | list[int]:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return list(data)


def _held(text: str, stops: list[str]) -> int:
    """How many characters at the end may become a stop marker."""
    return max((size for stop in stops for size in range(1, len(stop)) if text.endswith(stop[:size])), default=0)
