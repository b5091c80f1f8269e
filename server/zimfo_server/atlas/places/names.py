"""The names that a record is found by: its own, its other ones, and the parts of a name in two languages."""

import re
from collections.abc import Iterable

from zimfo_server.atlas.places.fold import fold
from zimfo_server.atlas.places.groups import ADDRESSES, FEATURES

MIN_PART = 2  # letters of a part of a name that is a name by itself

_SLASHED = re.compile(r"\s+/\s+")
_BILINGUAL = re.compile(r"\s+[/–—-]\s+|\s*[()]\s*")


def folded_names(name: str, group: int, others: Iterable[str] = ()) -> list[str]:
    """Return the distinct folded names of a record; the first is its own. Empty when there is no letter or digit in it.

    "A / B" names are taken apart everywhere, "A - B" and "A (B)" not in points of interest, where they say what kind
    or which branch it is. Of an address the part without the town counts too.
    """
    forms = [name]
    if group == ADDRESSES:
        forms.append(name.rpartition(",")[0])
    elif group == FEATURES:
        forms += _SLASHED.split(name)
    else:
        forms += _BILINGUAL.split(name)
    folded = [fold(form) for form in (*forms, *others)]
    kept = [text for number, text in enumerate(folded) if len(text) >= (MIN_PART if number else 1)]
    return list(dict.fromkeys(kept))
