"""What the signs along the roads of an invented network say: names, numbers, speed limits, directions."""

from functools import lru_cache

import numpy as np

from zimfo_archives.map.roads import Road, road_of
from zimfo_archives.synth.chance import Ints, draws
from zimfo_archives.synth.lattice import HIGHWAYS, LEVEL, street_names
from zimfo_archives.synth.pieces import NO_STREET, Pieces
from zimfo_archives.synth.region import Region

# By class of country roads: the letter of their numbers, and the speed limit in km/h.
_NUMBERS = {"motorway": ("M", "130"), "trunk": ("A", "100"), "primary": ("P", "90"), "secondary": ("S", "80")}
_TOWN_LIMIT = "50"
_SLOW_TOWNS = 0.4  # share of the towns whose residential streets have a limit of 30 km/h
_PRIVATE = 0.08  # share of the service roads


def roads_of(region: Region, pieces: Pieces, between: Ints) -> list[Road]:
    """Return the road of each line of the pieces.

    Streets that are not in towns are roads between them, of which row i of `between` says where road i leads.
    """
    streets = int(region.first_street[-1])
    names = [name for town in range(len(region.points)) for name in street_names(region, town)[1]]
    starts = pieces.line_starts()
    town_of = np.repeat(np.arange(len(region.points)), np.diff(region.first_street)).tolist()
    slow = draws(region.seed, "slow", np.arange(len(region.points))) < _SLOW_TOWNS
    private = draws(region.seed, "private", pieces.head[starts]) < _PRIVATE
    found: list[Road] = []
    # Different signs may mean the same road.
    shared: dict[Road, Road] = {}
    columns = (pieces.level, pieces.street, pieces.one_way)
    for level, street, one_way, closed in zip(*(c[starts].tolist() for c in columns), private.tolist(), strict=True):
        highway = HIGHWAYS[level]
        ring = street < NO_STREET
        name = ref = limit = ""
        if 0 <= street < streets:
            name = names[street]
            if level <= LEVEL["tertiary"]:
                limit = _TOWN_LIMIT
            elif slow[town_of[street]]:
                limit = "30"
        elif street >= streets:
            number = street - streets
            letter, limit = _NUMBERS.get(highway, ("", ""))
            ref = f"{letter}{number + 1}" if letter else ""
            name = "" if letter else f"{region.name(int(between[number, 1]))} Road"
        access = "private" if closed and highway == "service" else ""
        road = _road(highway, name, ref, limit, access, bool(one_way), ring)
        found.append(shared.setdefault(road, road))
    return found


@lru_cache(maxsize=1 << 20)
def _road(highway: str, name: str, ref: str, limit: str, access: str, one_way: bool, ring: bool) -> Road:  # noqa: FBT001
    told = {"name": name, "ref": ref, "maxspeed": limit, "access": access}
    tags = {"highway": highway, **{key: value for key, value in told.items() if value}}
    if ring:
        tags["junction"] = "roundabout"
    elif one_way:
        tags["oneway"] = "yes"
    road = road_of(tags)
    assert road is not None
    return road
