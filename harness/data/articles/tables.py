"""Articles in the rows of a table: CSV, TSV, Parquet, or a data set's own."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from harness.data.articles.encoding import UTF_8, decoded
from harness.data.articles.reading import InputFile, LoadedArticle, MaskedText, ReadOptions, make_article, safe_name
from harness.data.delimited import DELIMITERS, MAX_BOOK_CELL, quoted_rows, table_rows
from harness.errors import Fault, FaultsError, unknown_name
from harness.files import sha256
from harness.records import is_unicode, preview

FIELDS = ("text", "title", "article_id", "published", "publisher", "url", "language", "license", "speaker")


class TableRow(NamedTuple):
    """One row, and where it stands."""

    line: int | None
    """Line of the file, from 1; None where the table is no text."""
    place: str
    """For messages, where it has no line: `row 3`."""
    cells: Mapping[str, Any]
    """By field of an article."""


class ArticleTable(NamedTuple):
    """The rows of a table."""

    path: str
    name: str
    """What ids are made from."""
    rows: Sequence[TableRow]
    encoding: str = UTF_8


def read_table(file: InputFile) -> list[LoadedArticle]:
    """The articles of a .csv, .tsv or .parquet file.

    Raises: FaultsError: every fault of every row.
    """
    read = _parquet if file.suffix == ".parquet" else _separated
    return articles_of(read(file), file.reading)


def chosen_columns(path: str, names: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """The column of each field: the one that the user names, else the one that is called like the field.

    Raises: FaultsError: a field or a column that there is not, or no column of texts.
    """
    faults = [
        Fault(path, None, f"--column {field}={column}", unknown_name(kind, name, known))
        for field, column in columns.items()
        for kind, name, known in (("field of an article", field, FIELDS), ("column", column, names))
        if name not in known
    ]
    folded = {name.strip().lower(): name for name in reversed(names)}
    found = {field: folded[field] for field in FIELDS if field in folded} | dict(columns)
    if not faults and "text" not in found:
        listed = ", ".join(names) or "none"
        message = f"no column is called 'text'; name the one with the texts: --column text=NAME. Columns: {listed}"
        faults.append(Fault(path, None, None, message))
    if faults:
        raise FaultsError(faults)
    return found


def _separated(file: InputFile) -> ArticleTable:
    text, encoding = decoded(file.data, file.path, file.reading.encoding)
    faults = list[Fault]()
    read = quoted_rows(file.path, io.StringIO(text, newline=""), DELIMITERS[file.suffix], max_cell=MAX_BOOK_CELL)
    rows = list(table_rows(file.path, read, faults))
    if not rows and not faults:
        faults.append(
            Fault(str(file.path), None, None, "has no rows; a header line and one article a row are expected")
        )
    if faults:
        raise FaultsError(faults)
    chosen = chosen_columns(str(file.path), [name for name in rows[0][1] if name], file.reading.columns)
    listed = [TableRow(line, "", {f: cells[name] for f, name in chosen.items()}) for line, cells in rows]
    return ArticleTable(str(file.path), file.article_id, listed, encoding)


def _parquet(file: InputFile) -> ArticleTable:
    import pyarrow as pa
    from pyarrow import parquet

    path = str(file.path)
    try:
        source = parquet.ParquetFile(pa.BufferReader(file.data))
        chosen = chosen_columns(path, source.schema_arrow.names, file.reading.columns)
        whole = source.read(columns=sorted(set(chosen.values()))).to_pylist()
    except (pa.ArrowException, OSError, MemoryError, ValueError) as error:
        reason = str(error).split("\n")[0][:200]
        raise FaultsError.single(path, f"is not a Parquet file that can be read: {reason}") from None
    return ArticleTable(path, file.article_id, rows_of(whole, chosen))


def rows_of(rows: Iterable[Mapping[str, Any]], chosen: Mapping[str, str]) -> list[TableRow]:
    """Rows of a table that is no text, each with its number from 1."""
    return [
        TableRow(None, f"row {number}", {field: row.get(name) for field, name in chosen.items()})
        for number, row in enumerate(rows, start=1)
    ]


def articles_of(table: ArticleTable, reading: ReadOptions) -> list[LoadedArticle]:
    """The articles of a table: one a row; in a transcript, one for all rows of an article_id, its lines joined.

    A row without article_id is named after the table and the hash of its text, so that more rows rename none.

    Raises: FaultsError: every fault of every row.
    """
    faults: list[Fault] = []
    rows = [row for row in table.rows if any(cell not in (None, "") for cell in row.cells.values())]
    if not rows:
        faults.append(Fault(table.path, None, None, "has no rows; one article a row is expected"))
    clean: list[tuple[TableRow, dict[str, str]]] = []
    for row in rows:
        cells, wrong = _clean(row)
        faults += [Fault(table.path, row.line, *fault) for fault in wrong]
        clean.append((row, cells))
    found: list[LoadedArticle] = []
    if not faults:
        groups = _transcripts(table, clean) if reading.transcript else _single(table, clean)
        for row, fields, marked in groups:
            try:
                article = make_article(table.path, row.line, **fields)
            except FaultsError as error:
                faults += [_placed(fault, row) for fault in error.faults]
            else:
                found.append(LoadedArticle(table.path, row.line, article, marked, table.encoding))
    if faults:
        raise FaultsError(faults)
    return found


def _placed(fault: Fault, row: TableRow) -> Fault:
    return replace(fault, field=" ".join(part for part in (row.place, fault.field) if part))


def _clean(row: TableRow) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The cells of a row that are not empty, as texts; and what is wrong with them, as (field, message)."""
    cells: dict[str, str] = {}
    wrong = []
    for name, cell in row.cells.items():
        if isinstance(cell, datetime.date | datetime.datetime):
            cells[name] = cell.isoformat()
        elif isinstance(cell, int) and not isinstance(cell, bool) and name != "text":
            cells[name] = str(cell)
        elif isinstance(cell, str):
            if cell.strip():
                cells[name] = cell if name == "text" else cell.strip()
        elif cell is not None:
            wrong.append((f"{row.place} {name}".strip(), f"expected a text, got {preview(cell)}"))
    if "text" not in cells and not wrong:
        wrong.append((f"{row.place} text".strip(), "is missing or empty; an article needs text"))
    return cells, wrong


def _named(table: ArticleTable, cells: Mapping[str, str]) -> str:
    if "article_id" in cells:
        return safe_name(cells["article_id"], "article")
    digest = sha256(cells["text"])[:10] if is_unicode(cells["text"]) else "article"
    return f"{table.name}-{digest}"


Group = tuple[TableRow, dict[str, Any], MaskedText | None]


def _single(table: ArticleTable, rows: Iterable[tuple[TableRow, dict[str, str]]]) -> Iterator[Group]:
    for row, cells in rows:
        fields = {name: cell for name, cell in cells.items() if name != "speaker"}
        spoken = MaskedText(cells["text"], ((0, cells["speaker"]),)) if "speaker" in cells else None
        yield row, fields | {"article_id": _named(table, cells)}, spoken


def _transcripts(table: ArticleTable, rows: Iterable[tuple[TableRow, dict[str, str]]]) -> Iterator[Group]:
    grouped: dict[str, list[tuple[TableRow, dict[str, str]]]] = {}
    for row, cells in rows:
        name = safe_name(cells["article_id"], "article") if "article_id" in cells else table.name
        grouped.setdefault(name, []).append((row, cells))
    for name, lines in grouped.items():
        first, told = lines[0]
        turns, offset = list[tuple[int, str | None]](), 0
        for _, cells in lines:
            turns.append((offset, cells.get("speaker")))
            offset += len(cells["text"]) + 1
        text = "\n".join(cells["text"] for _, cells in lines)
        fields = {field: cell for field, cell in told.items() if field != "speaker"}
        yield first, fields | {"article_id": name, "text": text}, MaskedText(text, tuple(turns))
