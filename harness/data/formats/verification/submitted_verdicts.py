"""Readers of the files that official programs of verdicts and retrieval score, such as FEVEROUS and AVeriTeC."""

from __future__ import annotations

import ast
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from harness.data.formats.source import FileFaults
from harness.errors import FaultsError
from harness.files import decode, read_bytes
from harness.records import preview


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields the objects of a JSON Lines file with their lines.

    Raises: FaultsError: every line that is no JSON object.
    """
    faults, rows = FileFaults(path), list[tuple[int, dict[str, Any]]]()
    for number, line in enumerate(decode(read_bytes(path), path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            faults.add(number, None, f"is not JSON: {error}; is the file cut short?", "not-json")
            continue
        if isinstance(row, dict):
            rows.append((number, row))
        else:
            faults.add(number, None, f"expected a JSON object, got {preview(row)}")
    faults.raise_if_any(empty=not rows, expected="JSON objects")
    return iter(rows)


def json_list(path: Path) -> list[dict[str, Any]]:
    """The objects of a file that is one JSON list.

    Raises: FaultsError: the file is no such list.
    """
    try:
        rows = json.loads(decode(read_bytes(path), path))
    except ValueError as error:
        raise FaultsError.single(path, f"is not JSON: {error}; is the file cut short?", code="not-json") from None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise FaultsError.single(path, f"expected a list of JSON objects, got {preview(rows)}")
    return rows


def table_rows(path: Path, columns: tuple[str, ...], delimiter: str) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV or TSV file with their lines, from 1 for the header.

    Raises: FaultsError: a column is missing, or there is no row.
    """
    text = decode(read_bytes(path), path)
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    missing = [name for name in columns if name not in (reader.fieldnames or [])]
    if missing:
        columns_found = ", ".join(reader.fieldnames or []) or "none"
        message = f"expected the columns {', '.join(columns)}; {', '.join(missing)} is missing, got {columns_found}"
        raise FaultsError.single(path, message, line=1)
    faults, rows = FileFaults(path), list[tuple[int, dict[str, str]]]()
    for row in reader:
        if any(row[name] is None for name in columns):
            faults.add(reader.line_num, None, f"expected {len(reader.fieldnames or [])} columns")
        else:
            rows.append((reader.line_num, row))
    faults.raise_if_any(empty=not rows, expected=f"rows with {', '.join(columns)}")
    return rows


def ranked_ids(text: str) -> list[str] | None:
    """The ids of a list that is written as text (`['a', 'b']`); None if it is no list of texts."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list) and all(isinstance(name, str) for name in value) else None
