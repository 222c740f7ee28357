"""Reads files of predictions and reports every fault with its line."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from harness.data.delimited import DELIMITERS, missing_columns
from harness.data.own_tables import OwnTable
from harness.errors import Fault, FaultsError
from harness.files import read_text

COLUMNS = ("claim_id", "score", "label")
LABEL_SCORE = "score:"
"""Prefix of the columns with a score per label, as in `predictions.parquet`; the label's name follows."""
OTHER_FORMAT = "; for a submission in the format of a benchmark's publisher, set submission_to: BENCHMARK"
"""Remedy for a file without our columns."""
TOTAL_TOLERANCE = 0.01
"""Largest distance of the sum of a claim's probabilities from 1; files round them."""


class Prediction(NamedTuple):
    """The prediction for one claim."""

    line: int
    """Line number in the file, from 1."""
    score: float | None
    """Score of the positive label; None without a score column."""
    label: str | None
    label_scores: Mapping[str, float] = MappingProxyType({})
    """Score of each label, by the column's label; empty without such columns."""
    file: str = ""
    """Path of the file, if there may be several."""


def read_predictions(path: str, *, thresholded: bool, bounded: bool) -> tuple[dict[str, Prediction], list[Fault]]:
    """The predictions by claim id, and every fault that can be found without the task.

    Args:
        path: .csv or .tsv with a header line, or .jsonl with one object per line.
        thresholded: whether a threshold on the scores gives the labels, so that the file must have scores only.
        bounded: whether scores must be probabilities.
    """
    predictions: dict[str, Prediction] = {}
    faults: list[Fault] = []
    try:
        rows = list(_rows(path, faults))
    except FaultsError as error:
        return {}, list(error.faults)
    if any(fault.code == "missing-column" for fault in faults):
        return {}, [
            replace(fault, message=fault.message + OTHER_FORMAT) if fault.code == "missing-column" else fault
            for fault in faults
        ]
    for line, row in rows:
        prediction, row_faults = _parse_row(line, row, bounded=bounded)
        claim_id = str(row["claim_id"])
        first = predictions.setdefault(claim_id, prediction)
        if first is not prediction:
            row_faults.append(("claim_id", f"duplicate id '{claim_id}' (first on line {first.line})"))
        faults += [Fault(path, line, field, message) for field, message in row_faults]
    if not rows and not faults:
        faults.append(Fault(path, None, None, "has no predictions", "empty"))
    if thresholded and any("label" in row for _, row in rows):
        message = "the file has labels, but threshold is set too; remove threshold or the label column"
        faults.append(Fault(path, None, "label", message))
    has_label_scores = any(name.startswith(LABEL_SCORE) for _, row in rows for name in row)
    if has_label_scores and (thresholded or any("score" in row for _, row in rows)):
        message = "the file has columns score:LABEL; remove the score column and threshold, which are for one label"
        faults.append(Fault(path, None, "score", message))
    elif (thresholded or bounded) and rows and not has_label_scores and not any("score" in row for _, row in rows):
        message = "the score column is missing; threshold and probabilities require it"
        faults.append(Fault(path, None, "score", message))
    return predictions, faults


def _parse_row(line: int, row: dict[str, Any], *, bounded: bool) -> tuple[Prediction, list[tuple[str, str]]]:
    """The prediction in a row, and its faults as (field, message)."""
    faults: list[tuple[str, str]] = []
    claim_id = row["claim_id"]
    label = row.get("label")
    if not isinstance(claim_id, str) or not claim_id:
        faults.append(("claim_id", f"expected a claim id, got {_preview(claim_id)}"))
    if "label" in row and (not isinstance(label, str) or not label):
        faults.append(("label", f"expected a label, got {_preview(label)}"))
        label = None
    score = _finite_number(row.get("score"))
    if "score" in row and score is None:
        faults.append(("score", f"expected a finite number, got {_preview(row['score'])}"))
    elif bounded and score is not None and not 0 <= score <= 1:
        faults.append(("score", f"expected a probability from 0 to 1, got {_preview(row['score'])}"))
    label_scores: dict[str, float] = {}
    for name in (name for name in row if name.startswith(LABEL_SCORE)):
        number = _finite_number(row[name])
        if number is None or (bounded and not 0 <= number <= 1):
            expected = "a probability from 0 to 1" if bounded else "a finite number"
            faults.append((name, f"expected {expected}, got {_preview(row[name])}"))
        else:
            label_scores[name.removeprefix(LABEL_SCORE).strip()] = number
    total = sum(label_scores.values())
    if bounded and label_scores and not faults and abs(total - 1) > TOTAL_TOLERANCE:
        faults.append(("score:LABEL", f"expected probabilities that add up to 1, got a sum of {total:.4g}"))
    return Prediction(line, score, label, label_scores), faults


def _rows(path: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The line number and the known columns of each row; appends what cannot be parsed as a row to `faults`.

    Raises: FaultsError: the file cannot be read.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (*DELIMITERS, ".jsonl"):
        raise FaultsError.single(path, f"unsupported suffix '{suffix}'; expected .csv, .tsv or .jsonl{OTHER_FORMAT}")
    text = read_text(Path(path))
    numbered_rows: Iterator[tuple[int, Mapping[str, Any]]]
    if suffix == ".jsonl":
        numbered_rows = _jsonl_rows(path, text, faults)
    else:
        # newline="" keeps line ends inside of quoted cells, so that line numbers stay right.
        columns = _columns(path, text)
        distinct = {*COLUMNS, *filter(_is_known, columns)}
        stream = io.StringIO(text, newline="")
        table = OwnTable(path, stream, names=COLUMNS, required=_required(columns), distinct=distinct, faults=faults)
        numbered_rows = iter(table)
    for line, row in numbered_rows:
        yield line, {name: row[name] for name in row if _is_known(name)}


def _columns(path: str, text: str) -> tuple[str, ...]:
    """The columns of a table."""
    table = OwnTable(path, io.StringIO(text, newline=""), names=COLUMNS)
    next(iter(table), None)
    return table.columns


def _is_known(name: str) -> bool:
    return name in COLUMNS or name.startswith(LABEL_SCORE)


def _required(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The required columns, each as a tuple of accepted names; scores of labels do for a score or a label."""
    has_label_scores = any(name.startswith(LABEL_SCORE) for name in names)
    return (("claim_id",),) if has_label_scores else (("claim_id",), ("score", "label"))


def _jsonl_rows(path: str, text: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    columns: set[str] | None = None
    for number, line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.append(Fault(path, number, None, f"is not JSON: {error}", "not-json"))
            continue
        if not isinstance(row, dict):
            faults.append(Fault(path, number, None, f"expected an object, got {_preview(row)}"))
            continue
        row_columns = {name for name in row if _is_known(name)}
        problem = missing_columns(list(row), _required(row))
        # Claims with a score and claims without one could not be ranked together.
        if problem is None and columns is not None and columns != row_columns:
            problem = f"has {_column_names(row)}, but earlier lines have {_column_names(columns)}; use the same keys"
        if problem is not None:
            faults.append(Fault(path, number, None, problem))
            continue
        columns = columns or row_columns
        yield number, row


def _column_names(columns: Iterable[str]) -> str:
    return " and ".join(sorted(name for name in columns if _is_known(name)))


def _finite_number(value: Any) -> float | None:
    """The value as a finite number; None for anything else, including booleans."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _preview(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
