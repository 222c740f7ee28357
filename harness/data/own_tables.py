"""Reads a table that a user brings: CSV and its relatives with any delimiter, or a sheet of an .xlsx file.

A publisher's file is read by its format (`harness.data.formats`), which states its delimiter and its quirks.
"""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from harness.data.articles.encoding import UTF_8, decode_text
from harness.data.delimited import DELIMITERS, MAX_CELL, DelimitedRow, quoted_rows, table_rows, wrong_width
from harness.data.delimiters import (
    ONE_COLUMN,
    SAMPLE_CHARACTERS,
    delimiter_name,
    find_delimiter,
    find_header,
    find_unusual_separator,
    parse_delimiter,
    sample_rows,
    without_empty_end,
)
from harness.data.spreadsheets import Sheet, column_letter, read_sheet
from harness.errors import Fault, FaultsError

OWN_TABLE_SUFFIXES = (*DELIMITERS, ".xlsx")
MAX_TITLES = 20
"""Rows at the start of a table among which the header is looked for."""


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """How to read a table, where the user says it."""

    delimiter: str | None = None
    """Delimiter by name or as a character; None finds it. Not for .xlsx."""
    encoding: str | None = None
    """Encoding of a delimited file; None detects it."""
    sheet: str | None = None
    """Name of the sheet of an .xlsx file; None takes the first."""
    max_cell: int = MAX_CELL
    """Maximum number of characters of a cell of a delimited file."""


class OwnTable:
    """The rows of a table, each with its line and its cells by column. Iterate over it once.

    Blank rows, columns without name and value, and titles over the header are passed over. After the last row, `faults`
    holds every fault and `notes` what the user should know about how the table was read.

    Args:
        path: file named in faults.
        content: the bytes of the file, or a stream of its text that was opened with `newline=""` and can seek.
        options: delimiter, encoding and sheet, where the user can name them; None finds them.
        suffix: kind of table and its usual delimiter; default: the suffix of the path.
        names: names of columns that are expected, to tell a header from a title and one delimiter from another.
        required: required columns, each as a tuple of accepted names.
        distinct: names that only one column may have; default: all names.
        max_faults: number of faults at which reading stops; default: no limit.
        faults: list to which faults are appended; default: a new one.
    """

    def __init__(
        self,
        path: str | Path,
        content: bytes | TextIO,
        options: TableOptions | None = None,
        *,
        suffix: str | None = None,
        names: Collection[str] = (),
        required: Sequence[tuple[str, ...]] = (),
        distinct: Collection[str] | None = None,
        max_faults: int | None = None,
        faults: list[Fault] | None = None,
    ) -> None:
        self.path = path
        self.faults: list[Fault] = [] if faults is None else faults
        self.notes: list[str] = []
        self.columns: tuple[str, ...] = ()
        """Names of the columns; known once the first row was read."""
        self.encoding = UTF_8
        """Encoding that the file was read with."""
        self.letters: dict[str, str] = {}
        """Letter of each column of a sheet, by name."""
        self.delimiter: str | None = None
        """Delimiter that the file was read with; None for a sheet."""
        self._content = content
        self._suffix = (Path(path).suffix if suffix is None else suffix).lower()
        self._options = options or TableOptions()
        self._can_name = options is not None
        self._names = {*names, *(name for accepted in required for name in accepted)}
        self._required = required
        self._distinct = distinct
        self._max_faults = max_faults
        self._sheet: Sheet | None = None

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        try:
            yield from table_rows(
                self.path, self._tidy(), self.faults, required=self._required, distinct=self._distinct
            )
        except FaultsError as error:
            self.faults += error.faults

    def _raw_rows(self) -> Iterator[DelimitedRow]:
        if self._suffix == ".xlsx":
            data = self._content
            if not isinstance(data, bytes):
                raise TypeError("the content of an .xlsx file is bytes")
            sheet = read_sheet(self.path, data, self._options.sheet, self.faults)
            self._sheet = sheet
            return (DelimitedRow(number, cells) for number, cells in sheet.rows)
        stream = self._stream()
        return quoted_rows(self.path, stream, self._find_delimiter(stream), max_cell=self._options.max_cell)

    def _stream(self) -> TextIO:
        if not isinstance(self._content, bytes):
            return self._content
        text, self.encoding = decode_text(self._content, self.path, self._options.encoding)
        # newline="" leaves line breaks inside quoted cells unchanged.
        return io.StringIO(text, newline="")

    def _find_delimiter(self, stream: TextIO) -> str:
        if self._options.delimiter is not None:
            self.delimiter = parse_delimiter(self._options.delimiter)
            return self.delimiter
        sample = stream.read(SAMPLE_CHARACTERS)
        stream.seek(0)
        self.delimiter = find_delimiter(sample, self._suffix, self._names)
        usual = DELIMITERS.get(self._suffix, ",")
        if self.delimiter == ONE_COLUMN:
            if any(len(row) > 1 for row in sample_rows(sample, usual)):
                self.notes.append(f"{self.path}: read as one column, as its header has one name (--delimiter NAME)")
        elif self.delimiter != usual:
            name = delimiter_name(self.delimiter)
            self.notes.append(f"{self.path}: the delimiter is: {name} (found; --delimiter NAME sets another)")
        return self.delimiter

    def _tidy(self) -> Iterator[DelimitedRow]:
        """Yields the header and the rows without titles, blank rows, and columns that are empty or have no name."""
        filled = (row for row in self._raw_rows() if any(cell.strip() for cell in row.cells))
        first, broken = _first_rows(filled)
        header = find_header([row.cells for row in first], self._names)
        named = [index for index, name in enumerate(header.names) if name]
        self.columns = tuple(header.names[index] for index in named)
        if self._sheet is not None:
            self.letters = {header.names[index]: column_letter(index + 1) for index in named}
            if self._options.sheet is None and (others := ", ".join(self._sheet.not_read(self.columns))):
                self.notes.append(
                    f"{self.path}: read the sheet '{self._sheet.name}'; not read: {others} (--sheet NAME)"
                )
        for title in first[: header.titles]:
            text = next(cell for cell in title.cells if cell.strip()).strip()
            self.notes.append(f"{self.path}:{title.line}: '{text[:60]}' is a title over the header, passed over")
        self._check_columns([row.cells for row in first[header.titles + 1 :]])
        if first:
            yield DelimitedRow(first[header.titles].line, list(self.columns))
        unnamed = Counter[int]()
        for line, cells in itertools.chain(first[header.titles + 1 :], filled):
            row = self._fit(cells, len(header.names))
            if row is None:
                self._add_width_fault(line, len(cells), len(header.names))
                if self._max_faults is not None and len(self.faults) >= self._max_faults:
                    return
                continue
            if len(named) < len(row):
                unnamed.update(index for index, cell in enumerate(row) if cell.strip() and not header.names[index])
                row = [row[index] for index in named]
            yield DelimitedRow(line, row)
        if broken is not None:
            raise broken
        for index, count in sorted(unnamed.items()):
            self.notes.append(f"{self.path}: column {index + 1} has no name; its {count:,} values were passed over")

    def _check_columns(self, rows: Sequence[Sequence[str]]) -> None:
        """Checks that a table without any expected column was read as its user meant it.

        Args:
            rows: the first rows below the header.
        Raises: FaultsError: another delimiter or another sheet is likely.
        """
        expected = {name.strip().casefold() for name in self._names}
        if not expected or any(name.casefold() in expected for name in self.columns):
            return
        separator = find_unusual_separator(self.columns, rows) if self._options.delimiter is None else None
        if separator is not None:
            remedy = f"give --delimiter '{separator}'" if self._can_name else "save the file with commas"
            message = f"has one column, '{self.columns[0]}'; if '{separator}' separates columns, {remedy}"
            raise FaultsError.single(self.path, message, code="unknown-delimiter")
        if self._sheet is not None and self._sheet.others and self._options.sheet is None:
            columns, others = ", ".join(self.columns) or "none", ", ".join(self._sheet.others)
            message = (
                f"the sheet '{self._sheet.name}', the first, has no expected column (its columns: {columns}); "
                f"read another with --sheet NAME ({others}), or name its columns with --column FIELD=COLUMN"
            )
            raise FaultsError.single(self.path, message, code="missing-column")

    def _fit(self, cells: list[str], width: int) -> list[str] | None:
        """Returns as many cells as the header has: empty ones at the end may be there or not; None if others are."""
        if len(cells) == width:
            return cells
        row = without_empty_end(cells)
        if len(row) > width:
            return None
        if self.delimiter is None:  # a row of a sheet ends at its last cell
            return row + [""] * (width - len(row))
        return cells[:width] if len(cells) > width else None

    def _add_width_fault(self, line: int, cells: int, columns: int) -> None:
        message = wrong_width(cells, columns)
        if self.delimiter is not None and self._can_name:
            message += f" (cells end at: {delimiter_name(self.delimiter)}; --delimiter sets another)"
        self.faults.append(Fault(str(self.path), line, None, message, "wrong-width"))


def _first_rows(rows: Iterator[DelimitedRow]) -> tuple[list[DelimitedRow], FaultsError | None]:
    """Returns the rows among which the header is, and the error that ends the table there, if one does."""
    first = list[DelimitedRow]()
    try:
        first.extend(itertools.islice(rows, MAX_TITLES))
    except FaultsError as error:
        return first, error
    return first, None
