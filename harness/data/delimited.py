"""Delimited files (CSV and TSV): their rows, each with the line it begins at, and every fault at its line.

Rows come one by one from the lines they are given, so that a stream of any length needs the memory of one row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.errors import Fault, FaultsError, unknown_name

DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""The delimiter by the suffix of a file's name."""
MAX_CELL = 131_072
"""Characters of a cell: more is usually a quote that is never closed."""
MAX_BOOK_CELL = 2**31 - 1
"""Characters of a cell that may hold a whole book."""


class DelimitedRow(NamedTuple):
    """One row of a delimited file."""

    line: int
    """Line of the file, from 1, where the row begins."""
    cells: list[str]


def quoted_rows(
    path: str | Path, lines: Iterable[str], delimiter: str, *, max_cell: int = MAX_CELL
) -> Iterator[DelimitedRow]:
    """The rows of a file with the quotes of CSV, its header among them; empty lines are left out.

    Args:
        path: file named in faults.
        lines: lines with their ends, as a stream opened with `newline=""` gives them.
        delimiter: one character.
        max_cell: most characters of a cell.
    Raises: FaultsError: a row is not well-formed, has too long a cell or has a NUL byte; the rows before it are given.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = 1
    while True:
        limit = csv.field_size_limit(max_cell)  # one for the whole process, so each row sets it and puts it back
        try:
            cells = next(reader, None)
        except csv.Error as error:
            kind = "TSV" if delimiter == "\t" else "CSV"
            remedy = 'look for a stray quote (write a quote inside a quoted cell as "")'
            raise FaultsError.single(path, f"is not well-formed {kind}: {error}; {remedy}", line=begins) from None
        finally:
            csv.field_size_limit(limit)
        if cells is None:
            return
        line, begins = begins, reader.line_num + 1
        if any("\0" in cell for cell in cells):
            raise FaultsError.single(path, "is not a text file: it has a NUL byte; save it as UTF-8 text", line=line)
        if cells:
            yield DelimitedRow(line, cells)


def literal_rows(text: str, delimiter: str) -> list[DelimitedRow]:
    """The rows of a text where a quote is a character like any other and a line is a row; blank lines are left out."""
    lines = enumerate(re.split(r"\r\n|\n", text), start=1)
    return [DelimitedRow(number, line.split(delimiter)) for number, line in lines if line.strip()]


def table_rows(
    path: str | Path,
    rows: Iterator[DelimitedRow],
    faults: list[Fault],
    *,
    required: Sequence[tuple[str, ...]] = (),
    distinct: Collection[str] | None = None,
    strip_names: bool = False,
    max_faults: int | None = None,
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows under a header, each as its line and its cells by column. A row that is at fault is left out.

    Args:
        path: file named in faults.
        rows: the header and the rows.
        faults: list that takes every fault, also one that `rows` raises.
        required: columns that the header must have, each as the names that it may bear.
        distinct: names that only one column may bear; default: every name.
        strip_names: whether spaces around the names in the header are dropped.
        max_faults: number of faults at which reading stops; default: it never does.
    """
    try:
        line, header = next(rows, DelimitedRow(1, []))
        if strip_names:
            header = [name.strip() for name in header]
        for name in sorted({name for name in header if header.count(name) > 1}):
            if distinct is None or name in distinct:
                message = f"{header.count(name)} columns are called '{name}'; keep one, or rename the others"
                faults.append(Fault(str(path), line, name, message))
        missing = missing_columns(header, required)
        if missing is not None:
            faults.append(Fault(str(path), line, None, missing))
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


def missing_columns(header: Sequence[str], required: Sequence[tuple[str, ...]]) -> str | None:
    """The message for the required columns that a header lacks, each given as its possible names; None: it has all."""
    missing = [names for names in required if not any(name in header for name in names)]
    if not missing:
        return None
    listed = " and ".join("a column " + " or ".join(f"'{name}'" for name in names) for names in missing)
    return f"needs {listed}: {unknown_name('column', missing[0][0], header)}"


def wrong_width(cells: int, columns: int) -> str:
    """The message for a row whose number of cells is not that of the columns of its header."""
    remedy = "look for a stray quote, a stray delimiter or a lost line break"
    return f"has {cells} cell{'' if cells == 1 else 's'}, the header has {columns}; give it as many: {remedy}"
