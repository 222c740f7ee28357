"""Submissions to official scorers: tables of an id and a score or a label, in the publishers' formats of each year.

Tab-separated (comma-separated in a `.csv` file), UTF-8 with or without a byte order mark, LF or CRLF; blank lines are
skipped. With a header, columns are found by name, in any order. Without one, they are found by position:
`id, value`; `id, value, run`; `topic, id, value`; `topic, id, value, run`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from harness.data.delimited import DELIMITERS, DelimitedRow, literal_rows
from harness.data.formats.detection import labeled_table
from harness.data.formats.source import FileFaults, SourceFile
from harness.files import decode
from harness.records import preview

ID_COLUMNS = ("id", "tweet_id", "sentence_id", "line_number", "claim_number", "statement_id")
"""Column names for the id, the most likely first."""
VALUE_COLUMNS = {
    "score": ("score", "check_worthiness", "claim_worthiness"),
    "label": ("class_label", "predicted_label", "predicted", "prediction", "label", "claim"),
}
"""Column names for the value, by kind of value, the most likely first."""


class SubmissionEntry(NamedTuple):
    """One id of a gold or submission file and its value."""

    line: int | None
    """Line of the file, from 1; None if unknown."""
    id: str
    value: Any


class Submission(NamedTuple):
    """Readers of a benchmark's gold and submission files, for its official scorer."""

    read_gold: Callable[[SourceFile], list[SubmissionEntry]]
    """Reader of gold files. Raises: FaultsError: the file is invalid."""
    read_predictions: Callable[[SourceFile], list[SubmissionEntry]]
    """Reader of submissions; returns entries in file order, repeated ids included. Raises: FaultsError: the file is
    invalid."""
    id_name: str
    """Name of an id in messages."""
    by_position: bool = False
    """Whether claims are matched by position if gold ids repeat or the submission has no ids."""


def parse_score(text: str) -> float:
    """Returns the score that a cell contains.

    Raises: ValueError: the cell is not a finite number; the message says what is expected.
    """
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    # float() accepts digit separators ("1_000"), which programs in other languages reject.
    if not math.isfinite(score) or "_" in text:
        raise ValueError(f"expected a finite number, got {preview(text)}")
    return score


def vocabulary(file: SourceFile) -> dict[str, str]:
    """Returns the spellings that a submission may use for a label, each with its code in the scheme."""
    values: Mapping[str, str] = file.options.get("values") or {}
    codes = [label.code for label in file.scheme.axes[0].labels if label.code is not None]
    own = {code: code for code in codes} if not values else dict(values)
    return own | dict(file.options.get("accepts") or {})


def label_reader(spellings: Mapping[str, str]) -> Callable[[str], str]:
    """Returns a function from the spelling of a label to its code; it raises ValueError for an unknown spelling."""

    def read_label(text: str) -> str:
        if text not in spellings:
            raise ValueError(f"expected one of {', '.join(spellings)}, got {preview(text)}")
        return spellings[text]

    return read_label


class Layout(NamedTuple):
    """Columns and values of a submission's table."""

    value_name: str
    """Kind of value: `score` or `label`."""
    parse: Callable[[str], Any]
    """Function from a cell to its value. Raises: ValueError: with the allowed values."""
    widths: tuple[int, ...]
    """Allowed numbers of columns."""
    expected: str
    """Description of the columns, for messages."""


def read_table(file: SourceFile, layout: Layout) -> list[SubmissionEntry]:
    """Returns the entries of a submission, in file order.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    rows = _rows(file)
    # The first row of an allowed width sets the width of the file, so one broken row is one fault.
    first = next((index for index, (_, cells) in enumerate(rows) if len(cells) in layout.widths), None)
    if rows and first is None:
        faults.add(rows[0][0], None, f"expected {layout.expected}, got {len(rows[0][1])}")
        faults.raise_if_any(empty=True, expected=layout.expected)
    first_cells = rows[first].cells if first is not None else []
    id_index, value_index, has_header = _locate_columns(first_cells, layout) if first_cells else (0, 1, False)
    for index, (line, cells) in enumerate(rows):
        if has_header and index == first:
            continue
        if len(cells) != len(first_cells):
            faults.add(line, None, f"expected {layout.expected}, got {len(cells)}")
        elif not cells[id_index]:
            faults.add(line, "id", "is empty", "empty")
        else:
            try:
                entries.append(SubmissionEntry(line, cells[id_index], layout.parse(cells[value_index])))
            except ValueError as error:
                faults.add(line, layout.value_name, str(error), f"invalid-{layout.value_name}")
    faults.raise_if_any(empty=not entries, expected=f"lines of {layout.expected}")
    return entries


def _rows(file: SourceFile) -> list[DelimitedRow]:
    rows = literal_rows(decode(file.data, file.path), DELIMITERS.get(file.path.suffix.lower(), "\t"))
    return [DelimitedRow(line, [cell.strip() for cell in cells]) for line, cells in rows]


def _locate_columns(first: list[str], layout: Layout) -> tuple[int, int, bool]:
    """Returns the index of the id, the index of the value, and whether the first row is a header."""
    names = [cell.lower() for cell in first]
    ids = [names.index(name) for name in ID_COLUMNS if name in names]
    values = [names.index(name) for name in VALUE_COLUMNS[layout.value_name] if name in names]
    if ids and values:
        return ids[0], values[0], True
    # Three columns are (id, value, run) or (topic, id, value). A number followed by a value is the former; otherwise
    # the last cell decides.
    topic_first = not (first[0].isdecimal() and _parses(first[1], layout.parse)) if len(first) == 3 else False
    if len(first) == 4 or (topic_first and _parses(first[2], layout.parse)):
        return 1, 2, False
    return 0, 1, False


def _parses(text: str, parse: Callable[[str], Any]) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def read_scores(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the ids and scores of a ranking of tweets.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    expected = "4 tab-separated columns (topic_id, tweet_id, score, run_id; topic_id and run_id are optional)"
    return read_table(file, Layout("score", parse_score, (4, 3, 2), expected))


def read_labels(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the ids and label codes of a submission of labels.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    expected = "2 to 4 tab-separated columns (id and label, optionally a topic before and a run after them)"
    return read_table(file, Layout("label", label_reader(vocabulary(file)), (4, 3, 2), expected))


def read_table_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the ids and label codes of a gold table, with or without a header.

    Raises: FaultsError: the file is invalid, or a row has no label.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    for article in labeled_table.read_articles(_with_columns(file)):
        claim = article.claims[0]
        if not claim.labels:
            faults.add(claim.line, "label", f"id {article.article_id} has no label; expected a gold file")
            break
        entries.append(SubmissionEntry(claim.line, article.article_id, claim.labels[0].code))
    faults.raise_if_any(empty=not entries, expected="rows of labeled texts")
    return entries


def _with_columns(file: SourceFile) -> SourceFile:
    """Adds the column names of a gold file without a header, which its number of columns identifies."""
    text = decode(file.data, file.path)
    width = len(text.lstrip("\r\n").split("\n", 1)[0].split("\t"))
    columns = [names for names in file.options.get("headless") or () if len(names) == width]
    if not columns:
        return file
    return SourceFile(file.path, file.data, file.scheme, {**file.options, "columns": columns[0]}, file.companions)


def table_text(rows: list[list[str]]) -> bytes:
    """Returns rows as tab-separated lines that end in LF; tabs and line breaks inside a cell become spaces.

    Publishers' programs know no quotes, so a tab or line break inside a cell would break its row.
    """
    return "".join("\t".join(re.sub(r"[\t\r\n]", " ", cell) for cell in row) + "\n" for row in rows).encode()


SCORES = Submission(read_table_gold, read_scores, "id")
LABELS = Submission(read_table_gold, read_labels, "id")
