"""Fits units and writes their predictions; finished units are reused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from harness.classifiers.base import Scorer
from harness.data.claims import Claims, Gold
from harness.errors import EndsRun, HarnessError
from harness.files import WriteError, write_files
from harness.runner.config import System
from harness.runner.cost import Clock, Cost, cost_path, encode_cost, peak_megabytes, reset_peak
from harness.runner.plan import ExperimentData, Unit, gold_of, training_gold
from harness.runner.tuning.calibrate import CalibratedClassifier, CalibratedScorer
from harness.runner.units.failures import UnitFailure, errors_of_code
from harness.runner.units.unit_file import Predictions, StoredUnit, encode_unit, read_unit, unit_lock, unit_path
from harness.user_code.local_code import WorkerCode, refuse_changed_code

MAX_REASONS = 8


class FittedUnit(NamedTuple):
    """A fitted unit."""

    data: bytes
    """Content of its Parquet file; equal units give equal bytes."""
    cost: Cost


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits linear algebra to one thread inside the block, so that sums have one order and numbers one last digit.

    Classifiers that set a number of threads themselves (LightGBM, torch) keep it.
    """
    import scipy.linalg  # noqa: F401 - only libraries that are loaded are limited, and scipy brings its own
    import sklearn.utils.parallel  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def fit(system: System, claims: Claims, gold: Gold, seed: int, dev: tuple[Claims, Gold] | None) -> Scorer:
    """Fits a system to training rows; calibration and thresholds are fitted on dev rows if there are any.

    Raises: HarnessError: it cannot be fitted to them, or its code raised an error.
    """
    classifier = system.classifier
    with errors_of_code(system):
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
    clock = Clock()
    reset_peak()
    with clock.timed("fit"):
        scorer = fit(unit.system, claims, gold, unit.fit_seed, dev)
    with clock.timed("score"), errors_of_code(unit.system):
        scores = np.asarray(scorer.score(test), dtype=np.float64)
    expected = (len(test), len(gold.labels))
    if scores.shape != expected or not np.isfinite(scores).all():
        problem = "numbers that are not finite" if scores.shape == expected else f"shape {scores.shape}"
        raise HarnessError(
            f"classifier '{unit.system.system_name}': expected finite scores of shape {expected}, got {problem}"
        )
    with errors_of_code(unit.system):
        predictions = Predictions(
            scores=scores,
            predicted=scorer.predict(test, scores),
            probabilities=scorer.probabilities,
            gives_scores=scorer.gives_scores,
            gives_labels=scorer.gives_labels,
            n_unanswered=scorer.n_unanswered(test),
            chosen=scorer.chosen,
            unanswered_by_reason=scorer.unanswered_by_reason(test),
            quotes=scorer.quote_counts(test),
            reasons=_reasons(scorer, test) if unit.explain else None,
            threshold=scorer.threshold if isinstance(scorer, CalibratedScorer) else None,
        )
        usage = scorer.api_usage(test)
        data = encode_unit(unit.unit_id, test.claim_id, gold.labels, predictions)
    return FittedUnit(
        data=data,
        cost=Cost(
            fit_seconds=clock.seconds["fit"],
            score_seconds=clock.seconds["score"],
            claims_scored=len(test),
            peak_megabytes=peak_megabytes(),
            calls=usage.calls if usage else None,
            tokens=usage.tokens if usage else None,
            cached_tokens=usage.cached_tokens if usage else None,
            reasoning_tokens=usage.reasoning_tokens if usage else None,
            dollars=usage.dollars if usage else None,
            prices=(usage.prices or None) if usage else None,
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


class Finished(NamedTuple):
    """The units of a run: all of them, except those of systems that failed."""

    units: dict[str, StoredUnit]
    """Finished units by id."""
    fitted: frozenset[str]
    """Ids of the units that were fitted; the others were reused."""
    damaged: int
    """Number of units that were fitted because their file was damaged."""
    failed: Mapping[str, UnitFailure] = MappingProxyType({})
    """The first fit that failed, by the name of the system."""


def finished_units(units: Iterable[Unit], folder: Path) -> dict[str, StoredUnit]:
    """The units that have a whole file in a run folder, by their id."""
    stored = {unit.unit_id: read_unit(unit_path(folder, unit.unit_id), unit.unit_id) for unit in units}
    return {unit_id: stored_unit for unit_id, stored_unit in stored.items() if stored_unit is not None}


def execute(
    units: Sequence[Unit],
    data: ExperimentData,
    folder: Path,
    *,
    stored: Mapping[str, StoredUnit],
    jobs: int = 1,
    fresh: bool = False,
    advance: Callable[[Unit], None] = lambda _: None,
) -> Finished:
    """Fits the units that are not finished; each is written as soon as it is fitted, and locked until then.

    A fit that fails ends the fits of its system; those of other systems go on.

    Args:
        units: the units of an experiment.
        folder: the run folder of the experiment.
        stored: the finished units, which are reused.
        jobs: number of processes; the numbers do not depend on it.
        fresh: whether to fit a unit even if another process finishes it in the meantime.
        advance: called after each fit.
    Raises: EndsRun: an error that ends the run; finished units are kept.
    """
    by_id = {unit.unit_id: unit for unit in units}
    pending = [unit for unit_id, unit in by_id.items() if unit_id not in stored]
    damaged = [] if fresh else [unit for unit in pending if unit_path(folder, unit.unit_id).exists()]
    failures = _Failures(units)
    stored = dict(stored)
    fitted: set[str] = set()
    for unit, outcome in _fit_all(pending, data, folder, jobs, fresh=fresh, failures=failures):
        if isinstance(outcome, HarnessError):
            failures.add(unit, outcome)
        else:
            stored[unit.unit_id] = outcome
            fitted.add(unit.unit_id)
        advance(unit)
    n_damaged = sum(unit.unit_id in fitted for unit in damaged)
    return Finished(stored, frozenset(fitted), n_damaged, failures.by_system())


class _Failures:
    """The fits that failed; further fits of their systems are left out."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._order = {unit.unit_id: number for number, unit in reversed([*enumerate(units)])}
        self._systems: dict[str, set[str]] = {}  # two systems with the same settings share their units
        for unit in units:
            self._systems.setdefault(unit.unit_id, set()).add(unit.system.system_name)
        self._failed: dict[str, dict[int, UnitFailure]] = {}

    def add(self, unit: Unit, error: HarnessError) -> None:
        """Records a fit that failed."""
        failure = UnitFailure(unit.name, error)
        for system in self._systems[unit.unit_id]:
            self._failed.setdefault(system, {})[self._order[unit.unit_id]] = failure

    def concern(self, unit: Unit) -> bool:
        """Whether every system that needs the unit has failed."""
        return self._systems[unit.unit_id] <= self._failed.keys()

    def by_system(self) -> dict[str, UnitFailure]:
        """The first failure of each system, in the order of the units, which does not depend on the processes."""
        return {system: failures[min(failures)] for system, failures in self._failed.items()}


Outcome = StoredUnit | HarnessError
"""A fitted unit, or why it could not be fitted."""


def _fit_all(
    units: Sequence[Unit], data: ExperimentData, folder: Path, jobs: int, *, fresh: bool, failures: _Failures
) -> Iterator[tuple[Unit, Outcome]]:
    if jobs == 1 or len(units) < 2:
        with one_thread():  # once, because finding the libraries takes longer than a small fit
            for unit in units:
                if not failures.concern(unit):
                    yield unit, _attempt(folder, fresh, *_rows(unit, data))
        return
    from joblib import Parallel, delayed

    code = WorkerCode()
    # Units are handed out in their order while others are fitted, so that those of failed systems are left out.
    work = (
        delayed(_attempt_numbered)(code, number, folder, fresh, *_rows(unit, data))
        for number, unit in enumerate(units)
        if not failures.concern(unit)
    )
    try:
        for number, outcome in Parallel(n_jobs=jobs, return_as="generator_unordered")(work):
            yield units[number], outcome
    except BrokenExecutor:  # a worker that started late may have met other code than the one that was hashed
        refuse_changed_code()
        raise


def _attempt_numbered(_: WorkerCode, number: int, *arguments: Any) -> tuple[int, Outcome]:
    with one_thread():
        return number, _attempt(*arguments)


def _attempt(*arguments: Any) -> Outcome:
    """Fits a unit and writes its files; an error that concerns its system only is returned.

    Raises: EndsRun: an error that ends the run.
    """
    try:
        return _fit_and_write(*arguments)
    except EndsRun:
        raise
    except HarnessError as error:
        return error


def _fit_and_write(
    folder: Path, fresh: bool, unit: Unit, claims: Claims, gold: Gold, test: Claims, dev: tuple[Claims, Gold] | None
) -> StoredUnit:
    """Fits a unit and writes its files; returns what the file holds."""
    path = unit_path(folder, unit.unit_id)
    with unit_lock(path):
        stored_unit = None if fresh else read_unit(path, unit.unit_id)
        if stored_unit is not None:  # another process has fitted it in the meantime
            return stored_unit
        fitted = fit_unit(unit, claims, gold, test, dev)
        # A cost that a power failure empties is unknown, and each wait for the disk takes as long as a small fit.
        write_files({cost_path(path): encode_cost(fitted.cost), path: fitted.data}, unsynced=[cost_path(path)])
    stored_unit = read_unit(path, unit.unit_id)
    if stored_unit is None:
        raise WriteError(f"{path}: was written, but cannot be read back; check the disk, then run the same again")
    return stored_unit


def _rows(unit: Unit, data: ExperimentData) -> tuple[Unit, Claims, Gold, Claims, tuple[Claims, Gold] | None]:
    fold, claims = unit.fold, data.claims_of(unit.system)
    dev = (claims.take(fold.dev), gold_of(data, fold.dev)) if len(fold.dev) else None
    return unit, claims.take(fold.train), training_gold(data, fold), claims.take(fold.test), dev
