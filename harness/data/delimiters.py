"""Finds the delimiter and the header of a table that a user brings, by rules that can be told in one sentence each."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Collection, Sequence
from typing import NamedTuple

from harness.data.delimited import DELIMITERS
from harness.errors import HarnessError

NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "at": "@", "pipe": "|", "none": "\x1f"}
"""Delimiters that are looked for, by name; `none` is a table of one column, whose lines are its cells."""
ONE_COLUMN = NAMES["none"]
SAMPLE_CHARACTERS = 1 << 16
"""Characters at the start of a table that are looked at."""
SAMPLE_ROWS = 200


class Header(NamedTuple):
    """The header of a table: its place among the rows that are not blank, and its names."""

    titles: int
    """Number of rows above it: titles over the table."""
    names: list[str]
    """Names without spaces around them and without empty ones at the end."""


def parse_delimiter(name: str) -> str:
    """Returns the delimiter that a user names, by its name or as the character itself.

    Raises: HarnessError: the name is unknown, or the character cannot separate cells.
    """
    character = NAMES.get(name.strip().lower(), "\t" if name == "\\t" else name)
    if len(character) != 1 or character in '"\r\n \0' or character.isalnum():
        message = f"delimiter: expected one of {', '.join(NAMES)}, or one character, got '{name}'"
        raise HarnessError(message)
    return character


def delimiter_name(delimiter: str) -> str:
    """Returns the name of a delimiter as messages show it."""
    return next((name for name, character in NAMES.items() if character == delimiter), repr(delimiter))


def find_header(rows: Sequence[Sequence[str]], names: Collection[str] = ()) -> Header:
    """Returns the header of a table: the first row that is no title.

    A title is a row of several cells of which one is filled, above a row with more filled cells, as merged cells of a
    spreadsheet are saved. A row with an expected name is a header.

    Args:
        rows: the first rows of the table; blank ones are left out.
        names: names of columns that are expected.
    """
    stripped = [[cell.strip() for cell in row] for row in rows]
    for index, cells in enumerate(stripped):
        filled = sum(map(bool, cells))
        is_title = len(cells) > 1 and filled == 1 and not any(cell in names for cell in cells)
        if is_title and any(sum(map(bool, below)) > 1 for below in stripped[index + 1 : index + 2]):
            continue
        return Header(index, without_empty_end(cells))
    return Header(0, [])


def without_empty_end(cells: Sequence[str]) -> list[str]:
    """Returns cells without the empty ones at the end."""
    width = next((index for index in range(len(cells), 0, -1) if cells[index - 1].strip()), 0)
    return list(cells[:width])


def find_delimiter(sample: str, suffix: str, names: Collection[str] = ()) -> str:
    """Returns the delimiter of a table: the one that divides the header, and the rows in the same way.

    Of several, the one with most expected names in the header, then with most rows of the header's width, then with
    most columns, then the one of the suffix. A header that none divides is that of a table of one column, whatever
    characters its texts contain; only if one delimiter divides all rows alike it is that one, so that the missing name
    of a column is reported.

    Args:
        sample: the start of the table.
        suffix: suffix of the file, which names the usual delimiter.
        names: names of columns that are expected.
    """
    usual = DELIMITERS.get(suffix, ",")
    candidates = [usual, *(character for character in NAMES.values() if character not in (usual, ONE_COLUMN))]
    best, best_merits = "", (0, 0.0, 0)
    for candidate in candidates:
        rows = sample_rows(sample, candidate)
        header = find_header(rows, names)
        width = len(header.names)
        if not rows or len(rows[header.titles]) < 2:
            continue
        below = [len(without_empty_end(row)) for row in rows[header.titles + 1 :]]
        padded = [len(row) for row in rows[header.titles + 1 :]]
        fitting = sum(least <= width <= most for least, most in zip(below, padded, strict=True))
        known = sum(name in names for name in header.names)
        merits = (known, fitting / len(below) if below else 1.0, width)
        if not best or merits > best_merits:
            best, best_merits = candidate, merits
    return best or _divides_rows(sample, candidates) or ONE_COLUMN


def _divides_rows(sample: str, candidates: Sequence[str]) -> str | None:
    """Returns the delimiter that divides all rows below an undivided header into equally many cells, as text does not.

    In a text, a space stands beside a comma, or digits on both sides of it.
    """
    for candidate in candidates:
        rows = sample_rows(sample, candidate)[1:]
        widths = {len(row) for row in rows}
        if len(widths) == 1 and widths != {1} and not any(_is_text(row) for row in rows):
            return candidate
    return None


def _is_text(cells: Sequence[str]) -> bool:
    return any(
        not left or not right or left[-1].isspace() or right[0].isspace() or (left[-1].isdigit() and right[0].isdigit())
        for left, right in itertools.pairwise(cells)
    )


def find_unusual_separator(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str | None:
    """Returns a character that divides an undivided header and most rows below it alike; None if there is none.

    Args:
        names: names of the header.
        rows: the first rows below it.
    """
    if len(names) != 1:
        return None
    lines = [names[0].strip(), *(" ".join(row).strip() for row in rows)]
    for character in dict.fromkeys(lines[0].strip()):
        if character.isalnum() or character.isspace() or character in "_-.\"'":
            continue
        alike = sum(line.count(character) == lines[0].count(character) for line in lines[1:])
        if rows and 2 * alike > len(rows):
            return character
    return None


def sample_rows(sample: str, delimiter: str) -> list[list[str]]:
    """Returns the rows at the start of a table that are not blank; a stray quote is no error here."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    rows = list[list[str]]()
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(cells)
            if len(rows) > SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # the rows before it are enough to tell; the reader of the table reports it
    # The last row may be cut short by the end of the sample.
    return rows[:-1] if len(rows) > 1 and len(sample) >= SAMPLE_CHARACTERS else rows
