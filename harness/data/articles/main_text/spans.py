"""Gives each row of a table of a web page all of its cells, where a cell spans several rows or columns."""

from __future__ import annotations

from copy import deepcopy
from itertools import takewhile
from typing import Any

MAX_SPAN = 100
"""Rows or columns that a cell spans; a larger number is cut to it."""
MAX_CELLS = 5_000
"""Cells of a table; one with more is left as it is."""


def expand_spans(table: Any) -> None:
    """Repeats a cell in each row that it spans, and a header in each column; other cells get empty ones beside them.

    A cell that is alone in its row is a title or a note, and stays as it is.

    Args:
        table: element of the page, which is changed.
    """
    rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    if sum(map(len, cells)) > MAX_CELLS or not any(_spans(cell) for row in cells for cell in row):
        return
    grid = list[list[Any]]()
    waiting = dict[int, tuple[int, Any]]()  # rows left and cell, by column
    n_cells = 0
    for row, own in zip(rows, cells, strict=True):
        full = list[Any]()
        for cell in own:
            _take(waiting, full)
            n_rows, n_columns = _spans(cell) or (1, 1)
            cell.attrib.pop("rowspan", None)
            cell.attrib.pop("colspan", None)
            alone = len(own) == 1 and not full
            for number in range(1 if alone else n_columns):
                if n_rows > 1:
                    waiting[len(full)] = n_rows - 1, cell
                full.append(cell if number == 0 else _copy(cell) if cell.tag == "th" else cell.makeelement("td"))
        _take(waiting, full)
        n_cells += len(full)
        if n_cells > MAX_CELLS:
            return
        for position, cell in enumerate(full):
            row.insert(position, cell)
        grid.append(full)
    _join_headers(rows, grid)


def _join_headers(rows: list[Any], grid: list[list[Any]]) -> None:
    """Makes one row of the rows of headers at the top of a table: `Spent Roads`, `Spent Schools`."""
    headers = list(takewhile(lambda row: len(row) > 1 and all(cell.tag == "th" for cell in row), grid))
    if not 1 < len(headers) < len(grid):
        return
    for column, cell in enumerate(headers[0]):
        names = [" ".join(row[column].text_content().split()) for row in headers if column < len(row)]
        for child in list(cell):
            cell.remove(child)
        cell.text = " ".join(dict.fromkeys(filter(None, names)))
    for row in rows[1 : len(headers)]:
        row.getparent().remove(row)


def _take(waiting: dict[int, tuple[int, Any]], full: list[Any]) -> None:
    """Adds the cells of earlier rows that span the next columns of a row."""
    while len(full) in waiting:
        n_left, cell = waiting.pop(len(full))
        if n_left > 1:
            waiting[len(full)] = n_left - 1, cell
        full.append(_copy(cell))


def _copy(cell: Any) -> Any:
    copy = deepcopy(cell)
    copy.tail = None
    return copy


def _spans(cell: Any) -> tuple[int, int] | None:
    """The rows and columns that a cell spans; None for a cell of one row and column."""
    spans = [str(cell.get(name) or "1").strip() for name in ("rowspan", "colspan")]
    n_rows, n_columns = (
        min(int(span), MAX_SPAN) if span.isdecimal() and len(span) < 6 and int(span) else 1 for span in spans
    )
    return (n_rows, n_columns) if n_rows > 1 or n_columns > 1 else None
