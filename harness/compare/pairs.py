"""Whether two systems differ: the difference with its interval, a test, and what the data could have shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import Intervals, Method, mean_over_seeds, strata_of
from harness.resampling import Interval, bca, jackknife_error, jackknife_t, jackknife_weights, unit_weights

Test = Literal["randomisation", "jackknife-t"]
Correction = Literal["holm", "bh"]

PERMUTATIONS_PER_PAIR = 400
"""Exchanges for each pair of a table: the smallest p-value is 1 in so many, times the pairs."""
POWER_Z = 1.96 + 0.8416
"""A difference of so many standard errors is found with probability .8 at a level of .05."""


class Difference(NamedTuple):
    """How one system differs from another, in one metric."""

    value: float
    low: float
    high: float
    p: float
    """Two-sided, for the hypothesis that the two are exchangeable; uncorrected."""
    detectable: float
    """The smallest true difference that data like these show with probability .8."""
    test: Test
    method: Method
    """How the interval was made."""
    mcnemar_p: float | None = None
    """McNemar's exact test, which takes claims as independent; None where labels are not what is compared, or there are
    several random seeds."""
    folds_p: float | None = None
    """The corrected resampled t-test over folds and random seeds; None for one fold."""


class ResampledValues(NamedTuple):
    """A system's answers with what resampling makes of them; every system's under the same draws."""

    runs: tuple[Run, ...]
    value: float
    resampled: Floats
    """Shape (n_resamples,)."""
    jackknifed: Floats


def n_permutations(n_pairs: int, intervals: Intervals) -> int:
    """How many random exchanges a table of pairs needs, so that the smallest p-value, corrected, can be below .01."""
    return max(intervals.resamples, PERMUTATIONS_PER_PAIR * n_pairs)


def resample(
    metric: Metric, gold: Gold, runs: Sequence[Run], groups: ResamplingGroups, intervals: Intervals
) -> ResampledValues:
    """A system's metric under resampling of units.

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        runs: one per random seed; their mean is what is compared.
        groups: articles, and the units that are resampled; dense codes.
        intervals: the seed and the number of resamples.
    Raises: Undefined: the metric is undefined, or there is one unit only.
    """
    n_units = int(groups.unit.max()) + 1
    if n_units < 2:
        raise Undefined("one unit only")
    plain = np.ones((1, n_units), dtype=np.int64)
    return ResampledValues(
        tuple(runs),
        float(mean_over_seeds(metric, gold, runs, groups, plain)[0]),
        mean_over_seeds(
            metric,
            gold,
            runs,
            groups,
            unit_weights(n_units, intervals.resamples, intervals.random_seed, strata_of(groups, intervals)),
        ),
        mean_over_seeds(metric, gold, runs, groups, jackknife_weights(n_units, intervals.random_seed)),
    )


def difference(
    metric: Metric,
    gold: Gold,
    one: ResampledValues,
    other: ResampledValues,
    groups: ResamplingGroups,
    intervals: Intervals,
    draws: int,
) -> Difference:
    """The difference of two systems on the same claims, each resample serving both.

    The interval of the paired difference is the jackknife-t interval, or BCa where that has none. The p-value
    is by approximate randomisation, whole units trading places between the systems, with the +1 in numerator and
    denominator; where scores of several units are ranked together, units that trade places would mix two systems'
    scores in one ranking, and the p-value is that of the jackknife-t interval instead (docs/explanation/intervals.md).

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        one, other: the systems, resampled under the same draws.
        groups: articles, and the units that are resampled; dense codes.
        intervals: the seed.
        draws: random exchanges; see `n_permutations`.
    Source: Noreen 1989; Efron and Tibshirani 1993; Miller 1974.
    """
    value, resampled = one.value - other.value, one.resampled - other.resampled
    jackknifed = one.jackknifed - other.jackknifed
    found, method = _interval(value, resampled, jackknifed, stratified=groups.stratum is not None)
    spread = float(np.nanstd(resampled, ddof=1))
    pooled = metric.needs != "labels" and metric.unit_values(gold, one.runs[0], groups) is None
    test: Test = "jackknife-t" if pooled or len(one.runs) != len(other.runs) else "randomisation"
    if test == "jackknife-t":
        p = _jackknife_p(value, jackknifed)
    else:
        p = _randomised(metric, gold, one, other, groups, intervals.random_seed, draws)
    return Difference(value, found.low, found.high, p, POWER_Z * spread, test, method)


def _interval(value: float, resampled: Floats, jackknifed: Floats, *, stratified: bool) -> tuple[Interval, Method]:
    try:
        if not stratified:
            return jackknife_t(value, jackknifed, (-np.inf, np.inf)), "jackknife-t"
    except Undefined:
        pass
    return bca(value, resampled, jackknifed), "bca"


def _jackknife_p(value: float, jackknifed: Floats) -> float:
    """Two-sided, by Student's t; 1 where no spread can be told."""
    from scipy.special import stdtr

    try:
        error, freedom = jackknife_error(jackknifed)
    except Undefined:
        return 1.0
    return 2 * float(stdtr(freedom, -abs(value) / error)) if error else float(value == 0)


def _randomised(
    metric: Metric,
    gold: Gold,
    one: ResampledValues,
    other: ResampledValues,
    groups: ResamplingGroups,
    seed: int,
    draws: int,
) -> float:
    """The share of random exchanges of whole units that differ as much; the data themselves count as one.

    Both systems' claims stand in one table of twice the units, and a weight of 1 or 0 says which half of a unit counts,
    so that all exchanges are one call.
    """
    n_units = int(groups.unit.max()) + 1
    swapped = np.random.default_rng(seed).integers(0, 2, size=(draws, n_units))
    length = None if groups.length is None else np.concatenate([groups.length] * 2)
    doubled = ResamplingGroups(_twice(groups.article), _twice(groups.unit), length)
    both = gold.take(np.tile(np.arange(len(gold)), 2))
    runs = [_stacked(a, b) for a, b in zip(one.runs, other.runs, strict=True)]
    first = mean_over_seeds(metric, both, runs, doubled, np.hstack([1 - swapped, swapped]))
    second = mean_over_seeds(metric, both, runs, doubled, np.hstack([swapped, 1 - swapped]))
    found = np.abs(first - second)
    found = found[~np.isnan(found)]
    as_much = np.count_nonzero(found >= abs(one.value - other.value) - 1e-12)
    return float((as_much + 1) / (len(found) + 1))


def _twice(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([codes, codes + int(codes.max()) + 1])


def _stacked(one: Run, other: Run) -> Run:
    scores = None if one.scores is None or other.scores is None else np.concatenate([one.scores, other.scores])
    return Run(scores, np.concatenate([one.predicted, other.predicted]), one.probabilities and other.probabilities)


def adjust_p_values(p_values: Sequence[float], how: Correction = "holm") -> list[float]:
    """P-values corrected for their number, in the order given.

    Args:
        p_values: each in [0, 1].
        how: `holm` keeps the chance of any false finding at the level; `bh` the expected share of false findings.
    Source: Holm 1979; Benjamini and Hochberg 1995.
    """
    p = np.array(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    n = len(p)
    if how == "holm":
        adjusted = np.maximum.accumulate(p[order] * (n - np.arange(n)))
    else:
        adjusted = np.minimum.accumulate((p[order] * n / np.arange(1, n + 1))[::-1])[::-1]
    result = np.empty(n)
    result[order] = np.minimum(adjusted, 1.0)
    return [float(value) for value in result]


def corrected_t_test(
    metric: Metric,
    gold: Gold,
    one: Sequence[Run],
    other: Sequence[Run],
    groups: ResamplingGroups,
    fold: npt.NDArray[np.int64],
) -> float | None:
    """Two-sided p-value of the corrected resampled t-test: the differences per fold and random seed, whose variance is
    raised for the training claims that folds share.

    Args:
        gold, groups: of n_claims.
        one, other: as many runs, one per random seed.
        fold: shape (n_claims,); codes.
    Returns: None for one fold, or where the metric is undefined in a fold.
    Source: Nadeau and Bengio 2003; with k folds the test share is 1 / (k - 1) of the training claims.
    """
    k = len(np.unique(fold))
    if k < 2 or len(one) != len(other):
        return None
    parts = [np.flatnonzero(fold == code) for code in np.unique(fold)]
    try:
        per_fold = [
            [_in_fold(metric, gold, run, groups, rows) for run in runs] for runs in (one, other) for rows in parts
        ]
    except Undefined:
        return None
    values = np.array(per_fold).reshape(2, -1)
    found = values[0] - values[1]
    variance = float(found.var(ddof=1))
    if np.isnan(found).any() or not variance:
        return None if np.isnan(found).any() else float(not found.any())
    from scipy.stats import t

    statistic = found.mean() / np.sqrt((1 / len(found) + 1 / (k - 1)) * variance)
    return float(2 * t.sf(abs(statistic), len(found) - 1))


def _in_fold(metric: Metric, gold: Gold, run: Run, groups: ResamplingGroups, rows: npt.NDArray[np.int64]) -> float:
    scores = None if run.scores is None else run.scores[rows]
    length = None if groups.length is None else groups.length[rows]
    article = np.unique(groups.article[rows], return_inverse=True)[1]
    inside = ResamplingGroups(article, article, length)
    taken = Run(scores, run.predicted[rows], run.probabilities)
    return float(metric.values(gold.take(rows), taken, inside, np.ones((1, int(article.max()) + 1), dtype=np.int64))[0])


def mcnemar(gold: Gold, one: Run, other: Run) -> float:
    """The exact two-sided McNemar test, of the claims that only one of two systems gets right.

    Treats claims as independent; for claims of few articles `difference` is the honest test.

    Source: McNemar 1947, with the binomial distribution.
    """
    right, theirs = one.predicted == gold.codes, other.predicted == gold.codes
    only, others = int(np.count_nonzero(right & ~theirs)), int(np.count_nonzero(theirs & ~right))
    n = only + others
    if not n:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(min(only, others), n).pvalue)
