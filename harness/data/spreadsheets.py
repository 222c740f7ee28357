"""Reads the rows of a sheet of an .xlsx file, with its cells as texts."""

from __future__ import annotations

import datetime
import io
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.archives import Archive
from harness.errors import Fault, FaultsError, MissingExtra, unknown_name

MAX_COLUMNS = 1_000
"""Columns of a sheet that are read; a formatted but empty sheet can claim 16,384."""
LABELS, GUIDELINE, LISTS = "labels", "guideline", "lists"
"""Names of the sheets that `harness export --to sheet` writes; the last one is hidden, and has the drop-down lists."""
LOCKED = ("claim_id", "title", "text", "context")
"""Columns at the start of its first sheet."""


class Sheet(NamedTuple):
    """One sheet of a file."""

    name: str
    others: tuple[str, ...]
    """Names of the other sheets that can be seen."""
    rows: Iterator[tuple[int, list[str]]]
    """Number, from 1, and cells of each row."""

    def not_read(self, columns: Collection[str]) -> tuple[str, ...]:
        """Returns the other sheets that may have rows of the user: all but those that an export adds to its labels.

        Args:
            columns: columns of this sheet.
        """
        is_export = self.name == LABELS and set(LOCKED) <= set(columns)
        return tuple(name for name in self.others if not (is_export and name in (GUIDELINE, LISTS)))


def read_sheet(path: str | Path, data: bytes, name: str | None, faults: list[Fault]) -> Sheet:
    """Opens one sheet of an .xlsx file: the named one, or else the first that can be seen.

    A cell is the value that a formula had when the file was saved. A date is written as ISO 8601, a whole number
    without a fraction, and with the zeros at its start that its format shows.

    Args:
        path: file named in messages.
        data: content of the file.
        name: name of the sheet.
        faults: list to which the faults of cells are appended while the rows are read.
    Raises: FaultsError: the file is damaged, or has no such sheet. MissingExtra: openpyxl is not installed.
    """
    try:
        import openpyxl
    except ImportError:
        raise MissingExtra(
            f"{path}: reading .xlsx files requires openpyxl: pip install 'claim-harness[xlsx]'"
        ) from None
    archive = Archive(Path(path), data)  # rejects a zip bomb before openpyxl unpacks it
    has_formulas = any(b"<f>" in xml or b"<f " in xml for xml in map(archive.read, _sheet_files(archive)))
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True) if has_formulas else None
    except Exception as error:  # a damaged file can raise any exception of openpyxl's parsers
        raise _unreadable(path, error) from None
    names = [sheet.title for sheet in book.worksheets]
    visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"] or names
    if not names:
        raise FaultsError.single(path, "has no sheet with cells")
    if name is not None and name not in names:
        raise FaultsError.single(path, unknown_name("sheet", name, names), field="sheet")
    chosen = name if name is not None else visible[0]
    rows = _rows(path, book[chosen], formulas[chosen] if formulas is not None else None, faults)
    return Sheet(chosen, tuple(other for other in visible if other != chosen), rows)


def _sheet_files(archive: Archive) -> list[str]:
    return [name for name in archive.names if name.startswith("xl/worksheets/") and name.endswith(".xml")]


def _unreadable(path: str | Path, error: Exception) -> FaultsError:
    return FaultsError.single(path, f"cannot be read as a spreadsheet: {type(error).__name__}; save it again as .xlsx")


def _rows(path: str | Path, values: Any, formulas: Any, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    values.reset_dimensions()  # the size that a file states may be wrong
    formula_rows: Iterator[Any] = iter(())
    if formulas is not None:
        formulas.reset_dimensions()
        formula_rows = formulas.iter_rows(max_col=MAX_COLUMNS)
    rows = values.iter_rows(max_col=MAX_COLUMNS)
    for number in itertools.count(1):
        try:
            row = next(rows, None)
            if row is None:
                return
            cells = [_text_of(cell) for cell in row]
            problems = _problems(row, next(formula_rows, ()))
        except Exception as error:  # see above
            raise _unreadable(path, error) from None
        faults += [
            Fault(str(path), number, None, message, code, f"{column_letter(column)}{number}")
            for column, message, code in problems
        ]
        yield number, cells


def column_letter(number: int) -> str:
    """Returns the letters of a column by its number, from 1: A, B, ..., Z, AA."""
    letters = ""
    while number > 0:
        number, remainder = divmod(number - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


def _problems(cells: Sequence[Any], sources: Sequence[Any]) -> list[tuple[int, str, str]]:
    """Returns the faults of a row: the column of each, its message and its code.

    Args:
        cells: cells with their values.
        sources: cells with their formulas; empty if the file has none.
    """
    problems = []
    for column, cell in enumerate(cells, start=1):
        if cell.data_type == "e":
            message = f"holds the error '{cell.value}'; mend the cell, or empty it"
            problems.append((column, message, "error-cell"))
        elif cell.value is None and column <= len(sources) and sources[column - 1].data_type == "f":
            remedy = "open the file in a spreadsheet program and save it"
            message = f"holds a formula without its value; {remedy}"
            problems.append((column, message, "formula-without-value"))
    return problems


def _text_of(cell: Any) -> str:
    """Returns the value of a cell as text."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        has_time = value.time() != datetime.time() or bool(re.search("[hs]", cell.number_format, re.IGNORECASE))
        return value.isoformat() if has_time else value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, int):
        width = len(cell.number_format) if re.fullmatch("0+", cell.number_format) else 0
        return str(value).zfill(width)
    return str(value)
