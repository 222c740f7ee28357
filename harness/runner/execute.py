"""Fits units and writes their predictions; finished units are reused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain
from math import inf
from pathlib import Path
from time import monotonic, sleep, time
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from harness.classifiers.base import Scorer, package_versions
from harness.data.claims import Claims, Gold
from harness.errors import EndsRun, HarnessError
from harness.features.counts.shared_counts import SharedCounts
from harness.features.stages import Spent, add_up, stage, stage_clock
from harness.files import write_files
from harness.runner.config import System
from harness.runner.cost import Clock, Cost, cost_path, encode_cost, peak_megabytes, reset_peak
from harness.runner.plan import ExperimentData, Unit, take_gold
from harness.runner.tuning.calibrate import CalibratedClassifier, CalibratedScorer
from harness.runner.units.cluster_fits import Workers, fit_on_cluster
from harness.runner.units.failures import UnitFailure, errors_of_code
from harness.runner.units.fit_order import group_starts, in_fit_order
from harness.runner.units.leases import POLL_S, Lease, Waiting, remove_ended
from harness.runner.units.pool import WorkerDied, do_all
from harness.runner.units.unit_file import EncodedUnit, Predictions, StoredUnit, encode_unit, read_unit, unit_path
from harness.runner.verification.evidence_source import evidence_key
from harness.runner.watching.events import NO_EVENTS, EventLog
from harness.runner.watching.profile import FIT, SCORE
from harness.runner.watching.unit_events import UnitEvents
from harness.user_code.local_code import refuse_changed_code

MAX_REASONS = 8
ONE_PROCESS = Workers()
QUIET_S = 5.0
"""Seconds of waiting for other processes after which it is said."""
SYNC_S = 0.1
"""Seconds of fitting and scoring from which on the file of a unit waits for the disk."""


class FittedUnit(NamedTuple):
    """A fitted unit."""

    encoded: EncodedUnit
    cost: Cost
    spent: Mapping[str, Spent] = {}
    """Time by stage."""
    began_at: float | None = None
    """When the fit began, in seconds since 1970."""


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
    with clock.timed("fit"), stage(FIT):
        scorer = fit(unit.system, claims, gold, unit.fit_seed, dev)
    with clock.timed("score"), stage(SCORE), errors_of_code(unit.system):
        scores = np.asarray(scorer.score(test), dtype=np.float64)
    expected = (len(test), len(gold.labels))
    if scores.shape != expected or not np.isfinite(scores).all():
        problem = "numbers that are not finite" if scores.shape == expected else f"shape {scores.shape}"
        raise HarnessError(
            f"classifier '{unit.system.system_name}': expected finite scores of shape {expected}, got {problem}"
        )
    with stage(SCORE), errors_of_code(unit.system):
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
        encoded = encode_unit(unit.unit_id, test.claim_id, gold.labels, predictions)
    return FittedUnit(
        encoded=encoded,
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
    spent: Mapping[str, Mapping[str, Spent]] = MappingProxyType({})
    """Time by stage of the units that were fitted, by the name of the system."""


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
    workers: Workers = ONE_PROCESS,
    fresh: bool = False,
    advance: Callable[[Unit], None] = lambda _: None,
    events: EventLog = NO_EVENTS,
) -> Finished:
    """Fits the units that are not finished; each is written as soon as it is fitted, and locked until then.

    A fit that fails ends the fits of its system; those of other systems go on.

    Args:
        units: the units of an experiment.
        folder: the run folder of the experiment.
        stored: the finished units, which are reused.
        workers: what fits; the numbers do not depend on it.
        fresh: whether to fit a unit even if another process finishes it in the meantime.
        advance: called after each fit.
        events: takes what happens to each unit.
    Raises: EndsRun: an error that ends the run; finished units are kept.
    """
    by_id = {unit.unit_id: unit for unit in units}
    remove_ended(unit_path(folder, "").parent)
    pending = [unit for unit_id, unit in by_id.items() if unit_id not in stored]
    damaged = [] if fresh else [unit for unit in pending if unit_path(folder, unit.unit_id).exists()]
    failures = _Failures(units)
    stored = dict(stored)
    fitted: set[str] = set()
    spent = dict[str, dict[str, Spent]]()
    tell = UnitEvents(events, folder.name)
    for unit in by_id.values():
        if unit.unit_id in stored:
            tell.found(unit)
    fits = _Fits(in_fit_order(pending), data, folder, fresh=fresh, tell=tell)
    for unit, outcome in _fit_all(fits, workers, failures):
        if isinstance(outcome, HarnessError):
            failures.add(unit, outcome)
            tell.failed(unit, outcome)
        else:
            stored[unit.unit_id] = outcome.stored
            fitted |= {unit.unit_id} if outcome.is_new else set()
            name = unit.system.system_name
            spent[name] = add_up(spent.get(name, {}), outcome.spent)
            tell.finished(unit, outcome.spent, outcome.began_at) if outcome.is_new else tell.found(unit)
        advance(unit)
    n_damaged = sum(unit.unit_id in fitted for unit in damaged)
    return Finished(stored, frozenset(fitted), n_damaged, failures.by_system(), spent)


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


class Outcome(NamedTuple):
    """A unit that is finished."""

    stored: StoredUnit
    is_new: bool
    """Whether this process fitted it; otherwise another one did, in the meantime."""
    spent: Mapping[str, Spent] = {}
    """Time by stage."""
    began_at: float | None = None
    """When the fit began, in seconds since 1970."""


class _Fits:
    """The fits of a run, in the order of its units, as each process does them.

    Args:
        fresh: whether to fit a unit even if another process has finished it in the meantime.
        tell: takes the begin of each fit of this process; those of other processes are told when they are handed back.
    """

    def __init__(
        self, units: Sequence[Unit], data: ExperimentData, folder: Path, *, fresh: bool, tell: UnitEvents
    ) -> None:
        self.units = tuple(units)
        self.folder, self.fresh, self.tell = folder, fresh, tell
        self._gold = data.gold
        self._claims = {evidence_key(unit.system.evidence): data.claims_of(unit.system) for unit in units}
        self.packages = tuple(
            dict.fromkeys(each for unit in units for each in package_versions(unit.system.classifier))
        )
        self._waiting = Waiting()
        is_used = np.zeros(len(data.claims), dtype=bool)
        for fold in {id(unit.fold): unit.fold for unit in units}.values():
            for rows in (fold.train, fold.dev, fold.test):
                is_used[rows] = True
        self._counts = SharedCounts(chain.from_iterable(claims.text[is_used] for claims in self._claims.values()))

    @contextmanager
    def session(self) -> Iterator[None]:
        """One thread, limited once for many fits, because finding the libraries takes longer than a small fit; n-grams
        of a text are counted once for all fits."""
        classifiers = [unit.system.classifier for unit in self.units]
        needs_none = all(not {*each.packages} - {"numpy"} and not [*each.code_modules()] for each in classifiers)
        with nullcontext() if needs_none else one_thread(), self._counts.used():
            yield

    def do(self, number: int) -> Outcome | HarnessError | None:
        """Fits a unit and writes its files; returns an error that concerns its system only, or None if another process
        is fitting it.

        Raises: EndsRun: an error that ends the run.
        """
        begun = self.begin(number)
        if not isinstance(begun, Lease):
            return begun
        try:
            fitted = self.fit(number)
        except BaseException:
            begun.give_back()
            raise
        return self.end(begun, number, fitted)

    def begin(self, number: int) -> Lease | Outcome | None:
        """The lease of a unit; the unit, if it is finished; None if another process is fitting it."""
        unit = self.units[number]
        path = unit_path(self.folder, unit.unit_id)
        lease = self._waiting.try_take(path)
        stored = None if self.fresh or lease is None else read_unit(path, unit.unit_id)
        if stored is None or lease is None:
            return lease
        lease.give_back()
        return Outcome(stored, is_new=False)

    def fit(self, number: int) -> FittedUnit | HarnessError:
        """Fits a unit, in any process; returns the error that ended its fit."""
        unit, began_at = self.units[number], time()
        self.tell.started(unit)
        try:
            with stage_clock() as spent:
                fitted = self._fit(unit)
        except HarnessError as error:
            return error
        return fitted._replace(spent=dict(spent), began_at=began_at)

    def end(self, lease: Lease, number: int, fitted: FittedUnit | HarnessError) -> Outcome | HarnessError:
        """Writes a fitted unit, gives its lease back, and returns its outcome.

        Raises: EndsRun: an error that ends the run.
        """
        unit = self.units[number]
        path = unit_path(self.folder, unit.unit_id)
        try:
            if isinstance(fitted, EndsRun):
                raise fitted
            if isinstance(fitted, HarnessError):
                return fitted
            if not lease.is_own() and (stored := read_unit(path, unit.unit_id)) is not None:
                return Outcome(stored, is_new=False)  # fitted by the process that took the lease over
            # A wait for the disk takes longer than a small fit. A file that a power failure empties is known by its
            # fingerprint, and fitted again; an empty cost is unknown.
            quick = fitted.cost.fit_seconds + fitted.cost.score_seconds < SYNC_S
            files = {cost_path(path): encode_cost(fitted.cost), path: fitted.encoded.data}
            write_files(files, unsynced=files if quick else [cost_path(path)])
            return Outcome(fitted.encoded.stored, True, fitted.spent, fitted.began_at)
        finally:
            lease.give_back()

    def _fit(self, unit: Unit) -> FittedUnit:
        fold, claims = unit.fold, self._claims[evidence_key(unit.system.evidence)]
        dev = (claims.take(fold.dev), take_gold(self._gold, fold.dev)) if len(fold.dev) else None
        return fit_unit(unit, claims.take(fold.train), take_gold(self._gold, fold.train), claims.take(fold.test), dev)


def _fit_all(fits: _Fits, workers: Workers, failures: _Failures) -> Iterator[tuple[Unit, Outcome | HarnessError]]:
    """The units with their outcomes; those that other processes are fitting come last."""

    def is_unneeded(number: int) -> bool:
        return failures.concern(fits.units[number])

    elsewhere, n = list[int](), len(fits.units)
    if workers.scheduler is None or not n:
        pieces = do_all(fits, n, workers.jobs, is_unneeded, group_starts(fits.units))
    else:
        pieces = fit_on_cluster(fits, n, workers.scheduler, is_unneeded)
    try:
        for number, outcome in pieces:
            if outcome is not None:
                yield fits.units[number], outcome
            elif not is_unneeded(number):
                elsewhere.append(number)
    except WorkerDied:  # a worker that started late may have met other code than the one that was hashed
        refuse_changed_code()
        raise
    pause, waits_since = POLL_S[0], monotonic()
    while elsewhere := [number for number in elsewhere if not is_unneeded(number)]:
        with fits.session():
            outcomes = [(number, fits.do(number)) for number in elsewhere]
        yield from ((fits.units[number], outcome) for number, outcome in outcomes if outcome is not None)
        elsewhere = [number for number, outcome in outcomes if outcome is None]
        if len(elsewhere) == len(outcomes):
            if monotonic() - waits_since > QUIET_S:
                fits.tell.awaited(len(elsewhere))
                waits_since = inf  # said once
            sleep(pause)
            pause = min(2 * pause, POLL_S[1])
