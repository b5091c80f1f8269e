"""From sampled bytes to text that may be shown: whole characters, and no beginning of a stop marker."""

import codecs


class TextStream:
    """Turns the bytes of tokens into text; holds back split characters and what may become a stop marker."""

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(marker for marker in stop if marker)
        self._longest = max((len(marker) for marker in self._stop), default=1)
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        """Return the text that is safe to show now; sets `stopped` when a stop marker is complete."""
        return self._take(self._decoder.decode(data))

    def finish(self) -> str:
        """Return what was held back, now that nothing follows."""
        shown = self._take(self._decoder.decode(b"", final=True))
        if not self.stopped:
            shown, self._held = shown + self._held, ""
        return shown

    def _take(self, text: str) -> str:
        if self.stopped:
            return ""
        held = self._held + text
        found = [place for marker in self._stop if (place := held.find(marker)) >= 0]
        if found:
            self.stopped = True
            self._held = ""
            return held[: min(found)]
        keep = held_back(held, self._stop, self._longest)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]


def held_back(text: str, markers: tuple[str, ...], longest: int) -> int:
    """Return how many characters at the end of `text` may be the beginning of a marker of at most `longest`."""
    for size in range(min(longest - 1, len(text)), 0, -1):
        tail = text[-size:]
        if any(marker.startswith(tail) for marker in markers):
            return size
    return 0
