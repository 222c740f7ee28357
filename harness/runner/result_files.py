"""The files of a result: what `result.json` and `predictions.parquet` hold, and the one reader of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from harness.errors import Fault, FaultsError
from harness.metrics.intervals import Value
from harness.records import Record, explain_validation, preview
from harness.runner.cost import Cost
from harness.runner.provenance import Provenance
from harness.runner.slices import SliceValues

if TYPE_CHECKING:
    import pyarrow as pa

WITHOUT_ANSWER = "without an answer"
"""The reason in `left_out` for claims that a system has no answer for; they count as wrong."""
RESULT_FORMAT = 3
REMEDY = "run the experiment again"
Columns = dict[str, npt.NDArray[Any]]
"""The columns of `predictions.parquet`, by name."""
TEXTS = ("claim_id", "article_id", "fold", "gold", "predicted")
"""The columns of texts that every `predictions.parquet` has."""


class Deduplicated(Record):
    """The values without the claims whose text a system was trained on."""

    n_duplicates: int
    """Claims left out: their text, or nearly, stands among the training claims of their fold."""
    n: int
    """Claims that the values are over."""
    values: dict[str, Value]


class Result(Record):
    """What `result.json` holds."""

    format: int
    result_id: str
    experiment: str
    system: str
    task: str
    dataset: str
    n: int
    """Claims that the values are over."""
    n_articles: int
    n_positive: int | None
    """For a yes-or-no task."""
    excluded: dict[str, int]
    """Test claims that the values are not over, by reason."""
    values: dict[str, Value]
    warnings: tuple[str, ...]
    provenance: Provenance
    path: str
    """The result's folder."""
    deduplicated: Deduplicated | None = None
    """None: no claim was trained on."""
    label_mapping: tuple[str, ...] = ()
    """How the labels of each dataset answer the task, and what that loses; where several datasets were joined."""
    unanswered: dict[str, int] = Field(default_factory=dict)
    """Claims without an answer, by reason, where the system tells; of the seed with the most."""
    slices: tuple[SliceValues, ...] = ()
    """The values over claims that have something in common, where the experiment asks for them."""
    cost: Cost | None = None
    """What fitting and scoring all units took; None where a unit's cost was not kept."""

    def summary(self) -> dict[str, Any]:
        """The result as `harness run --json` prints it."""
        values = {name: value.model_dump() for name, value in self.values.items()}
        return {
            "result_id": self.result_id,
            "system": self.system,
            "task": self.task,
            "n": self.n,
            "path": self.path,
            "values": values,
            "warnings": list(self.warnings),
            "without_copies": self.deduplicated.model_dump() if self.deduplicated else None,
            "crosswalk": list(self.label_mapping),
            "unanswered": self.unanswered,
            "slices": [part.model_dump() for part in self.slices],
            "cost": self.cost.model_dump() if self.cost else None,
        }


def read_result(folder: str | Path) -> Result:
    """The result that a result folder holds, its `path` being where the folder is now.

    Raises: FaultsError: the folder holds no finished result, or `result.json` is damaged or of another format.
    """
    path, data = Path(folder) / "result.json", _bytes_of(folder, "result.json")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise FaultsError.single(path, f"is not JSON: it was cut short or changed; {REMEDY}") from None
    written = document.get("format") if isinstance(document, dict) else document
    if written != RESULT_FORMAT:
        message = f"expected {RESULT_FORMAT}, got {preview(written)}; delete this result's folder and {REMEDY}"
        raise FaultsError.single(path, message, field="format")
    try:
        result = Result.model_validate_json(data)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, place)) or None, f"{message}; {REMEDY}", code)
            for place, message, code, _ in explain_validation(error)
        ) from None
    return result.model_copy(update={"path": str(folder)})


def read_predictions(folder: str | Path) -> Columns:
    """The predictions of a result: every claim once a random seed, also claims without gold.

    Raises: FaultsError: `predictions.parquet` is absent or damaged, or lacks something.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, data = Path(folder) / "predictions.parquet", _bytes_of(folder, "predictions.parquet")
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (OSError, ValueError, pa.ArrowException):
        raise FaultsError.single(path, f"is not a Parquet file: it was cut short or changed; {REMEDY}") from None
    lacking = _lacking(table)
    if lacking is not None:
        raise FaultsError.single(path, f"{lacking}; {REMEDY}")
    return {name: table[name].to_numpy() for name in table.column_names}


def _bytes_of(folder: str | Path, name: str) -> bytes:
    try:
        return (Path(folder) / name).read_bytes()
    except OSError as error:
        place = "give a result folder, such as runs/NAME/results/ID"
        message = f"holds no finished result ({name}: {error.strerror}); {place}, or {REMEDY}"
        raise FaultsError.single(folder, message) from None


def _lacking(table: pa.Table) -> str | None:
    """What keeps a table from being the predictions of a result; None: nothing."""
    import pyarrow as pa

    if not table.num_rows:
        return "holds no predictions"
    scores = [name for name in table.column_names if name.startswith("score:")]
    kinds = dict.fromkeys(TEXTS, pa.string()) | {"random_seed": pa.int64()} | dict.fromkeys(scores, pa.float64())
    for name, kind in kinds.items():
        if name not in table.column_names:
            return f"has no column '{name}'"
        if table.schema.field(name).type != kind:
            return f"column '{name}': expected {kind}, got {table.schema.field(name).type}"
    if len(scores) < 2:
        return "has no column of scores (score:LABEL) for each label"
    unscored = [name for name in scores if not np.isfinite(table[name].to_numpy()).all()]
    return f"column '{unscored[0]}': expected finite numbers only" if unscored else None
