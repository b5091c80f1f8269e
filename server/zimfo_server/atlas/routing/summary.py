"""A route in one line: how far, how long, along which roads. Plain Python: the server's parent process uses it too."""

from collections import Counter
from collections.abc import Sequence

from zimfo_server.atlas.routing.labels import Label, label
from zimfo_shared.routes import Road
from zimfo_shared.units import distance_text, duration_text

MAIN_SHARE = 0.3  # of the length: a road below it does not describe the route
MAX_MAIN_ROADS = 2
SAME_LABEL = 0.8  # of a road's length under one label: that is what it is called
UNNAMED_PREFIX = "unnamed "  # how the display name of a road without a name begins


def main_roads(roads: Sequence[Road]) -> list[str]:
    """Return at most two roads that make up most of a route, the longer first.

    A road counts under each of its names and numbers, so that "A1" and "Autostrada del Sole (A1)" count together.
    """
    least = MAIN_SHARE * sum(road.distance_m for road in roads)
    rest = [(label(road.name), road.distance_m) for road in roads if not road.name.startswith(UNNAMED_PREFIX)]
    result: list[str] = []
    while rest and len(result) < MAX_MAIN_ROADS:
        lengths: Counter[str] = Counter()
        for known, metres in rest:
            for name in known.names | known.refs:
                lengths[name] += metres
        longest = max(sorted(lengths), key=lambda name: lengths[name])
        if not lengths[longest] or lengths[longest] < least:
            break
        bearers = [(known, metres) for known, metres in rest if longest in known.names | known.refs]
        result.append(_common_name(longest, bearers))
        rest = [(known, metres) for known, metres in rest if longest not in known.names | known.refs]
    return result


def _common_name(name: str, bearers: Sequence[tuple[Label, int]]) -> str:
    """Return what to call roads that share a name or number: their label, or the number where labels differ."""
    labels: Counter[str] = Counter()
    for known, metres in bearers:
        labels[known.spoken] += metres
    text, metres = labels.most_common(1)[0]
    numbered = any(name in known.refs for known, _ in bearers)
    return label(name).spoken if numbered and metres < SAME_LABEL * labels.total() else text


def summary(metres: float, seconds: float, roads: Sequence[Road]) -> str:
    """Return the route in one line: "104 km, 1 h 32 min, mostly A1"."""
    parts = [distance_text(metres), duration_text(seconds)]
    if names := main_roads(roads):
        parts.append(f"mostly {' and '.join(names)}")
    return ", ".join(parts)
