"""Reads label cells, and settles rows that give one claim several labels."""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from harness.data.exchange.tool_labels import parse_time
from harness.errors import Fault
from harness.schemes import Axis
from harness.schemes.scheme_files import FEATURE_LABEL

YES_WORDS = ("yes", "true", "1")
NO_WORDS = ("no", "false", "0")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
"""A date or time in ISO 8601."""
TIME_EXPECTED = "expected a date or time such as 2026-05-10 or 2026-05-10T14:30:00Z"
MAX_ROWS = 6
"""Number of rows that a message about a contradiction names."""
ConflictRule = Literal["majority", "first", "last", "newest"]
"""Rule for rows of one file that give one claim different labels on one axis."""
RULES: tuple[ConflictRule, ...] = ("majority", "newest", "first", "last")

Answer = tuple[str, str | None] | tuple[()]
"""Label and value; empty for a feature that the claim does not have."""


class RowAnswer(NamedTuple):
    """The answer of one row for one claim on one axis."""

    line: int | None
    answer: Answer
    note: str | None = None
    at: str | None = None
    author: str | None = None
    """Organization or person who gave the rating, as the file states it."""
    url: str | None = None
    """Address of the page on which the rating was published."""
    confidence: float | None = None
    guideline: str | None = None
    """Version of the guideline, where the row states it."""


class Settled(NamedTuple):
    """The answer for a claim on an axis, from all rows of a file."""

    row: RowAnswer
    by_rule: bool
    """Whether the rows disagree and a rule chose."""


def cell_text(cell: object) -> str:
    """Returns a label cell as text with single blanks; numbers without a decimal part as integers."""
    if isinstance(cell, bool):  # JSON rows can have true and false, tables of pandas and spreadsheets their names
        return "true" if cell else "false"
    text = " ".join(str(cell).split())
    # Tables that were saved by pandas have 1.0 where a column of integers has an empty cell.
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def mapped_text(cell: object, values: Mapping[str, str]) -> str:
    """Returns the text of a label cell after the user's mapping of values to labels."""
    text = cell_text(cell)
    folded = {cell_text(value).casefold(): label for value, label in values.items()}
    return folded.get(text.casefold(), text)


def is_blank(cell: object) -> bool:
    """Whether a cell gives no label: empty, only blanks, or the missing value of a table in memory."""
    if isinstance(cell, float):
        return math.isnan(cell)
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_time(text: str) -> bool:
    """Whether a text is a date or time in ISO 8601."""
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return TIME.fullmatch(text) is not None


def parse_confidence(cell: object) -> float | None:
    """Returns a confidence from 0 to 1, also given as a percentage or with a decimal comma; None if it is none."""
    text = str(cell).strip().replace(",", ".")
    share = text.removesuffix("%").strip()
    if isinstance(cell, bool) or re.fullmatch(r"\d{1,3}(\.\d+)?|\.\d+", share) is None:
        return None
    number = float(share) / (100 if text.endswith("%") else 1)
    return number if number <= 1 else None


def guideline_of(text: str, scheme: str) -> str | None:
    """Returns the version of the guideline of a scheme in a cell such as `three-axes 1.0; verdict 2`, or `1.0`."""
    versions = dict(entry.split(maxsplit=1) for entry in text.split(";") if len(entry.split(maxsplit=1)) == 2)
    alone = text.strip() if not versions and ";" not in text else None
    return versions.get(scheme, "").strip() or alone or None


def parse_label(axis: Axis, cell: object, values: Mapping[str, str]) -> Answer | None:
    """Returns the label and value of a cell: an empty tuple for an absent feature, None for an unknown label.

    A label is given by its name, in any case, or by its code in the publisher's files; true and false also mean the
    labels yes and no, or the codes 1 and 0 of two labels.

    Args:
        axis: axis of the cell.
        cell: cell that is not blank.
        values: value in the table to label, as the user named them.
    """
    text = mapped_text(cell, values)
    if not axis.feature:
        label = _find_label(axis, text) or _find_bool(axis, text)
        return None if label is None else (label, None)
    if text.casefold() in YES_WORDS:
        return FEATURE_LABEL, None
    if text.casefold() in NO_WORDS:
        return ()
    return (FEATURE_LABEL, text) if axis.value else None


def _find_label(axis: Axis, text: str) -> str | None:
    if text in axis.label_names:
        return text
    folded = [name for name in axis.label_names if cell_text(name).casefold() == text.casefold()]
    if folded:
        return folded[0] if len(folded) == 1 else None
    codes = [label.name for label in axis.labels if label.code is not None and label.code.casefold() == text.casefold()]
    return codes[0] if len(codes) == 1 else None


def _find_bool(axis: Axis, text: str) -> str | None:
    """Returns the label of true or false: yes or no, or code 1 or 0 of an axis of two labels."""
    names = {"true": ("yes", "1"), "false": ("no", "0")}.get(text.casefold())
    if names is None:
        return None
    yes_or_no, code = names
    return _find_label(axis, yes_or_no) or (_find_label(axis, code) if len(axis.labels) == 2 else None)


def settle(path: str, axis: Axis, rows: Sequence[RowAnswer], rule: ConflictRule | None) -> Settled | Fault:
    """Returns the answer that the rows of one file give for one claim on one axis.

    Args:
        path: file named in the fault.
        axis: axis of the answers.
        rows: answers, at least one, in the order of the file.
        rule: rule for rows that disagree; None: a fault.
    """
    other = next((row for row in rows if row.answer != rows[0].answer), None)
    if other is None:
        return Settled(rows[0], by_rule=False)
    chosen: RowAnswer | None = None
    if rule in ("first", "last"):
        chosen = rows[0] if rule == "first" else rows[-1]
    elif rule == "majority":
        (answer, count), (_, next_count), *_ = Counter(row.answer for row in rows).most_common()
        chosen = next(row for row in rows if row.answer == answer) if count > next_count else None
    elif rule == "newest":
        chosen = _newest(rows)
    if chosen is None:
        answers = ", ".join(f"'{_display(row.answer)}' (line {row.line})" for row in rows[:MAX_ROWS])
        more = f" and {len(rows) - MAX_ROWS} more rows" if len(rows) > MAX_ROWS else ""
        undecided = {"majority": "; none has the majority", "newest": "; none is the newest, by the column 'at'"}
        tie = undecided.get(rule or "", "")
        rules = " or ".join(name for name in RULES if name != rule)
        message = (
            f"rows disagree on the label of one claim: {answers}{more}{tie}; correct them, or choose a rule: "
            f"--on-conflict {rules}"
        )
        return Fault(path, other.line, axis.name, message, "contradiction")
    return Settled(chosen._replace(note=_note(chosen, rows, rule)), by_rule=True)


def _newest(rows: Sequence[RowAnswer]) -> RowAnswer | None:
    """Returns the row with the latest time; None if a row has no time, or the latest rows disagree."""
    times = [parse_time(row.at) for row in rows]
    if None in times:
        return None
    latest = [row for row, time in zip(rows, times, strict=True) if time == max(filter(None, times))]
    return latest[0] if all(row.answer == latest[0].answer for row in latest) else None


def _display(answer: Answer) -> str:
    return "no" if not answer else answer[1] or answer[0]


def _note(chosen: RowAnswer, rows: Sequence[RowAnswer], rule: str | None) -> str:
    """Returns the note of a label that a rule chose: the rule and what the rows say."""
    counts = Counter(_display(row.answer) for row in rows)
    labels = ", ".join(f"{label} {count}" for label, count in counts.items())
    note = f"{rule} of {len(rows)} rows that disagree: {labels}"
    return f"{chosen.note} ({note})" if chosen.note else note
