"""Distances and times as people say them. Server and client speak alike.

In feet and miles where people measure so: by `ZIMFO_UNITS` (`metric` or `imperial`), else by the locale's territory.
"""

import os
import re
from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "ZIMFO_UNITS"
METRIC: Final = "metric"
IMPERIAL: Final = "imperial"
M_PER_FOOT: Final = 0.3048
M_PER_MILE: Final = 1_609.344
FEET_BELOW_M: Final = 0.1 * M_PER_MILE  # shorter ways are told in feet

# Where roads are measured in miles (Unicode CLDR, measurement data: US and UK systems).
_IN_MILES: Final = frozenset({"US", "GB", "LR", "MM"})
_TERRITORY: Final = re.compile(r"[a-z]{2,3}_([A-Z]{2})\b")


def units(environment: Mapping[str, str] = os.environ) -> str:
    """Return `metric` or `imperial`, as the environment of a process says."""
    asked = environment.get(VARIABLE, "").strip().lower()
    if asked in (METRIC, IMPERIAL):
        return asked
    for name in ("LC_ALL", "LC_MEASUREMENT", "LANG"):  # the first that is set counts, see locale(7)
        if value := environment.get(name):
            territory = _TERRITORY.match(value)
            return IMPERIAL if territory and territory[1] in _IN_MILES else METRIC
    return METRIC


def distance_text(metres: float) -> str:
    """Return a length in m as people say it: "85 m", "350 m", "3.4 km", "2 km"; or "280 ft", "0.2 mi", "65 mi"."""
    return _imperial(metres) if units() == IMPERIAL else _metric(metres)


def _imperial(metres: float) -> str:
    if metres < FEET_BELOW_M:
        feet = round(metres / M_PER_FOOT)
        return f"{round(feet / 10) * 10 if feet > 100 else feet} ft"
    miles = metres / M_PER_MILE
    return f"{miles:.1f}".removesuffix(".0") + " mi" if miles < 9.95 else f"{miles:.0f} mi"


def _metric(metres: float) -> str:
    whole = round(metres)
    if whole > 100:
        whole = round(whole / 10) * 10
    if whole < 1_000:
        return f"{whole} m"
    if metres < 9_950:  # from here on one decimal would round to 10.0
        return f"{metres / 1_000:.1f}".removesuffix(".0") + " km"
    return f"{metres / 1_000:.0f} km"


def duration_text(seconds: float) -> str:
    """Return a time as people say it: "45 s", "12 min", "1 h 32 min"."""
    if round(seconds) < 60:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
