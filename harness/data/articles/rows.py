"""Reads the rows of labeled claims in a .jsonl, .csv, .tsv or .xlsx file, each with its first line.

Texts in UTF-8 are read block by block, and rows are kept as tuples, so that a million of them fit into memory.
"""

from __future__ import annotations

import io
import json
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO, overload

from harness.data.articles.encoding import UTF_8, decode_text
from harness.data.jsonl import line_blocks
from harness.data.own_tables import OWN_TABLE_SUFFIXES, OwnTable, TableOptions
from harness.errors import Fault, FaultsError
from harness.files import UTF_16_MARKS, opened, read_bytes
from harness.records import preview

SUFFIXES = (".jsonl", *OWN_TABLE_SUFFIXES)
MAX_SHARED = 4096
"""Number of texts that are stored once however often they occur, such as labels."""
MAX_LABEL = 60
"""Length of a longer text, which is no label."""
N_LOOKED_AT = 10
"""Lines of a text that tell whether it is rows."""
ROWS_AS_TEXT = "is rows of JSON, which would be read as one article; save it as a .jsonl file"
"""Why such a text is refused."""


class LabeledRow(NamedTuple):
    """One row: a claim to add or label."""

    line: int | None
    """Line of the file where the row begins, or number of a row in memory; from 1."""
    cells: Mapping[str, Any]
    """Column (or JSON key) to value."""
    document: str | None = None
    """Text in which the claim's text begins at `start`; None if the claim is not a span of a text in the file."""
    author: str | None = None
    """Organization or person who gave the rating, as the file states it."""
    url: str | None = None
    """Address of the page on which the rating was published."""


class RowTable(Sequence[LabeledRow]):
    """Rows that do not change, in little memory: a row is the tuple of its values, and rows share names and labels."""

    def __init__(self, rows: Iterable[LabeledRow] = ()) -> None:
        self._lines = array("q")
        self._names: list[tuple[str, ...]] = []
        self._values: list[tuple[Any, ...]] = []
        self._more: dict[int, tuple[str | None, str | None, str | None]] = {}
        """Document, author and address of the rows that have any."""
        shared_names: dict[tuple[str, ...], tuple[str, ...]] = {}
        shared: dict[str, str] = {}
        last: tuple[Any, ...] = ()
        for line, cells, *more in rows:
            names = tuple(cells)
            names = shared_names.setdefault(names, names)
            values = list(cells.values())
            for place, cell in enumerate(values):
                if type(cell) is not str:
                    continue
                if place < len(last) and last[place] == cell:  # the id of an article, in all rows of it
                    values[place] = last[place]
                elif len(cell) <= MAX_LABEL and len(shared) < MAX_SHARED:
                    values[place] = shared.setdefault(cell, cell)
                else:
                    values[place] = shared.get(cell, cell)
            if any(part is not None for part in more):
                document, author, url = more
                self._more[len(self._lines)] = (document, author, url)
            last = tuple(values)
            self._lines.append(-1 if line is None else line)
            self._names.append(names)
            self._values.append(last)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[LabeledRow]:
        return map(self._row, range(len(self)))

    @overload
    def __getitem__(self, place: int) -> LabeledRow: ...

    @overload
    def __getitem__(self, place: slice) -> list[LabeledRow]: ...

    def __getitem__(self, place: int | slice) -> LabeledRow | list[LabeledRow]:
        places = range(len(self))[place]
        return self._row(places) if isinstance(places, int) else [self._row(each) for each in places]

    def _row(self, place: int) -> LabeledRow:
        line = self._lines[place]
        cells = dict(zip(self._names[place], self._values[place], strict=False))
        return LabeledRow(None if line < 0 else line, cells, *self._more.get(place, ()))


def read_rows(
    path: Path,
    options: TableOptions | None = None,
    *,
    names: Collection[str] = (),
    notes: list[str] | None = None,
    letters: dict[str, str] | None = None,
) -> RowTable:
    """Read the rows of a .jsonl file, or of a .csv, .tsv or .xlsx file with a header.

    Args:
        path: the file.
        options: delimiter, encoding and sheet; None finds them.
        names: names of columns that are expected; see `OwnTable`.
        notes: list to which is appended how the table was read, where the user should know.
        letters: mapping to which the letter of each column of a sheet is added, by name.
    Raises: FaultsError: the suffix is unknown, the file has no rows, or lines cannot be read; all faults at once.
    """
    options = options or TableOptions()
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FaultsError.single(path, f"unknown suffix '{path.suffix}'; expected one of {', '.join(SUFFIXES)}")
    faults = list[Fault]()
    notes = [] if notes is None else notes
    if suffix == ".jsonl":
        with _opened_text(path, options.encoding, newline="\n") as (stream, encoding):
            rows = RowTable(_rows_of_lines(path, stream, faults))
    else:
        is_sheet = suffix == ".xlsx"
        with nullcontext((None, UTF_8)) if is_sheet else _opened_text(path, options.encoding) as (stream, encoding):
            table = OwnTable(path, stream or read_bytes(path), options, names=names)
            rows = RowTable(LabeledRow(line, cells) for line, cells in table)
        faults += table.faults
        notes += table.notes
        if letters is not None:
            letters.update(table.letters)
    if encoding != UTF_8 and options.encoding is None:
        notes.append(f"{path}: is not UTF-8; read as {encoding} (--encoding NAME sets another)")
    if not rows and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; expected one labeled claim per line"))
    if faults:
        raise FaultsError(faults)
    return rows


def json_rows(path: Path, text: str, faults: list[Fault]) -> list[LabeledRow]:
    """Read the rows of a JSONL text: one object per line. Appends what is no object to `faults`."""
    return list(_rows_of_lines(path, text.split("\n"), faults))


def _rows_of_lines(path: Path, lines: Iterable[str], faults: list[Fault]) -> Iterator[LabeledRow]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = json_row(line.removesuffix("\n"))
        if isinstance(cells, dict):
            yield LabeledRow(number, cells)
        else:
            faults.append(Fault(str(path), number, None, cells))


@contextmanager
def _opened_text(path: Path, encoding: str | None, newline: str = "") -> Iterator[tuple[TextIO, str]]:
    """Opens a text file; a file in UTF-8 is read as it is needed, another one at once. Yields the encoding, too.

    Raises: FaultsError: see `decode_text`.
    """
    if encoding is None and path.is_file() and _is_utf_8(path):
        with opened(path) as file:
            yield io.TextIOWrapper(file, "utf-8-sig", newline=newline), UTF_8
        return
    text, name = decode_text(read_bytes(path), path, encoding)
    yield io.StringIO(text, newline=newline), name


def _is_utf_8(path: Path) -> bool:
    """Whether a file is a text in UTF-8; of another one, `decode_text` finds the encoding, or says what is wrong."""
    for number, block in enumerate(line_blocks(path)):
        if (number == 0 and block[:2] in UTF_16_MARKS) or b"\0" in block:
            return False
        try:
            block.decode()
        except UnicodeDecodeError:
            return False
    return True


class _RepeatedKey(ValueError):
    """A key that occurs twice in one JSON object."""


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    cells = dict(pairs)
    if len(cells) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))
    return cells


def not_json(error: json.JSONDecodeError) -> str:
    """Says what is not JSON, and where in its line; some messages of Python end with "at"."""
    return f"is not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"


def json_row(line: str) -> dict[str, Any] | str:
    """Returns the object in a line of JSON; a text says why there is none."""
    try:
        cells = json.loads(line, object_pairs_hook=_without_repeated_keys)
    except json.JSONDecodeError as error:
        return not_json(error)
    except _RepeatedKey as error:  # Python's parser would take the last value
        return f"has the key {preview(str(error))} twice; remove or rename one of them"
    except (ValueError, RecursionError):  # a number with thousands of digits, or thousands of nested lists
        return "is nested too deeply, or contains too long a number"
    return cells if isinstance(cells, dict) else f"expected a JSON object, got {preview(cells)}"


def looks_like_rows(text: str) -> bool:
    """Whether a text is rows of JSON, no prose: its first lines are objects, each with a text of several words."""
    if not text.lstrip().startswith("{"):
        return False
    lines = (line for line in io.StringIO(text) if line.strip())
    rows = [json_row(line) for line in islice(lines, N_LOOKED_AT)]
    return all(isinstance(row, dict) and any(map(_has_words, row.values())) for row in rows)


def _has_words(cell: object) -> bool:
    return isinstance(cell, str) and len(cell.split()) > 1
