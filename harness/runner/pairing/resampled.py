"""The metric of a system under resampling that all systems share, and the interval of a paired difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Floats
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import Intervals, Method, mean_over_seeds, strata_of
from harness.uncertainty.resampling import Interval, LeftOut, Resamples, bca, jackknife_t


class ResampledValues(NamedTuple):
    """A system's metric under resampling; all systems share the resamples."""

    runs: tuple[Run, ...]
    """Runs of the system, one per random seed."""
    value: float
    """Mean of the metric over runs."""
    resampled: Floats
    """Bootstrap values, shape (n_resamples,)."""
    jackknifed: Floats
    """Jackknife values, shape (n_blocks,)."""


def resample(
    metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, intervals: Intervals
) -> ResampledValues:
    """Compute a system's metric under resampling of units.

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        runs: one per random seed; systems are compared by the mean over runs.
        groups: articles and resampling units; codes without gaps.
        intervals: random seed and number of resamples.
    Raises: Undefined: the metric is undefined, or there is only one unit.
    """
    n_units = int(groups.unit.max()) + 1
    if n_units < 2:
        raise Undefined("only one unit")
    unweighted = np.ones((1, n_units), dtype=np.int64)
    # The weights depend on nothing but these arguments, so every system gets the same resamples: the basis of pairing.
    resamples = Resamples(n_units, intervals.resamples, intervals.random_seed, strata_of(groups, intervals))
    return ResampledValues(
        runs=tuple(runs),
        value=float(mean_over_seeds(metric, gold, runs, groups, unweighted)[0]),
        resampled=mean_over_seeds(metric, gold, runs, groups, resamples),
        jackknifed=mean_over_seeds(metric, gold, runs, groups, LeftOut(n_units, intervals.random_seed)),
    )


def paired_interval(
    value: float, resampled: Floats, jackknifed: Floats, *, is_stratified: bool
) -> tuple[Interval, Method]:
    """The jackknife-t interval of a difference, or BCa if that is undefined or resampling is stratified."""
    try:
        if not is_stratified:
            return jackknife_t(value, jackknifed, (-np.inf, np.inf)), "jackknife-t"
    except Undefined:
        pass
    return bca(value, resampled, jackknifed), "bca"
