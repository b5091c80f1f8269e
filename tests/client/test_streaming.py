from hypothesis import given
from hypothesis import strategies as st

from zimfo_client.engine.streaming import TextStream


def _streamed(pieces: list[bytes], stop: tuple[str, ...]) -> tuple[list[str], bool]:
    stream = TextStream(stop)
    shown = [stream.feed(piece) for piece in pieces]
    return [*shown, stream.finish()], stream.stopped


def test_a_character_split_over_tokens_is_shown_whole() -> None:
    shown, _ = _streamed([b"caf\xc3", b"\xa9 ", b"\xf0\x9f", b"\x8c\x8d"], ())
    assert shown == ["caf", "é ", "", "🌍", ""]


def test_the_beginning_of_a_stop_marker_is_never_shown() -> None:
    shown, stopped = _streamed([b"Hello <|", b"im", b"_end|>", b" more"], ("<|im_end|>",))
    assert shown == ["Hello ", "", "", "", ""]
    assert stopped


def test_what_only_looked_like_a_stop_marker_is_shown_at_last() -> None:
    shown, stopped = _streamed([b"a <", b"|im", b"age"], ("<|im_end|>",))
    assert "".join(shown) == "a <|image"
    assert not stopped
    assert "".join(_streamed([b"a <|im"], ("<|im_end|>",))[0]) == "a <|im"


def test_the_first_of_several_stop_markers_counts() -> None:
    shown, _ = _streamed([b"one [TOOL_RESPONSE] two <|im_end|>"], ("<|im_end|>", "[TOOL_RESPONSE"))
    assert "".join(shown) == "one "


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert "".join(_streamed([b"\xff\xfe", b"ok\xc3"], ())[0]) == "��ok�"


@given(st.text(alphabet="ab<|>é ", max_size=40), st.lists(st.integers(1, 5), max_size=40))
def test_any_cut_of_the_bytes_gives_the_same_text(text: str, sizes: list[int]) -> None:
    data, pieces = text.encode(), []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    stop = ("<|>", "ab<")
    places = [text.find(marker) for marker in stop if marker in text]
    expected = text[: min(places)] if places else text
    assert "".join(_streamed([*pieces, data], stop)[0]) == expected
