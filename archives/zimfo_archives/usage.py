"""How much memory this process has used at most."""

import sys
from pathlib import Path


def peak_rss_bytes() -> int | None:
    """Return the peak resident memory of this process, None where the system does not tell."""
    try:
        # Preferred over getrusage: on Linux that one carries the parent's peak over fork and exec.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
