"""Scores of systems, as an order of claims or a suggestion takes them: files of `harness score -o`, or results."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import from_json

from harness.data.own_tables import OwnTable
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import explain_os_error, read_bytes

SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")
RESULT_TABLE = "predictions.parquet"
LABEL_SCORE = "score:"
"""Prefix of a column with the scores of a label."""
EXPECTED = "expected claim_id and scores, as harness score -o FILE writes them, or the folder of a result"
HALF = 0.5


class ClaimScore(NamedTuple):
    """What a system says of a claim."""

    predicted: str | None
    """The predicted label; None: the file has no labels."""
    scores: Mapping[str, float]
    """Score of each label; of one label without a name, if the file has one column of scores."""


class ClaimScores(NamedTuple):
    """What a system says of claims."""

    path: Path
    by_claim: Mapping[str, ClaimScore]
    labels: tuple[str, ...]
    """Labels with a score, in the order of the file; empty: one score without a label."""
    is_bounded: bool
    """Whether every score is from 0 to 1."""

    def rank_value(self, claim_id: str) -> float | None:
        """Returns the score of the positive label, which is the last of two; None: the claim has none.

        Raises: HarnessError: the file has scores of more than two labels, none of which is the positive one.
        """
        if len(self.labels) > 2:
            raise HarnessError(
                f"{self.path}: has scores of {len(self.labels)} labels ({', '.join(self.labels)}), so none is the "
                "highest; give --order uncertainty --scores, or scores of two labels"
            )
        row = self.by_claim.get(claim_id)
        return None if row is None else row.scores.get(self.labels[-1] if self.labels else "")

    def margin(self, claim_id: str) -> float | None:
        """Returns by how much the best label leads; the smaller, the less certain. None: the claim has no scores."""
        row = self.by_claim.get(claim_id)
        if row is None or not row.scores:
            return None
        ranked = sorted(row.scores.values(), reverse=True)
        if len(ranked) > 1:
            return ranked[0] - ranked[1]
        return abs(ranked[0] - self._middle)

    def predicted(self, claim_id: str) -> str | None:
        """Returns the predicted label: that of the file, else the one with the highest score."""
        row = self.by_claim.get(claim_id)
        if row is None or row.predicted is not None or not row.scores:
            return None if row is None else row.predicted
        if self.labels:
            return max(self.labels, key=lambda label: row.scores.get(label, -math.inf))
        return "above" if row.scores[""] > self._middle else "below"

    @property
    def _middle(self) -> float:
        """Where one score without a label changes sides: 0.5 for probabilities, else 0."""
        return HALF if self.is_bounded else 0.0


def read_scores(option: str, path: str | Path, claim_ids: Iterable[str]) -> ClaimScores:
    """Reads the scores of the claims of a dataset.

    Args:
        option: option that names the file, for messages.
        path: .jsonl, .csv, .tsv or .parquet with claim ids and scores, or the folder of a result.
        claim_ids: claims of the dataset.
    Raises: FaultsError: all faults of the file. UnknownName: its ending is another one. HarnessError: it has none of
        the claims.
    """
    target = Path(path) / RESULT_TABLE if Path(path).is_dir() else Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise UnknownName(f"{option} {path}: {unknown_name('suffix', target.suffix, SUFFIXES)}")
    rows: dict[str, list[ClaimScore]] = defaultdict(list)
    faults: list[Fault] = []
    for line, cells in _rows(target, faults):
        claim_id, row, problem = _parse(cells)
        if problem or row is None:
            faults.append(Fault(str(target), line, None, f"{problem}; {EXPECTED}"))
        else:
            rows[claim_id].append(row)
    if not rows and not faults:
        faults.append(Fault(str(target), None, None, f"has no rows; {EXPECTED}", "empty"))
    if faults:
        raise FaultsError(faults)
    by_claim = {claim_id: _mean(rows[claim_id]) for claim_id in claim_ids if claim_id in rows}
    if not by_claim:
        raise HarnessError(
            f"{option} {path}: has no claim of the dataset, but ids such as '{next(iter(rows))}'; score the dataset "
            "itself: harness score DATASET --system SYSTEM -o FILE.jsonl"
        )
    labels = tuple(dict.fromkeys(label for row in by_claim.values() for label in row.scores if label))
    is_bounded = all(0 <= score <= 1 for row in by_claim.values() for score in row.scores.values())
    return ClaimScores(Path(path), by_claim, labels, is_bounded)


def _mean(rows: Sequence[ClaimScore]) -> ClaimScore:
    """Joins the rows of a claim, one for each random seed of a result: mean scores, and the label they give."""
    if len(rows) == 1:
        return rows[0]
    names = dict.fromkeys(name for row in rows for name in row.scores)
    scores = {name: sum(row.scores.get(name, 0.0) for row in rows) / len(rows) for name in names}
    predicted = [row.predicted for row in rows if row.predicted is not None]
    return ClaimScore(max(sorted(set(predicted)), key=predicted.count) if predicted else None, scores)


def _parse(cells: Mapping[str, Any]) -> tuple[str, ClaimScore | None, str]:
    """Returns the claim id of a row, what the system says of it, and what is wrong with the row."""
    claim_id = cells.get("claim_id")
    if not isinstance(claim_id, str) or not claim_id:
        return "", None, "has no claim_id"
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
        return claim_id, None, f"expected a finite number as the score{f' of {wrong}' if wrong else ''}"
    predicted = cells.get("predicted") or cells.get("label") or None
    if not numbers and predicted is None:
        return claim_id, None, "has neither a score nor a label"
    return claim_id, ClaimScore(None if predicted is None else str(predicted), numbers), ""


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
            with path.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    if not line.isspace():
                        row = _object(line)
                        if row is None:
                            faults.append(Fault(str(path), number, None, "is not a JSON object", "not-json"))
                        else:
                            yield number, row
        except OSError as error:
            faults.append(Fault(str(path), None, None, f"cannot be read: {explain_os_error(error)}"))
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
