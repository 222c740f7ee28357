"""Tables with one claim to score per row, read row by row, so that a large file needs little memory."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.article_file import ReadOptions, safe_name
from harness.data.delimited import DELIMITERS, MAX_BOOK_CELL, quoted_rows, table_rows
from harness.errors import Fault, FaultsError, unknown_name
from harness.files import explain_os_error
from harness.records import is_unicode, preview

CLAIM_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
FIELDS = ("text", "claim_id", "article_id", "start", "title", "speaker", "published", "language")
MAX_FAULTS = 100
"""Number of faults of a file at which reading stops."""
PARQUET_ROWS = 8192
"""Rows of a Parquet file that are in memory at a time."""

Cells = Mapping[str, Any]
RowPosition = tuple[int | None, str]
"""Line of the file, or None and the row number in words (Parquet)."""


class ClaimRow(NamedTuple):
    """One claim of a table."""

    text: str
    article_id: str
    """Article id; derived from the claim id or the row number if the table has no article ids."""
    claim_id: str | None
    start: int | None
    """Offset of the first character in the article; None if unknown."""
    title: str | None
    speaker: str | None
    published: str | None
    language: str | None


def holds_claims(path: Path, reading: ReadOptions) -> bool:
    """Returns whether the rows of a table are claims, which is so if it has a column of claim ids."""
    id_column = reading.columns.get("claim_id", "claim_id")
    try:
        cells = next((cells for _, cells in _rows(path, reading, []) if cells), {})
    except FaultsError:
        return False  # the file is then read as articles, and that reader reports the faults
    return id_column in cells


def claim_rows(path: Path, reading: ReadOptions) -> Iterator[ClaimRow]:
    """Yields the claims of a .jsonl, .csv, .tsv or .parquet file.

    Raises: FaultsError: the file is invalid; raised after the last row, with every fault (at most `MAX_FAULTS`).
    """
    faults: list[Fault] = []
    names = {name: reading.columns.get(name, name) for name in FIELDS}
    faults += [
        Fault(str(path), None, f"--column {name}", unknown_name("field of a claim", name, FIELDS))
        for name in reading.columns
        if name not in FIELDS
    ]
    count = 0
    stem = safe_name(path.stem, "claims")
    for count, ((line, row_name), cells) in enumerate(_rows(path, reading, faults), start=1):
        row, problems = _parse_row(cells, names, f"{stem}-{count}")
        faults += [Fault(str(path), line, f"{row_name} {name}".strip(), message) for name, message in problems]
        if len(faults) >= MAX_FAULTS:
            break
        if row is not None:
            yield row
    if not count and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; expected one claim per row"))
    if faults:
        raise FaultsError(faults)


def _parse_row(cells: Cells, names: Mapping[str, str], row_id: str) -> tuple[ClaimRow | None, list[tuple[str, str]]]:
    """Returns the claim of a row, or None and the faults of the row as columns and messages.

    Args:
        cells: cells by column.
        names: column names by field.
        row_id: article id for a row with neither an article id nor a claim id.
    """
    values = {name: cells.get(column) for name, column in names.items()}
    text, start = values["text"], values["start"]
    problems = []
    if not isinstance(text, str):
        message = "is missing" if text is None else f"expected text, got {preview(text)}"
        problems.append((names["text"], f"{message}; name the column with the claims: --column text=NAME"))
    elif not is_unicode(text):
        problems.append((names["text"], "contains an unpaired surrogate, which is not valid Unicode"))
    # A delimited file has only text cells, a JSON file also numbers.
    if isinstance(start, str):
        start = int(start) if start.strip().isdecimal() else (start.strip() or None)
    if start is not None and (not isinstance(start, int) or start < 0):
        problems.append((names["start"], f"expected an integer of at least 0, got {preview(start)}"))
    if problems or not isinstance(start, int | None):
        return None, problems
    optional = {
        name: _optional_text(values[name]) for name in ("claim_id", "title", "speaker", "published", "language")
    }
    article_id = _optional_text(values["article_id"])
    # A row that names no article is an article of its own, identified by its claim id or else its row number.
    article_id = safe_name(article_id, "article") if article_id else safe_name(optional["claim_id"] or row_id, row_id)
    return ClaimRow(text=str(text), article_id=article_id, start=start, **optional), []


def _optional_text(cell: Any) -> str | None:
    text = "" if cell is None else str(cell).strip()
    return text if text and is_unicode(text) else None


def _rows(path: Path, reading: ReadOptions, faults: list[Fault]) -> Iterator[tuple[RowPosition, Cells]]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _parquet_rows(path)
    elif suffix in (".jsonl", ".ndjson"):
        yield from _json_rows(path, reading, faults)
    else:
        yield from _delimited_rows(path, DELIMITERS[suffix], reading, faults)


def _json_rows(path: Path, reading: ReadOptions, faults: list[Fault]) -> Iterator[tuple[RowPosition, Cells]]:
    with _open_text(path, reading) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                cells = json.loads(line)
            except (ValueError, RecursionError):
                cells = None
            if isinstance(cells, dict):
                yield (number, ""), cells
            else:
                faults.append(Fault(str(path), number, None, f"expected a JSON object, got {preview(line.strip())}"))
                if len(faults) >= MAX_FAULTS:
                    return


def _delimited_rows(
    path: Path, delimiter: str, reading: ReadOptions, faults: list[Fault]
) -> Iterator[tuple[RowPosition, Cells]]:
    columns = [reading.columns.get(name, name) for name in FIELDS]
    with _open_text(path, reading) as stream:
        rows = quoted_rows(path, stream, delimiter, max_cell=MAX_BOOK_CELL)
        for line, cells in table_rows(path, rows, faults, distinct=columns, max_faults=MAX_FAULTS):
            yield (line, ""), cells


def _parquet_rows(path: Path) -> Iterator[tuple[RowPosition, Cells]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as source:
            # Nested columns (such as lists of annotations) cannot be a field of a claim, and cost memory.
            flat_columns = [
                name
                for name in source.schema_arrow.names
                if not pa.types.is_nested(source.schema_arrow.field(name).type)
            ]
            batches = source.iter_batches(batch_size=PARQUET_ROWS, columns=flat_columns)
            rows = itertools.chain.from_iterable(batch.to_pylist() for batch in batches)
            for number, cells in enumerate(rows, start=1):
                yield (None, f"row {number}"), cells
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).split("\n")[0][:200]  # messages of Arrow may contain a stack trace
        raise FaultsError.single(path, f"cannot be read as Parquet: {reason}") from None


@contextmanager
def _open_text(path: Path, reading: ReadOptions) -> Iterator[io.TextIOWrapper]:
    """Opens a text file as UTF-8, or in the encoding of the options.

    Raises: FaultsError: the file cannot be read, is binary, or is not in that encoding.
    """
    try:
        with path.open("rb") as stream:
            if b"\x00" in stream.read(4096) and reading.encoding is None:
                raise FaultsError.single(path, "is not a text file: it has a NUL byte")
        with path.open(encoding=reading.encoding or "utf-8-sig", newline="") as text_stream:
            yield text_stream
    except UnicodeDecodeError:
        message = f"is not {reading.encoding or 'UTF-8'}; name its encoding: --encoding NAME"
        raise FaultsError.single(path, message) from None
    except LookupError:
        raise FaultsError.single(path, f"no text encoding is called '{reading.encoding}'", field="encoding") from None
    except OSError as error:
        raise FaultsError.single(path, f"cannot be read: {explain_os_error(error)}") from None
