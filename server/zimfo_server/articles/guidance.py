"""What a call that cannot be answered says: which calls would be, one a line, each as it can be made."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from zimfo_server.errors import GuidanceError

MAX_CHOICES = 6  # more than a small model can weigh, and more prompt than a miss is worth
MAX_ECHO = 80  # characters of a title repeated in a message


@dataclass(frozen=True)
class Asked:
    """Which article a call asks for, and how the call would be made for another one.

    `titles` and `position` are set when the article is one of several that the call names.
    """

    tool: str
    title: str = ""
    path: str = ""
    zim: str | None = None
    section: str | None = None
    titles: Sequence[str] = ()
    position: int = 0

    def instead(self, title: str, zim: str, *, path: str | None = None, section: str | None = None) -> str:
        """Return the call with another article; `path` instead of `title` where the title does not lead there."""
        if self.titles:
            titles = [*self.titles]
            titles[self.position] = title
            return call(self.tool, titles=titles, section=self.section, zim=self.zim)
        named: dict[str, object] = {"path": path} if path else {"title": title}
        return call(self.tool, **named, section=section, zim=zim)

    @property
    def name(self) -> str:
        """The article as it was asked for, short enough to repeat."""
        return short(self.title or self.path)


def call(tool: str, **arguments: object) -> str:
    """Return a call as a line of text; arguments that are None are left out."""
    given = {name: value for name, value in arguments.items() if value is not None}
    shown = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in given.items())
    return f"{tool}({shown})"


def choices(intro: str, calls: Sequence[str]) -> GuidanceError:
    """Return an error that offers up to `MAX_CHOICES` calls, one a line."""
    return GuidanceError("\n".join([intro, *(f"- {line}" for line in calls[:MAX_CHOICES])]))


def short(text: str) -> str:
    """Return `text` on one line, cut to what is worth repeating."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"
