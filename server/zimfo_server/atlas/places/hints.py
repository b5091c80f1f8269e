"""What to try when a search finds nothing: a wider radius with what it would find, or the kinds that are there."""

from collections.abc import Sequence

from zimfo_server.atlas.maps import MapArchive
from zimfo_server.atlas.places.kinds import understand
from zimfo_server.atlas.places.proximity import around
from zimfo_server.atlas.places.selection import Selection
from zimfo_shared.places import MAX_RADIUS_KM, Suggestion

WIDER = (3, 10, 100)  # times the radius; each is one search more
MAX_KINDS_SHOWN = 6
NEVER_SUGGESTED = frozenset(("bus", "railway", "entrance", "barrier", "poi"))  # nobody who looks for X wants those


def when_nothing_found(
    maps: Sequence[MapArchive],
    point: tuple[float, float],
    radius_km: float,
    selection: Selection | None,
    *,
    has_wiki: bool,
    tool: str,
    arguments: dict[str, object],
    every_type: bool = False,
) -> list[Suggestion]:
    """Return calls that find something; `arguments` are those of the call that found nothing, as it can be repeated."""
    suggestions: list[Suggestion] = []
    for times in WIDER:
        wider = min(radius_km * times, MAX_RADIUS_KM)
        if wider <= radius_km:
            break
        found = around(maps, *point, wider * 1000, selection, has_wiki=has_wiki, every_type=every_type)
        if found.count:
            nearest = found.record(0)
            reach = f"{found.count} within {wider:g} km, the nearest is {nearest.name} at {found.metres[0]:.0f} m"
            suggestions.append(Suggestion(tool=tool, arguments={**arguments, "radius_km": wider}, reason=reach))
            break
    if selection is not None and selection.broader:
        kinds: list[str] = list(selection.broader)
        found = around(maps, *point, radius_km * 1000, understand(kinds), has_wiki=has_wiki, every_type=every_type)
        if found.count:
            wanted = {**arguments, "kinds": kinds, "radius_km": radius_km}
            suggestions.append(Suggestion(tool=tool, arguments=wanted, reason=f"{found.count} within {radius_km:g} km"))
    if not suggestions and (selection is not None or has_wiki):
        counts = around(maps, *point, radius_km * 1000).by_category()
        there = [(name, count) for name, count in counts if name not in NEVER_SUGGESTED][:MAX_KINDS_SHOWN]
        if there:
            rest = {name: value for name, value in arguments.items() if name not in ("kinds", "has_wiki")}
            counted = ", ".join(f"{name} ({count})" for name, count in there)
            wanted = {**rest, "kinds": [name for name, _ in there], "radius_km": radius_km}
            suggestions.append(Suggestion(tool=tool, arguments=wanted, reason=f"There are {counted}"))
    return suggestions
