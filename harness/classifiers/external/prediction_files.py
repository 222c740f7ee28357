"""Reads files of predictions, with every fault at its line."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.delimited import DELIMITERS, missing_columns, quoted_rows, table_rows
from harness.errors import Fault, FaultsError
from harness.files import read_text

COLUMNS = ("claim_id", "score", "label")
REQUIRED = (("claim_id",), ("score", "label"))


class Prediction(NamedTuple):
    """What a file says of one claim."""

    line: int
    score: float | None
    label: str | None


def read_predictions(path: str, *, thresholded: bool, bounded: bool) -> tuple[dict[str, Prediction], list[Fault]]:
    """The predictions by claim id, and every fault that needs no task to be seen.

    Args:
        path: .csv and .tsv with a header line, .jsonl with one object a line.
        thresholded: whether labels come from a threshold on the scores, so that the file may give none.
        bounded: whether scores must be probabilities.
    """
    predictions: dict[str, Prediction] = {}
    faults: list[Fault] = []
    try:
        rows = list(_rows(path, faults))
    except FaultsError as error:
        return {}, list(error.faults)
    for line, row in rows:
        found, of_row = _prediction(line, row, bounded=bounded)
        claim_id = str(row["claim_id"])
        first = predictions.setdefault(claim_id, found)
        if first is not found:
            of_row.append(("claim_id", f"'{claim_id}' stands already in line {first.line}; give each claim once"))
        faults += [Fault(path, line, field, message) for field, message in of_row]
    if not rows and not faults:
        faults.append(Fault(path, None, None, "has no predictions", "empty"))
    if thresholded and any("label" in row for _, row in rows):
        faults.append(Fault(path, None, "label", "a threshold is given as well; drop the threshold or the labels"))
    if (thresholded or bounded) and rows and not any("score" in row for _, row in rows):
        faults.append(Fault(path, None, "score", "is missing; a threshold or probabilities need a score column"))
    return predictions, faults


def _prediction(line: int, row: dict[str, Any], *, bounded: bool) -> tuple[Prediction, list[tuple[str, str]]]:
    faults: list[tuple[str, str]] = []
    claim_id, label = row["claim_id"], row.get("label")
    if not isinstance(claim_id, str) or not claim_id:
        faults.append(("claim_id", f"expected a claim id, got {_shown(claim_id)}"))
    if "label" in row and (not isinstance(label, str) or not label):
        faults.append(("label", f"expected a label, got {_shown(label)}"))
        label = None
    score = _number(row.get("score"))
    if "score" in row and score is None:
        faults.append(("score", f"expected a finite number, got {_shown(row['score'])}"))
    elif bounded and score is not None and not 0 <= score <= 1:
        faults.append(("score", f"expected a probability from 0 to 1, got {_shown(row['score'])}"))
    return Prediction(line, score, label), faults


def _rows(path: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and the known columns of each row; what cannot be a row goes to `faults`.

    Raises: FaultsError: the file cannot be read.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (*DELIMITERS, ".jsonl"):
        raise FaultsError.single(path, f"its name ends in '{suffix}'; expected .csv, .tsv or .jsonl")
    text = read_text(Path(path))
    read: Iterator[tuple[int, Mapping[str, Any]]]
    if suffix == ".jsonl":
        read = _read_jsonl(path, text, faults)
    else:
        rows = quoted_rows(path, io.StringIO(text, newline=""), DELIMITERS[suffix])
        read = table_rows(path, rows, faults, required=REQUIRED, distinct=COLUMNS, strip_names=True)
    for line, row in read:
        yield line, {name: row[name] for name in COLUMNS if name in row}


def _read_jsonl(path: str, text: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    wanted: set[str] | None = None
    for number, line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.append(Fault(path, number, None, f"is not JSON: {error}", "not-json"))
            continue
        if not isinstance(row, dict):
            faults.append(Fault(path, number, None, f"expected an object, got {_shown(row)}"))
            continue
        problem = missing_columns(list(row), REQUIRED)
        if problem is None and wanted is not None and wanted != set(row) & set(COLUMNS):
            problem = f"has {_listed(row)}, the lines before {_listed(wanted)}; give the same for every claim"
        if problem is not None:
            faults.append(Fault(path, number, None, problem))
            continue
        wanted = wanted or set(row) & set(COLUMNS)
        yield number, row


def _listed(names: Any) -> str:
    return " and ".join(name for name in COLUMNS if name in names)


def _number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
