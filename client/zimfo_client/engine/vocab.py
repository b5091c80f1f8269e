"""A model's vocabulary: tokens of text, text of tokens, and the guarantee that data holds no special token."""

import ctypes
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from zimfo_client.errors import EngineError

_PIECE_BYTES = 64  # of almost every token; longer ones are asked for again


class Vocab:
    """Wraps a `llama_vocab` of the library module `lib`; lives as long as its model."""

    def __init__(self, lib: Any, model: Any) -> None:
        self._lib = lib
        self._vocab = lib.llama_model_get_vocab(model)
        self._pieces: dict[int, bytes] = {}
        self.n_tokens: int = lib.llama_vocab_n_tokens(self._vocab)
        self.bos: int | None = lib.llama_vocab_bos(self._vocab) if lib.llama_vocab_get_add_bos(self._vocab) else None
        self._special = self._find_special()

    @property
    def handle(self) -> Any:
        """llama.cpp's own vocabulary, for its samplers."""
        return self._vocab

    @cached_property
    def special(self) -> Mapping[int, str]:
        """The tokens that only trusted text may yield, with their texts."""
        return {token: self.piece(token).decode("utf-8", "replace") for token in sorted(self._special)}

    def plain_token(self, piece: bytes) -> int | None:
        """Return the token that is no marker and has exactly these bytes, if there is one."""
        return self._plain.get(piece)

    @cached_property
    def _plain(self) -> Mapping[bytes, int]:
        return {self.piece(token): token for token in range(self.n_tokens) if token not in self._special}

    def is_end(self, token: int) -> bool:
        """Say whether a token ends a reply."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token; special tokens give their text."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._read_piece(token)
        return known

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, special ones included."""
        return b"".join(map(self.piece, tokens)).decode("utf-8", "replace")

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of `text`, without BOS or EOS; untrusted text never yields a special token."""
        tokens = self._tokenize(text.encode("utf-8", "replace"), special=trusted)
        if trusted or self._special.isdisjoint(tokens):
            return tokens
        # llama.cpp recognises user-defined markers (`<tool_call>` in many models) even with special tokens off, and
        # some vocabularies can merge plain characters into a control token. Such a token is taken apart.
        plain: list[int] = []
        for token in tokens:
            if token in self._special:
                plain += self._taken_apart(self.piece(token).decode("utf-8", "replace"))
            else:
                plain.append(token)
        return plain

    def _taken_apart(self, marker: str) -> list[int]:
        # Without its first character a marker is no marker, unless another one begins there.
        first = [token for token in self._tokenize(marker[:1].encode(), special=False) if token not in self._special]
        return first + (self.tokenize(marker[1:], trusted=False) if len(marker) > 1 else [])

    def _tokenize(self, data: bytes, *, special: bool) -> list[int]:
        if not data:
            return []
        room = len(data) + 8
        while True:
            buffer = (self._lib.llama_token * room)()
            count = self._lib.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)  # noqa: FBT003  # ctypes
            if count >= 0:
                return list(buffer[:count])
            if -count <= room:
                raise EngineError("llama.cpp could not tokenise a text. Ask with a shorter text.")
            room = -count

    def _read_piece(self, token: int) -> bytes:
        room = _PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(room)
            count: int = self._lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, True)  # noqa: FBT003  # ctypes
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def _find_special(self) -> frozenset[int]:
        lib, vocab = self._lib, self._vocab
        attribute_of = lib.llama_vocab_get_attr
        marked = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        found = {
            token: attribute_of(vocab, token) for token in range(self.n_tokens) if attribute_of(vocab, token) & marked
        }
        # Some vocabularies declare runs of white space as user-defined tokens; those are no markers.
        return frozenset(
            token
            for token, attribute in found.items()
            if attribute & lib.LLAMA_TOKEN_ATTR_CONTROL or self.piece(token).replace(b"\xe2\x96\x81", b" ").strip()
        )
