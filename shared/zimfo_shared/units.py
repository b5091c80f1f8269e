"""Distances and times as people say them. Server and client speak alike."""


def distance_text(metres: float) -> str:
    """Return a length as people say it: "85 m", "350 m", "3.4 km", "2 km", "104 km"."""
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
