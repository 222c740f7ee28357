"""Scores of systems, as an order of claims or a suggestion takes them: files of `harness score -o`, or results."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic_core import from_json

from harness.arrays import Floats
from harness.data.own_tables import OwnTable
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import opened, read_bytes
from harness.memory import gc_paused

SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")
PAGES = (".html", ".htm")
"""Endings of what `harness score` writes for readers."""
RESULT_TABLE = "predictions.parquet"
LABEL_SCORE = "score:"
"""Prefix of a column with the scores of a label."""
EXPECTED = "expected claim_id and scores, as harness score -o FILE writes them, or the folder of a result"
HALF = 0.5


class ClaimScores(NamedTuple):
    """What a system says of the claims of a dataset, in their order."""

    path: Path
    labels: tuple[str, ...]
    """Labels with a score, in the order of the file; one empty name: one score without a label; none: no scores."""
    values: Floats
    """Score by claim and label; not a number where there is none."""
    stated: Sequence[str | None]
    """The label of each claim that the file states."""

    @property
    def is_bounded(self) -> bool:
        """Whether every score is from 0 to 1."""
        known = self.values[~np.isnan(self.values)]
        return bool(((known >= 0) & (known <= 1)).all())

    def positive(self) -> Floats:
        """Returns the score of the positive label, which is the last of two.

        Raises: HarnessError: the file has no scores, or those of more than two labels, none of which is the positive
            one.
        """
        if not self.labels:
            raise HarnessError(f"{self.path}: has labels, but no scores; {EXPECTED}")
        if len(self.labels) > 2:
            raise HarnessError(
                f"{self.path}: has scores of {len(self.labels)} labels ({', '.join(self.labels)}), so none is the "
                "highest; give --order uncertainty --scores, or scores of two labels"
            )
        return self.values[:, -1]

    def margins(self) -> Floats:
        """Returns by how much the best label of each claim leads; the smaller, the less certain.

        Raises: HarnessError: the file has no scores.
        """
        if not self.labels:
            raise HarnessError(f"{self.path}: has labels, but no scores; {EXPECTED}")
        if len(self.labels) == 1:
            return np.abs(self.values[:, 0] - self._middle)
        ranked = np.sort(self.values, axis=1)  # what is no number comes last, and the margin is none either
        return np.asarray(ranked[:, -1] - ranked[:, -2])

    def predicted(self) -> list[str | None]:
        """Returns the label of each claim: the one that the file states, else the one with the highest score."""
        labels = list(self.stated)
        if not self.labels:
            return labels
        is_scored = ~np.isnan(self.values).any(axis=1)
        for row in [row for row in np.flatnonzero(is_scored).tolist() if labels[row] is None]:
            if self.labels == ("",):
                labels[row] = "above" if self.values[row, 0] > self._middle else "below"
            else:
                labels[row] = self.labels[int(self.values[row].argmax())]
        return labels

    @property
    def _middle(self) -> float:
        """Where one score without a label changes sides: 0.5 for probabilities, else 0."""
        return HALF if self.is_bounded else 0.0


class _Row(NamedTuple):
    claim_id: str
    stated: str | None
    scores: Mapping[str, float]


def read_scores(option: str, path: str | Path, claim_ids: Sequence[str]) -> ClaimScores:
    """Reads the scores of the claims of a dataset.

    Args:
        option: option that names the file, for messages.
        path: .jsonl, .csv, .tsv or .parquet with claim ids and scores, or the folder of a result.
        claim_ids: claims of the dataset.
    Raises: FaultsError: all faults of the file. UnknownName: its ending is another one. HarnessError: it has none of
        the claims.
    """
    target = Path(path) / RESULT_TABLE if Path(path).is_dir() else Path(path)
    if target.suffix.lower() in PAGES:
        raise UnknownName(
            f"{option} {path}: is a page to read; write the scores as a file: harness score ... -o scores.jsonl"
        )
    if target.suffix.lower() not in SUFFIXES:
        raise UnknownName(f"{option} {path}: {unknown_name('suffix', target.suffix, SUFFIXES)}")
    with gc_paused():
        rows = (_plain_rows(target) if target.suffix.lower() == ".jsonl" else None) or _read_rows(target)
        row_of = {claim_id: index for index, claim_id in enumerate(claim_ids)}
        known = [row for row in rows if row.claim_id in row_of]
        if not known:
            raise HarnessError(
                f"{option} {path}: has no claim of the dataset, but ids such as '{rows[0].claim_id}'; score the "
                "dataset itself: harness score DATASET --system SYSTEM -o FILE.jsonl"
            )
        return _table(Path(path), known, row_of)


def asked_in(path: str | Path) -> tuple[str | None, str | None]:
    """Returns the scheme and the axis that the claims of a queue are about, as `harness suspects -o` states them.

    Neither, if the first line states none, or the file is none of lines; what is wrong with it `read_scores` says.
    """
    if Path(path).suffix.lower() != ".jsonl":
        return None, None
    try:
        with opened(Path(path)) as lines:
            cells = _object(next(lines, b"")) or {}
    except FaultsError:
        return None, None
    scheme, axis = cells.get("scheme"), cells.get("axis")
    return scheme if isinstance(scheme, str) else None, axis if isinstance(axis, str) else None


def _table(path: Path, rows: Sequence[_Row], row_of: Mapping[str, int]) -> ClaimScores:
    """Puts rows in the order of the claims; those of one claim, one for each seed of a result, count as their mean."""
    labels = tuple(dict.fromkeys(chain.from_iterable(dict.fromkeys(tuple(row.scores) for row in rows))))
    indexes = np.array([row_of[row.claim_id] for row in rows])
    none = (math.nan,) * len(labels)
    cells: list[Any] = []
    if len(labels) == 1:
        cells = [row.scores.get(labels[0], math.nan) for row in rows]
    elif labels:
        pick = itemgetter(*labels)
        cells = [pick(row.scores) if len(row.scores) == len(labels) else none for row in rows]
    given = np.array(cells, dtype=np.float64).reshape(len(rows), len(labels))
    counts = np.bincount(indexes, minlength=len(row_of))
    totals = np.zeros((len(row_of), len(labels)))
    np.add.at(totals, indexes, given)
    values = totals / np.where(counts, counts, np.nan)[:, np.newaxis]
    stated: list[str | None] = [None] * len(row_of)
    if counts.max() == 1:
        for index, row in zip(indexes.tolist(), rows, strict=True):
            stated[index] = row.stated
    elif not labels:  # else the mean scores give the label
        votes: dict[int, list[str]] = defaultdict(list)
        for index, row in zip(indexes.tolist(), rows, strict=True):
            votes[index].append(row.stated or "")
        for index, names in votes.items():
            stated[index] = max(sorted(set(names)), key=names.count)
    return ClaimScores(path, labels, values, stated)


def _plain_rows(path: Path) -> list[_Row] | None:
    """Reads what `harness score` writes, all lines at once; None if a line is anything else, which is read again."""
    try:
        objects = from_json(b"[" + b",".join(read_bytes(path).splitlines()) + b"]", cache_strings="keys")
        columns = [list(map(itemgetter(name), objects)) for name in ("claim_id", "predicted", "score")]
        numbers = list(chain.from_iterable(map(dict.values, columns[-1])))
    except (FaultsError, ValueError, KeyError, TypeError):
        return None
    kinds = [set(map(type, values)) for values in (*columns, numbers)]
    is_plain = kinds == [{str}, {str}, {dict}, {float}] and all(columns[-1]) and all(map(math.isfinite, numbers))
    return list(map(_Row, *columns)) if is_plain else None


def _read_rows(path: Path) -> list[_Row]:
    rows: list[_Row] = []
    faults: list[Fault] = []
    for line, cells in _rows(path, faults):
        row, problem = _parse(cells)
        if problem or row is None:
            faults.append(Fault(str(path), line, None, f"{problem}; {EXPECTED}"))
        else:
            rows.append(row)
    if not rows and not faults:
        faults.append(Fault(str(path), None, None, f"has no rows; {EXPECTED}", "empty"))
    if faults:
        raise FaultsError(faults)
    return rows


def _parse(cells: Mapping[str, Any]) -> tuple[_Row | None, str]:
    """Returns what a row says, and what is wrong with it."""
    claim_id = cells.get("claim_id")
    if not isinstance(claim_id, str) or not claim_id:
        return None, "has no claim_id"
    given = {name.removeprefix(LABEL_SCORE): cell for name, cell in cells.items() if name.startswith(LABEL_SCORE)}
    nested = cells.get("score")
    if isinstance(nested, Mapping):
        given |= nested
    elif nested not in (None, ""):
        given[""] = nested
    scores = {label: _number(cell) for label, cell in given.items() if cell not in (None, "")}
    numbers = {label: score for label, score in scores.items() if score is not None}
    if len(numbers) < len(scores):
        wrong = next(label for label, score in scores.items() if score is None)
        return None, f"expected a finite number as the score{f' of {wrong}' if wrong else ''}"
    predicted = cells.get("predicted") or cells.get("label") or None
    if not numbers and predicted is None:
        return None, "has neither a score nor a label"
    return _Row(claim_id, None if predicted is None else str(predicted), numbers), ""


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _rows(path: Path, faults: list[Fault]) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
    """Yields the line and the cells of each row; appends what is no row to `faults`."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from ((None, row) for row in _parquet_rows(path))
    elif suffix == ".jsonl":
        try:
            with opened(path) as lines:
                for number, line in enumerate(lines, start=1):
                    if not line.isspace():
                        row = _object(line)
                        if row is None:
                            faults.append(Fault(str(path), number, None, "is not a JSON object", "not-json"))
                        else:
                            yield number, row
        except FaultsError as error:
            faults += error.faults
    else:
        yield from OwnTable(path, read_bytes(path), names=("claim_id",), required=(("claim_id",),), faults=faults)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = from_json(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(read_bytes(path)))
        names = [
            name
            for name in file.schema_arrow.names
            if name in ("claim_id", "score", "predicted", "label") or name.startswith(LABEL_SCORE)
        ]
        columns = {name: file.read(columns=[name])[name].to_pylist() for name in names}
    except (OSError, ValueError, pa.ArrowException):
        raise FaultsError.single(path, f"is not a Parquet file; {EXPECTED}") from None
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))
