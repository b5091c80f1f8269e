"""An invented map of any size: the network and the places of one region, through the same way as a real one."""

import datetime
import time
from pathlib import Path

from zimfo_archives.map.bounds import smallest_bounds
from zimfo_archives.map.build import MapContents, MapOptions, check_options, write_map
from zimfo_archives.map.graph import build_graph
from zimfo_archives.map.layouts import Layout
from zimfo_archives.map.shapes import E7
from zimfo_archives.metadata import SCRAPER, Progress, phase
from zimfo_archives.synth.network import road_network
from zimfo_archives.synth.places import place_records

# A date of today would make every day's archive another one.
_DATE = datetime.date(2026, 1, 1)


def synth_streets(
    target: Path, size: int, seed: int, *, layout: Layout = "single", progress: Progress | None = None
) -> MapContents:
    """Write a map with about `size` junctions and ends of roads, and `size` records.

    Raises an ArchivesError, in which case an archive already there is untouched.
    """
    started = time.monotonic()
    options = MapOptions(
        title="Synthetic region",
        description=f"An invented region of {size:,} junctions",
        creator=SCRAPER,
        license="Nobody's: everything in it is invented",
        name=f"synthetic_streets_{size}_{seed}",
        date=_DATE,
        layout=layout,
    )
    check_options(target, options)
    step = phase(progress, "Inventing roads") or (lambda done, total: None)
    step(0, 1)
    graph = build_graph(*road_network(size, seed))
    step(1, 1)
    bounds = smallest_bounds(graph.nodes / E7)
    return write_map(graph, place_records(size, seed), bounds, target, options, progress=progress, started=started)
