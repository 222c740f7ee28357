"""Rows of labelled claims in a .jsonl, .csv or .tsv file, each with the line it begins at."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import Fault, FaultsError
from harness.files import read_text
from harness.records import shown

SUFFIXES = (".jsonl", ".csv", ".tsv")


class Row(NamedTuple):
    """One claim to add or label, and where it was written."""

    line: int | None
    cells: Mapping[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The rows of a .jsonl, .csv or .tsv file; the latter two with a header line.

    Raises: FaultsError: it is none of these, is empty, or a line cannot be read; all faults at once.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FaultsError.one(path, f"suffix '{path.suffix}' is not known; known: {', '.join(SUFFIXES)}")
    text = read_text(path)
    rows, faults = _json_rows(path, text) if suffix == ".jsonl" else table_rows(path, text, suffix)
    if not rows and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; one labelled claim a line is expected"))
    if faults:
        raise FaultsError(faults)
    return rows


def _json_rows(path: Path, text: str) -> tuple[list[Row], list[Fault]]:
    rows, faults = list[Row](), list[Fault]()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except json.JSONDecodeError as error:
            faults.append(Fault(str(path), number, None, f"is not JSON: {error.msg} at column {error.colno}"))
            continue
        except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists without end
            faults.append(Fault(str(path), number, None, "is JSON that no claim needs: too deep, or too long a number"))
            continue
        if isinstance(cells, dict):
            rows.append(Row(number, cells))
        else:
            faults.append(Fault(str(path), number, None, f"expected a JSON object, got {shown(cells)}"))
    return rows, faults


def table_rows(path: str | Path, text: str, suffix: str) -> tuple[list[Row], list[Fault]]:
    """The rows of a CSV or TSV text with a header line, and its faults, each at the line where its row begins."""
    rows, faults = list[Row](), list[Fault]()
    header: list[str] = []
    begins = 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if suffix == ".tsv" else ",", strict=True)
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not cells:
                continue
            if not header:
                header = cells
                twice = sorted({name for name in header if header.count(name) > 1})
                faults += [Fault(str(path), line, name, "is the name of two columns; keep one") for name in twice]
            elif len(cells) != len(header):
                message = f"expected {len(header)} cells, as in the header, got {len(cells)}; look for a stray quote"
                faults.append(Fault(str(path), line, None, message))
            else:
                rows.append(Row(line, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        message = f'is not well-formed {suffix[1:].upper()}: {error}; look for a stray quote (a quote is doubled: "")'
        faults.append(Fault(str(path), begins, None, message))
    return rows, faults
