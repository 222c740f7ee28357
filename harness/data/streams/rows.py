"""Reads the rows of files of lines and pages: JSON lines, texts, and extracted pages of web archives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from harness.data.articles.rows import ROWS_AS_TEXT, looks_like_rows
from harness.records import preview

FIELDS = ("text", "claim_id", "article_id", "title", "speaker", "published", "language")
"""Fields that the rows of an archive have; only `text` must be there."""


class Row(NamedTuple):
    """A row as it was read."""

    line: int | None
    """Line of the file, or number of the page; None: unknown."""
    size: int
    cells: Mapping[str, Any] | str
    """Cells by column, or what is wrong with the row."""


def json_rows(stream: BinaryIO, start: int, end: int) -> Iterator[Row]:
    """Yields the lines that start inside a range of bytes; without one (`end` is 0), all lines."""
    position = start
    if start:
        stream.seek(start - 1)
        position += len(stream.readline()) - 1  # the line that starts before the range
    for line_number, line in enumerate(stream, start=1):
        if end and position >= end:
            return
        position += len(line)
        if line.strip():
            at = line_number if not start else None
            where = "" if at else f"line {line_number:,} after byte {start:,}: "
            yield Row(at, len(line), _json_cells(line, where))


def _json_cells(line: bytes, where: str) -> Mapping[str, Any] | str:
    try:
        cells = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        cells = None
    text = line[:100].decode("utf-8", "replace").strip()
    return cells if isinstance(cells, dict) else f"{where}expected a JSON object in UTF-8, got {preview(text)}"


def text_rows(stream: BinaryIO, *_: int) -> Iterator[Row]:
    """Yields the file as one row."""
    data = stream.read()
    try:
        text = data.decode("utf-8-sig")
        is_rows = looks_like_rows(text)
        cells: Mapping[str, Any] | str = ROWS_AS_TEXT if is_rows else dict.fromkeys(FIELDS) | {"text": text}
    except UnicodeDecodeError as error:
        cells = f"is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start:,}; save the file as UTF-8"
    yield Row(None, len(data), cells)


def wet_rows(stream: BinaryIO, *_: int) -> Iterator[Row]:
    """Yields the extracted texts of a WET file (Common Crawl): a record has headers, an empty line, and its content.

    The address of a page is its `article_id`.
    """
    while version := stream.readline():
        if not version.strip():
            continue
        if not version.startswith(b"WARC/"):
            raise ValueError(f"expected a record that begins with WARC/, got {preview(version[:40].decode('latin-1'))}")
        headers = {}
        while (line := stream.readline()).strip():
            cells = line.decode("utf-8", "replace").split(":", 1)
            headers[cells[0].strip().lower()] = cells[-1].strip()
        size = int(headers.get("content-length", ""))
        if size < 0:
            raise ValueError(f"a record says that it has {size:,} bytes")
        content = stream.read(size)
        if len(content) < size:
            raise ValueError(f"the last record ends after {len(content):,} of {size:,} bytes")
        if headers.get("warc-type") == "conversion":
            text = content.decode("utf-8", "replace")
            yield Row(None, size, {"text": text, "article_id": headers.get("warc-target-uri")})
