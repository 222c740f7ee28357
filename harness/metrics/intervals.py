"""The value of a metric with its interval, from resampling units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.arrays import Codes, Floats, Weights
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.article_means import UnitsSplitArticles
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.records import Record
from harness.resampling import (
    Interval,
    bca,
    bootstrap_t,
    clopper_pearson,
    jackknife_t,
    jackknife_weights,
    percentile,
    unit_weights,
)

Method = Literal["percentile", "bca", "bootstrap-t", "jackknife-t", "clopper-pearson"]

FEW_UNITS = 40
ROUGH_UNITS = 10
MAX_WITHOUT_SPREAD = 0.025
LEFT_OUT: dict[Method, str] = {
    "percentile": "undefined",
    "bca": "undefined",
    "bootstrap-t": "without spread",
    "jackknife-t": "undefined",
    "clopper-pearson": "undefined",
}


class Value(Record):
    """A metric's value with its 95 percent interval. None is always explained, by the reason or the note."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None
    """Why the value is undefined."""
    n_units: int
    """How many units there are to resample."""
    method: Method | None = None
    """How the interval was made; None where there is none."""
    worst: float | None = None
    """With claims of equal score in the worst order; given where it was asked for and there are such claims."""
    best: float | None = None
    """With claims of equal score in the best order."""
    note: str | None = None
    """What a reader has to know, parts joined by semicolons: "over 9 of 12 articles; 9 units: rough"."""
    short_name: str = ""
    """The metric's name in table headings ("AP"), as results write it; empty outside of a result."""


class Intervals(Record):
    """How intervals are made."""

    method: Literal["auto", "percentile", "bca", "bootstrap-t", "jackknife-t", "none"] = "auto"
    """`auto`: bootstrap-t for a mean over units with fewer than 40 units, BCa for one with more, and jackknife-t for
    any other metric, where BCa covers too little (docs/explanation/intervals.md); for a share of claims with claims as
    units, the exact interval of Clopper and Pearson; with `stratify`, BCa.

    BCa also for a value at its bound, and where more than 2.5 percent of the resamples have no spread (units with few
    distinct values, such as precision at 1): leaving those out, bootstrap-t covers far too little (measured: .65
    against BCa's .91 for 7 units that are 1 with probability .3).
    """
    resamples: int = Field(default=1000, ge=100)
    """Number of resamples."""
    unit: Literal["article", "speaker", "claim"] = "article"
    """What is drawn: the thing that is independent."""
    random_seed: int = Field(default=13, ge=0)
    """Random seed of the resamples."""
    stratify: Literal["speaker", "topic", "source"] | None = None
    """Keep the number of units of each: for a test set that was put together so, such as ten articles a source."""


class _IntervalResult(NamedTuple):
    """An interval or none, and what to say of it."""

    interval: Interval | None
    method: Method | None
    notes: list[str]


def measure(metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, intervals: Intervals) -> Value:
    """The mean of a metric over the runs of one system, with an interval from resampling units.

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        runs: at least one; one per random seed, over the same claims. Every resample serves all of them.
        groups: the codes may have gaps; only codes that occur count as articles and units.
        intervals: method, number of resamples and seed; `unit` only words the notes, as `groups` holds the units.
    Returns: the value and the interval within the metric's bounds. The value is None with a reason where the metric
        is undefined for any of the runs; the interval is None where there is none, and the note says why.
    """
    groups = ResamplingGroups(_dense(groups.article), _dense(groups.unit), groups.length, groups.stratum)
    n_units = int(np.max(groups.unit, initial=-1)) + 1
    try:
        value = float(mean_over_seeds(metric, gold, runs, groups, np.ones((1, n_units), dtype=np.int64))[0])
    except Undefined as error:
        return Value(value=None, reason=str(error), n_units=n_units)
    said = dict.fromkeys(note for run in runs if (note := metric.note(gold, run, groups)))
    if np.isnan(value):
        reason = "the metric gives no number for these data"
        return Value(value=None, reason=reason, n_units=n_units, note="; ".join(said) or None)
    try:
        found = _interval(metric, gold, runs, groups, intervals, value)
    except UnitsSplitArticles:
        why = f"no interval: a mean over articles, and articles are split among units ({intervals.unit})"
        found = _IntervalResult(None, None, [why])
    except Undefined as error:
        found = _IntervalResult(None, None, [f"no interval: {error}"])
    note = "; ".join([*said, *found.notes]) or None
    if found.interval is None:
        return Value(value=value, n_units=n_units, note=note)
    low, high = (float(np.clip(end, *metric.bounds)) for end in found.interval[:2])
    return Value(value=value, low=low, high=high, n_units=n_units, method=found.method, note=note)


def tie_range(metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups) -> tuple[float, float] | None:
    """The worst and the best value over all orders of claims with equal scores.

    Returns: None where the metric does not rank, or is undefined, or no two claims of different gold have equal scores.
    """
    if metric.needs != "scores" or any(run.scores is None for run in runs):
        return None
    ones = np.ones((1, int(np.max(groups.unit, initial=-1)) + 1), dtype=np.int64)
    try:
        ends = [
            float(mean_over_seeds(metric, gold, [_ordered(run, key) for run in runs], groups, ones)[0])
            for key in (~gold.positive, gold.positive)
        ]
    except Undefined:
        return None
    worst, best = sorted(ends, reverse=not metric.higher_is_better)
    return None if worst == best else (worst, best)


def _ordered(run: Run, later: npt.NDArray[np.bool_]) -> Run:
    """The run with scores all different, in the same order; of equal ones, those with `later` rank higher."""
    scores = np.array(run.scores)
    order = np.lexsort((later, scores[:, -1]))
    scores[order, -1] = np.arange(len(order))
    return replace(run, scores=scores)


def mean_over_seeds(
    metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, weights: Weights
) -> Floats:
    """The metric's mean over runs under each weighting; shape (n_weightings,), NaN where undefined for a run.

    Raises: Undefined: the metric is undefined for a run; the reason says for which where there are several.
    """
    total = np.zeros(len(weights))
    for number, run in enumerate(runs, start=1):
        try:
            total += metric.values(gold, run, groups, weights)
        except Undefined as error:
            raise Undefined(f"run {number} of {len(runs)}: {error}" if len(runs) > 1 else str(error)) from None
    return total / len(runs)


def _interval(
    metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, intervals: Intervals, value: float
) -> _IntervalResult:
    if intervals.method == "none":
        return _IntervalResult(None, None, [])
    n_units = int(groups.unit.max()) + 1
    unit_values = _unit_values(metric, gold, runs, groups)
    n_defined = n_units if unit_values is None else int(np.count_nonzero(~np.isnan(unit_values)))
    if n_defined < 2:
        with_value = "" if n_units < 2 else " with a value"
        raise Undefined(f"one {intervals.unit} only{with_value}")
    notes = [f"{n_defined} units: rough"] if n_defined < ROUGH_UNITS else []
    strata = strata_of(groups, intervals)
    weights = unit_weights(n_units, intervals.resamples, intervals.random_seed, strata)
    method: Method
    method, interval = "clopper-pearson", _exact(metric, gold, runs, groups, intervals)
    if interval is None and strata is None and unit_values is not None and intervals.method in ("auto", "bootstrap-t"):
        method, interval = "bootstrap-t", _studentised(unit_values, weights, intervals.method == "auto")
    if interval is None:
        jackknifed = mean_over_seeds(metric, gold, runs, groups, jackknife_weights(n_units, intervals.random_seed))
        pooled = intervals.method == "auto" and unit_values is None and strata is None
        if pooled or intervals.method == "jackknife-t":
            method, interval = "jackknife-t", _by_jackknife(value, jackknifed, metric)
    if interval is None:
        resampled = mean_over_seeds(metric, gold, runs, groups, weights)
        if intervals.method == "percentile":
            method, interval = "percentile", percentile(resampled)
        else:
            method, interval = "bca", bca(value, resampled, jackknifed)
    if strata is not None:
        notes.append(f"{max(strata) + 1} strata by {intervals.stratify}")
    if method == "bca" and intervals.method in ("bootstrap-t", "jackknife-t"):
        needs = "a mean over units" if intervals.method == "bootstrap-t" else "three units and a value off its bound"
        notes.append(f"bca, as {intervals.method} needs {needs}")
    if interval.left_out:
        notes.append(f"{interval.left_out} of {intervals.resamples} resamples {LEFT_OUT[method]}")
    if interval.low == interval.high:
        notes.append("no spread: every resample gives the same value")
    return _IntervalResult(interval, method, notes)


def strata_of(groups: ResamplingGroups, intervals: Intervals) -> tuple[int, ...] | None:
    """The stratum of each unit, codes from 0; None where resampling is not stratified.

    Raises: Undefined: a unit is in several strata.
    """
    if groups.stratum is None:
        return None
    found = np.unique(np.stack([groups.unit, _dense(groups.stratum)]), axis=1)
    if len(found[0]) != len(np.unique(found[0])):
        raise Undefined(f"a single {intervals.unit} is in several strata ({intervals.stratify})")
    return tuple(found[1].tolist())


def _exact(
    metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, intervals: Intervals
) -> Interval | None:
    """The exact interval of a share of claims, where each claim is a unit; None where there is none."""
    hits = metric.hits(gold, runs[0]) if len(runs) == 1 and intervals.method == "auto" else None
    if hits is None or groups.stratum is not None or int(groups.unit.max()) + 1 != len(gold):
        return None
    return clopper_pearson(int(hits.sum()), len(hits))


def _by_jackknife(value: float, jackknifed: Floats, metric: Metric) -> Interval | None:
    """The jackknife-t interval; None where there is none."""
    try:
        found = jackknife_t(value, jackknifed, metric.bounds)
    except Undefined:
        return None
    return found if found.low < found.high else None


def _studentised(unit_values: Floats, weights: Weights, auto: bool) -> Interval | None:
    """The bootstrap-t interval; None where `auto` has to take BCa instead."""
    if auto and np.count_nonzero(~np.isnan(unit_values)) >= FEW_UNITS:
        return None
    interval = bootstrap_t(unit_values, weights)
    return None if auto and interval.left_out > MAX_WITHOUT_SPREAD * len(weights) else interval


def _unit_values(metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups) -> Floats | None:
    """The mean over runs of the value of each unit; None where the metric is no mean over units."""
    per_run = [values for run in runs if (values := metric.unit_values(gold, run, groups)) is not None]
    return np.mean(per_run, axis=0) if len(per_run) == len(runs) else None


def _dense(codes: Codes) -> Codes:
    return np.unique(codes, return_inverse=True)[1]
