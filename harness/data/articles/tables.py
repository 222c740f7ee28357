"""Reads articles from the rows of a table: CSV, TSV, XLSX, JSONL, Parquet, or a data set in memory."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.articles.article_file import (
    JSONL_SUFFIXES,
    InputFile,
    LoadedArticle,
    MaskedText,
    ReadOptions,
    make_article,
    safe_name,
)
from harness.data.articles.encoding import UTF_8, decode_text
from harness.data.articles.rows import json_rows
from harness.data.own_tables import OwnTable
from harness.errors import Fault, FaultsError, unknown_name
from harness.files import sha256
from harness.records import is_unicode, preview
from harness.text_tables import count_of

FIELDS = ("text", "title", "article_id", "published", "publisher", "url", "language", "license", "speaker")
"""Fields that a column of a table can hold."""


class TableRow(NamedTuple):
    """One row of a table."""

    line: int | None
    """Line of the file where the row begins, from 1; None if the table is not a text file."""
    position: str
    """Position in messages for a row without a line (`row 3`); else empty."""
    cells: Mapping[str, Any]
    """Article field to value."""


class ArticleTable(NamedTuple):
    """The rows of a table, with the article fields as columns."""

    path: str
    """Path as shown in messages."""
    name: str
    """Prefix of the ids of articles without one."""
    rows: Sequence[TableRow]
    encoding: str = UTF_8


TextRow = tuple[TableRow, dict[str, str]]
"""A row and its nonempty cells as texts, by article field."""
ArticleRow = tuple[TableRow, dict[str, Any], MaskedText | None]
"""The row that an article begins at, the fields of the article, and its speakers."""


def read_table(file: InputFile) -> list[LoadedArticle]:
    """Read the articles of a .csv, .tsv, .xlsx or .parquet file, or of a .jsonl file with keys of its own.

    Raises: FaultsError: all faults of all rows.
    """
    readers = {".parquet": _read_parquet} | dict.fromkeys(JSONL_SUFFIXES, _read_json)
    return articles_from_table(readers.get(file.suffix, _read_own_table)(file), file.reading)


def resolve_columns(path: str, names: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Find the column of each article field: the one that the user names, else the one with the field's name.

    Args:
        path: the path shown in messages.
        names: the columns of the table.
        columns: article field to column, as the user names them.
    Returns: article field to column, for fields that have one; always with `text`.
    Raises: FaultsError: an unknown field or column, or no column for the text.
    """
    faults = [
        Fault(path, None, f"--column {field}={column}", unknown_name(kind, name, allowed))
        for field, column in columns.items()
        for kind, name, allowed in (("field of an article", field, FIELDS), ("column", column, names))
        if name not in allowed
    ]
    # Reversed, so that of two columns that differ only in case or spaces the first one is used.
    by_folded_name = {name.strip().lower(): name for name in reversed(names)}
    column_of = {field: by_folded_name[field] for field in FIELDS if field in by_folded_name} | dict(columns)
    if not faults and "text" not in column_of:
        message = (
            "no column is called 'text'; name the column that holds the text: --column text=NAME. "
            f"Columns: {', '.join(names) or 'none'}"
        )
        faults.append(Fault(path, None, None, message))
    if faults:
        raise FaultsError(faults)
    return column_of


def _read_own_table(file: InputFile) -> ArticleTable:
    columns = {field: name.strip() for field, name in file.reading.columns.items()}
    names = {*FIELDS, *columns.values()}
    table = OwnTable(file.path, file.data, file.reading.table_options(), suffix=file.suffix, names=names)
    rows = list(table)
    file.reading.note(*table.notes)
    _raise_if_faulty(file, rows, table.faults, "a header line and one article per row")
    column_of = resolve_columns(str(file.path), table.columns, columns)
    field_rows = [TableRow(line, "", {f: cells[name] for f, name in column_of.items()}) for line, cells in rows]
    return ArticleTable(str(file.path), file.article_id, field_rows, table.encoding)


def _read_json(file: InputFile) -> ArticleTable:
    text, encoding = decode_text(file.data, file.path, file.reading.encoding)
    faults = list[Fault]()
    rows = json_rows(Path(file.path), text, faults)
    _raise_if_faulty(file, rows, faults, "one JSON object per line")
    names = list(dict.fromkeys(name for row in rows for name in row.cells))
    column_of = resolve_columns(str(file.path), names, file.reading.columns)
    field_rows = [TableRow(row.line, "", {f: row.cells.get(name) for f, name in column_of.items()}) for row in rows]
    return ArticleTable(str(file.path), file.article_id, field_rows, encoding)


def _raise_if_faulty(file: InputFile, rows: Sequence[object], faults: Sequence[Fault], expected: str) -> None:
    """Raises the faults of a table; a table without rows is a fault."""
    if not rows and not faults:
        faults = [Fault(str(file.path), None, None, f"has no rows; expected {expected}")]
    if faults:
        raise FaultsError(faults)


def _read_parquet(file: InputFile) -> ArticleTable:
    import pyarrow as pa
    from pyarrow import parquet

    path = str(file.path)
    try:
        source = parquet.ParquetFile(pa.BufferReader(file.data))
        column_of = resolve_columns(path, source.schema_arrow.names, file.reading.columns)
        rows = source.read(columns=sorted(set(column_of.values()))).to_pylist()
    except (pa.ArrowException, OSError, MemoryError, ValueError) as error:
        reason = str(error).split("\n")[0][:200]
        raise FaultsError.single(path, f"is not a readable Parquet file: {reason}") from None
    return ArticleTable(path, file.article_id, rows_from_dicts(rows, column_of))


def rows_from_dicts(rows: Iterable[Mapping[str, Any]], column_of: Mapping[str, str]) -> list[TableRow]:
    """The rows of a table without lines, each with its number, from 1.

    Args:
        rows: column to value, for each row.
        column_of: article field to column.
    """
    return [
        TableRow(None, f"row {number}", {field: row.get(name) for field, name in column_of.items()})
        for number, row in enumerate(rows, start=1)
    ]


def articles_from_table(table: ArticleTable, reading: ReadOptions) -> list[LoadedArticle]:
    """Build the articles of a table: one per row, or in a transcript one per article_id, from the texts of its rows.

    The id of a row without article_id is the table's name and a hash of the text, so that adding rows changes no id.

    Raises: FaultsError: all faults of all rows.
    """
    faults: list[Fault] = []
    rows = [row for row in table.rows if any(cell not in (None, "") for cell in row.cells.values())]
    if not rows:
        faults.append(Fault(table.path, None, None, "has no rows; expected one article per row", "empty"))
    elif len(rows) < len(table.rows):
        reading.note(f"{table.path}: passed over {count_of(len(table.rows) - len(rows), 'row')} without text")
    text_rows: list[TextRow] = []
    for row in rows:
        cells, problems = _to_texts(row)
        row_faults = [Fault(str(table.path), row.line, *problem) for problem in problems]
        if not reading.passes_over(row_faults):
            faults += row_faults
            text_rows.append((row, cells))
    if faults:
        raise FaultsError(faults)
    articles: list[LoadedArticle] = []
    group = _group_turns if reading.transcript else _one_per_row
    for row, fields, masked in group(table, text_rows):
        try:
            article = make_article(table.path, row.line, **fields)
        except FaultsError as error:
            faults += [_with_position(fault, row) for fault in error.faults]
        else:
            articles.append(LoadedArticle(table.path, row.line, article, masked, table.encoding))
    if faults:
        raise FaultsError(faults)
    return articles


def _with_position(fault: Fault, row: TableRow) -> Fault:
    return replace(fault, field=" ".join(part for part in (row.position, fault.field) if part))


def _to_texts(row: TableRow) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Convert the nonempty cells of a row to texts; returns them with the problems, as (field, message, code)."""
    cells: dict[str, str] = {}
    problems = []
    for name, cell in row.cells.items():
        if isinstance(cell, datetime.date | datetime.datetime):
            cells[name] = cell.isoformat()
        elif isinstance(cell, int) and not isinstance(cell, bool) and name != "text":
            cells[name] = str(cell)
        elif isinstance(cell, str):
            if cell.strip():
                cells[name] = cell if name == "text" else cell.strip()
        elif cell is not None:
            problems.append((f"{row.position} {name}".strip(), f"expected a text, got {preview(cell)}", "invalid"))
    if "text" not in cells and not problems:
        problems.append((f"{row.position} text".strip(), "is missing or empty; an article needs text", "empty"))
    return cells, problems


def _article_id(table: ArticleTable, cells: Mapping[str, str]) -> str:
    if "article_id" in cells:
        return safe_name(cells["article_id"], "article")
    # A text with lone surrogates cannot be hashed; the check of the article reports it under this id.
    digest = sha256(cells["text"])[:10] if is_unicode(cells["text"]) else "article"
    return f"{table.name}-{digest}"


def _one_per_row(table: ArticleTable, rows: Iterable[TextRow]) -> Iterator[ArticleRow]:
    for row, cells in rows:
        fields = {name: cell for name, cell in cells.items() if name != "speaker"}
        masked = MaskedText(cells["text"], ((0, cells["speaker"]),)) if "speaker" in cells else None
        yield row, fields | {"article_id": _article_id(table, cells)}, masked


def _group_turns(table: ArticleTable, rows: Iterable[TextRow]) -> Iterator[ArticleRow]:
    """Join the rows of each article_id, one turn of a speaker per row; other fields come from the first row."""
    grouped: dict[str, list[TextRow]] = {}
    for row, cells in rows:
        name = safe_name(cells["article_id"], "article") if "article_id" in cells else table.name
        grouped.setdefault(name, []).append((row, cells))
    for name, lines in grouped.items():
        first_row, first_cells = lines[0]
        turns: list[tuple[int, str | None]] = []
        offset = 0
        for _, cells in lines:
            turns.append((offset, cells.get("speaker")))
            offset += len(cells["text"]) + 1  # the line break of the join below
        text = "\n".join(cells["text"] for _, cells in lines)
        fields = {field: cell for field, cell in first_cells.items() if field != "speaker"}
        yield first_row, fields | {"article_id": name, "text": text}, MaskedText(text, tuple(turns))
