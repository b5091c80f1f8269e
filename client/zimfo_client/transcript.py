"""The append-only token transcript: the only path to a model.

Each segment is tokenised exactly once, when it is appended, and what the model sampled is kept as it was sampled. What
an engine has evaluated is therefore always a prefix of what it is asked next, and nothing is computed twice. Template
text is tokenised with special tokens on, everything else with special tokens off, so that no article can leave its
turn. Besides growing, a transcript can be taken back to a mark, and lose what is between two marks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Segment:
    """A piece of prompt: whose turn it is part of, its text, and whether special tokens in it count as such."""

    role: str
    text: str
    trusted: bool


@dataclass(frozen=True)
class Mark:
    """A place in a transcript to come back to; made by `Transcript.mark`."""

    tokens: int
    pieces: int

    def moved(self, by: "Mark") -> "Mark":
        """Return the place after `Transcript.replace` said that it moved."""
        return Mark(self.tokens + by.tokens, self.pieces + by.pieces)


@dataclass(frozen=True)
class Piece:
    """A stretch of the transcript that begins at token `start`: a segment, or what the model sampled (`None`)."""

    start: int
    segment: Segment | None


class Tokenizer(Protocol):
    """What a transcript needs of an engine."""

    @property
    def bos(self) -> int | None:
        """The token that every sequence of this model begins with, if it wants one."""

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of `text`, none of them special unless it is trusted; never adds BOS or EOS."""

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, special ones included."""


def well_formed(text: str) -> str:
    """Return `text` with lone surrogates replaced: they exist in JSON and in file names but not in UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Transcript:
    """Segments and sampled tokens of one conversation, in order; it only grows, or is taken back to a mark."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        self._sampled = bytearray()  # one flag a token
        self._pieces: list[Piece] = []
        self._anchors: list[int] = []

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def tokens(self) -> Sequence[int]:
        """All tokens so far; a live view that callers do not change."""
        return self._tokens

    @property
    def pieces(self) -> Sequence[Piece]:
        """Segments and sampled stretches in order; a live view that callers do not change."""
        return self._pieces

    @property
    def anchors(self) -> Sequence[int]:
        """The numbers of tokens before each anchor, ascending; a live view that callers do not change."""
        return self._anchors

    def append(self, segments: Iterable[Segment]) -> None:
        """Tokenise segments and add them; empty ones leave no trace."""
        for segment in segments:
            text = well_formed(segment.text)
            if not text:
                continue
            tokens = self._tokenizer.tokenize(text, trusted=segment.trusted)
            if not self._tokens:
                tokens = self._begun(tokens)
            self._pieces.append(Piece(len(self._tokens), segment))
            self._tokens += tokens
            self._sampled += bytes(len(tokens))

    def append_sampled(self, token: int) -> None:
        """Add a token that the model sampled, as it was sampled."""
        if not self._pieces or self._pieces[-1].segment is not None:
            self._pieces.append(Piece(len(self._tokens), None))
        self._tokens.append(token)
        self._sampled.append(1)

    def sampled_between(self, start: int, stop: int) -> int:
        """Return how many of the tokens `start..stop` were sampled."""
        return sum(self._sampled[start:stop])

    def anchor(self) -> None:
        """Tell engines that this is a place to come back to, so that they can keep what they know here."""
        if self._tokens and self._anchors[-1:] != [len(self._tokens)]:
            self._anchors.append(len(self._tokens))

    def mark(self) -> Mark:
        """Return the present end, for `rewind`."""
        return Mark(len(self._tokens), len(self._pieces))

    def rewind(self, mark: Mark) -> None:
        """Forget everything after `mark`. Raises `ValueError` for a mark of text that is no longer there."""
        if mark.tokens > len(self._tokens) or mark.pieces > len(self._pieces):
            raise ValueError("the mark lies beyond the end of the transcript")
        del self._tokens[mark.tokens :]
        del self._sampled[mark.tokens :]
        del self._pieces[mark.pieces :]
        self._anchors = [anchor for anchor in self._anchors if anchor <= mark.tokens]

    def replace(self, start: Mark, stop: Mark, segments: Iterable[Segment] = ()) -> Mark:
        """Put segments in the place of what is between two marks; return by how much later marks have moved.

        What follows stays as it was tokenised. Raises `ValueError` for marks of text that is not there.
        """
        if not start.tokens <= stop.tokens <= len(self._tokens):
            raise ValueError("the marks are not in order")
        tokens, sampled = self._tokens[stop.tokens :], self._sampled[stop.tokens :]
        pieces, anchors = self._pieces[stop.pieces :], [one for one in self._anchors if one > stop.tokens]
        self.rewind(start)
        self.append(segments)
        by = Mark(len(self._tokens) - stop.tokens, len(self._pieces) - stop.pieces)
        self._tokens += tokens
        self._sampled += sampled
        self._pieces += [Piece(piece.start + by.tokens, piece.segment) for piece in pieces]
        self._anchors += [anchor + by.tokens for anchor in anchors]
        return by

    def ends_with(self, text: str) -> bool:
        """Say whether the last tokens are those of trusted `text`, e.g. whether the model closed its turn itself."""
        tail = self._tokenizer.tokenize(text, trusted=True)
        return bool(tail) and self._tokens[-len(tail) :] == tail

    def text(self, start: Mark | None = None) -> str:
        """Return the prompt text (from `start`, else all of it) and what the model sampled: for people, not models."""
        parts: list[str] = []
        first = start.pieces if start else 0
        if start and first and self._pieces[first - 1].segment is None:
            # The model went on after the mark, so the piece before it reaches beyond it.
            stop = self._pieces[first].start if first < len(self._pieces) else len(self._tokens)
            parts.append(self._tokenizer.detokenize(self._tokens[start.tokens : stop]))
        for number, piece in enumerate(self._pieces[first:], first):
            if piece.segment is not None:
                parts.append(well_formed(piece.segment.text))
                continue
            stop = self._pieces[number + 1].start if number + 1 < len(self._pieces) else len(self._tokens)
            parts.append(self._tokenizer.detokenize(self._tokens[piece.start : stop]))
        return "".join(parts)

    def _begun(self, tokens: list[int]) -> list[int]:
        """Put BOS before the first tokens exactly once, whether or not a template wrote it as well."""
        bos = self._tokenizer.bos
        if bos is None:
            return tokens
        while tokens and tokens[0] == bos:
            tokens = tokens[1:]
        return [bos, *tokens]
