"""CheckThat! 2025 task 2: CSV files of posts with their normalized claim, and submissions of such claims alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from harness.data.archives import InputFile
from harness.data.delimited import MAX_BOOK_CELL, quoted_rows, table_rows
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile
from harness.files import decode

POST, STATEMENT = "post", "normalized claim"


class PostStatement(NamedTuple):
    """A normalized claim, with its post where the file has it."""

    line: int
    post: str | None
    statement: str
    """Without white space around it; empty if the file leaves it out."""


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the posts of one file, numbered from 1; the statement of a post is its normalized claim.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(_rows(file, (POST,), faults), start=1):
        if not (row.post or "").strip():
            faults.add(row.line, POST, "is empty", "empty")
            continue
        claim = SourceClaim(str(row.post), statement=row.statement or None, line=row.line)
        articles.append(SourceArticle(str(number), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="rows with post and normalized claim")
    return articles


def read_gold(file: InputFile) -> list[PostStatement]:
    """Returns the normalized claims of a gold file, in its order.

    Raises: FaultsError: the file is invalid, or leaves out a normalized claim; lists every fault with its line.
    """
    faults = FileFaults(file.path)
    rows = list(_rows(file, (STATEMENT,), faults))
    for row in rows:
        if not row.statement:
            faults.add(row.line, STATEMENT, "is empty; give the reference of every post", "empty")
    faults.raise_if_any(empty=not rows, expected="rows with post and normalized claim")
    return rows


def read_predictions(file: InputFile) -> list[PostStatement]:
    """Returns the normalized claims of a submission, in its order; some may be empty.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults = FileFaults(file.path)
    rows = list(_rows(file, (STATEMENT,), faults))
    faults.raise_if_any(empty=not rows, expected="rows with normalized claim")
    return rows


def _rows(file: SourceFile | InputFile, required: tuple[str, ...], faults: FileFaults) -> Iterator[PostStatement]:
    lines = io.StringIO(decode(file.data, file.path), newline="")
    rows = quoted_rows(file.path, lines, ",", max_cell=MAX_BOOK_CELL)
    for line, row in table_rows(file.path, rows, faults.faults, required=tuple((name,) for name in required)):
        yield PostStatement(line, row.get(POST), row.get(STATEMENT, "").strip())
