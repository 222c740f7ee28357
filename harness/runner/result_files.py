"""Files of a result: the records of `result.json`, the columns of `predictions.parquet`, and their readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.files import require_file, sha256
from harness.metrics.intervals import SeedValue, Value
from harness.records import Record, explain_validation, preview
from harness.runner.cost import Cost
from harness.runner.provenance import Provenance
from harness.runner.slices import SliceValues
from harness.runner.tuning.carried_thresholds import CarriedThresholds

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Table = Literal["values", "seeds", "predictions"]
"""Data frames that a result becomes."""
WITHOUT_ANSWER = "without an answer"
"""Reason in `Result.excluded` for claims that a system has no answer for; they count as wrong."""
RESULT_FORMAT = 4
REMEDY = "run the experiment again"
FEW_ROWS = 20_000
"""Number of rows up to which texts are shared one by one."""
Columns = dict[str, npt.NDArray[Any]]
"""Columns of `predictions.parquet` by name."""
TEXTS = ("claim_id", "article_id", "fold", "gold", "predicted")
"""Text columns of every `predictions.parquet`."""


class Deduplicated(Record):
    """Values without test claims that duplicate training claims."""

    n_duplicates: int
    """Excluded test claims: exact or near duplicates of training claims of their fold."""
    n: int
    """Number of claims behind the values."""
    values: dict[str, Value]


class Result(Record):
    """The content of `result.json`."""

    format: int
    result_id: str
    experiment: str
    system: str
    task: str
    dataset: str
    n: int
    """Number of claims behind the values."""
    n_articles: int
    n_positive: int | None
    """Number of positive claims; None unless the task is yes-or-no."""
    excluded: dict[str, int]
    """Number of test claims that the values exclude, by reason."""
    values: dict[str, Value]
    warnings: tuple[str, ...]
    provenance: Provenance
    path: str
    """Folder of the result."""
    deduplicated: Deduplicated | None = None
    """Values without duplicates; None if no test claim duplicates a training claim."""
    label_mapping: tuple[str, ...] = ()
    """How the labels of each dataset answer the task, and which distinctions are lost; empty for a single dataset."""
    unanswered: dict[str, int] = Field(default_factory=dict)
    """Number of claims without an answer by reason, if the system gives reasons; for the seed with the most."""
    slices: tuple[SliceValues, ...] = ()
    """Values per slice, if the experiment asks for slices."""
    trial: str | None = None
    """Options of a trial (`--limit 20`), which used a part of the claims; None for a full result."""
    random_seeds: tuple[int, ...] = ()
    """Random seed of each run; empty for a system whose fits do not depend on it, which is fitted once per fold."""
    cost: Cost | None = None
    """Total cost of fitting and scoring; None if the cost of a unit is unknown."""
    carried_thresholds: CarriedThresholds | None = None
    """Thresholds on every group; only for systems of `protocol: transfer` with a `threshold`."""
    evidence: str | None = None
    """Evidence that the system is shown with each claim, by name; None for tasks without evidence."""
    evidence_notes: tuple[str, ...] = ()
    """How much of the gold evidence is shown, for the reader of the table."""
    predictions_sha256: str = ""
    """SHA-256 of `predictions.parquet`, which shows whether the file still belongs to the values."""
    content_sha256: str = ""
    """SHA-256 of everything else in `result.json`, which shows whether a value was changed later."""

    def __fspath__(self) -> str:
        return self.path

    def to_pandas(self, table: Table = "values") -> pd.DataFrame:
        """The values or the predictions as a data frame.

        Args:
            table: `values`: one row per metric, with the interval. `seeds`: one row per metric and random seed, if
                there are several. `predictions`: one row per claim and random seed, as in `predictions.parquet`.
        Raises: UnknownName: no such table. FaultsError: the file of predictions is missing or damaged.
        """
        if table not in get_args(Table):
            raise UnknownName(unknown_name("table of a result", table, get_args(Table)))
        return {"values": _values_frame, "seeds": _seeds_frame, "predictions": _predictions_frame}[table](self)

    def summary(self) -> dict[str, Any]:
        """The document that `harness run --json` prints for a result."""
        values = {name: value.model_dump() for name, value in self.values.items()}
        return {
            "result_id": self.result_id,
            "system": self.system,
            "task": self.task,
            "n": self.n,
            "path": self.path,
            "values": values,
            "warnings": list(self.warnings),
            "deduplicated": self.deduplicated.model_dump() if self.deduplicated else None,
            "label_mapping": list(self.label_mapping),
            "unanswered": self.unanswered,
            "slices": [part.model_dump() for part in self.slices],
            "cost": self.cost.model_dump() if self.cost else None,
            "random_seeds": list(self.random_seeds),
            **(
                {"carried_thresholds": self.carried_thresholds.model_dump(mode="json")}
                if self.carried_thresholds
                else {}
            ),
            **({"evidence": self.evidence} if self.evidence is not None else {}),
            **({"trial": self.trial} if self.trial is not None else {}),
        }


def _values_frame(result: Result) -> pd.DataFrame:
    import pandas as pd

    facts = {"experiment": result.experiment, "dataset": result.dataset, "task": result.task, "system": result.system}
    rows = [
        {**facts, "metric": name, **value.model_dump(exclude={"seed_values"})} for name, value in result.values.items()
    ]
    return pd.DataFrame(rows)


def _seeds_frame(result: Result) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"system": result.system, "metric": name, **seed_value.model_dump()}
        for name, value in result.values.items()
        for seed_value in value.seed_values
    ]
    return pd.DataFrame(rows, columns=["system", "metric", *SeedValue.model_fields])


def _predictions_frame(result: Result) -> pd.DataFrame:
    import pandas as pd

    columns = read_predictions(result)
    return pd.DataFrame({"system": [result.system] * len(columns["claim_id"]), **columns})


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """The content of a `result.json` with its `content_sha256`.

    Args:
        document: the content, with or without an earlier `content_sha256`.
    """
    content = {key: value for key, value in document.items() if key != "content_sha256"}
    return content | {"content_sha256": sha256(json.dumps(content, sort_keys=True))}


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
        message = f"expected {RESULT_FORMAT}, got {preview(written)}; {REMEDY}"
        raise FaultsError.single(path, message, field="format")
    try:
        result = Result.model_validate_json(data)
    except ValidationError as error:
        raise FaultsError(
            Fault(str(path), None, ".".join(map(str, place)) or None, f"{message}; {REMEDY}", code)
            for place, message, code, _ in explain_validation(error)
        ) from None
    if document != sealed(document):
        raise FaultsError.single(path, f"was changed after it was written; {REMEDY}", code="changed")
    return result.model_copy(update={"path": str(folder)})


def read_predictions(result: Result) -> Columns:
    """The predictions of a result: every claim once a run (`Result.random_seeds`), also claims without gold.

    Args:
        result: from `read_result`.
    Raises: FaultsError: `predictions.parquet` is missing, damaged or incomplete, or is not the one of the result.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, data = Path(result.path) / "predictions.parquet", _bytes_of(result.path, "predictions.parquet")
    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read()  # read_table imports pandas
    except (OSError, ValueError, pa.ArrowException):
        raise FaultsError.single(path, f"is not a Parquet file: it was cut short or changed; {REMEDY}") from None
    problem = _table_problem(table)
    if problem is not None:
        raise FaultsError.single(path, f"{problem}; {REMEDY}")
    if sha256(data) != result.predictions_sha256:
        raise FaultsError.single(path, f"was changed after result.json was written; {REMEDY}", code="changed")
    return {name: _values_of(table[name].combine_chunks()) for name in table.column_names}


def _values_of(column: pa.Array) -> npt.NDArray[Any]:
    """The values of a column; texts that occur more than once are one object. Most columns do without pandas."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        if len(column) <= FEW_ROWS:  # encoding imports pyarrow.compute, which takes longer
            seen = dict[str | None, str | None]()
            return np.array([seen.setdefault(text, text) for text in column.to_pylist()], dtype=object)
        encoded = column.dictionary_encode(null_encoding="encode")
        texts = np.array(encoded.dictionary.to_pylist(), dtype=object)
        return np.asarray(texts[np.from_dlpack(encoded.indices)])
    if (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)) and not column.null_count:
        return np.from_dlpack(column)
    if pa.types.is_integer(column.type):
        return np.array([np.nan if number is None else number for number in column.to_pylist()])
    return np.asarray(column.to_numpy(zero_copy_only=False))  # which imports pandas


def _is_finite(scores: pa.ChunkedArray) -> bool:
    return bool(np.isfinite(np.from_dlpack(scores.combine_chunks())).all())


def _bytes_of(folder: str | Path, name: str) -> bytes:
    try:
        require_file(Path(folder) / name)
        return (Path(folder) / name).read_bytes()
    except OSError as error:
        place = "give a result folder, such as runs/NAME/results/ID"
        message = f"holds no finished result ({name}: {error.strerror}); {place}, or {REMEDY}"
        raise FaultsError.single(folder, message) from None


def _table_problem(table: pa.Table) -> str | None:
    """Reason why a table cannot be the predictions of a result; None if it can."""
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
    if len(scores) < (1 if "gold_evidence" in table.column_names else 2):
        return "has no column of scores (score:LABEL) for each label"
    unscored = [name for name in scores if table[name].null_count or not _is_finite(table[name])]
    return f"column '{unscored[0]}': expected finite numbers only" if unscored else None
