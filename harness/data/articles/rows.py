"""Reads the rows of labeled claims in a .jsonl, .csv or .tsv file, each with its first line."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.delimited import DELIMITERS, quoted_rows, table_rows
from harness.errors import Fault, FaultsError
from harness.files import read_text
from harness.records import preview

SUFFIXES = (".jsonl", *DELIMITERS)


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


def read_rows(path: Path) -> list[LabeledRow]:
    """Read the rows of a .jsonl file, or of a .csv or .tsv file with a header line.

    Raises: FaultsError: the suffix is unknown, the file has no rows, or lines cannot be read; all faults at once.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FaultsError.single(path, f"unknown suffix '{path.suffix}'; expected one of {', '.join(SUFFIXES)}")
    text = read_text(path)
    faults = list[Fault]()
    if suffix == ".jsonl":
        rows = _json_rows(path, text, faults)
    else:
        read = quoted_rows(path, io.StringIO(text, newline=""), DELIMITERS[suffix])
        rows = [LabeledRow(line, cells) for line, cells in table_rows(path, read, faults)]
    if not rows and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; expected one labeled claim per line"))
    if faults:
        raise FaultsError(faults)
    return rows


def _json_rows(path: Path, text: str, faults: list[Fault]) -> list[LabeledRow]:
    rows = list[LabeledRow]()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except json.JSONDecodeError as error:
            faults.append(Fault(str(path), number, None, f"is not JSON: {error.msg} at column {error.colno}"))
            continue
        except (ValueError, RecursionError):  # a number with thousands of digits, or thousands of nested lists
            faults.append(Fault(str(path), number, None, "is nested too deeply, or contains too long a number"))
            continue
        if isinstance(cells, dict):
            rows.append(LabeledRow(number, cells))
        else:
            faults.append(Fault(str(path), number, None, f"expected a JSON object, got {preview(cells)}"))
    return rows
