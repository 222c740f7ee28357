"""A power law through the values of a learning curve, and what it expects of twice the training claims."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.arrays import Floats

EXPONENTS = np.geomspace(0.05, 3.0, 60)
"""Candidates of the exponent. The smallest is near a straight line over the logarithm of the size, which is the slowest
way to level off; the largest levels off at once."""
LEVEL = 0.95


class PowerLaw(NamedTuple):
    """`limit - drop * size ** -exponent`, with the size 1 for all training claims."""

    limit: float
    drop: float
    exponent: float
    gain: float
    """Expected change of the metric by twice the training claims, from size 1 to size 2."""
    low: float
    """Lower end of the 95 percent interval of the change."""
    high: float

    def at(self, sizes: Floats) -> Floats:
        """The value at some sizes."""
        return self.limit - self.drop * sizes**-self.exponent


def fit_power_law(
    sizes: Floats, values: Floats, resampled: Floats, *, bounds: tuple[float, float], random_seed: int = 13
) -> PowerLaw:
    """Fits a power law by least squares, and the change by doubling with an interval.

    The interval has two parts. The resamples, which all sizes share, carry what depends on the test articles. What
    depends on the training articles that a size happens to have shows as scatter around the law; scatter of that size,
    with the degrees of freedom that the sizes leave, is added to the values of each resample.

    Args:
        sizes: shares of the training claims, shape (n_sizes,), at least four that differ.
        values: metric at each size, shape (n_sizes,).
        resampled: metric at each size under the same resamples, shape (n_sizes, n_resamples); NaN is left out.
        bounds: lowest and highest possible value of the metric, which the limit does not leave.
        random_seed: random seed of the scatter.
    """
    limit, drop, exponent, squares = (column[0] for column in _fit(sizes, values[None, :], bounds))
    usable = resampled[:, ~np.isnan(resampled).any(axis=0)].T
    freedom = max(len(sizes) - 3, 1)
    random = np.random.default_rng(random_seed)
    # The variance behind the scatter is itself uncertain, as a chi-squared variable of these degrees of freedom.
    spread = np.sqrt(squares / random.chisquare(freedom, size=(len(usable), 1)))
    scattered = usable + spread * random.standard_normal(usable.shape)
    _, drops, exponents, _ = _fit(sizes, scattered, bounds)
    gains = drops * (1 - 2.0**-exponents)
    low, high = np.quantile(gains, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    gain = drop * (1 - 2.0**-exponent)
    return PowerLaw(float(limit), float(drop), float(exponent), float(gain), float(low), float(high))


def _fit(sizes: Floats, values: Floats, bounds: tuple[float, float]) -> tuple[Floats, Floats, Floats, Floats]:
    """Least squares for many curves at once: limit, drop, exponent and sum of squares of each, shape (n_curves,)."""
    best = np.full((4, len(values)), np.inf)
    for exponent in EXPONENTS:
        # Given the exponent, the law is a straight line in -size ** -exponent.
        x = -(sizes**-exponent)
        centered = x - x.mean()
        drop = (values @ centered) / (centered @ centered)
        limit = values.mean(axis=1) - drop * x.mean()
        residuals = values - limit[:, None] - drop[:, None] * x
        squares = np.sum(residuals**2, axis=1)
        # A limit that the metric cannot have belongs to no law, but the last candidate stands in if there is no other.
        is_possible = (limit >= bounds[0]) & (limit <= bounds[1]) | (exponent == EXPONENTS[-1]) & np.isinf(best[3])
        better = is_possible & (squares < best[3])
        best[:, better] = np.stack([limit, drop, np.full(len(values), exponent), squares])[:, better]
    return best[0], best[1], best[2], best[3]
