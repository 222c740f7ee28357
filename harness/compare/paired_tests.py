"""The difference of two systems: its interval, its test, and the smallest difference that the data can detect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats
from harness.data.claims import Gold
from harness.display import displayed
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import Intervals, Method
from harness.runner.pairing.resampled import ResampledValues, paired_interval
from harness.uncertainty.distributions import binomial_below, student_tail
from harness.uncertainty.resampling import jackknife_error

Test = Literal["randomization", "jackknife-t"]
Correction = Literal["holm", "bh"]

PERMUTATIONS_PER_PAIR = 400
"""Random exchanges per pair of a table, so the smallest corrected p-value is about 1 / 400."""
POWER_Z = 1.96 + 0.8416
"""Number of standard errors of a difference that is detected with 80% power at level .05 (two-sided)."""


@displayed
class Difference(NamedTuple):
    """The difference of two systems in one metric."""

    value: float
    """Value of the first system minus value of the second."""
    low: float
    """Lower end of the 95 percent interval."""
    high: float
    """Upper end of the 95 percent interval."""
    p: float
    """Two-sided p-value for the hypothesis that the systems are exchangeable; uncorrected."""
    detectable: float
    """Smallest true difference that data like these detect with 80% power."""
    test: Test
    """Test that `p` comes from."""
    method: Method
    """Method of the interval."""
    draws: int | None
    """Number of random exchanges behind `p`; None if the test draws none."""
    resamples: int
    """Number of resamples behind `detectable`, and behind the interval if its method is BCa."""
    mcnemar_p: float | None = None
    """P-value of McNemar's exact test, which treats claims as independent; None if a system has several runs, or if the
    metric does not compare labels."""
    folds_p: float | None = None
    """P-value of the corrected resampled t-test over folds and random seeds; None for a single fold."""


def n_permutations(n_pairs: int, intervals: Intervals) -> int:
    """The number of random exchanges that a table of pairs needs for corrected p-values below .01."""
    # With m exchanges the smallest p-value is 1 / (m + 1), and Holm multiplies it by the number of pairs.
    return max(intervals.resamples, PERMUTATIONS_PER_PAIR * n_pairs)


class Exchanged(NamedTuple):
    """The outcome of a randomization test."""

    p: float
    """Two-sided p-value."""
    draws: int
    """Number of random exchanges."""


def choose_test(metric: Metric, gold: Gold, run: Run, groups: ResamplingGroups) -> Test:
    """The test of a difference in a metric: approximate randomization where exchanged units make sense and cost little.

    If the metric ranks scores of several units together, exchanged units would mix the scores of two systems in one
    ranking; the p-value then comes from the jackknife-t interval (docs/explanation/intervals.md), as for a metric that
    is a plain function, which thousands of exchanges would call too often.
    """
    ranks_across_units = metric.needs != "labels" and metric.unit_values(gold, run, groups) is None
    return "jackknife-t" if ranks_across_units or metric.calls_foreign_code else "randomization"


def difference(
    metric: Metric,
    system_a: ResampledValues,
    system_b: ResampledValues,
    *,
    groups: ResamplingGroups,
    exchanged: Exchanged | None = None,
) -> Difference:
    """The difference of two systems on the same claims, with paired resamples.

    The interval is the jackknife-t interval, or BCa if that is undefined.

    With strata, resamples are drawn within them. An exchange keeps every unit in the table, so every stratum keeps its
    size, and the randomization test needs no strata. The jackknife-t test ignores them: its standard error includes the
    spread between strata, so its p-value is too large rather than too small.

    Args:
        metric: any metric.
        system_a: first system.
        system_b: second system, under the same resamples.
        groups: articles and resampling units; codes without gaps.
        exchanged: outcome of the randomization test; None: the p-value is that of the jackknife-t test.
    Source: Noreen 1989; Efron and Tibshirani 1993; Miller 1974.
    """
    value = system_a.value - system_b.value
    resampled = system_a.resampled - system_b.resampled
    jackknifed = system_a.jackknifed - system_b.jackknifed
    interval, method = paired_interval(value, resampled, jackknifed, is_stratified=groups.stratum is not None)
    # Student's t reaches beyond the differences that are possible when there are few units.
    largest = metric.bounds[1] - metric.bounds[0]
    low, high = (float(np.clip(end, -largest, largest)) for end in interval[:2])
    return Difference(
        value=value,
        low=low,
        high=high,
        p=exchanged.p if exchanged else _jackknife_p(value, jackknifed),
        detectable=POWER_Z * float(np.nanstd(resampled, ddof=1)),
        test="randomization" if exchanged else "jackknife-t",
        method=method,
        draws=exchanged.draws if exchanged else None,
        resamples=len(resampled),
    )


def _jackknife_p(value: float, jackknifed: Floats) -> float:
    """The two-sided p-value from Student's t; 1 if the standard error is undefined."""
    try:
        error, freedom = jackknife_error(jackknifed)
    except Undefined:
        return 1.0
    # Without spread, an exact 0 says that the systems do not differ, and any other difference is certain.
    return 2 * student_tail(abs(value) / error, freedom) if error else float(value == 0)


def adjust_p_values(p_values: Sequence[float], how: Correction = "holm") -> list[float]:
    """P-values corrected for multiple testing, in the given order.

    Args:
        p_values: each in [0, 1].
        how: `holm` controls the probability of any false finding; `bh` controls the expected share of false findings.
    Returns: corrected p-values, each in [0, 1].
    Source: Holm 1979; Benjamini and Hochberg 1995.
    """
    p = np.array(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    n = len(p)
    # Both corrections scale each p-value by its rank and then make the result monotonic, so a smaller p-value never
    # ends up with a larger corrected one: Holm from the smallest up, Benjamini-Hochberg from the largest down.
    if how == "holm":
        adjusted = np.maximum.accumulate(p[order] * (n - np.arange(n)))
    else:
        adjusted = np.minimum.accumulate((p[order] * n / np.arange(1, n + 1))[::-1])[::-1]
    result = np.empty(n)
    result[order] = np.minimum(adjusted, 1.0)
    return [float(value) for value in result]


def fold_values(
    metric: Metric, gold: Gold, runs: Sequence[Run], *, groups: ResamplingGroups, fold: npt.NDArray[np.int64]
) -> Floats | None:
    """A metric in each fold.

    Args:
        metric: any metric.
        gold: shape (n_claims,).
        runs: runs of a system, one per random seed.
        groups: article and unit of each claim.
        fold: fold code of each claim, shape (n_claims,).
    Returns: shape (n_folds, n_runs); None for a single fold, or a metric that is undefined in a fold.
    """
    codes = np.flatnonzero(np.bincount(fold))  # `np.unique` imports masked arrays
    if len(codes) < 2:
        return None
    rows_by_fold = [np.flatnonzero(fold == code) for code in codes]
    try:
        return np.array([[_value_in_fold(metric, gold, run, groups, rows) for run in runs] for rows in rows_by_fold])
    except Undefined:
        return None


def corrected_t_test(values_a: Floats | None, values_b: Floats | None) -> float | None:
    """The two-sided p-value of the corrected resampled t-test over folds and random seeds.

    The test enlarges the variance of the differences, because folds share training claims.

    Args:
        values_a: values of the first system in each fold, from `fold_values`.
        values_b: values of the second system.
    Returns: None without values, or with unequal numbers of runs unless one system has a single run for all seeds.
    Source: Nadeau and Bengio 2003; with k folds, the test share is 1 / (k - 1) of the training claims.
    """
    if values_a is None or values_b is None:
        return None
    n_runs = {values_a.shape[1], values_b.shape[1]}
    if len(n_runs) > 1 and 1 not in n_runs:
        return None
    k = len(values_a)
    # The single run of a system that no seed changes stands against every run of the other.
    differences = (values_a - values_b).reshape(-1)
    variance = float(differences.var(ddof=1))
    if np.isnan(differences).any():
        return None
    if not variance:
        # Equal differences leave nothing to test: 1 if all are 0, else 0.
        return float(not differences.any())
    # The second term is the correction: without it (1 / n alone), folds would count as independent samples.
    statistic = differences.mean() / np.sqrt((1 / len(differences) + 1 / (k - 1)) * variance)
    return 2 * student_tail(abs(float(statistic)), len(differences) - 1)


def _value_in_fold(
    metric: Metric, gold: Gold, run: Run, groups: ResamplingGroups, rows: npt.NDArray[np.int64]
) -> float:
    """The metric over the claims of one fold."""
    length = None if groups.length is None else groups.length[rows]
    # Nothing is resampled here, so articles can serve as units; their codes must not have gaps.
    codes = groups.article[rows]
    article = (np.cumsum(np.bincount(codes) > 0) - 1)[codes]
    fold_groups = ResamplingGroups(article, article, length)
    unweighted = np.ones((1, int(article.max()) + 1), dtype=np.int64)
    return float(metric.values(gold.take(rows), run.take(rows), fold_groups, unweighted)[0])


def mcnemar(gold: Gold, run_a: Run, run_b: Run) -> float:
    """The two-sided p-value of the exact McNemar test.

    It compares the numbers of claims that only one of the two systems predicts correctly. It treats claims as
    independent; for claims from few articles, use `difference` instead.

    Source: McNemar 1947, with the binomial distribution.
    """
    is_correct_a = run_a.predicted == gold.codes
    is_correct_b = run_b.predicted == gold.codes
    n_only_a = int(np.count_nonzero(is_correct_a & ~is_correct_b))
    n_only_b = int(np.count_nonzero(is_correct_b & ~is_correct_a))
    n = n_only_a + n_only_b
    if not n:
        return 1.0
    # With chances of one half the distribution is symmetric, so both tails are as likely.
    return min(1.0, 2 * binomial_below(min(n_only_a, n_only_b), n))
