"""Tables of a page: which only arrange its text, and the rows of those that hold data."""

from collections.abc import Callable

from selectolax.lexbor import LexborNode

from zimfo_server.articles import chrome

MAX_TABLE_ROWS = 60  # more is a database; the first rows show what it holds
MAX_COLUMNS = 40
MAX_SPAN = 40  # rows or columns that one cell is repeated over
MAX_CELL_CHARS = 300  # a longer cell is prose in a layout table

CellText = Callable[[LexborNode], str]


def is_layout(table: LexborNode, attributes: chrome.Attributes) -> bool:
    """Return whether a table only arranges blocks of text on the page, so that it is read cell by cell."""
    if attributes.get("role") == "presentation":
        return True
    if table.css_first("table table, h1, h2, h3, h4, h5, h6, pre") is not None:
        return True
    if table.css_first("th") is not None or "wikitable" in (attributes.get("class") or ""):
        return False
    widths = [len(cells) for row in table.css("tr")[:MAX_TABLE_ROWS] if (cells := row.css("td"))]
    if not widths or max(widths) == 1:
        return True
    return any(len(cell.text(deep=True)) > MAX_CELL_CHARS for cell in table.css("td")[: MAX_TABLE_ROWS * 4])


def rows(table: LexborNode, cell_text: CellText) -> list[str]:
    """Return a table's rows as lines `cell | cell`, the caption first; a last line says how many were left out."""
    lines: list[str] = []
    total = 0
    spanning: dict[int, tuple[int, str]] = {}
    for row in table.css("caption, tr"):
        if chrome.is_chrome(row.tag or "", row.attributes):
            continue
        texts = [cell_text(row)] if row.tag == "caption" else _row(row.css("th, td"), spanning, cell_text)
        if not any(texts):
            continue
        total += 1
        if total <= MAX_TABLE_ROWS:
            lines.append(" | ".join(texts).strip(" |"))
    if total > MAX_TABLE_ROWS:
        lines.append(f"… ({total - MAX_TABLE_ROWS} more rows)")
    return lines


def _row(cells: list[LexborNode], spanning: dict[int, tuple[int, str]], cell_text: CellText) -> list[str]:
    """Return the texts of a row with those of cells that reach down from rows above; `spanning` holds these by column.

    Without them the year of an album would stand in the first row only, and every other number under a wrong head.
    """
    texts: list[str] = []

    def reach_down() -> None:
        while (column := len(texts)) in spanning:
            left, text = spanning.pop(column)
            texts.append(text)
            if left > 1:
                spanning[column] = (left - 1, text)

    for cell in cells[:MAX_COLUMNS]:
        reach_down()
        text = cell_text(cell)
        down, across = _span(cell, "rowspan"), _span(cell, "colspan")
        for offset in range(across):
            if down > 1:
                spanning[len(texts)] = (down - 1, text if not offset else "")
            texts.append(text if not offset else "")
    reach_down()
    return texts


def _span(cell: LexborNode, name: str) -> int:
    given = cell.attributes.get(name) or ""
    return min(max(int(given), 1), MAX_SPAN) if given.isascii() and given.isdigit() and len(given) < 6 else 1
