"""Whether an SVG image holds anything that runs.

Within a page, browsers run no script of an image; opened by itself, the image is a document like any other.
"""

from collections.abc import Iterator
from xml.parsers import expat

# Elements that run something, or bring in a document that may.
_ACTIVE_ELEMENTS = frozenset("script handler listener iframe frame object embed applet".split())
_SCHEMES = ("javascript:", "vbscript:", "data:text/html")
_SEPARATOR = " "  # between a namespace and a name; neither holds one


class _UnfitError(Exception):
    """Why an image is refused; never leaves this module."""


def svg_problem(data: bytes) -> str | None:
    """Return why an image cannot be packed, None if it is a well-formed SVG without scripts."""
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.StartElementHandler = _Elements().start
    # A few nested entities can stand for gigabytes.
    parser.EntityDeclHandler = _refuse_entity
    parser.ProcessingInstructionHandler = _refuse_style_sheet
    try:
        parser.Parse(data, True)  # noqa: FBT003 - it takes no keyword
    except _UnfitError as error:
        return str(error)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two: an encoding that is none
        return f"it is not well-formed SVG: {error}"
    return None


class _Elements:
    """Looks at one element after the other."""

    def __init__(self) -> None:
        self._is_root = True

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Raise _UnfitError for an element that runs something, and for a root that is no image."""
        tag = _local(name)
        if self._is_root and tag != "svg":
            raise _UnfitError(f"it is not SVG: its first element is {tag!r}")
        self._is_root = False
        if tag in _ACTIVE_ELEMENTS:
            raise _UnfitError(f"it holds the element {tag!r}, which can run scripts")
        for attribute, value in attributes.items():
            if _local(attribute).startswith("on"):
                raise _UnfitError(f"it holds the attribute {_local(attribute)!r}, which runs a script")
            if any(part.startswith(_SCHEMES) for part in _addresses(value)):
                raise _UnfitError(f"the attribute {_local(attribute)!r} leads to a script")


def _local(name: str) -> str:
    return name.rpartition(_SEPARATOR)[2].lower()


def _addresses(value: str) -> Iterator[str]:
    # An animation sets an address to one of several values; browsers overlook spaces within a scheme.
    for part in value.split(";"):
        yield "".join(char for char in part[:200] if char.isprintable() and not char.isspace()).lower()


def _refuse_entity(*_: object) -> None:
    raise _UnfitError("it declares entities; save it as plain SVG")


def _refuse_style_sheet(target: str, _: str) -> None:
    if target == "xml-stylesheet":
        raise _UnfitError("it has a style sheet of its own outside; save it as plain SVG")
