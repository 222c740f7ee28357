"""Run and qrels files of TREC: `query Q0 document rank score name`, and `query 0 document grade`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from harness.data.archives import InputFile
from harness.data.formats.source import FileFaults
from harness.files import decode
from harness.records import preview

N = TypeVar("N", int, float)


def read_run(file: InputFile) -> dict[str, dict[str, float]]:
    """The score of each document by query. Ranks are not read: the scores order the documents.

    Raises: FaultsError: all faults of the file, each with its line.
    """
    return _read(file, 6, 4, _finite, "query Q0 document rank score name", "a finite score")


def read_qrels(file: InputFile) -> dict[str, dict[str, int]]:
    """The grade of each judged document by query.

    Raises: FaultsError: all faults of the file, each with its line.
    """
    return _read(file, 4, 3, int, "query 0 document grade", "a whole number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _read(
    file: InputFile, n_columns: int, value_column: int, convert: Callable[[str], N], layout: str, expected: str
) -> dict[str, dict[str, N]]:
    faults, rows = FileFaults(file.path), dict[str, dict[str, N]]()
    for number, line in enumerate(decode(file.data, file.path).split("\n"), start=1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != n_columns:
            faults.add(number, None, f"expected {n_columns} columns ({layout}), got {len(cells)}")
            continue
        documents = rows.setdefault(cells[0], {})
        try:
            value = convert(cells[value_column])
        except ValueError:
            faults.add(number, None, f"expected {expected}, got {preview(cells[value_column])}")
            continue
        if cells[2] in documents:
            faults.add(number, None, f"document '{cells[2]}' occurs twice for query '{cells[0]}'", "duplicate-id")
        documents[cells[2]] = value
    faults.raise_if_any(empty=not rows, expected=f"lines of {layout}")
    return rows
