"""Pages of single places, which feed the full-text index (streetzim-format.md §3.8)."""

import re

from zimfo_archives.check.entries import Entries
from zimfo_archives.check.report import Findings
from zimfo_archives.check.search import Box, is_far

FOLDER = "search/"
_NUMBER = r"(-?\d{1,3}(?:\.\d{1,20})?)"
_PLACE = re.compile(rf"index\.html#(?:dest={_NUMBER}(?:,|%2C){_NUMBER}|map=[\d.]{{1,8}}/{_NUMBER}/{_NUMBER})")


def check_pages(entries: Entries, findings: Findings, box: Box | None) -> None:
    """Check that every page names its place and where it is."""
    for path in entries.below(FOLDER):
        text = entries.text(path)
        if text is None:
            continue
        if "<h1" not in text:
            findings.warning("pages without a heading", path, "has no heading with the name of its place")
        found = _PLACE.search(text)
        if found is None:
            findings.error("pages without a position", path, "has no link with the position of its place")
            continue
        lat, lon = (float(number) for number in found.groups() if number is not None)
        if abs(lat) > 90 or abs(lon) > 180:
            findings.error("pages without a position", path, f"its place is at {lat}, {lon}")
        elif box is not None and is_far(box, lat, lon):
            findings.warning("far pages", path, f"its place at {lat}, {lon} is far outside of the bounding box")
        if text[: found.start()][-3:] != "../":
            findings.warning("links of pages", path, "its link to the map lacks the leading ../")
