"""Reads the files of an archive in blocks: row groups of Parquet, ranges of lines, and pages, each in little memory."""

from __future__ import annotations

import itertools
import lzma
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness.data.streams.columns import number_column, text_column
from harness.data.streams.files import StreamFile
from harness.data.streams.rows import FIELDS as FIELDS
from harness.data.streams.rows import Row, json_rows, text_rows, wet_rows
from harness.errors import Fault, FaultsError, unknown_name
from harness.records import is_unicode, preview

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 2048
"""Rows that are in memory at a time, or fewer of large texts."""
BATCH_BYTES = 4 << 20
"""Bytes of text at which a batch of lines or pages ends."""
BLOCK_BYTES = 32 << 20
"""Bytes of a block of lines or pages at most."""
SMALLEST_BLOCK = 1 << 20
"""Bytes of a block of lines or pages at least, but for the last one of a file."""
BLOCKS_PER_FILE = 16
"""Blocks of a file, unless they would be too large or too small: enough for the processes of one machine."""
READ_BYTES = 1 << 20
"""Bytes of a column of Parquet that are read at a time."""
MAX_FAULTS = 1_000
"""Faults of a block at which reading it stops."""


READ_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError, EOFError, zlib.error, lzma.LZMAError)
"""Exceptions of readers, beside those of Arrow."""


class Span(NamedTuple):
    """What is read in one go: a row group, a range of lines, or a file that can only be read from its start."""

    file: StreamFile
    number: int
    """Number of the first block."""
    start: int = 0
    end: int = 0
    """Range of bytes, of files of lines."""
    size: int = 0
    """Bytes, for the progress."""
    block_bytes: int = BLOCK_BYTES
    """Bytes at which a block of lines or pages ends."""

    @property
    def is_sequential(self) -> bool:
        """Whether its blocks can only be read one after the other."""
        return self.file.kind != "parquet" and not self.end


@dataclass
class Block:
    """One block of a file: `batches` are tables with the columns `FIELDS` and `row`."""

    file: StreamFile
    number: int
    """Number of the block in its file, from 0."""
    batches: Iterator[pa.Table]
    faults: list[Fault] = field(default_factory=list)
    """Faults, complete after the last batch."""


def spans_of(file: StreamFile, smallest_block: int = SMALLEST_BLOCK) -> list[Span]:
    """Returns the spans of a file, in order.

    Args:
        file: one of `list_files`.
        smallest_block: bytes of a block of lines or pages at least; the scores of a file must have one size of blocks.
    Raises: FaultsError: the file cannot be read, such as a Parquet file that is cut off.
    """
    if file.kind == "parquet":
        with _parquet(file) as source:
            groups = [source.metadata.row_group(number) for number in range(source.metadata.num_row_groups)]
            return [Span(file, number, size=group.total_byte_size) for number, group in enumerate(groups)]
    block_bytes = min(BLOCK_BYTES, max(smallest_block, -(-file.size // BLOCKS_PER_FILE)))
    if file.kind == "jsonl" and file.compression is None:
        starts = range(0, max(1, file.size), block_bytes)
        ends = [min(start + block_bytes, file.size) for start in starts]
        return [
            Span(file, number, start, end, end - start, block_bytes)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]
    return [Span(file, 0, size=file.size, block_bytes=block_bytes)]


def blocks_of(span: Span, columns: Mapping[str, str], delimiter: str | None = None) -> Iterator[Block]:
    """Yields the blocks of a span; the batches of each must be read before the next block.

    Args:
        span: one of `spans_of`.
        columns: column names by field, for fields whose column has another name.
        delimiter: delimiter of CSV files; None: the tab for .tsv, else the comma.
    Raises: FaultsError: the file cannot be read, or has no column of texts.
    """
    if span.file.kind == "parquet":
        yield _parquet_block(span, columns)
    elif span.file.kind == "csv":
        yield from _csv_blocks(span, columns, delimiter or ("\t" if span.file.suffix == ".tsv" else ","))
    else:
        rows = {"jsonl": json_rows, "wet": wet_rows, "text": text_rows}[span.file.kind or "text"]
        yield from _row_blocks(span, columns, rows)


@contextmanager
def _parquet(file: StreamFile) -> Iterator[Any]:
    from pyarrow import ArrowException, parquet

    with file.open() as stream:
        try:
            # Without buffers, a reader holds all of a column of the row group, compressed, at once.
            source = parquet.ParquetFile(stream, page_checksum_verification=True, buffer_size=READ_BYTES)
        except (ArrowException, *READ_ERRORS) as error:
            raise _unreadable(file, "Parquet", error) from None
        yield source


def _unreadable(file: StreamFile, kind: str, error: Exception, block: int | None = None) -> FaultsError:
    reason = str(error).split("\n")[0][:200]  # messages of Arrow may contain a stack trace
    place = None if block is None else f"row group {block}" if kind == "Parquet" else f"block {block}"
    message = f"cannot be read as {kind}: {reason}; write the file again, then run the same command"
    return FaultsError.single(file.url, message, field=place, code="cannot-read")


def _guarded(file: StreamFile, kind: str, number: int, batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yields batches; turns an error of their reader into a fault of the block."""
    from pyarrow import ArrowException

    try:
        yield from batches
    except (ArrowException, *READ_ERRORS) as error:
        raise _unreadable(file, kind, error, number) from None


def _parquet_block(span: Span, columns: Mapping[str, str]) -> Block:
    with _parquet(span.file) as source:
        names = _present(span.file, source.schema_arrow.names, columns)

    def batches() -> Iterator[pa.Table]:
        with _parquet(span.file) as source:
            row = 0
            for batch in source.iter_batches(
                BATCH_ROWS, row_groups=[span.number], columns=list(names.values()), use_threads=False
            ):
                yield _table(span.file, batch, names, row)
                row += batch.num_rows

    return Block(span.file, span.number, _guarded(span.file, "Parquet", span.number, batches()))


def _present(file: StreamFile, known: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Returns the column of each field that a table has."""
    wanted = {name: columns.get(name, name) for name in FIELDS}
    missing = [column for name, column in wanted.items() if column not in known and (name == "text" or name in columns)]
    if missing:
        remedy = "; name the column with the texts: --column text=NAME" if wanted["text"] in missing else ""
        raise FaultsError(
            Fault(file.url, None, None, unknown_name("column", column, list(known)) + remedy, "missing-column")
            for column in missing
        )
    return {name: column for name, column in wanted.items() if column in known}


def _table(file: StreamFile, batch: Any, names: Mapping[str, str], row: int) -> pa.Table:
    """Returns a batch with the columns `FIELDS` as text, null where the file has none, and the number of each row."""
    import pyarrow as pa

    arrays = {}
    for name in FIELDS:
        if name not in names:
            arrays[name] = pa.nulls(batch.num_rows, pa.string())
            continue
        column = batch.column(batch.schema.get_field_index(names[name]))
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or str(column.type) == "null"
        if pa.types.is_nested(column.type) or (name == "text" and not is_text):
            message = f"expected text, got {column.type}; name the column with the texts: --column text=NAME"
            raise FaultsError.single(file.url, message, field=f"column {names[name]}", code="wrong-type")
        arrays[name] = column.cast(pa.string())
    return pa.Table.from_arrays(
        [*arrays.values(), number_column(np.arange(row, row + batch.num_rows))], [*FIELDS, "row"]
    )


def _csv_blocks(span: Span, columns: Mapping[str, str], delimiter: str) -> Iterator[Block]:
    import pyarrow as pa
    from pyarrow import csv

    file = span.file
    options = {
        "read_options": csv.ReadOptions(block_size=BATCH_BYTES, use_threads=False),
        "parse_options": csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
    }
    try:
        with file.open() as stream:
            header = csv.open_csv(stream, **options).schema.names
        names = _present(file, header, columns)
        chosen = csv.ConvertOptions(
            include_columns=list(names.values()), column_types=dict.fromkeys(names.values(), pa.string())
        )
        with file.open() as stream, csv.open_csv(stream, convert_options=chosen, **options) as reader:
            per_block = -(-span.block_bytes // BATCH_BYTES)
            for number in itertools.count():
                first = next(reader, None)
                if first is None:
                    return
                group = itertools.chain([first], itertools.islice(reader, per_block - 1))
                yield Block(file, number, _guarded(file, "CSV", number, _slices(file, group, names)))
    except (pa.ArrowException, *READ_ERRORS) as error:
        raise _unreadable(file, "CSV", error) from None


def _slices(file: StreamFile, batches: Iterator[Any], names: Mapping[str, str]) -> Iterator[pa.Table]:
    row = 0
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            part = batch.slice(start, BATCH_ROWS)
            yield _table(file, part, names, row)
            row += part.num_rows


def _row_blocks(span: Span, columns: Mapping[str, str], read_rows: Any) -> Iterator[Block]:
    """Yields the blocks of a file of lines or pages, which end at a number of bytes."""
    file = span.file
    kind = file.suffix.removeprefix(".")
    try:
        with file.open() as stream:
            rows = read_rows(stream, span.start, span.end)
            for number in itertools.count(span.number):
                first = next(rows, None)
                if first is None:
                    return
                faults: list[Fault] = []
                limit = None if span.end else span.block_bytes
                batches = _row_batches(file, itertools.chain([first], rows), columns, faults, limit)
                yield Block(file, number, _guarded(file, kind, number, batches), faults)
                if span.end:
                    return
    except READ_ERRORS as error:
        raise _unreadable(file, kind, error) from None


def _row_batches(
    file: StreamFile, rows: Iterator[Row], columns: Mapping[str, str], faults: list[Fault], limit: int | None
) -> Iterator[pa.Table]:
    wanted = {name: columns.get(name, name) for name in FIELDS}
    cells: list[dict[str, Any]] = []
    n_bytes = batch_bytes = 0
    for number, row in enumerate(rows):
        problem = row.cells if isinstance(row.cells, str) else _problem(row.cells, wanted)
        if problem is not None:
            place = None if row.line is not None else f"row {number}"
            faults.append(Fault(file.url, row.line, place, problem))
        elif not isinstance(row.cells, str):
            cells.append({name: _as_text(row.cells.get(column)) for name, column in wanted.items()} | {"row": number})
        n_bytes += row.size
        batch_bytes += row.size
        if len(cells) >= BATCH_ROWS or batch_bytes >= BATCH_BYTES:
            yield _table_of(cells)
            cells, batch_bytes = [], 0
        if (limit is not None and n_bytes >= limit) or len(faults) >= MAX_FAULTS:
            break
    if cells:
        yield _table_of(cells)


def _table_of(cells: Sequence[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    columns = [text_column([row[name] for row in cells]) for name in FIELDS]
    rows = np.fromiter((row["row"] for row in cells), dtype=np.int64, count=len(cells))
    return pa.Table.from_arrays([*columns, number_column(rows)], [*FIELDS, "row"])


def _as_text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else str(cell)


def _problem(cells: Mapping[str, Any], wanted: Mapping[str, str]) -> str | None:
    """Returns what is wrong with a row; None: nothing."""
    if wanted["text"] not in cells:
        return f"{unknown_name('key', wanted['text'], list(cells))}; name the key of the texts: --column text=NAME"
    if not isinstance(cells[wanted["text"]], str | None):
        return f"{wanted['text']}: expected text, got {preview(cells[wanted['text']])}"
    for column in wanted.values():
        if isinstance(cells.get(column), str) and not is_unicode(cells[column]):
            return f"{column}: contains an unpaired surrogate, which is not valid Unicode"
    return None
