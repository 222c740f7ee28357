"""Resampling weights from a random seed, and confidence intervals from resampled values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats, StoredWeights, Weights, safe_divide
from harness.errors import Undefined
from harness.uncertainty.distributions import student_quantile

NORMAL = NormalDist()
DRAWS_AT_ONCE = 500_000
"""Number of draws held in memory at a time (4 MB)."""
KEPT_CELLS = 16 * 2**20
"""Largest number of weights that is kept for the next metric and system (32 MB); more are drawn again, in blocks."""
BLOCK_CELLS = 2 * 2**20
"""Number of weights in one block of weightings; 16 MB as floating-point numbers."""
JACKKNIFE_BLOCKS = 200
"""Maximum number of jackknife values; more units are grouped into this number of blocks."""


class Interval(NamedTuple):
    """A confidence interval, and the number of resamples that it does not use."""

    low: float
    high: float
    left_out: int
    """Number of resamples with an undefined value (NaN), or without a standard error if the method needs one."""


class WeightBlocks(Protocol):
    """Weights of shape (n_weightings, n_units) that never need to exist whole."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of weightings, and number of units."""

    def blocks(self) -> Iterator[StoredWeights]:
        """The weightings in their order, some of them at a time; the same ones each time."""


@dataclass(frozen=True)
class Resamples:
    """The weights that `unit_weights` returns, in blocks."""

    n_units: int
    resamples: int
    seed: int
    strata: tuple[int, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of resamples, and number of units."""
        return self.resamples, self.n_units

    def blocks(self) -> Iterator[StoredWeights]:
        """The resamples in their order. Few weights are kept for the next call, many are drawn again."""
        if self.resamples * self.n_units <= KEPT_CELLS:
            weights = unit_weights(self.n_units, self.resamples, self.seed, self.strata)
            yield from (weights[rows] for rows in _blocks(self.shape))
        elif self.strata is None:
            random = np.random.default_rng(self.seed)
            yield from (_draw_weights(self.n_units, rows.stop - rows.start, random) for rows in _blocks(self.shape))
        else:
            yield from self._stratified_blocks(np.array(self.strata, dtype=np.int64))

    def _stratified_blocks(self, strata: npt.NDArray[np.int64]) -> Iterator[StoredWeights]:
        # All resamples of one stratum come before those of the next. A generator for each, which starts where the
        # stratum before ends, draws the same in blocks.
        random = np.random.default_rng(self.seed)
        members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
        generators = []
        for own in members:
            generators.append(deepcopy(random))
            for rows in _blocks((self.resamples, len(own))):
                _draw_weights(len(own), rows.stop - rows.start, random)
        for rows in _blocks(self.shape):
            weights = np.empty((rows.stop - rows.start, self.n_units), dtype=np.int16)
            for own, generator in zip(members, generators, strict=True):
                weights[:, own] = _draw_weights(len(own), len(weights), generator)
            yield weights


@dataclass(frozen=True)
class LeftOut:
    """The weights that `jackknife_weights` returns, in blocks."""

    n_units: int
    seed: int

    @property
    def shape(self) -> tuple[int, int]:
        """Number of blocks of units, and number of units."""
        return min(self.n_units, JACKKNIFE_BLOCKS), self.n_units

    def blocks(self) -> Iterator[StoredWeights]:
        """The weightings in their order."""
        block = _jackknife_block(self.n_units, self.shape[0], self.seed)
        for rows in _blocks(self.shape):
            yield _without(block, np.arange(rows.start, rows.stop))


def _blocks(shape: tuple[int, int]) -> Iterator[slice]:
    n_rows, n_units = shape
    rows = max(1, BLOCK_CELLS // n_units)
    for start in range(0, n_rows, rows):
        yield slice(start, min(start + rows, n_rows))


@lru_cache(maxsize=2)
def unit_weights(n_units: int, resamples: int, seed: int, strata: tuple[int, ...] | None = None) -> StoredWeights:
    """Returns bootstrap weights: how often each unit is drawn when n_units units are drawn with replacement.

    Args:
        n_units: at least 1.
        resamples: number of rows.
        seed: random seed; equal arguments give the same matrix.
        strata: stratum of each unit, codes from 0; each stratum contributes as many draws as it has units.
    Returns: shape (resamples, n_units), read-only; each row sums to n_units, and within a stratum to its size.
    """
    # The cache gives every metric and every system the same matrix, so that they are compared on the same resamples.
    # The matrix is read-only because a write into it would change all later results.
    if strata is not None:
        return _draw_stratified_weights(np.array(strata, dtype=np.int64), resamples, seed)
    weights = _draw_weights(n_units, resamples, np.random.default_rng(seed))
    weights.flags.writeable = False
    return weights


def _draw_stratified_weights(strata: npt.NDArray[np.int64], resamples: int, seed: int) -> StoredWeights:
    random = np.random.default_rng(seed)
    weights = np.empty((resamples, len(strata)), dtype=np.int16)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        weights[:, members] = _draw_weights(len(members), resamples, random)
    weights.flags.writeable = False
    return weights


def _draw_weights(n_units: int, resamples: int, random: np.random.Generator) -> StoredWeights:
    weights = np.empty((resamples, n_units), dtype=np.int16)
    rows_per_batch = max(1, DRAWS_AT_ONCE // n_units)
    for start in range(0, resamples, rows_per_batch):
        batch = weights[start : start + rows_per_batch]
        # Shifting the units of row r by r * n_units gives each cell of the matrix a number of its own, so that a single
        # bincount counts the draws of all rows; this is far faster than one bincount per row.
        row_offsets = np.arange(len(batch))[:, None] * n_units
        drawn_cells = random.integers(0, n_units, size=batch.shape) + row_offsets
        batch[:] = np.bincount(drawn_cells.ravel(), minlength=batch.size).reshape(batch.shape)
    return weights


@lru_cache(maxsize=2)
def jackknife_weights(n_units: int, seed: int, blocks: int = JACKKNIFE_BLOCKS) -> StoredWeights:
    """Returns jackknife weights: each row leaves out the units of one block and has all others once.

    Args:
        n_units: at least 1; with more units than blocks, units are assigned at random to blocks of nearly equal size
            (delete-group jackknife).
        seed: random seed of the assignment.
        blocks: maximum number of blocks.
    Returns: shape (min(n_units, blocks), n_units), read-only; zeros and ones.
    """
    # Blocks of several units have larger influences than single units, but the acceleration of `bca` is a ratio in
    # which a common factor cancels: no rescaling is needed.
    n_blocks = min(n_units, blocks)
    weights = _without(_jackknife_block(n_units, n_blocks, seed), np.arange(n_blocks))
    weights.flags.writeable = False
    return weights


def _jackknife_block(n_units: int, n_blocks: int, seed: int) -> npt.NDArray[np.int64]:
    """The block of each unit; shape (n_units,)."""
    block = np.arange(n_units) % n_blocks
    return block if n_units == n_blocks else np.random.default_rng(seed).permutation(block)


def _without(block: npt.NDArray[np.int64], left_out: npt.NDArray[np.int64]) -> StoredWeights:
    weights: StoredWeights = (block != left_out[:, None]).astype(np.int16)
    return weights


def percentile(resampled: Floats, level: float = 0.95) -> Interval:
    """Returns the percentile interval: the middle `level` of the resampled values. Too narrow with few units.

    Args:
        resampled: shape (n_resamples,); undefined values are NaN and are excluded and counted.
        level: in (0, 1).
    Raises: Undefined: no resample has a value.
    Source: Efron and Tibshirani 1993, chapter 13.
    """
    values = _defined_values(resampled)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), len(resampled) - len(values))


def bca(value: float, resampled: Floats, jackknifed: Floats, level: float = 0.95) -> Interval:
    """Returns the BCa interval: the percentile interval corrected for bias and skewness of the resampled values.

    Args:
        value: value on the original data.
        resampled: shape (n_resamples,); NaN is excluded and counted.
        jackknifed: shape (n_blocks,); values under `jackknife_weights`; NaN is excluded.
        level: in (0, 1).
    Returns: an interval of width 0 if all resampled values are equal.
    Raises: Undefined: no resample has a value.
    Source: Efron 1987; ties with `value` count half for the bias, as in scipy.stats.bootstrap.
    """
    values = _defined_values(resampled)
    share_below = (np.count_nonzero(values < value) + np.count_nonzero(values <= value)) / (2 * len(values))
    # A share of 0 or 1 would make the bias infinite; half a resample is the smallest share that n resamples can show.
    smallest_share = 0.5 / len(values)
    bias = NORMAL.inv_cdf(min(max(share_below, smallest_share), 1 - smallest_share))
    acceleration = _acceleration(jackknifed)
    quantiles = []
    for z in (NORMAL.inv_cdf((1 - level) / 2), NORMAL.inv_cdf((1 + level) / 2)):
        stretch = 1 - acceleration * (bias + z)
        # With a stretch of 0 or less the formula has no solution; its limit is the end of the scale on the side of z.
        quantiles.append(NORMAL.cdf(bias + (bias + z) / stretch) if stretch > 0 else float(z > 0))
    low, high = np.quantile(values, quantiles)
    return Interval(float(low), float(high), len(resampled) - len(values))


def bootstrap_t(unit_values: Floats, weights: Weights | StoredWeights | WeightBlocks, level: float = 0.95) -> Interval:
    """Returns the bootstrap-t interval of a mean over units, from resampled means over their own standard errors.

    Args:
        unit_values: shape (n_units,); NaN for a unit without a value, which the mean excludes.
        weights: shape (n_resamples, n_units), whole or in blocks; see `unit_weights`.
        level: in (0, 1).
    Returns: an interval of width 0 if all unit values are equal; not clipped to any bounds. Resamples with fewer than
        two defined values, or with equal values only, have no standard error and are excluded and counted.
    Raises: Undefined: fewer than two units have a value, or no resample has a standard error.
    Source: Efron and Tibshirani 1993, chapter 12.5.
    """
    defined = ~np.isnan(unit_values)
    n_defined = np.count_nonzero(defined)
    if n_defined < 2:
        raise Undefined("an interval needs at least two units with a value")
    values = unit_values[defined]
    mean = float(values.mean())
    if np.ptp(values) == 0:
        return Interval(mean, mean, 0)
    # Subtracting the mean first avoids cancellation in "sum of squares minus squared sum".
    deviations = values - mean
    # One matrix product gives the count, the sum and the sum of squares of every resample.
    columns = np.stack([np.ones(n_defined), deviations, deviations**2], axis=1)
    blocks = [weights] if isinstance(weights, np.ndarray) else weights.blocks()
    n, total, squares = np.concatenate([block[:, defined].astype(np.float64) @ columns for block in blocks]).T
    # A resample of one value drawn repeatedly has variance 0, but rounding can make it slightly positive: compare with
    # a tolerance relative to the variance of the data.
    variance = safe_divide(squares - safe_divide(total**2, n, otherwise=0), n - 1, otherwise=0)
    usable = (n > 1) & (variance > 1e-12 * deviations.var())
    if not usable.any():
        raise Undefined("no resample has two units with different values")
    studentized = (total[usable] / n[usable]) / np.sqrt(variance[usable] / n[usable])
    low, high = np.quantile(studentized, [(1 - level) / 2, (1 + level) / 2])
    standard_error = float(deviations.std(ddof=1)) / float(np.sqrt(n_defined))
    # The quantiles swap ends: a resampled mean far above the mean suggests that the mean itself is too high.
    return Interval(
        low=mean - float(high) * standard_error,
        high=mean - float(low) * standard_error,
        left_out=len(n) - len(studentized),
    )


def jackknife_t(value: float, jackknifed: Floats, bounds: tuple[float, float], level: float = 0.95) -> Interval:
    """Returns Student's t interval with the jackknife standard error; on the log-odds scale if both bounds are finite.

    Works with few units, and for metrics that are not means over units. The standard error is larger than the usual one
    by sqrt(n / (n - 1)), and the degrees of freedom are n - 2 because a ratio such as F1 estimates two sums: with
    n - 1, intervals of pooled metrics cover too little and equal systems differ significantly too often
    (docs/explanation/intervals.md).

    Args:
        value: value on the original data.
        jackknifed: shape (n_blocks,); values under `jackknife_weights`.
        bounds: lowest and highest possible value of the metric; (-inf, inf) for a difference.
        level: in (0, 1).
    Raises: Undefined: fewer than three blocks, a value that is undefined without some block, or a value at a bound,
        where the log-odds are infinite.
    Source: Tukey 1958; Miller 1974.
    """
    standard_error, degrees_of_freedom = jackknife_error(jackknifed)
    low, high = bounds
    half_width = student_quantile((1 + level) / 2, degrees_of_freedom) * standard_error
    if not (np.isfinite(low) and np.isfinite(high)):
        return Interval(value - half_width, value + half_width, 0)
    width = high - low
    share = (value - low) / width
    if not 0 < share < 1:
        raise Undefined("the value is at its bound")
    # The delta method carries the half-width over to log-odds: the derivative of logit at p is 1 / (p * (1 - p)). The
    # ends map back to values within the bounds.
    half_width /= share * (1 - share) * width
    log_odds = math.log(share) - math.log1p(-share)
    ends = [(1 + math.tanh((log_odds + side * half_width) / 2)) / 2 for side in (-1, 1)]
    return Interval(low + ends[0] * width, low + ends[1] * width, 0)


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> Interval:
    """Returns the exact binomial interval of the share hits / n.

    Args:
        hits: number of successes, 0 <= hits <= n.
        n: number of independent trials, at least 1.
        level: in (0, 1).
    Returns: an interval within [0, 1] that covers the true share with probability `level` or more.
    Source: Clopper and Pearson 1934.
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return Interval(low, high, 0)


def jackknife_error(jackknifed: Floats) -> tuple[float, int]:
    """Returns the jackknife standard error of a value, and its degrees of freedom; see `jackknife_t`.

    Raises: Undefined: fewer than three blocks, or a value that is undefined without some block.
    """
    n = len(jackknifed)
    if n < 3:
        raise Undefined("an interval needs at least three units")
    if np.isnan(jackknifed).any():
        raise Undefined("the value is undefined without one of the units")
    deviations = jackknifed - jackknifed.mean()
    # The usual factor (n - 1) / n before the sum is omitted on purpose; `jackknife_t` explains why.
    return float(np.sqrt(np.sum(deviations**2))), n - 2


def _defined_values(resampled: Floats) -> Floats:
    values = resampled[~np.isnan(resampled)]
    if not len(values):
        raise Undefined("no resample has a value")
    return values


def _acceleration(jackknifed: Floats) -> float:
    values = jackknifed[~np.isnan(jackknifed)]
    if len(values) < 2:
        return 0.0
    influence = values.mean() - values
    # The power is tested, not the sum: the power of a tiny positive sum can underflow to 0.
    scale = float(np.sum(influence**2)) ** 1.5
    return float(np.sum(influence**3)) / (6 * scale) if scale > 0 else 0.0
