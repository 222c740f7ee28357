"""CheckThat! 2025 task 4a: a table of tweets with three labels in one cell, a list such as `[0.0, 1.0, 1.0]`.

The labels are those of the axes of the scheme, in its order. A file without the column `labels` has none. A submission
has the columns `index` and `predictions`, the latter like `labels`.
"""

from __future__ import annotations

import json

from harness.data.archives import InputFile
from harness.data.delimited import literal_rows, table_rows
from harness.data.formats.detection.labeled_table import read_rows
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel
from harness.files import decode
from harness.records import preview

CODES = {0.0: "0", 1.0: "1"}
AXES = ("scientific_claim", "scientific_reference", "scientific_entities")
"""Axes of the scheme, in the order of the labels in a cell."""


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the tweets of one file.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    rows = read_rows(file, "\t")
    required = [("index",), ("text",)]
    if rows and len(rows[0].cells) > len(required):  # a test file without labels is valid, a misspelled column is not
        required.append(("labels",))
    for line, row in table_rows(file.path, iter(rows), faults.faults, required=required):
        text, cell = row["text"], row.get("labels")
        if not text.strip():
            faults.add(line, "text", "is empty", "empty")
        codes = () if cell is None else _codes(cell, "labels", line, faults)
        if text.strip():
            labels = tuple(SourceLabel(code, axis) for code, axis in zip(codes, AXES, strict=False))
            claim = SourceClaim(text, labels, line=line)
            articles.append(SourceArticle(row["index"].strip(), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="rows with index, text and labels")
    return articles


def read_gold(file: InputFile) -> dict[str, tuple[bool, ...]]:
    """Returns the three labels of each tweet, by its index.

    Raises: FaultsError: the file is invalid, or lists a tweet twice; lists every fault with its line.
    """
    return _by_index(file, "labels")


def read_predictions(file: InputFile) -> dict[str, tuple[bool, ...]]:
    """Returns the three predicted labels of each tweet, by its index.

    Raises: FaultsError: the file is invalid, or lists a tweet twice; lists every fault with its line.
    """
    return _by_index(file, "predictions")


def _by_index(file: InputFile, column: str) -> dict[str, tuple[bool, ...]]:
    faults, labels, lines = FileFaults(file.path), dict[str, tuple[bool, ...]](), dict[str, int]()
    rows = iter(literal_rows(decode(file.data, file.path), "\t"))
    for line, row in table_rows(file.path, rows, faults.faults, required=(("index",), (column,))):
        index, codes = row["index"].strip(), _codes(row[column], column, line, faults)
        if lines.setdefault(index, line) != line:
            message = f"duplicate id {index} (first on line {lines[index]}); give each tweet once"
            faults.add(line, "index", message, "duplicate-id")
        labels[index] = tuple(code == "1" for code in codes)
    faults.raise_if_any(empty=not labels, expected=f"rows with index and {column}")
    return labels


def _codes(cell: str, column: str, line: int, faults: FileFaults) -> list[str]:
    """Returns the code of each label in a cell; empty after adding a fault."""
    try:
        values = json.loads(cell)
    except (ValueError, RecursionError):
        values = None
    numbers = values if isinstance(values, list) else []
    # Not isinstance: a bool is an int too.
    codes = [CODES[number] for number in numbers if type(number) in (int, float) and number in CODES]
    if len(codes) != len(AXES) or len(numbers) != len(AXES):
        expected = f"expected a list of 0.0 or 1.0 for {', '.join(AXES)}, such as [0.0, 1.0, 1.0]"
        faults.add(line, column, f"{expected}, got {preview(cell)}")
        return []
    return codes
