"""Tables of claims to score: a claim a row, read row by row, so that a large file needs little memory."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.reading import ReadOptions, safe_name
from harness.data.delimited import DELIMITERS, MAX_BOOK_CELL, quoted_rows, table_rows
from harness.errors import Fault, FaultsError, unknown_name
from harness.files import explain_os_error
from harness.records import is_unicode, preview

CLAIM_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
FIELDS = ("text", "claim_id", "article_id", "start", "title", "speaker", "published", "language")
MAX_FAULTS = 100
"""Reading stops when a file has this many."""
PARQUET_ROWS = 8192

Cells = Mapping[str, Any]
RowPosition = tuple[int | None, str]
"""Line of the file, or None and the number of the row."""


class ClaimRow(NamedTuple):
    """One claim of a table."""

    text: str
    article_id: str
    """The row's own where the table names no articles."""
    claim_id: str | None
    start: int | None
    """Offset of its first character in its article; None: the table does not say."""
    title: str | None
    speaker: str | None
    published: str | None
    language: str | None


def holds_claims(path: Path, reading: ReadOptions) -> bool:
    """Whether the rows of a table are claims: it has a column of claim ids."""
    wanted = reading.columns.get("claim_id", "claim_id")
    try:
        cells = next((cells for _, cells in _rows(path, reading, []) if cells), {})
    except FaultsError:
        return False  # read as articles, which says what is wrong
    return wanted in cells


def claim_rows(path: Path, reading: ReadOptions) -> Iterator[ClaimRow]:
    """The claims of a .jsonl, .csv, .tsv or .parquet file.

    Raises: FaultsError: when all rows were read, every fault of the file (the first hundred).
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
    for count, ((line, place), cells) in enumerate(_rows(path, reading, faults), start=1):
        row, wrong = _row(cells, names, f"{stem}-{count}")
        faults += [Fault(str(path), line, f"{place} {name}".strip(), message) for name, message in wrong]
        if len(faults) >= MAX_FAULTS:
            break
        if row is not None:
            yield row
    if not count and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; one claim a row is expected"))
    if faults:
        raise FaultsError(faults)


def _row(cells: Cells, names: Mapping[str, str], own_id: str) -> tuple[ClaimRow | None, list[tuple[str, str]]]:
    found = {name: cells.get(column) for name, column in names.items()}
    text, start = found["text"], found["start"]
    wrong = []
    if not isinstance(text, str):
        message = "is missing" if text is None else f"expected a text, got {preview(text)}"
        wrong.append((names["text"], f"{message}; name the column with the claims: --column text=NAME"))
    elif not is_unicode(text):
        wrong.append((names["text"], "has half of a surrogate pair, which is no Unicode text"))
    if isinstance(start, str):
        start = int(start) if start.strip().isdecimal() else (start.strip() or None)
    if start is not None and (not isinstance(start, int) or start < 0):
        wrong.append((names["start"], f"expected a whole number from 0, got {preview(start)}"))
    if wrong or not isinstance(start, int | None):
        return None, wrong
    said = {name: _said(found[name]) for name in ("claim_id", "title", "speaker", "published", "language")}
    article_id = _said(found["article_id"])
    known = safe_name(article_id, "article") if article_id else safe_name(said["claim_id"] or own_id, own_id)
    return ClaimRow(text=str(text), article_id=known, start=start, **said), []


def _said(cell: Any) -> str | None:
    text = "" if cell is None else str(cell).strip()
    return text if text and is_unicode(text) else None


def _rows(path: Path, reading: ReadOptions, faults: list[Fault]) -> Iterator[tuple[RowPosition, Cells]]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _parquet(path)
    elif suffix in (".jsonl", ".ndjson"):
        yield from _json(path, reading, faults)
    else:
        yield from _delimited(path, DELIMITERS[suffix], reading, faults)


def _json(path: Path, reading: ReadOptions, faults: list[Fault]) -> Iterator[tuple[RowPosition, Cells]]:
    with _text(path, reading) as stream:
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


def _delimited(
    path: Path, delimiter: str, reading: ReadOptions, faults: list[Fault]
) -> Iterator[tuple[RowPosition, Cells]]:
    columns = [reading.columns.get(name, name) for name in FIELDS]
    with _text(path, reading) as stream:
        rows = quoted_rows(path, stream, delimiter, max_cell=MAX_BOOK_CELL)
        for line, cells in table_rows(path, rows, faults, distinct=columns, max_faults=MAX_FAULTS):
            yield (line, ""), cells


def _parquet(path: Path) -> Iterator[tuple[RowPosition, Cells]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as source:
            kept = [
                name
                for name in source.schema_arrow.names
                if not pa.types.is_nested(source.schema_arrow.field(name).type)
            ]
            batches = source.iter_batches(batch_size=PARQUET_ROWS, columns=kept)
            rows = itertools.chain.from_iterable(batch.to_pylist() for batch in batches)
            for number, cells in enumerate(rows, start=1):
                yield (None, f"row {number}"), cells
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).split("\n")[0][:200]
        raise FaultsError.single(path, f"is not a Parquet file that can be read: {reason}") from None


@contextmanager
def _text(path: Path, reading: ReadOptions) -> Iterator[io.TextIOWrapper]:
    """A text file, UTF-8 unless another encoding is named.

    Raises: FaultsError: it cannot be read, is binary, or is not in that encoding.
    """
    try:
        with path.open("rb") as start:
            if b"\x00" in start.read(4096) and reading.encoding is None:
                raise FaultsError.single(path, "is not a text file: it has a NUL byte")
        with path.open(encoding=reading.encoding or "utf-8-sig", newline="") as stream:
            yield stream
    except UnicodeDecodeError:
        message = f"is not {reading.encoding or 'UTF-8'}; name the encoding it is in: --encoding NAME"
        raise FaultsError.single(path, message) from None
    except LookupError:
        raise FaultsError.single(
            path, f"no encoding of text is called '{reading.encoding}'", field="encoding"
        ) from None
    except OSError as error:
        raise FaultsError.single(path, f"cannot be read: {explain_os_error(error)}") from None
