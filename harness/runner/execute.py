"""Fits units and writes their predictions; finished units are reused."""

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
    """Predictions of one unit for the claims of its test rows, in their order."""

    scores: Floats
    """Shape (n_claims, n_labels)."""
    predicted: Codes
    """Shape (n_claims,); index into the labels, -1 for no answer."""
    probabilities: bool
    gives_scores: bool
    gives_labels: bool
    n_unanswered: int
    """Number of claims that the system has no answer for."""
    chosen: str | None = None
    """Settings chosen in fitting, as text."""
    unanswered_by_reason: Mapping[str, int] = MappingProxyType({})
    """Number of unanswered claims by reason; empty if there is only one reason."""
    reasons: list[str | None] | None = None
    """Reasons for the score of each claim as JSON ([[name, text, weight], ...], the strongest first); None if the
    experiment does not ask for reasons, or the system gives none."""


class FittedUnit(NamedTuple):
    """A fitted unit."""

    data: bytes
    """Content of its Parquet file; equal units give equal bytes."""
    cost: Cost


def unit_path(folder: Path, unit: Unit) -> Path:
    """Path of the predictions of a unit."""
    return folder / "units" / f"{unit.unit_id}.parquet"


def fit(classifier: Classifier, claims: Claims, gold: Gold, seed: int, dev: tuple[Claims, Gold] | None) -> Scorer:
    """Fits a classifier to training rows; calibration and thresholds are fitted on dev rows if there are any."""
    if dev is not None and isinstance(classifier, CalibratedClassifier):
        return classifier.fit_on(claims, gold, *dev, seed)
    return classifier.fit(claims, gold, seed)


def fit_unit(
    unit: Unit, claims: Claims, gold: Gold, test: Claims, dev: tuple[Claims, Gold] | None = None
) -> FittedUnit:
    """Fits one unit and scores its test claims.

    Args:
        unit: the unit to fit.
        claims, gold: the training rows.
        test: the rows to score.
        dev: the rows for calibration and thresholds, with their gold; None: use folds of the training rows.
    """
    clock, classifier = Clock(), unit.system.classifier
    reset_peak()
    with clock.timed("fit"):
        scorer = fit(classifier, claims, gold, unit.seed, dev)
    with clock.timed("score"):
        scores = np.asarray(scorer.score(test), dtype=np.float64)
    expected = (len(test), len(gold.labels))
    if scores.shape != expected or not np.isfinite(scores).all():
        problem = "numbers that are not finite" if scores.shape == expected else f"shape {scores.shape}"
        raise HarnessError(
            f"classifier '{unit.system.system_name}': expected finite scores of shape {expected}, got {problem}"
        )
    predictions = Predictions(
        scores=scores,
        predicted=scorer.predict(test, scores),
        probabilities=scorer.probabilities,
        gives_scores=scorer.gives_scores,
        gives_labels=scorer.gives_labels,
        n_unanswered=scorer.n_unanswered(test),
        chosen=scorer.chosen,
        unanswered_by_reason=scorer.unanswered_by_reason(test),
        reasons=_reasons(scorer, test) if unit.explain else None,
    )
    usage = scorer.api_usage(test)
    return FittedUnit(
        data=_to_parquet(test, gold.labels, predictions),
        cost=Cost(
            fit_seconds=clock.seconds["fit"],
            score_seconds=clock.seconds["score"],
            claims_scored=len(test),
            peak_megabytes=peak_megabytes(),
            calls=usage.calls if usage else None,
            tokens=usage.tokens if usage else None,
            fits=scorer.fits,
        ),
    )


def _reasons(scorer: Scorer, test: Claims) -> list[str | None] | None:
    explanations = scorer.explain(test)
    if explanations is None:
        return None
    # Four digits, so that the last bits of a weight, which differ between processors, do not change the file.
    rows = ([[r.name, r.text, float(f"{r.weight:.4g}")] for r in reasons[:MAX_REASONS]] for reasons in explanations)
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def _to_parquet(test: Claims, labels: tuple[str, ...], predictions: Predictions) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, pa.Array] = {"claim_id": pa.array(test.claim_id, pa.string())}
    for number, label in enumerate(labels):
        columns[f"score:{label}"] = pa.array(predictions.scores[:, number], pa.float64())
    columns["predicted"] = label_column(labels, predictions.predicted)
    if predictions.reasons is not None:
        columns["reasons"] = pa.array(predictions.reasons, pa.string())
    table = pa.table(columns)
    facts = {
        "labels": labels,
        "probabilities": predictions.probabilities,
        "gives_scores": predictions.gives_scores,
        "gives_labels": predictions.gives_labels,
        "n_unanswered": predictions.n_unanswered,
        "chosen": predictions.chosen,
    }
    facts |= (
        {"unanswered_by_reason": dict(predictions.unanswered_by_reason)} if predictions.unanswered_by_reason else {}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({"harness": json.dumps(facts)}), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def label_column(labels: Sequence[str], codes: Codes) -> pa.Array:
    """A column of label names for codes; -1 becomes null."""
    import pyarrow as pa

    return pa.array([labels[code] if code >= 0 else None for code in codes], pa.string())


def read_unit(path: Path) -> Predictions:
    """Reads the predictions of a finished unit."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[b"harness"])
    labels = facts["labels"]
    code = {label: number for number, label in enumerate(labels)} | {None: -1}
    return Predictions(
        scores=np.column_stack([table[f"score:{label}"].to_numpy() for label in labels]),
        predicted=np.array([code[label] for label in table["predicted"].to_pylist()], dtype=np.int64),
        probabilities=facts["probabilities"],
        gives_scores=facts["gives_scores"],
        gives_labels=facts["gives_labels"],
        n_unanswered=facts["n_unanswered"],
        chosen=facts["chosen"],
        unanswered_by_reason=facts.get("unanswered_by_reason", {}),
        reasons=table["reasons"].to_pylist() if "reasons" in table.column_names else None,
    )


def execute(
    units: Sequence[Unit],
    data: ExperimentData,
    folder: Path,
    *,
    jobs: int = 1,
    fresh: bool = False,
    advance: Callable[[Unit], None] = lambda _: None,
) -> int:
    """Fits the units that are not finished; each is written as soon as it is fitted.

    Args:
        units: the units of an experiment.
        folder: the run folder of the experiment; the caller holds its lock.
        jobs: number of processes; the numbers do not depend on it.
        fresh: fit finished units again.
        advance: called after each unit, fitted or reused.
    Returns: the number of units fitted.
    """
    make_folder(folder / "units")
    pending = []
    for unit in {unit.unit_id: unit for unit in units}.values():
        if fresh or not unit_path(folder, unit).exists():
            pending.append(unit)
        else:
            advance(unit)
    for unit, fitted in _fit_all(pending, data, jobs):
        write_cost(unit_path(folder, unit), fitted.cost)
        write_bytes(unit_path(folder, unit), fitted.data)
        advance(unit)
    return len(pending)


def _fit_all(units: Sequence[Unit], data: ExperimentData, jobs: int) -> Iterator[tuple[Unit, FittedUnit]]:
    if jobs == 1 or len(units) < 2:
        for unit in units:
            yield unit, fit_unit(*_rows(unit, data))
        return
    from joblib import Parallel, delayed

    work = (delayed(_fit_numbered)(number, *_rows(unit, data)) for number, unit in enumerate(units))
    for number, fitted in Parallel(n_jobs=jobs, return_as="generator_unordered")(work):
        yield units[number], fitted


def _fit_numbered(number: int, *work: Any) -> tuple[int, FittedUnit]:
    return number, fit_unit(*work)


def _rows(unit: Unit, data: ExperimentData) -> tuple[Unit, Claims, Gold, Claims, tuple[Claims, Gold] | None]:
    fold = unit.fold
    dev = (data.claims.take(fold.dev), gold_of(data, fold.dev)) if len(fold.dev) else None
    return unit, data.claims.take(fold.train), training_gold(data, fold), data.claims.take(fold.test), dev
