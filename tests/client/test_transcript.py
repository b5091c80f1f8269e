from collections.abc import Sequence

import pytest

from zimfo_client.transcript import Mark, Segment, Transcript


class Characters:
    """A tokenizer of one token a character; `§` is special in trusted text and plain (-1) in other."""

    def __init__(self, bos: int | None = None) -> None:
        self.bos = bos
        self.calls = 0

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        self.calls += 1
        return [1 if character == "§" and trusted else ord(character) for character in text]

    def detokenize(self, tokens: Sequence[int]) -> str:
        return "".join("§" if token == 1 else chr(token) for token in tokens)


def _template(text: str) -> Segment:
    return Segment("user", text, trusted=True)


def _data(text: str) -> Segment:
    return Segment("user", text, trusted=False)


def test_each_segment_is_tokenised_once_when_it_is_appended() -> None:
    tokenizer = Characters()
    transcript = Transcript(tokenizer)
    transcript.append([_template("§u"), _data("a§b"), _template("§")])
    assert list(transcript.tokens) == [1, ord("u"), ord("a"), ord("§"), ord("b"), 1]
    assert (transcript.text(), tokenizer.calls) == ("§ua§b§", 3)


def test_empty_segments_leave_no_trace() -> None:
    transcript = Transcript(Characters(bos=7))
    transcript.append([_data("")])
    assert (len(transcript), list(transcript.pieces)) == (0, [])


def test_bos_stands_once_at_the_start_even_when_the_template_has_it() -> None:
    for opening in ("§u", "u", "§§u"):
        transcript = Transcript(Characters(bos=1))
        transcript.append([_template(opening)])
        transcript.append([_template("§v")])
        assert list(transcript.tokens) == [1, ord("u"), 1, ord("v")]


def test_a_model_without_bos_gets_none() -> None:
    transcript = Transcript(Characters())
    transcript.append([_template("u")])
    assert list(transcript.tokens) == [ord("u")]


def test_sampled_tokens_stay_as_sampled_and_are_counted() -> None:
    transcript = Transcript(Characters())
    transcript.append([_template("ab")])
    for token in (ord("x"), ord("y"), 1):
        transcript.append_sampled(token)
    transcript.append([_data("c")])
    assert transcript.sampled_between(0, len(transcript)) == 3
    assert transcript.sampled_between(3, 5) == 2
    assert [piece.start for piece in transcript.pieces] == [0, 2, 5]
    assert transcript.text() == "abxy§c"


def test_rewinding_forgets_what_came_after_the_mark() -> None:
    transcript = Transcript(Characters())
    transcript.append([_template("ab")])
    mark = transcript.mark()
    transcript.append([_data("cd")])
    transcript.append_sampled(ord("x"))
    transcript.rewind(mark)
    assert (transcript.text(), transcript.mark(), transcript.sampled_between(0, 9)) == ("ab", mark, 0)


def test_a_mark_inside_a_sampled_run_cuts_the_run() -> None:
    transcript = Transcript(Characters())
    transcript.append([_template("a")])
    transcript.append_sampled(ord("x"))
    mark = transcript.mark()
    transcript.append_sampled(ord("y"))
    transcript.append([_data("b")])
    assert transcript.text(mark) == "yb"
    transcript.rewind(mark)
    assert transcript.text() == "ax"


def test_anchors_are_kept_once_and_go_with_their_text() -> None:
    transcript = Transcript(Characters())
    transcript.anchor()
    transcript.append([_template("ab")])
    transcript.anchor()
    transcript.anchor()
    mark = transcript.mark()
    transcript.append([_data("cd")])
    transcript.anchor()
    assert list(transcript.anchors) == [2, 4]
    transcript.rewind(mark)
    assert list(transcript.anchors) == [2]


def test_what_is_between_two_marks_can_be_replaced() -> None:
    transcript = Transcript(Characters(bos=7))
    transcript.append([_template("§ab")])
    start = transcript.mark()
    transcript.anchor()
    transcript.append([_template("c"), _data("d")])
    transcript.anchor()
    stop = transcript.mark()
    transcript.append([_data("e§")])
    later = transcript.mark()
    transcript.anchor()
    transcript.append_sampled(1)

    by = transcript.replace(start, stop, [_data("xyz")])
    assert transcript.text() == "§abxyze§§"
    assert list(transcript.tokens[-3:]) == [ord("e"), ord("§"), 1]
    assert [piece.start for piece in transcript.pieces] == [0, 4, 7, 9]
    assert transcript.sampled_between(0, len(transcript)) == 1
    assert list(transcript.anchors) == [4, 9]
    transcript.rewind(later.moved(by))
    assert transcript.text() == "§abxyze§"

    assert transcript.replace(start, start) == Mark(0, 0)
    with pytest.raises(ValueError, match="not in order"):
        transcript.replace(stop, start)


def test_a_mark_of_text_that_is_gone_is_refused() -> None:
    transcript = Transcript(Characters())
    early = transcript.mark()
    transcript.append([_template("ab")])
    late = transcript.mark()
    transcript.rewind(early)
    with pytest.raises(ValueError, match="beyond the end"):
        transcript.rewind(late)


def test_the_end_of_a_turn_is_recognised_by_its_tokens() -> None:
    transcript = Transcript(Characters())
    transcript.append([_data("a§")])
    assert not transcript.ends_with("§")  # written by data, so no marker
    transcript.append_sampled(1)
    assert transcript.ends_with("§")
    assert not Transcript(Characters()).ends_with("§")


def test_lone_surrogates_are_replaced() -> None:
    transcript = Transcript(Characters())
    transcript.append([_data("a\ud800b")])
    assert transcript.text() == "a?b"
