"""From the text of a call's body to values: strict JSON first, then one tolerant reader for everything models write.

The tolerant reader takes JSON with the usual damage, Python literals and calls (`[name(a='b')]`) and the Gemma notation
(`call:name{k:<|"|>v<|"|>}`). It is one pass over the text, so it is linear, and it gives up rather than guess when a
text was clipped in the middle of a value.
"""

import json
import math
import re
from typing import Any, Final

MAX_BODY = 32_768  # characters of a body that is repaired; the longest call of the corpus has 194
MAX_DEPTH = 48  # brackets in brackets
MAX_VALUES = 16  # values in one body

Value = Any

_WORDS: Final = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
    "undefined": None, "NaN": None, "Infinity": None,
}  # fmt: skip
_GEMMA_QUOTE: Final = '<|"|>'
_CLOSING: Final = {'"': '"', "'": "'", "“": "”“\"", "”": "”\"", "‘": "’‘'", "’": "’'", "`": "`"}  # fmt: skip
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\n": ""}
_HEX_DIGITS: Final = {"x": 2, "u": 4, "U": 8}

_SPACE: Final = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*[^*]{0,200}\*/)*")  # and comments
_NUMBER: Final = re.compile(r"[-+]?(?:\d[\d_]*)?\.?\d+(?:[eE][-+]?\d+)?(?![\w.])")
_WORD: Final = re.compile(r"[^\W\d][\w.-]*")
_BARE: Final = re.compile(r"[^,{}\[\]()\n\"“”]+")
_CALL: Final = re.compile(r"(?:call:\s*)?([^\W\d][\w.-]*)\s*(?=[({])")
_GEMMA_CALL: Final = re.compile(r"call:\s*([^\W\d][\w.-]*)\s*(?=[({])")
_KEYWORD: Final = re.compile(r"([^\W\d]\w*)\s*=(?!=)")
_STRAY_QUOTE: Final = re.compile(r"([\"'])\s*(?=\1[^\s\"',\]}):=])")
_LOW_SURROGATE: Final = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_AFTER_TEXT: Final = re.compile(r"\s*(?:[,\]}):\"'“”‘’]|//|$)")


class _MalformedError(ValueError):
    """The tolerant reader cannot make sense of the text."""


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a JSON number")
    return number


def _no_constant(_text: str) -> None:
    raise ValueError("not JSON")


_STRICT: Final = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def strict_at(text: str, place: int) -> tuple[Value, int] | None:
    """Return the JSON value that begins at `place`, and where it ends; None when there is none."""
    try:
        return _STRICT.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None


def strict_text(text: str) -> Value:
    """Return the JSON value that is the whole of `text`; None when it is something else."""
    found = strict_at(text.strip(), 0)
    return found[0] if found and found[1] == len(text.strip()) else None


def lenient(text: str, *, clipped: bool) -> list[Value]:
    """Return the values in a body, calls in Python notation as objects; none when it makes no sense.

    `clipped` says that the text may have been cut off: then only missing braces behind a complete value are supplied,
    and nothing that was cut in a text, a number or a list is returned.
    """
    reader = _Reader(text[:MAX_BODY], clipped=clipped or len(text) > MAX_BODY)
    values: list[Value] = []
    try:
        while len(values) < MAX_VALUES and reader.seek_value():
            values.append(reader.value(0))
    except (_MalformedError, ValueError, RecursionError):
        pass  # what was complete before stands
    return values


def lenient_at(text: str, place: int, *, clipped: bool) -> tuple[Value, int] | None:
    """Return the value that the tolerant reader finds at `place`, and where it ends; None when there is none."""
    stop = min(len(text), place + MAX_BODY)
    reader = _Reader(text[place:stop], clipped=clipped or stop < len(text))
    try:
        return reader.value(0), place + reader.place
    except (_MalformedError, ValueError, RecursionError):
        return None


class _Reader:
    def __init__(self, text: str, *, clipped: bool) -> None:
        self.text = text
        self.place = 0
        self._clipped = clipped
        self._lists = 0  # open ones

    def seek_value(self) -> bool:
        """Go to the next place where an object, a list or a call begins."""
        text = self.text
        while self.place < len(text):
            self._space()
            if self._peek() in ("{", "["):
                return True
            if _CALL.match(text, self.place):
                return True
            word = _WORD.match(text, self.place)
            self.place = word.end() if word else self.place + 1
        return False

    def value(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise _MalformedError
        self._space()
        text, first = self.text, self._peek()
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._list("]", depth)
        if first == "(":
            return self._list(")", depth)
        if first in _CLOSING or text.startswith(_GEMMA_QUOTE, self.place):
            return self._string()
        call = (_CALL if depth <= 1 else _GEMMA_CALL).match(text, self.place)
        if call:
            return self._call(call, depth)
        return self._scalar()

    def _space(self) -> None:
        found = _SPACE.match(self.text, self.place)
        if found:
            self.place = found.end()

    def _peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def _ended(self) -> bool:
        """Say whether the text ends here. Raises for a text that was cut off in the middle of something."""
        if self.place < len(self.text):
            return False
        if self._clipped and (self._lists or not self.text.rstrip().endswith(("}", "]", '"', "'", _GEMMA_QUOTE))):
            raise _MalformedError
        return True

    def _object(self, depth: int) -> dict[str, Value]:
        self.place += 1
        members: dict[str, Value] = {}
        while True:
            self._separators()
            if self._ended():
                return members
            if self._peek() == "}":
                self.place += 1
                return members
            if self._peek() in "])":
                raise _MalformedError
            key = self._key()
            self._space()
            if self._peek() not in (":", "="):
                raise _MalformedError
            self.place += 1
            members[key] = self.value(depth + 1)

    def _key(self) -> str:
        if self._peek() in _CLOSING or self.text.startswith(_GEMMA_QUOTE, self.place):
            return self._string()
        word = _WORD.match(self.text, self.place)
        if not word:
            raise _MalformedError
        self.place = word.end()
        return word[0]

    def _list(self, closer: str, depth: int) -> list[Value]:
        self.place += 1
        self._lists += 1
        items: list[Value] = []
        while True:
            self._separators()
            if self._ended() or self._peek() == closer:
                break
            if self._peek() in "}])":
                # Another bracket closes something further out: this one was forgotten.
                self._lists -= 1
                return items
            items.append(self.value(depth + 1))
        self.place += 1
        self._lists -= 1
        return items

    def _separators(self) -> None:
        self._space()
        while self._peek() in (",", ";"):
            self.place += 1
            self._space()

    def _call(self, found: re.Match[str], depth: int) -> Value:
        """Read `name(a=1)`, `name({...})`, `name{...}`."""
        self.place = found.end()
        if self._peek() == "{":
            arguments: Value = self._object(depth)
        else:
            arguments = self._call_arguments(depth)
        return {"name": found[1], "arguments": arguments}

    def _call_arguments(self, depth: int) -> Value:
        self.place += 1
        named: dict[str, Value] = {}
        positional: list[Value] = []
        while True:
            self._separators()
            if self._ended() or self._peek() == ")":
                self.place += 1
                break
            if self._peek() in "]}":
                break
            keyword = _KEYWORD.match(self.text, self.place)
            if keyword:
                self.place = keyword.end()
                named[keyword[1]] = self.value(depth + 2)
            else:
                positional.append(self.value(depth + 2))
        if not named and len(positional) == 1 and isinstance(positional[0], dict):
            return positional[0]
        if positional and not named:
            return positional
        return named

    def _scalar(self) -> Value:
        number = _NUMBER.match(self.text, self.place)
        if number:
            self.place = number.end()
            if self._clipped and self.place >= len(self.text):
                raise _MalformedError
            digits = number[0].replace("_", "")
            return int(digits) if re.fullmatch(r"[-+]?\d+", digits) else _finite(digits)
        bare = _BARE.match(self.text, self.place)
        if not bare:
            raise _MalformedError
        self.place = bare.end()
        if self._clipped and self.place >= len(self.text):
            raise _MalformedError
        text = bare[0].strip()
        if not text:
            raise _MalformedError
        return _WORDS.get(text, text)

    def _string(self) -> str:
        text = self.text
        if text.startswith(_GEMMA_QUOTE, self.place):
            start = self.place + len(_GEMMA_QUOTE)
            stop = text.find(_GEMMA_QUOTE, start)
            if stop < 0:
                raise _MalformedError
            self.place = stop + len(_GEMMA_QUOTE)
            return text[start:stop]
        stray = _STRAY_QUOTE.match(text, self.place)
        if stray:
            self.place = stray.end()
        for quotes in ('"""', "'''"):
            stop = text.find(quotes, self.place + 3) if text.startswith(quotes, self.place) else -1
            if stop >= 0:
                found, self.place = text[self.place + 3 : stop], stop + 3
                return found
        return self._quoted(_CLOSING[self._peek()])

    def _quoted(self, closers: str) -> str:
        """Read to the closing quote: the first one behind which a value can end, as inner quotes are often bare."""
        text = self.text
        self.place += 1
        parts: list[str] = []
        interesting = re.compile(f"[{re.escape(closers)}\\\\]")
        while True:
            found = interesting.search(text, self.place)
            if not found:
                return self._unclosed("".join(parts))
            parts.append(text[self.place : found.start()])
            self.place = found.end()
            if found[0] == "\\":
                parts.append(self._escape())
            elif _AFTER_TEXT.match(text, self.place):
                return "".join(parts)
            else:
                parts.append(found[0])

    def _unclosed(self, before: str) -> str:
        if self._clipped:
            raise _MalformedError
        rest = self.text[self.place :]
        kept = rest.rstrip("}]) \n\t")
        self.place += len(kept)
        return before + kept

    def _escape(self) -> str:
        code = self._peek()
        self.place += 1
        if code in _HEX_DIGITS:
            return self._character(code)
        if code in _ESCAPES:
            return _ESCAPES[code]
        return code if not code.isalnum() else "\\" + code

    def _character(self, code: str) -> str:
        digits = self.text[self.place : self.place + _HEX_DIGITS[code]]
        if not re.fullmatch(f"[0-9a-fA-F]{{{_HEX_DIGITS[code]}}}", digits):
            return "\\" + code
        self.place += len(digits)
        number = int(digits, 16)
        if 0xD800 <= number < 0xDC00 and (low := _LOW_SURROGATE.match(self.text, self.place)):
            self.place = low.end()
            number = 0x10000 + ((number - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
        return chr(number) if number < 0x110000 else "\\" + code + digits
