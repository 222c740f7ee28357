"""CheckThat! 2025 task 4a: a table of tweets with three labels in one cell, a list such as `[0.0, 1.0, 1.0]`.

The labels are those of the axes of the scheme, in its order. A file without the column `labels` has none.
"""

from __future__ import annotations

import json

from harness.data.delimited import table_rows
from harness.data.formats.detection.labeled_table import read_rows
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel
from harness.records import preview

CODES = {0.0: "0", 1.0: "1"}


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the tweets of one file.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    rows = iter(read_rows(file, "\t"))
    for line, row in table_rows(file.path, rows, faults.faults, required=(("index",), ("text",))):
        text, cell = row["text"], row.get("labels")
        if not text.strip():
            faults.add(line, "text", "is empty", "empty")
        labels = () if cell is None else _labels(file, cell, line, faults)
        if text.strip():
            claim = SourceClaim(text, labels, line=line)
            articles.append(SourceArticle(row["index"].strip(), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="rows with index, text and labels")
    return articles


def _labels(file: SourceFile, cell: str, line: int, faults: FileFaults) -> tuple[SourceLabel, ...]:
    """Returns the label of each axis; empty after adding a fault."""
    axes = [axis.name for axis in file.scheme.axes]
    try:
        values = json.loads(cell)
    except (ValueError, RecursionError):
        values = None
    numbers = values if isinstance(values, list) else []
    # Not isinstance: a bool is an int too.
    codes = [CODES.get(number) if type(number) in (int, float) else None for number in numbers]
    if len(codes) != len(axes) or None in codes:
        expected = f"expected a list of 0.0 or 1.0 for {', '.join(axes)}, such as [0.0, 1.0, 1.0]"
        faults.add(line, "labels", f"{expected}, got {preview(cell)}")
        return ()
    return tuple(SourceLabel(str(code), axis) for code, axis in zip(codes, axes, strict=True))
