"""The road graphs of a library's maps, opened on first use."""

from collections import OrderedDict

from zimfo_server.atlas.graph.load import GraphSource, open_graph
from zimfo_server.library.library import Library

MAX_OPEN = 3  # graphs kept: a country is a gigabyte, and people travel on one map at a time


class Roads:
    """Graphs by archive name."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._open: OrderedDict[str, GraphSource] = OrderedDict()

    def source(self, zim: str) -> GraphSource:
        """Return the road graph of a map. Raises `MapUnreadableError`, `ArchiveSetAsideError`."""
        if zim not in self._open:
            self._open[zim] = open_graph(self._library.archives(zim)[0])
        self._open.move_to_end(zim)
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return self._open[zim]
