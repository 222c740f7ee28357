"""Student's t and the binomial distribution, to 10 digits: importing SciPy's takes longer than a comparison."""

from __future__ import annotations

import math
from itertools import accumulate, count
from operator import mul
from statistics import NormalDist

EPSILON = 2.0**-53
EXACT_COUNT = 10_000
"""Trials up to which binomial coefficients are computed as integers."""
LARGE = 100
"""Argument from which the ratio of gamma functions is a series, exact to a double."""
RATIO_SERIES = (-1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304)
"""Coefficients of the powers of 1 / a in gamma(a + 1/2) / gamma(a) / sqrt(a), from the first."""


def student_tail(t: float, freedom: int) -> float:
    """Returns the probability that Student's t is above a value.

    Args:
        t: value, at least 0; for NaN the chance is NaN.
        freedom: degrees of freedom, at least 1.
    """
    if not t:
        return 0.5
    if math.isnan(t):  # the fraction below would never end
        return t
    a = freedom / 2
    # t is above with the chance I(a, 1/2; below) / 2, where I is the regularized incomplete beta function.
    above = 1 / (1 + (freedom / t) / t)
    below = 1 / (1 + (t / freedom) * t)
    density = _gamma_ratio(a) / math.sqrt(math.pi) * math.exp(-a * math.log1p((t / freedom) * t)) * math.sqrt(above)
    if below < (a + 1) / (a + 2.5):
        return density * _beta_fraction(a, 0.5, below) / freedom
    return 0.5 - density * _beta_fraction(0.5, a, above)


def student_quantile(share: float, freedom: int) -> float:
    """Returns the value that Student's t is below with a given chance.

    Args:
        share: chance, from 0.5 to below 1; for NaN the value is NaN.
        freedom: degrees of freedom, at least 1.
    """
    constant = _gamma_ratio(freedom / 2) / math.sqrt(math.pi * freedom)
    # The tail is convex and heavier than that of the normal distribution: Newton's method climbs from there to the root
    # and never beyond it, but for rounding.
    value = NormalDist().inv_cdf(share)
    while True:
        density = constant * math.exp(-(freedom + 1) / 2 * math.log1p(value * value / freedom))
        step = (student_tail(value, freedom) - (1 - share)) / density
        value += step
        if not step > 4 * EPSILON * value:  # nor is NaN
            return value


def binomial_below(hits: int, n: int) -> float:
    """Returns the chance of at most `hits` successes in `n` trials with a chance of one half each.

    Args:
        hits: number of successes, at most half of the trials: the terms of a larger number grow beyond a double.
        n: number of trials.
    """
    if n > EXACT_COUNT:
        from scipy.special import bdtr

        return float(bdtr(hits, n, 0.5))
    # Each term is the next larger number's times a ratio below 1.
    ratios = ((hits - i) / (n - hits + 1 + i) for i in range(hits))
    return math.comb(n, hits) / (1 << n) * math.fsum(accumulate(ratios, mul, initial=1.0))


def _gamma_ratio(a: float) -> float:
    """gamma(a + 1/2) / gamma(a)."""
    if a < LARGE:
        return math.gamma(a + 0.5) / math.gamma(a)
    terms = (coefficient / math.pow(a, power) for power, coefficient in enumerate(RATIO_SERIES, start=1))
    return math.sqrt(a) * (1 + sum(terms))


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, for x < (a + 1) / (a + b + 2).

    Source: DLMF 8.17.22, evaluated as Lentz does.
    """
    d = 1 / (1 - (a + b) * x / (a + 1))
    c, value = 1.0, d
    for m in count(1):
        for coefficient in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + coefficient * d)
            c = 1 + coefficient / c
            value *= c * d
        if abs(c * d - 1) <= 2 * EPSILON:
            break
    return value
