"""Distances on the sphere, for comparing places that a result lists."""

import math
from typing import Final

EARTH_RADIUS_M: Final = 6_371_000.0  # mean radius, as in the map tools (zimfo-behaviour §2.9)


def great_circle_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the haversine distance in metres between two positions in degrees."""
    first, second = math.radians(lat1), math.radians(lat2)
    half_lat, half_lon = (second - first) / 2, math.radians(lon2 - lon1) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(first) * math.cos(second) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))
