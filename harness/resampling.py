"""Resampling of units: weights from a seed, and intervals from the values under them. NumPy only."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats, Weights, safe_divide
from harness.errors import Undefined

NORMAL = NormalDist()
DRAWS_AT_ONCE = 4_000_000
JACKKNIFE_BLOCKS = 200


class Interval(NamedTuple):
    """An interval, and how many resamples it could not use."""

    low: float
    high: float
    left_out: int
    """Resamples without a value (NaN), or without a spread where the method divides by it."""


@lru_cache(maxsize=2)
def unit_weights(n_units: int, resamples: int, seed: int, strata: tuple[int, ...] | None = None) -> Weights:
    """How often each unit is drawn when as many units as there are get drawn with replacement.

    One matrix serves every metric and every system, so that they are compared on the same resamples: the last two
    matrices are kept, and they are read-only.

    Args:
        n_units: at least 1.
        resamples: number of rows.
        seed: the same arguments give the same matrix.
        strata: the stratum of each unit, codes from 0; as many units are then drawn from each as it has.
    Returns: shape (resamples, n_units); every row sums to n_units, and to its size within each stratum.
    """
    if strata is not None:
        return _stratified(np.array(strata, dtype=np.int64), resamples, seed)
    weights = _drawn(n_units, resamples, np.random.default_rng(seed))
    weights.flags.writeable = False
    return weights


def _stratified(strata: npt.NDArray[np.int64], resamples: int, seed: int) -> Weights:
    random = np.random.default_rng(seed)
    weights = np.empty((resamples, len(strata)), dtype=np.int64)
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        weights[:, inside] = _drawn(len(inside), resamples, random)
    weights.flags.writeable = False
    return weights


def _drawn(n_units: int, resamples: int, random: np.random.Generator) -> Weights:
    weights = np.empty((resamples, n_units), dtype=np.int64)
    rows = max(1, DRAWS_AT_ONCE // n_units)
    for start in range(0, resamples, rows):
        part = weights[start : start + rows]
        drawn = random.integers(0, n_units, size=part.shape) + np.arange(len(part))[:, None] * n_units
        part[:] = np.bincount(drawn.ravel(), minlength=part.size).reshape(part.shape)
    return weights


def jackknife_weights(n_units: int, seed: int, blocks: int = JACKKNIFE_BLOCKS) -> Weights:
    """Every unit once but for those of one block, which are left out.

    With more units than blocks, the units are dealt out to blocks of (nearly) one size in a random order
    (delete-group jackknife); the acceleration of `bca` needs no rescaling for that.

    Returns: shape (min(n_units, blocks), n_units); zeros and ones.
    """
    n_blocks = min(n_units, blocks)
    block = np.arange(n_units) % n_blocks
    if n_units > blocks:
        block = np.random.default_rng(seed).permutation(block)
    return np.where(block == np.arange(n_blocks)[:, None], 0, 1).astype(np.int64)


def percentile(resampled: Floats, level: float = 0.95) -> Interval:
    """The middle `level` of the resampled values. Covers too little with few units.

    Args:
        resampled: shape (n_resamples,); NaN where the value is undefined, which is left out and counted.
        level: in (0, 1).
    Raises: Undefined: no resample has a value.
    Source: Efron and Tibshirani 1993, chapter 13.
    """
    kept = _defined(resampled)
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), len(resampled) - len(kept))


def bca(value: float, resampled: Floats, jackknifed: Floats, level: float = 0.95) -> Interval:
    """The percentile interval, corrected for the bias and for the skewness of the resampled values.

    Args:
        value: the value of the data as they are.
        resampled: shape (n_resamples,); NaN is left out and counted.
        jackknifed: shape (n_blocks,); the values under `jackknife_weights`; NaN is left out.
        level: in (0, 1).
    Returns: an interval of width 0 where all resampled values are equal.
    Raises: Undefined: no resample has a value.
    Source: Efron 1987; ties with `value` count half for the bias, as in scipy.stats.bootstrap.
    """
    kept = _defined(resampled)
    below = (np.count_nonzero(kept < value) + np.count_nonzero(kept <= value)) / (2 * len(kept))
    bias = NORMAL.inv_cdf(min(max(below, 0.5 / len(kept)), 1 - 0.5 / len(kept)))
    acceleration = _acceleration(jackknifed)
    shares = []
    for z in (NORMAL.inv_cdf((1 - level) / 2), NORMAL.inv_cdf((1 + level) / 2)):
        stretch = 1 - acceleration * (bias + z)
        # A stretch of 0 or less lies past the end of the transformed scale.
        shares.append(NORMAL.cdf(bias + (bias + z) / stretch) if stretch > 0 else float(z > 0))
    low, high = np.quantile(kept, shares)
    return Interval(float(low), float(high), len(resampled) - len(kept))


def bootstrap_t(unit_values: Floats, weights: Weights, level: float = 0.95) -> Interval:
    """The interval of a mean over units, from resampled means divided by their own standard errors.

    Args:
        unit_values: shape (n_units,); NaN where a unit has no value, which the mean leaves out.
        weights: shape (n_resamples, n_units).
        level: in (0, 1).
    Returns: an interval of width 0 where all unit values are equal. Not clipped to any bounds. Resamples that drew
        fewer than two units with a value, or only equal values, have no standard error: left out and counted.
    Raises: Undefined: fewer than two units have a value, or no resample has a standard error.
    Source: Efron and Tibshirani 1993, chapter 12.5.
    """
    defined = ~np.isnan(unit_values)
    n_defined = np.count_nonzero(defined)
    if n_defined < 2:
        raise Undefined("a spread needs at least two units with a value")
    kept = unit_values[defined]
    mean = float(kept.mean())
    if np.ptp(kept) == 0:
        return Interval(mean, mean, 0)
    # Around the mean, so that the sum of squares loses no digits.
    deviations = kept - mean
    columns = np.stack([np.ones(n_defined), deviations, deviations**2], axis=1)
    n, total, squares = (weights[:, defined].astype(np.float64) @ columns).T
    # Not "variance > 0": rounding would let through resamples of one value drawn over and over.
    variance = safe_divide(squares - safe_divide(total**2, n, otherwise=0), n - 1, otherwise=0)
    spread = (n > 1) & (variance > 1e-12 * deviations.var())
    if not spread.any():
        raise Undefined("no resample has two units of different value")
    studentised = (total[spread] / n[spread]) / np.sqrt(variance[spread] / n[spread])
    low, high = np.quantile(studentised, [(1 - level) / 2, (1 + level) / 2])
    error = float(deviations.std(ddof=1)) / float(np.sqrt(n_defined))
    return Interval(mean - float(high) * error, mean - float(low) * error, len(weights) - len(studentised))


def jackknife_t(value: float, jackknifed: Floats, bounds: tuple[float, float], level: float = 0.95) -> Interval:
    """Student's interval with the jackknife's standard error; between two finite bounds on the scale of log-odds.

    Needs few units, and no mean over units. The standard error is taken a little too large, by sqrt(n / (n - 1)), and
    two degrees of freedom are given up, for the two sums that a ratio such as F1 estimates: with one, pooled metrics
    cover too little and equal systems are told apart too often (docs/explanation/intervals.md).

    Args:
        value: the value of the data as they are.
        jackknifed: shape (n_blocks,); the values under `jackknife_weights`.
        bounds: of the metric; (-inf, inf) for a difference.
        level: in (0, 1).
    Raises: Undefined: fewer than three blocks, a block without which there is no value, or a value at a bound, where
        no spread can be told.
    Source: Tukey 1958; Miller 1974.
    """
    error, freedom = jackknife_error(jackknifed)
    low, high = bounds
    from scipy.special import expit, logit, stdtrit

    reach = float(stdtrit(freedom, (1 + level) / 2)) * error
    if not (np.isfinite(low) and np.isfinite(high)):
        return Interval(value - reach, value + reach, 0)
    share = (value - low) / (high - low)
    if not 0 < share < 1:
        raise Undefined("the value is at its bound")
    reach /= share * (1 - share) * (high - low)
    ends = expit(logit(share) + np.array([-reach, reach]))
    return Interval(low + float(ends[0]) * (high - low), low + float(ends[1]) * (high - low), 0)


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> Interval:
    """The exact interval of a share, where each of n claims counts or does not, independently.

    Args:
        hits, n: 0 <= hits <= n, n >= 1.
    Returns: within [0, 1]; it covers `level` or more.
    Source: Clopper and Pearson 1934.
    """
    from scipy.special import betaincinv

    beyond = (1 - level) / 2
    low = float(betaincinv(hits, n - hits + 1, beyond)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - beyond)) if hits < n else 1.0
    return Interval(low, high, 0)


def jackknife_error(jackknifed: Floats) -> tuple[float, int]:
    """The standard error of a value, and its degrees of freedom; see `jackknife_t`.

    Raises: Undefined: as there.
    """
    n = len(jackknifed)
    if n < 3:
        raise Undefined("a spread needs at least three units")
    if np.isnan(jackknifed).any():
        raise Undefined("without one of the units there is no value")
    return float(np.sqrt(np.sum((jackknifed - jackknifed.mean()) ** 2))), n - 2


def _defined(resampled: Floats) -> Floats:
    kept = resampled[~np.isnan(resampled)]
    if not len(kept):
        raise Undefined("no resample has a value")
    return kept


def _acceleration(jackknifed: Floats) -> float:
    kept = jackknifed[~np.isnan(jackknifed)]
    if len(kept) < 2:
        return 0.0
    influence = kept.mean() - kept
    squares = float(np.sum(influence**2))
    return float(np.sum(influence**3)) / (6 * squares**1.5) if squares**1.5 > 0 else 0.0
