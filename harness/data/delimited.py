"""Reads delimited files (CSV and TSV) with the line of every row and every fault.

Reads row by row, so that memory use does not grow with the length of the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.errors import Fault, FaultsError, unknown_name

DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""Delimiter by file suffix."""
MAX_CELL = 131_072
"""Maximum number of characters of a cell; a longer cell is usually an unclosed quote."""
MAX_BOOK_CELL = 2**31 - 1
"""Maximum number of characters of a cell that can contain a whole book."""


class DelimitedRow(NamedTuple):
    """One row of a delimited file."""

    line: int
    """Line of the file, from 1, on which the row begins."""
    cells: list[str]


def quoted_rows(
    path: str | Path, lines: Iterable[str], delimiter: str, *, max_cell: int = MAX_CELL
) -> Iterator[DelimitedRow]:
    """Yields the rows of a file with CSV quoting, including the header. Skips empty lines.

    Args:
        path: file named in faults.
        lines: lines with their line ends, as a stream opened with `newline=""` yields them.
        delimiter: one character.
        max_cell: maximum number of characters of a cell.
    Raises: FaultsError: a row is malformed, has a cell that is too long, or has a NUL byte; after the rows before it.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    next_line = 1
    while True:
        # The limit is global to the process: set it for each row, and restore it before the caller gets control.
        previous_limit = csv.field_size_limit(max_cell)
        try:
            cells = next(reader, None)
        except csv.Error as error:
            kind = "TSV" if delimiter == "\t" else "CSV"
            remedy = 'look for a stray quote (write a quote inside a quoted cell as "")'
            raise FaultsError.single(path, f"is not well-formed {kind}: {error}; {remedy}", line=next_line) from None
        finally:
            csv.field_size_limit(previous_limit)
        if cells is None:
            return
        line = next_line
        next_line = reader.line_num + 1
        if any("\0" in cell for cell in cells):
            raise FaultsError.single(path, "is not a text file: it has a NUL byte; save it as UTF-8 text", line=line)
        if cells:
            yield DelimitedRow(line, cells)


def literal_rows(text: str, delimiter: str) -> list[DelimitedRow]:
    """Returns the rows of a text without quoting: each line is a row. Skips blank lines."""
    lines = enumerate(re.split(r"\r\n|\n", text), start=1)
    return [DelimitedRow(number, line.split(delimiter)) for number, line in lines if line.strip()]


def table_rows(
    path: str | Path,
    rows: Iterator[DelimitedRow],
    faults: list[Fault],
    *,
    required: Sequence[tuple[str, ...]] = (),
    distinct: Collection[str] | None = None,
    max_faults: int | None = None,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the line and the cells by column of each row below the header. Skips rows with a fault.

    Args:
        path: file named in faults.
        rows: header and rows.
        faults: list to which every fault is appended, including those that `rows` raises.
        required: required columns, each as a tuple of accepted names.
        distinct: names that only one column may have; default: all names.
        max_faults: number of faults at which reading stops; default: no limit.
    """
    try:
        line, header = next(rows, DelimitedRow(1, []))
        faults += [
            Fault(str(path), line, name, repeated_column(header, name))
            for name in repeated_columns(header)
            if distinct is None or name in distinct
        ]
        missing = missing_columns(header, required)
        if missing is not None:
            faults.append(Fault(str(path), line, None, missing, "missing-column"))
            return
        for line, cells in rows:
            if len(cells) == len(header):
                yield line, dict(zip(header, cells, strict=True))
                continue
            faults.append(Fault(str(path), line, None, wrong_width(len(cells), len(header))))
            if max_faults is not None and len(faults) >= max_faults:
                return
    except FaultsError as error:
        faults += error.faults


def repeated_columns(header: Sequence[str]) -> list[str]:
    """Returns the names that several columns have, sorted."""
    return sorted({name for name in header if header.count(name) > 1})


def repeated_column(header: Sequence[str], name: str) -> str:
    """Returns the message for a name that several columns have."""
    return f"{header.count(name)} columns are called '{name}'; remove or rename all but one"


def missing_columns(header: Sequence[str], required: Sequence[tuple[str, ...]]) -> str | None:
    """Returns the message for missing required columns, each a tuple of accepted names; None if all are present."""
    missing = [names for names in required if not any(name in header for name in names)]
    if not missing:
        return None
    columns = " and ".join("a column " + " or ".join(f"'{name}'" for name in names) for names in missing)
    return f"needs {columns}: {unknown_name('column', missing[0][0], header)}"


def wrong_width(cells: int, columns: int) -> str:
    """Returns the message for a row with another number of cells than the header."""
    remedy = "look for a stray quote, a stray delimiter or a lost line break"
    return f"has {cells} cell{'' if cells == 1 else 's'}, the header has {columns}; {remedy}"
