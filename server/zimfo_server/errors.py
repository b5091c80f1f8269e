"""Errors of the server.

ServerError
├── GuidanceError           the call found nothing or makes no sense; read by the model
│   ├── ArchiveSetAsideError    the archive it needs is damaged or crashed a worker; read by the model
│   ├── MapUnreadableError      a part of a map archive has an unknown layout or is damaged; read by the model
│   ├── NotReadyError           something is being prepared: the same call works later; read by host and model
│   │   └── MapBeingPreparedError   the places of a map
│   ├── PlaceNotFoundError      no map archive knows a place, or several places are meant; read by the model
│   └── NoRouteError            two places that no road connects, or that lie off the roads; read by the model
├── WorkerError             a worker process failed a call; becomes guidance that names the archive
│   ├── WorkerDiedError
│   └── WorkerTimeoutError
├── ArchiveUnusableError    a file that cannot be served; read by the person who started the server
└── NothingToServeError     no archive at all; read by the person who started the server
"""


class ServerError(Exception):
    """Base of everything this package raises."""


class GuidanceError(ServerError):
    """A call that cannot be answered; the message says which call would work."""


class ArchiveSetAsideError(GuidanceError):
    """A call that names an archive which is damaged or has crashed a worker."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Archive '{name}' cannot be used: {reason}. Call again without it or with another archive.")
        self.name = name
        self.reason = reason


class MapUnreadableError(GuidanceError):
    """A part of a map archive (road graph, search data) that cannot be read; the other tools of the map go on."""

    def __init__(self, archive: str, reason: str) -> None:
        super().__init__(f"Map '{archive}': {reason}")
        self.archive = archive
        self.reason = reason


class NotReadyError(GuidanceError):
    """Something that is prepared once; the same call will be answered when that is done."""


class MapBeingPreparedError(NotReadyError):
    """A map whose places are still being made searchable; `done` is the share that is, 0 to 1."""

    def __init__(self, archive: str, done: float) -> None:
        super().__init__(
            f"The map '{archive}' is being prepared for searching, {done:.0%} done. Call again in a few seconds."
        )
        self.archive = archive


class PlaceNotFoundError(GuidanceError):
    """A place name that no map archive resolves, or that several places bear."""


class NoRouteError(GuidanceError):
    """Two positions without a road connection, or too far from any road."""


class WorkerError(ServerError):
    """A worker process that failed; `touched` is the archive it was reading, if it was reading one."""

    def __init__(self, message: str, touched: str | None) -> None:
        super().__init__(message)
        self.touched = touched


class WorkerDiedError(WorkerError):
    """The worker's process ended during a call."""


class WorkerTimeoutError(WorkerError):
    """The worker did not answer before the call's deadline."""


class ArchiveUnusableError(ServerError):
    """A file that is no usable ZIM archive."""


class NothingToServeError(ServerError):
    """No archive was given or found, or none of them can be used."""
