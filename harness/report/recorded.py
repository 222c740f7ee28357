"""What results may record beyond predictions and values: slices, cost, reasons. Older results lack some of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.compare.results import Columns, Entry
from harness.metrics import METRICS
from harness.metrics.intervals import Value
from harness.records import Record
from harness.runner.results import Result


class Slice(NamedTuple):
    """A system's values on one part of the test claims."""

    by: str
    """What the claims were told apart by ("speaker")."""
    of: str
    """Which part this is."""
    n: int
    n_positive: int | None
    n_units: int
    values: Mapping[str, Value]
    note: str | None


class Cost(NamedTuple):
    """What a system's fits and scores took."""

    fit_seconds: float | None
    score_seconds: float | None
    claims_scored: int | None
    peak_megabytes: float | None


class Reason(NamedTuple):
    """One thing that moved a claim's score."""

    name: str
    text: str
    weight: float


class Answered(NamedTuple):
    """What kind of answers a system gives."""

    probabilities: bool
    scores: bool
    labels: bool


def slices_of(result: Result) -> tuple[Slice, ...]:
    """The slices of a result; empty where it records none."""
    found = (_mapping(one) for one in getattr(result, "slices", None) or ())
    return tuple(
        Slice(
            by=str(one["by"]),
            of=str(one["of"]),
            n=one["n"],
            n_positive=one.get("n_positive"),
            n_units=one.get("n_units") or 0,
            values={name: Value.model_validate(_mapping(value)) for name, value in one["values"].items()},
            note=one.get("note"),
        )
        for one in found
    )


def cost_of(result: Result) -> Cost | None:
    """What a result took; None where it does not record it."""
    cost = getattr(result, "cost", None)
    if cost is None:
        return None
    said = _mapping(cost)
    return Cost(*(said.get(name) for name in Cost._fields))


def _mapping(record: Any) -> Mapping[str, Any]:
    return record.model_dump() if isinstance(record, Record) else record


def reasons_of(columns: Columns) -> list[tuple[Reason, ...]] | None:
    """The reasons of each row, the strongest first; None where the system gave none."""
    kept = columns.get("reasons")
    if kept is None or not any(isinstance(text, str) for text in kept):
        return None
    return [tuple(Reason(*reason) for reason in json.loads(text)) if isinstance(text, str) else () for text in kept]


def answered(entry: Entry) -> Answered:
    """What kind of answers a result holds: as its units say, else as far as its values tell."""
    labels = any(label is not None for label in entry.columns["predicted"])
    facts = _unit_facts(entry.result)
    if facts is not None:
        return Answered(bool(facts["probabilities"]), bool(facts["gives_scores"]), bool(facts["gives_labels"]))
    read = {name: METRICS.get(name).reads for name in METRICS.names()}
    of = [(_reads(name, read), value) for name, value in entry.result.values.items()]
    calibrated = any(reads == "probabilities" and value.value is not None for reads, value in of)
    return Answered(calibrated, entry.runs[0].scores is not None, labels)


def _reads(name: str, read: Mapping[str, str]) -> str | None:
    """What the metric behind a name of a result (`precision_at_10`) looks at."""
    fitting = [known for known in read if name == known or name.startswith(f"{known}_")]
    return read[max(fitting, key=len)] if fitting else None


def _unit_facts(result: Result) -> Mapping[str, Any] | None:
    """What the first unit of a result says of its answers, where the run folder still has it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    unit = next(iter(result.provenance.get("units", {})), "")
    try:
        metadata = pq.read_schema(Path(result.path).parents[1] / "units" / f"{unit}.parquet").metadata or {}
        facts: Mapping[str, Any] = json.loads(metadata[b"harness"])
    except (OSError, KeyError, ValueError, IndexError, pa.ArrowException):
        return None
    return facts
