"""What predictions say beyond labels and scores: reasons, and which kinds of answer a system gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.compare.results import Columns, Entry
from harness.metrics import METRICS
from harness.registry import UnknownComponent
from harness.runner.results import Result


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
    read = {name: known.reads for name, known in METRICS.each().items() if not isinstance(known, UnknownComponent)}
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
