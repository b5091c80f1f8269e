"""Sizes of files as people read them."""


def size_text(count: int) -> str:
    """Return bytes for a person: `3.56 GB`, `98 MB`, `12 kB`."""
    units = ((1_000_000_000_000, "TB", 2), (1_000_000_000, "GB", 2), (1_000_000, "MB", 0), (1_000, "kB", 0))
    for unit, name, digits in units:
        if count >= unit:
            return f"{count / unit:.{digits}f} {name}"
    return f"{count} bytes"
