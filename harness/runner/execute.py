"""Fits units and keeps their predictions; a finished unit is found again and not repeated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness.arrays import Codes, Floats
from harness.classifiers.base import Classifier, Scorer
from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.files import make_folder, write_bytes
from harness.runner.cost import Clock, Cost, peak_megabytes, reset_peak, write_cost
from harness.runner.plan import ExperimentData, Unit, gold_of, training_gold
from harness.runner.tuning.calibrate import CalibratedClassifier

if TYPE_CHECKING:
    import pyarrow as pa

MAX_REASONS = 8


class Predictions(NamedTuple):
    """What one unit gave for the claims of its test rows, in their order."""

    scores: Floats
    """Shape (n_claims, n_labels)."""
    predicted: Codes
    """Shape (n_claims,); index into the labels, -1 for no answer."""
    probabilities: bool
    gives_scores: bool
    gives_labels: bool
    n_unanswered: int
    """Claims that the system has no answer for."""
    chosen: str | None = None
    """What was chosen in fitting."""
    unanswered_by_reason: Mapping[str, int] = MappingProxyType({})
    """How many of those, by reason; empty where there is one reason only."""
    reasons: list[str | None] | None = None
    """What drove each claim's score, as JSON ([[name, text, weight], ...], the strongest first); None: not asked for,
    or the system cannot say."""


class FittedUnit(NamedTuple):
    """A fitted unit."""

    data: bytes
    """Its Parquet file; the same whenever the unit is the same."""
    cost: Cost


def unit_path(folder: Path, unit: Unit) -> Path:
    """Where a unit's predictions are kept."""
    return folder / "units" / f"{unit.unit_id}.parquet"


def fit(classifier: Classifier, claims: Claims, gold: Gold, seed: int, dev: tuple[Claims, Gold] | None) -> Scorer:
    """Fits a classifier to training rows; what it decides is decided on dev rows where there are any."""
    if dev is not None and isinstance(classifier, CalibratedClassifier):
        return classifier.fit_on(claims, gold, *dev, seed)
    return classifier.fit(claims, gold, seed)


def fit_unit(
    unit: Unit, claims: Claims, gold: Gold, test: Claims, dev: tuple[Claims, Gold] | None = None
) -> FittedUnit:
    """Fits one unit and scores its test claims.

    Args:
        unit: what to fit.
        claims, gold: the training rows.
        test: the rows to score.
        dev: the rows to choose thresholds and to calibrate on, with their gold; None: inside the training rows.
    """
    clock, classifier = Clock(), unit.system.classifier
    reset_peak()
    with clock.timed("fit"):
        scorer = fit(classifier, claims, gold, unit.seed, dev)
    with clock.timed("score"):
        scores = np.asarray(scorer.score(test), dtype=np.float64)
    expected = (len(test), len(gold.labels))
    if scores.shape != expected or not np.isfinite(scores).all():
        found = "numbers that are not finite" if scores.shape == expected else f"shape {scores.shape}"
        needed = f"finite scores of shape {expected} are needed"
        raise HarnessError(f"classifier '{unit.system.system_name}' gave {found}; {needed}")
    answer = Predictions(
        scores,
        scorer.predict(test, scores),
        scorer.probabilities,
        scorer.gives_scores,
        scorer.gives_labels,
        scorer.n_unanswered(test),
        scorer.chosen,
        scorer.unanswered_by_reason(test),
        _reasons(scorer, test) if unit.explain else None,
    )
    data, bill = _to_parquet(test, gold.labels, answer), scorer.api_usage(test)
    return FittedUnit(
        data,
        Cost(
            fit_seconds=clock.seconds["fit"],
            score_seconds=clock.seconds["score"],
            claims_scored=len(test),
            peak_megabytes=peak_megabytes(),
            calls=bill.calls if bill else None,
            tokens=bill.tokens if bill else None,
            fits=scorer.fits,
        ),
    )


def _reasons(scorer: Scorer, test: Claims) -> list[str | None] | None:
    found = scorer.explain(test)
    if found is None:
        return None
    kept = ([[r.name, r.text, float(f"{r.weight:.4g}")] for r in reasons[:MAX_REASONS]] for reasons in found)
    return [json.dumps(reasons, ensure_ascii=False) for reasons in kept]


def _to_parquet(test: Claims, labels: tuple[str, ...], answer: Predictions) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, pa.Array] = {"claim_id": pa.array(test.claim_id, pa.string())}
    for number, label in enumerate(labels):
        columns[f"score:{label}"] = pa.array(answer.scores[:, number], pa.float64())
    columns["predicted"] = label_column(labels, answer.predicted)
    if answer.reasons is not None:
        columns["reasons"] = pa.array(answer.reasons, pa.string())
    table = pa.table(columns)
    facts = {
        "labels": labels,
        "probabilities": answer.probabilities,
        "gives_scores": answer.gives_scores,
        "gives_labels": answer.gives_labels,
        "n_unanswered": answer.n_unanswered,
        "chosen": answer.chosen,
    }
    facts |= {"unanswered_by_reason": dict(answer.unanswered_by_reason)} if answer.unanswered_by_reason else {}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({"harness": json.dumps(facts)}), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def label_column(labels: Sequence[str], codes: Codes) -> pa.Array:
    """Codes as a column of label names; -1 is null."""
    import pyarrow as pa

    return pa.array([labels[code] if code >= 0 else None for code in codes], pa.string())


def read_unit(path: Path) -> Predictions:
    """The predictions of a finished unit."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[b"harness"])
    labels = facts["labels"]
    code = {label: number for number, label in enumerate(labels)} | {None: -1}
    return Predictions(
        np.column_stack([table[f"score:{label}"].to_numpy() for label in labels]),
        np.array([code[label] for label in table["predicted"].to_pylist()], dtype=np.int64),
        facts["probabilities"],
        facts["gives_scores"],
        facts["gives_labels"],
        facts["n_unanswered"],
        facts["chosen"],
        facts.get("unanswered_by_reason", {}),
        table["reasons"].to_pylist() if "reasons" in table.column_names else None,
    )


def execute(
    units: Sequence[Unit],
    material: ExperimentData,
    folder: Path,
    *,
    jobs: int = 1,
    fresh: bool = False,
    advance: Callable[[Unit], None] = lambda _: None,
) -> int:
    """Fits the units that are not finished yet, each kept as soon as it is done.

    Args:
        units: what an experiment needs.
        folder: the experiment's run folder, held by the caller.
        jobs: processes; the numbers do not depend on it.
        fresh: fit finished units again too.
        advance: called after each unit, fitted or found.
    Returns: how many units were fitted.
    """
    make_folder(folder / "units")
    waiting = []
    for unit in {unit.unit_id: unit for unit in units}.values():
        if fresh or not unit_path(folder, unit).exists():
            waiting.append(unit)
        else:
            advance(unit)
    for unit, fitted in _fitted(waiting, material, jobs):
        write_cost(unit_path(folder, unit), fitted.cost)
        write_bytes(unit_path(folder, unit), fitted.data)
        advance(unit)
    return len(waiting)


def _fitted(units: Sequence[Unit], material: ExperimentData, jobs: int) -> Iterator[tuple[Unit, FittedUnit]]:
    if jobs == 1 or len(units) < 2:
        for unit in units:
            yield unit, fit_unit(*_rows(unit, material))
        return
    from joblib import Parallel, delayed

    work = (delayed(_fit_numbered)(number, *_rows(unit, material)) for number, unit in enumerate(units))
    for number, fitted in Parallel(n_jobs=jobs, return_as="generator_unordered")(work):
        yield units[number], fitted


def _fit_numbered(number: int, *work: Any) -> tuple[int, FittedUnit]:
    return number, fit_unit(*work)


def _rows(unit: Unit, material: ExperimentData) -> tuple[Unit, Claims, Gold, Claims, tuple[Claims, Gold] | None]:
    fold = unit.fold
    dev = (material.claims.take(fold.dev), gold_of(material, fold.dev)) if len(fold.dev) else None
    return unit, material.claims.take(fold.train), training_gold(material, fold), material.claims.take(fold.test), dev
