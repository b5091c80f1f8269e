"""Lazy constrained calls: prose is sampled freely, and what follows a call opener under the grammar of calls.

llama.cpp's grammar sampler does the matching. Its own lazy variant ends the process when the token that completes the
opener holds more than the grammar admits, so the opener is looked for here, in the bytes of what was sampled: it may be
spread over tokens, and its last token may hold the beginning of the call. A whole vocabulary takes the grammar several
milliseconds, so a token is sampled first and checked alone; only when it is refused, others are looked at.
"""

import codecs
import contextlib
import ctypes
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zimfo_client.calls.grammar import CallGrammar
from zimfo_client.engine.vocab import Vocab
from zimfo_client.errors import EngineError

NEAREST: Final = 256  # the likeliest tokens that are looked at before the whole vocabulary; samplers keep 40 or fewer
TAIL_TOKENS: Final = 32  # of a prompt in which an opener is looked for that the host wrote; the longest one has 5

_CANDIDATE: Final = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_STRUCTURE: Final = (b"}", b"]", b")")  # what ends something outside of a text
_OPENS, _CLOSES = b"{[(", b"}])"


class CallConstraint:
    """Chooses the tokens of one reply. `close` frees what it holds; `finished` says that a call was closed."""

    def __init__(self, lib: Any, vocab: Vocab, grammar: CallGrammar) -> None:
        """Prepare for one reply. Raises `EngineError` when llama.cpp refuses the grammar."""
        self._lib, self._vocab, self._grammar = lib, vocab, grammar
        self._prototype = lib.llama_sampler_init_grammar(vocab.handle, grammar.gbnf.encode(), b"root")
        if not self._prototype:
            raise EngineError("The tools on offer cannot be made into a grammar. Try --no-grammar.")
        self._opener = grammar.opener.encode()
        self._text = b""  # sampled so far
        self._call: _OpenCall | None = None
        self.finished = False

    def resume(self, tokens: Sequence[int]) -> None:
        """Begin in the middle of a call when a prompt ends with the opener, as where the host demands a call."""
        tail = b"".join(map(self._vocab.piece, tokens[-TAIL_TOKENS:]))
        place = tail.rfind(self._opener)
        if place >= 0:
            self._call = self._begun(tail[place + len(self._opener) :])

    def sample(self, context: Any, chain: Any, left: int) -> int:
        """Return the next token, accepted by `chain`; `left` are the tokens that the reply may still have."""
        if self._call is None:
            token: int = self._lib.llama_sampler_sample(chain, context, -1)
            return token if self._watch(token) else self._instead(context, chain)
        token = self._call.next(context, chain, left)
        self._lib.llama_sampler_accept(chain, token)
        self.finished = self._call.finished
        return token

    def close(self) -> None:
        """Free the samplers; safe to call twice."""
        if self._call is not None:
            self._call.close()
            self._call = None
        if self._prototype:
            self._lib.llama_sampler_free(self._prototype)
            self._prototype = None

    def _watch(self, token: int) -> bool:
        """Look for the opener in what was sampled; returns whether the token fits what must follow it."""
        text = self._text + self._vocab.piece(token)
        place = text.find(self._opener, max(0, len(self._text) - len(self._opener) + 1))
        if place >= 0 and not self._is_thought(text[:place]):
            self._call = self._begun(text[place + len(self._opener) :])
            if self._call is None:
                return False
        self._text = text
        return True

    def _instead(self, context: Any, chain: Any) -> int:
        """Return the likeliest token that fits, where the one sampled joined the opener with what cannot follow it."""
        for token in np.argsort(-_logits(self._lib, self._vocab, context)):
            if self._watch(int(token)):
                self._lib.llama_sampler_accept(chain, int(token))
                return int(token)
        raise EngineError("The model's vocabulary has no token that could follow. Try --no-grammar.")

    def _is_thought(self, before: bytes) -> bool:
        """Whether a reasoning span is open: what is thought of calls is none."""
        return any(
            before.rfind(opens.encode()) > before.rfind(closes.encode()) for opens, closes in self._grammar.reasoning
        )

    def _begun(self, rest: bytes) -> "_OpenCall | None":
        """Return an open call that begins with `rest`; None when none can."""
        call = _OpenCall(self._lib, self._vocab, self._grammar, self._lib.llama_sampler_clone(self._prototype))
        if call.feed(rest):
            return call
        call.close()
        return None


class _OpenCall:
    """A call in the making: the grammar's state and the text so far."""

    def __init__(self, lib: Any, vocab: Vocab, grammar: CallGrammar, sampler: Any) -> None:
        self._lib, self._vocab, self._sampler = lib, vocab, sampler
        self._shortest = grammar.shortest
        self._closer = grammar.closer.encode()
        self._forbidden = tuple(text.encode() for text in grammar.forbidden)
        self._special = np.fromiter(vocab.special, np.int64)
        self._closing = [token for token, text in vocab.special.items() if text.strip() and text in grammar.closer]
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = b""
        opened = grammar.opener.encode()  # a bracket in front of a call is closed behind it
        self._depth = sum(byte in _OPENS for byte in opened) - sum(byte in _CLOSES for byte in opened)
        self._quoted = self._escaped = False

    @property
    def finished(self) -> bool:
        """Whether the closing marker is complete."""
        is_closed = not self._depth and not self._quoted and self._text.endswith(self._closer)
        return is_closed and any(byte in self._text for byte in _OPENS)

    def close(self) -> None:
        self._lib.llama_sampler_free(self._sampler)

    def feed(self, data: bytes) -> bool:
        """Take bytes that came in one token with the opener; returns whether the grammar admits them."""
        text = data.decode("utf-8", "replace")
        tokens = self._vocab.tokenize(text, trusted=False)
        if b"".join(map(self._vocab.piece, tokens)) != data:
            return False
        return all(self._taken(token) for token in tokens)

    def next(self, context: Any, chain: Any, left: int) -> int:
        """Return the next token of the call. Raises `EngineError` when the vocabulary cannot go on."""
        if left <= self._shortest:
            # The reply's budget is nearly spent: whatever ends a text, a list or an object comes first.
            for piece in (b'"',) if self._quoted else _STRUCTURE:
                token = self._vocab.plain_token(piece)
                if token is not None and self._taken(token):
                    return token
        logits = _logits(self._lib, self._vocab, context)
        token = self._chosen(chain, _candidates(logits, np.arange(logits.size)))
        return token if self._taken(token) else self._resampled(chain, logits)

    def _resampled(self, chain: Any, logits: NDArray[np.float32]) -> int:
        kept = logits.copy()
        kept[self._special] = -np.inf
        if not self._quoted:
            kept[self._closing] = logits[self._closing]
        nearest = np.argpartition(-kept, NEAREST)[:NEAREST] if kept.size > NEAREST else np.arange(kept.size)
        for ids in (nearest, np.flatnonzero(kept > -np.inf)):
            found = _candidates(kept, ids)
            self._lib.llama_sampler_apply(self._sampler, ctypes.byref(_as_array(self._lib, found)))
            found = found[found["logit"] > -np.inf]
            while found.size:
                token = self._chosen(chain, found.copy())
                if self._taken(token):
                    return token
                found = found[found["id"] != token]
        raise EngineError("The model's vocabulary cannot write a call of these tools. Try --no-grammar.")

    def _chosen(self, chain: Any, candidates: NDArray[Any]) -> int:
        array = _as_array(self._lib, candidates)
        self._lib.llama_sampler_apply(chain, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def _taken(self, token: int) -> bool:
        """Go on by a token if the grammar, the encoding and the markers admit it."""
        if token in self._vocab.special and (self._quoted or token not in self._closing):
            return False
        alone = np.array([(token, 0.0, 0.0)], _CANDIDATE)
        self._lib.llama_sampler_apply(self._sampler, ctypes.byref(_as_array(self._lib, alone)))
        if alone["logit"][0] == -np.inf:
            return False
        piece = self._vocab.piece(token)
        grown = self._text + piece
        if any(marker in grown[-len(marker) - len(piece) :] for marker in self._forbidden):
            return False
        if not self._is_text(piece):  # the grammar takes any byte for the rest of a character
            return False
        self._lib.llama_sampler_accept(self._sampler, token)
        self._text = grown
        self._follow(piece)
        return True

    def _is_text(self, piece: bytes) -> bool:
        """Go on by bytes if they are UTF-8 so far and can become a character."""
        state = self._decoder.getstate()
        with contextlib.suppress(UnicodeDecodeError):
            self._decoder.decode(piece)
            pending, _ = self._decoder.getstate()
            # The decoder waits for the third byte of a surrogate, and then refuses every one.
            if pending[:1] != b"\xed" or pending[1:2] < b"\xa0":
                return True
        self._decoder.setstate(state)
        return False

    def _follow(self, piece: bytes) -> None:
        """Keep track of texts and brackets."""
        for byte in piece:
            if self._escaped:
                self._escaped = False
            elif self._quoted:
                self._escaped = byte == 0x5C
                self._quoted = byte != 0x22
            elif byte == 0x22:
                self._quoted = True
            elif byte in _OPENS:
                self._depth += 1
            elif byte in _CLOSES:
                self._depth -= 1


def _logits(lib: Any, vocab: Vocab, context: Any) -> NDArray[np.float32]:
    pointer = lib.llama_get_logits_ith(context, -1)
    return np.ctypeslib.as_array(pointer, (vocab.n_tokens,))


def _candidates(logits: NDArray[np.float32], ids: NDArray[Any]) -> NDArray[Any]:
    candidates = np.zeros(ids.size, _CANDIDATE)
    candidates["id"] = ids
    candidates["logit"] = logits[ids]
    return candidates


def _as_array(lib: Any, candidates: NDArray[Any]) -> Any:
    """Return a view of candidates for llama.cpp; valid as long as they are."""
    data = candidates.ctypes.data_as(ctypes.POINTER(lib.llama_token_data))
    return lib.llama_token_data_array(data=data, size=candidates.size, selected=-1, sorted=False)
