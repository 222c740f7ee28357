"""Tables with one claim to score per row, read row by row, so that a large file needs little memory."""

from __future__ import annotations

import codecs
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.article_file import ReadOptions, safe_name
from harness.data.articles.encoding import UTF_8, check_encoding, decode_text, not_in_encoding
from harness.data.articles.rows import json_row
from harness.data.own_tables import OWN_TABLE_SUFFIXES, OwnTable
from harness.errors import Fault, FaultsError, unknown_name
from harness.files import explain_os_error, read_bytes
from harness.records import is_unicode, preview

CLAIM_SUFFIXES = (".jsonl", ".ndjson", *OWN_TABLE_SUFFIXES, ".parquet")
FIELDS = ("text", "claim_id", "article_id", "start", "title", "speaker", "published", "language")
MAX_FAULTS = 10_000
"""Number of faults of a file at which reading stops; the last fault says so."""
PARQUET_ROWS = 8192
"""Rows of a Parquet file that are in memory at a time."""

DETECTION_BLOCK = 1 << 20
"""Bytes of a text file that are in memory at a time while its encoding is detected."""

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
    """Yields the claims of a .jsonl, .csv, .tsv, .xlsx or .parquet file.

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
    if len(faults) >= MAX_FAULTS:
        message = f"reading stopped after {len(faults):,} faults; there may be more"
        faults.append(Fault(str(path), None, None, message, "too-many-faults"))
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
    if not isinstance(text, str) or not text.strip():
        message = "is missing" if text is None or isinstance(text, str) else f"expected text, got {preview(text)}"
        problems.append((names["text"], f"{message}; name the column with the claims: --column text=NAME"))
    elif not is_unicode(text):
        problems.append((names["text"], "contains an unpaired surrogate, which is not valid Unicode"))
    optional: dict[str, str | None] = {}
    for name in ("claim_id", "article_id", "title", "speaker", "published", "language"):
        optional[name] = _optional_text(values[name])
        if not is_unicode(optional[name] or ""):
            problems.append((names[name], "contains an unpaired surrogate, which is not valid Unicode"))
    if start is not None and not isinstance(start, bool) and str(start).strip() == "":
        start = None
    # A delimited file has only text cells, a JSON file also numbers.
    if start is not None and (isinstance(start, bool) or not re.fullmatch(r"\s*[0-9]{1,12}\s*", str(start))):
        problems.append((names["start"], f"expected an integer of at least 0, got {preview(start)}"))
    if problems:
        return None, problems
    article_id = optional.pop("article_id")
    # A row that names no article is an article of its own, identified by its claim id or else its row number.
    article_id = safe_name(article_id, "article") if article_id else safe_name(optional["claim_id"] or row_id, row_id)
    offset = None if start is None else int(start)
    return ClaimRow(text=str(text), article_id=article_id, start=offset, **optional), []


def _optional_text(cell: Any) -> str | None:
    text = "" if cell is None else str(cell).strip()
    return text or None


def _rows(path: Path, reading: ReadOptions, faults: list[Fault]) -> Iterator[tuple[RowPosition, Cells]]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _parquet_rows(path)
    elif suffix in (".jsonl", ".ndjson"):
        yield from _json_rows(path, reading, faults)
    else:
        yield from _own_table_rows(path, reading, faults)


def _json_rows(path: Path, reading: ReadOptions, faults: list[Fault]) -> Iterator[tuple[RowPosition, Cells]]:
    with _open_text(path, reading) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            cells = json_row(line)
            if isinstance(cells, dict):
                yield (number, ""), cells
            else:
                faults.append(Fault(str(path), number, None, cells))
                if len(faults) >= MAX_FAULTS:
                    return


def _own_table_rows(path: Path, reading: ReadOptions, faults: list[Fault]) -> Iterator[tuple[RowPosition, Cells]]:
    columns = [reading.columns.get(name, name) for name in FIELDS]

    def rows_of(content: bytes | io.TextIOWrapper) -> Iterator[tuple[RowPosition, Cells]]:
        rules: dict[str, Any] = {"names": columns, "distinct": columns, "max_faults": MAX_FAULTS, "faults": faults}
        table = OwnTable(path, content, reading.table_options(), **rules)
        for line, cells in table:
            if columns[0] not in cells:
                remedy = "name the column with the claims: --column text=NAME"
                message = f"{unknown_name('column', columns[0], table.columns)}; {remedy}"
                faults.append(Fault(str(path), None, None, message, "missing-column"))
                return
            yield (line, ""), cells
        reading.note(*table.notes)

    if path.suffix.lower() == ".xlsx":
        yield from rows_of(read_bytes(path))
        return
    with _open_text(path, reading) as stream:
        yield from rows_of(stream)


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
    """Opens a text file in the encoding of the options, or else the one that its bytes show.

    Raises: FaultsError: the file cannot be read, is binary, or is not in that encoding.
    """
    try:
        encoding = _detect(path) if reading.encoding is None else check_encoding(reading.encoding, path)
        if encoding != UTF_8 and reading.encoding is None:
            reading.note(f"{path}: is not UTF-8; read as {encoding}")
        # A byte order mark is not part of the first column's name.
        with path.open(encoding="utf-8-sig" if encoding == UTF_8 else encoding, newline="") as stream:
            yield stream
    except UnicodeError:
        raise not_in_encoding(path, reading.encoding or UTF_8) from None
    except OSError as error:
        raise FaultsError.single(path, f"cannot be read: {explain_os_error(error)}") from None


def _detect(path: Path) -> str:
    """Returns the encoding of a file; reads a file that is not UTF-8 whole."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    with path.open("rb") as stream:
        block = stream.read(DETECTION_BLOCK)
        is_utf_8 = b"\x00" not in block[:4096]
        try:
            while block and is_utf_8:
                decoder.decode(block)
                block = stream.read(DETECTION_BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf_8 = False
    return UTF_8 if is_utf_8 else decode_text(read_bytes(path), path).encoding
