"""Submissions to official scorers: tables of an id and a score or a label, as the publishers' formats vary by year.

Tab-separated (a `.csv` file: comma-separated), UTF-8 with or without its mark, LF or CRLF, blank lines left out. With a
header, columns are found by name, whatever their order; without one, by their number: `id, value`;
`id, value, run`; `topic, id, value`; `topic, id, value, run`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from harness.data.delimited import DELIMITERS, DelimitedRow, literal_rows
from harness.data.formats.detection import labelled_table
from harness.data.formats.source import FileFaults, SourceFile
from harness.files import decode
from harness.records import preview

IDS = ("id", "tweet_id", "sentence_id", "line_number", "claim_number", "statement_id")
VALUES = {
    "score": ("score", "check_worthiness", "claim_worthiness"),
    "label": ("class_label", "predicted_label", "predicted", "prediction", "label", "claim"),
}
"""What the columns of a header may be called, the likeliest first."""


class SubmissionEntry(NamedTuple):
    """What a file says of one id."""

    line: int | None
    """Of the file, from 1; None where it is not known."""
    id: str
    value: Any


class Submission(NamedTuple):
    """How a benchmark's gold and submission files are read for its official scorer."""

    read_gold: Callable[[SourceFile], list[SubmissionEntry]]
    """Raises: FaultsError: every fault of the file."""
    read_predictions: Callable[[SourceFile], list[SubmissionEntry]]
    """In the file's order. Raises: FaultsError: every fault of the file; repeated ids are none yet."""
    id_name: str
    """What its ids are, for messages."""
    by_place: bool = False
    """Whether claims are matched by their place where gold ids repeat, or the submission has none."""


def finite(written: str) -> float:
    """A score.

    Raises: ValueError: not a finite number; its text says what is expected.
    """
    try:
        score = float(written)
    except ValueError:
        score = math.nan
    if not math.isfinite(score) or "_" in written:
        raise ValueError(f"expected a finite number, got {preview(written)}")
    return score


def vocabulary(file: SourceFile) -> dict[str, str]:
    """What a submission may write for a label, to the code of the scheme."""
    values: Mapping[str, str] = file.options.get("values") or {}
    codes = [label.code for label in file.scheme.axes[0].labels if label.code is not None]
    own = {code: code for code in codes} if not values else dict(values)
    return own | dict(file.options.get("accepts") or {})


def label_reader(known: Mapping[str, str]) -> Callable[[str], str]:
    """What turns a written label into its code, and raises ValueError for one outside the vocabulary."""

    def read(written: str) -> str:
        if written not in known:
            raise ValueError(f"expected one of {', '.join(known)}, got {preview(written)}")
        return known[written]

    return read


class Layout(NamedTuple):
    """How a submission's table may look."""

    value_name: str
    """`score` or `label`."""
    parse: Callable[[str], Any]
    """Reads a value; raises ValueError with what is expected."""
    widths: tuple[int, ...]
    """How many columns it may have."""
    expected: str
    """The columns, for messages."""


def read_table(file: SourceFile, layout: Layout) -> list[SubmissionEntry]:
    """The entries of a submission.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    rows = _rows(file)
    width = next((len(cells) for _, cells in rows if len(cells) in layout.widths), 0)
    if rows and not width:
        faults.add(rows[0][0], None, f"expected {layout.expected}, got {len(rows[0][1])}")
        faults.raise_if_any(empty=True, expected=layout.expected)
    id_place, place, header = _places(rows[0][1], layout) if rows else (0, 1, False)
    for line, cells in rows[1:] if header else rows:
        if len(cells) != width:
            faults.add(line, None, f"expected {layout.expected}, got {len(cells)}")
        elif not cells[id_place]:
            faults.add(line, "id", "is empty", "empty")
        else:
            try:
                entries.append(SubmissionEntry(line, cells[id_place], layout.parse(cells[place])))
            except ValueError as error:
                faults.add(line, layout.value_name, str(error), f"invalid-{layout.value_name}")
    faults.raise_if_any(empty=not entries, expected=f"lines of {layout.expected}")
    return entries


def _rows(file: SourceFile) -> list[DelimitedRow]:
    rows = literal_rows(decode(file.data, file.path), DELIMITERS.get(file.path.suffix.lower(), "\t"))
    return [DelimitedRow(line, [cell.strip() for cell in cells]) for line, cells in rows]


def _places(first: list[str], layout: Layout) -> tuple[int, int, bool]:
    """Where the id and the value stand, and whether the first row is a header."""
    names = [cell.lower() for cell in first]
    ids = [names.index(name) for name in IDS if name in names]
    values = [names.index(name) for name in VALUES[layout.value_name] if name in names]
    if ids and values:
        return ids[0], values[0], True
    topic_first = not (first[0].isdecimal() and _parses(first[1], layout.parse)) if len(first) == 3 else False
    if len(first) == 4 or (topic_first and _parses(first[2], layout.parse)):
        return 1, 2, False
    return 0, 1, False


def _parses(written: str, parse: Callable[[str], Any]) -> bool:
    try:
        parse(written)
    except ValueError:
        return False
    return True


def read_scores(file: SourceFile) -> list[SubmissionEntry]:
    """Ids and scores of a ranking of tweets."""
    expected = "4 tab-separated columns (topic_id, tweet_id, score, run_id; or the ids and scores alone)"
    return read_table(file, Layout("score", finite, (4, 3, 2), expected))


def read_labels(file: SourceFile) -> list[SubmissionEntry]:
    """Ids and codes of a submission of labels."""
    expected = "2 to 4 tab-separated columns (an id and a label, with or without a topic before and a run after)"
    return read_table(file, Layout("label", label_reader(vocabulary(file)), (4, 3, 2), expected))


def read_table_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Ids and codes of a table of labelled texts, with its header or without.

    Raises: FaultsError: every fault of the file; a row without a label is one.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    for article in labelled_table.read_articles(_with_columns(file)):
        labels = article.claims[0].labels
        if not labels:
            faults.add(None, "label", f"id {article.article_id} has no label; a gold file is expected")
            break
        entries.append(SubmissionEntry(None, article.article_id, labels[0].code))
    faults.raise_if_any(empty=not entries, expected="rows of labelled texts")
    return entries


def _with_columns(file: SourceFile) -> SourceFile:
    """The file with the columns of a gold file of its width that has no header."""
    text = decode(file.data, file.path)
    width = len(text.lstrip("\r\n").split("\n", 1)[0].split("\t"))
    columns = [named for named in file.options.get("headless") or () if len(named) == width]
    if not columns:
        return file
    return SourceFile(file.path, file.data, file.scheme, {**file.options, "columns": columns[0]}, file.companions)


def table_text(rows: list[list[str]]) -> bytes:
    """Rows as a publisher reads them: tab-separated, LF; tabs and line breaks inside a cell become spaces."""
    return "".join("\t".join(re.sub(r"[\t\r\n]", " ", cell) for cell in row) + "\n" for row in rows).encode()
