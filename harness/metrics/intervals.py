"""The value of a metric with a 95 percent interval from resampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.arrays import Codes, Floats, StoredWeights, Weights
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.article_means import UnitsSplitArticles
from harness.metrics.base import Metric, ResamplingGroups, Run, values_by_weights
from harness.metrics.sums import row_slices
from harness.records import Record
from harness.text_tables import count_of
from harness.uncertainty.resampling import (
    Interval,
    LeftOut,
    Resamples,
    WeightBlocks,
    bca,
    bootstrap_t,
    clopper_pearson,
    jackknife_t,
    percentile,
)

Method = Literal["percentile", "bca", "bootstrap-t", "jackknife-t", "clopper-pearson"]

RESAMPLING_METHODS: tuple[Method, ...] = ("percentile", "bca", "bootstrap-t")
"""Methods that draw resamples; the others compute the interval without chance."""
FEW_UNITS = 40
"""Number of units from which `auto` uses BCa instead of bootstrap-t."""
ROUGH_UNITS = 10
"""Number of units below which a note calls the interval rough."""
MAX_WITHOUT_SPREAD = 0.025
"""Largest share of resamples without spread at which `auto` still uses bootstrap-t."""
LEFT_OUT: dict[Method, str] = {
    "percentile": "are undefined",
    "bca": "are undefined",
    "bootstrap-t": "have no spread",
    "jackknife-t": "are undefined",
    "clopper-pearson": "are undefined",
}
"""Reason why a method excludes resamples."""


NO_VALUE = "the metric has no value for these claims"
"""Reason for a metric that is NaN."""


class SeedValue(Record):
    """A metric's value with one random seed."""

    random_seed: int | None
    """Random seed of the fits; None if it is unknown."""
    value: float | None
    """Value of the metric; None if undefined."""
    reason: str | None = None
    """Reason why the value is undefined."""


class Value(Record):
    """A metric's value with its 95 percent interval. The reason or the note explains every None."""

    value: float | None
    """Value of the metric, the mean over random seeds; None if undefined with any of them."""
    low: float | None = None
    """Lower end of the interval."""
    high: float | None = None
    """Upper end of the interval."""
    reason: str | None = None
    """Reason why the value is undefined."""
    n_units: int
    """Number of resampling units."""
    method: Method | None = None
    """Method of the interval; None without an interval."""
    worst: float | None = None
    """Value with tied claims in the worst order; present if requested and if claims of different gold are tied."""
    best: float | None = None
    """Value with tied claims in the best order; present under the same conditions as `worst`."""
    note: str | None = None
    """Remarks for the reader, separated by semicolons: "over 9 of 12 articles; only 9 articles, ..."."""
    short_name: str = ""
    """Name of the metric in table headings ("AP"); empty outside a result."""
    standard_deviation: float | None = None
    """Sample standard deviation of the value over random seeds; None with a single run, or without a value."""
    seed_values: tuple[SeedValue, ...] = ()
    """Value with each random seed; empty with a single run."""


class Intervals(Record):
    """Settings of the intervals."""

    method: Literal["auto", "percentile", "bca", "bootstrap-t", "jackknife-t", "none"] = "auto"
    """Method. `auto`: bootstrap-t for a mean over fewer than 40 units, BCa for a mean over more, and jackknife-t for
    any other metric, for which BCa covers too little (docs/explanation/intervals.md); the exact Clopper-Pearson
    interval for a share of claims with claims as units; BCa with `stratify`.

    `auto` also uses BCa for a value at its bound, and if more than 2.5 percent of the resamples have no spread (units
    with few distinct values, such as precision at 1). Without those resamples, bootstrap-t covers far too little
    (measured: .65 against .91 for BCa, with 7 units that are 1 with probability .3).
    """
    resamples: int = Field(default=1000, ge=100)
    """Number of resamples."""
    unit: Literal["article", "speaker", "topic", "claim"] = "article"
    """Resampling unit: the largest thing that is independent of the others."""
    random_seed: int = Field(default=13, ge=0)
    """Random seed of the resamples."""
    stratify: Literal["speaker", "topic", "source"] | None = None
    """Strata with a fixed number of units, for a test set of planned composition, such as ten articles per source."""


class _IntervalResult(NamedTuple):
    """An interval or None, with its method and notes."""

    interval: Interval | None
    method: Method | None
    notes: list[str]


def measure(metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, intervals: Intervals) -> Value:
    """The mean of a metric over the runs of one system, with an interval from resampling units.

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        runs: one per random seed, at least one, over the same claims. All runs share the resamples.
        groups: the codes may have gaps; only codes that occur count as articles and units.
        intervals: method, number of resamples and seed; `unit` is used in notes only, because `groups` has the units.
    Returns: the value, and the interval within the bounds of the metric. If the metric is undefined for any run, the
        value is None with a reason. Without an interval, its ends are None and the note says why.
    """
    groups = ResamplingGroups(_dense(groups.article), _dense(groups.unit), groups.length, groups.stratum)
    n_units = int(np.max(groups.unit, initial=-1)) + 1
    seed_values = _seed_values(metric, gold, runs, groups)
    over_seeds = seed_values if len(runs) > 1 else ()
    reason = _undefined_reason(seed_values)
    if reason is not None:
        return Value(value=None, reason=reason, n_units=n_units, seed_values=over_seeds)
    per_seed = [seed_value.value for seed_value in seed_values if seed_value.value is not None]
    value = sum(per_seed) / len(per_seed)
    deviation = float(np.std(per_seed, ddof=1)) if len(per_seed) > 1 else None
    remarks = dict.fromkeys(note for run in runs if (note := metric.note(gold, run, groups)))
    try:
        result = _compute_interval(metric, gold, runs, groups, intervals=intervals, value=value)
    except UnitsSplitArticles:
        why = f"no interval: resampling by {intervals.unit} splits articles, and the metric is a mean over articles"
        result = _IntervalResult(None, None, [why])
    except Undefined as error:
        result = _IntervalResult(None, None, [f"no interval: {error}"])
    note = "; ".join([*remarks, *result.notes]) or None
    without_interval = Value(
        value=value, n_units=n_units, note=note, standard_deviation=deviation, seed_values=over_seeds
    )
    if result.interval is None:
        return without_interval
    # Bootstrap-t can reach beyond the bounds, because it adds errors to the value.
    low, high = (float(np.clip(end, *metric.bounds)) for end in result.interval[:2])
    return without_interval.model_copy(update={"low": low, "high": high, "method": result.method})


def _seed_values(metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups) -> tuple[SeedValue, ...]:
    """The value of each run."""
    unweighted = np.ones((1, int(np.max(groups.unit, initial=-1)) + 1), dtype=np.int64)
    seed_values = []
    for run in runs:
        try:
            value, reason = float(metric.values(gold, run, groups, unweighted)[0]), NO_VALUE
        except Undefined as error:
            value, reason = np.nan, str(error)
        is_defined = not np.isnan(value)
        seed_values.append(
            SeedValue(
                random_seed=run.random_seed,
                value=value if is_defined else None,
                reason=None if is_defined else reason,
            )
        )
    return tuple(seed_values)


def _undefined_reason(seed_values: Sequence[SeedValue]) -> str | None:
    """Reason why the mean over seeds is undefined, which names the seeds unless it holds for all; None if defined."""
    runs_by_reason: dict[str, list[int]] = {}
    for number, seed_value in enumerate(seed_values):
        if seed_value.reason is not None:
            runs_by_reason.setdefault(seed_value.reason, []).append(number)
    n = len(seed_values)
    parts = []
    for reason, numbers in runs_by_reason.items():
        seeds = [seed_values[number].random_seed for number in numbers]
        where = f"{len(seeds)} of {n} random seeds ({', '.join(map(str, seeds))})"
        if None in seeds:
            where = f"run {', '.join(str(number + 1) for number in numbers)} of {n}"
        parts.append(reason if len(numbers) == n else f"{where}: {reason}")
    return "; ".join(parts) or None


def tie_range(metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups) -> tuple[float, float] | None:
    """The worst and the best value over all orders of tied claims.

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        runs: one per random seed, at least one.
        groups: article and unit of each claim.
    Returns: (worst, best); None if the metric needs no scores or is undefined, or if the order of ties does not matter;
        also for a plain function, which may use more of the scores than their order.
    """
    if metric.needs != "scores" or metric.calls_foreign_code or any(run.scores is None for run in runs):
        return None
    ones = np.ones((1, int(np.max(groups.unit, initial=-1)) + 1), dtype=np.int64)
    try:
        values = [
            float(mean_over_seeds(metric, gold, [_break_ties(run, ranks_higher) for run in runs], groups, ones)[0])
            for ranks_higher in (~gold.positive, gold.positive)
        ]
    except Undefined:
        return None
    worst, best = sorted(values, reverse=not metric.higher_is_better)
    return None if worst == best else (worst, best)


def _break_ties(run: Run, ranks_higher: npt.NDArray[np.bool_]) -> Run:
    """The run with all scores distinct and in the same order; among ties, claims with `ranks_higher` rank higher."""
    scores = np.array(run.scores)
    # The last key sorts first, so `ranks_higher` only orders equal scores. Ranks then replace the scores.
    order = np.lexsort((ranks_higher, scores[:, -1]))
    scores[order, -1] = np.arange(len(order))
    return replace(run, scores=scores)


def mean_over_seeds(
    metric: Metric,
    gold: Gold,
    runs: Sequence[Run],
    groups: ResamplingGroups,
    weights: Weights | StoredWeights | WeightBlocks,
) -> Floats:
    """The mean of the metric over runs, under each weighting.

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        runs: one per random seed, at least one.
        groups: article and unit of each claim.
        weights: shape (n_weightings, n_units), whole or in blocks.
    Returns: shape (n_weightings,); NaN where undefined for any run.
    Raises: Undefined: the metric is undefined for a run; the message names the run if there are several.
    """
    total = np.zeros(weights.shape[0])
    for number, run in enumerate(runs, start=1):
        try:
            under, first = values_by_weights(metric, gold, run, groups), 0
            for block in _blocks_of(weights):
                total[first : first + len(block)] += under(block)
                first += len(block)
        except Undefined as error:
            raise Undefined(f"run {number} of {len(runs)}: {error}" if len(runs) > 1 else str(error)) from None
    return total / len(runs)


def _blocks_of(weights: Weights | StoredWeights | WeightBlocks) -> Iterator[Weights | StoredWeights]:
    if isinstance(weights, np.ndarray):
        return (weights[rows] for rows in row_slices(len(weights), 8 * weights.shape[1]))
    return weights.blocks()


def _compute_interval(
    metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, *, intervals: Intervals, value: float
) -> _IntervalResult:
    """The interval by the first method in the order of `Intervals.method` that applies to the metric and the data."""
    if intervals.method == "none":
        return _IntervalResult(None, None, [])
    n_units = int(groups.unit.max()) + 1
    unit_values = _unit_values(metric, gold, runs, groups)
    n_defined = n_units if unit_values is None else int(np.count_nonzero(~np.isnan(unit_values)))
    if n_defined < 2:
        with_value = "" if n_units < 2 else " with a value"
        raise Undefined(f"only one {intervals.unit}{with_value}")
    is_rough = n_defined < ROUGH_UNITS
    notes = [f"only {count_of(n_defined, intervals.unit)}, so the interval is rough"] if is_rough else []
    strata = strata_of(groups, intervals)
    # A method that does not apply returns None, and the next one is tried; BCa applies always.
    method: Method = "clopper-pearson"
    interval = _exact_interval(metric, gold, runs, groups, intervals)
    if interval is None and strata is None and unit_values is not None and intervals.method in ("auto", "bootstrap-t"):
        method = "bootstrap-t"
        interval = _bootstrap_t_interval(unit_values, intervals)
    if interval is None:
        # The jackknife also serves BCa below, which takes its acceleration from it.
        jackknifed = mean_over_seeds(metric, gold, runs, groups, LeftOut(n_units, intervals.random_seed))
        pooled = intervals.method == "auto" and unit_values is None and strata is None
        if pooled or intervals.method == "jackknife-t":
            method = "jackknife-t"
            interval = _jackknife_interval(value, jackknifed, metric)
    if interval is None:
        resamples = Resamples(n_units, intervals.resamples, intervals.random_seed, strata)
        resampled = mean_over_seeds(metric, gold, runs, groups, resamples)
        if intervals.method == "percentile":
            method = "percentile"
            interval = percentile(resampled)
        else:
            method = "bca"
            interval = bca(value, resampled, jackknifed)
    if strata is not None:
        strata_count = "1 stratum" if max(strata) == 0 else f"{max(strata) + 1} strata"
        notes.append(f"{strata_count} by {intervals.stratify}")
    if method == "bca" and intervals.method in ("bootstrap-t", "jackknife-t"):
        needs = "a mean over units" if intervals.method == "bootstrap-t" else "three units and a value off its bound"
        notes.append(f"bca used instead of {intervals.method}, which needs {needs}")
    if interval.left_out:
        notes.append(f"{interval.left_out} of {intervals.resamples} resamples {LEFT_OUT[method]}")
    if interval.low == interval.high:
        notes.append("the interval has no width, because every resample gives the same value")
    return _IntervalResult(interval, method, notes)


def strata_of(groups: ResamplingGroups, intervals: Intervals) -> tuple[int, ...] | None:
    """The stratum of each unit, codes from 0; None if resampling is not stratified.

    Raises: Undefined: a unit belongs to several strata.
    """
    if groups.stratum is None:
        return None
    # Distinct (unit, stratum) pairs, sorted by unit: a unit that occurs twice belongs to two strata.
    units, strata = np.unique(np.stack([groups.unit, _dense(groups.stratum)]), axis=1)
    if len(units) != len(np.unique(units)):
        raise Undefined(f"a single {intervals.unit} belongs to several strata ({intervals.stratify})")
    return tuple(strata.tolist())


def _exact_interval(
    metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, intervals: Intervals
) -> Interval | None:
    """The Clopper-Pearson interval for a share of claims with claims as units; None for any other metric or unit."""
    # The binomial distribution needs independent claims and one outcome each, hence claims as units and a single run.
    hits = metric.hits(gold, runs[0]) if len(runs) == 1 and intervals.method == "auto" else None
    if hits is None or groups.stratum is not None or int(groups.unit.max()) + 1 != len(gold):
        return None
    return clopper_pearson(int(hits.sum()), len(hits))


def _jackknife_interval(value: float, jackknifed: Floats, metric: Metric) -> Interval | None:
    """The jackknife-t interval; None if it is undefined or has zero width."""
    try:
        interval = jackknife_t(value, jackknifed, metric.bounds)
    except Undefined:
        return None
    return interval if interval.low < interval.high else None


def _bootstrap_t_interval(unit_values: Floats, intervals: Intervals) -> Interval | None:
    """The bootstrap-t interval; None if method `auto` must use BCa instead."""
    is_auto = intervals.method == "auto"
    if is_auto and np.count_nonzero(~np.isnan(unit_values)) >= FEW_UNITS:
        return None
    interval = bootstrap_t(unit_values, Resamples(len(unit_values), intervals.resamples, intervals.random_seed))
    return None if is_auto and interval.left_out > MAX_WITHOUT_SPREAD * intervals.resamples else interval


def _unit_values(metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups) -> Floats | None:
    """The mean over runs of the value of each unit; None if the metric is not a mean over units."""
    per_run = [values for run in runs if (values := metric.unit_values(gold, run, groups)) is not None]
    return np.mean(per_run, axis=0) if len(per_run) == len(runs) else None


def _dense(codes: Codes) -> Codes:
    """The codes renumbered without gaps, in the same order."""
    return np.unique(codes, return_inverse=True)[1]
