"""Rows of labelled claims in a .jsonl, .csv or .tsv file, each with the line it begins at."""

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


class DelimitedRow(NamedTuple):
    """One claim to add or label, and where it was written."""

    line: int | None
    cells: Mapping[str, Any]


def read_rows(path: Path) -> list[DelimitedRow]:
    """The rows of a .jsonl, .csv or .tsv file; the latter two with a header line.

    Raises: FaultsError: it is none of these, is empty, or a line cannot be read; all faults at once.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FaultsError.single(path, f"suffix '{path.suffix}' is not known; known: {', '.join(SUFFIXES)}")
    text = read_text(path)
    faults = list[Fault]()
    if suffix == ".jsonl":
        rows = _json_rows(path, text, faults)
    else:
        read = quoted_rows(path, io.StringIO(text, newline=""), DELIMITERS[suffix])
        rows = [DelimitedRow(line, cells) for line, cells in table_rows(path, read, faults)]
    if not rows and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; one labelled claim a line is expected"))
    if faults:
        raise FaultsError(faults)
    return rows


def _json_rows(path: Path, text: str, faults: list[Fault]) -> list[DelimitedRow]:
    rows = list[DelimitedRow]()
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
            rows.append(DelimitedRow(number, cells))
        else:
            faults.append(Fault(str(path), number, None, f"expected a JSON object, got {preview(cells)}"))
    return rows
