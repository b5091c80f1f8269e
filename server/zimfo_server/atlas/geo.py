"""Directions on the sphere, and degrees across the antimeridian."""

import math

WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


def bearing(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the initial bearing from the first position to the second: degrees clockwise from north, 0 to 360."""
    phi1, phi2, lon = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    east = math.sin(lon) * math.cos(phi2)
    north = math.cos(phi1) * math.sin(phi2) - math.sin(phi1) * math.cos(phi2) * math.cos(lon)
    return math.degrees(math.atan2(east, north)) % 360


def wind(degrees: float) -> str:
    """Return the word for a bearing, one of eight ("north-east")."""
    return WINDS[round(degrees / 45) % 8]


def east_of(lon: float, other: float) -> float:
    """Return how many degrees `other` lies east of `lon`, the shorter way around the earth: -180 to 180."""
    return (other - lon + 180) % 360 - 180
