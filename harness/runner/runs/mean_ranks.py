"""Mean ranks of systems over datasets, and which of them differ: Friedman's and Nemenyi's tests, as Demsar 2006."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from harness.arrays import Floats

ALPHA = 0.05
MIN_SYSTEMS = 3
"""Fewest systems that the tests are for."""
MIN_EXACT = (10, 5)
"""Numbers of datasets and of systems up to which the distribution of Friedman's statistic is approximate."""


class MeanRanks(NamedTuple):
    """Systems by their mean rank over datasets; rank 1 is best, and equal values share their mean rank."""

    systems: tuple[str, ...]
    """The best first."""
    ranks: tuple[float, ...]
    n_datasets: int
    p: float | None
    """Friedman's test that all systems are equal, by the F statistic of Iman and Davenport; None for too few datasets
    or systems."""
    critical_difference: float | None
    """Mean ranks that lie further apart differ (Nemenyi, alpha .05); None for too few datasets or systems."""
    note: str
    """What the numbers allow to say."""

    def differing(self) -> list[tuple[str, str]]:
        """The pairs of systems that differ, the better one first; none unless Friedman's test finds a difference."""
        if self.critical_difference is None or self.p is None or self.p >= ALPHA:
            return []
        pairs = combinations(range(len(self.systems)), 2)
        least = self.critical_difference
        return [(self.systems[a], self.systems[b]) for a, b in pairs if self.ranks[b] - self.ranks[a] > least]


def mean_ranks(systems: tuple[str, ...], values: Floats) -> MeanRanks:
    """Ranks systems on each dataset and averages the ranks.

    Args:
        systems: names.
        values: shape (n_systems, n_datasets); a larger one is better.
    """
    from scipy.stats import rankdata

    ranks = rankdata(-values, axis=0).mean(axis=1)
    order = sorted(range(len(systems)), key=lambda number: (ranks[number], number))
    k, n = values.shape
    p = difference = None
    if k < MIN_SYSTEMS:
        note = f"{k} systems: Friedman's and Nemenyi's tests need {MIN_SYSTEMS}"
    elif n < (least := fewest_datasets(k)):
        note = (
            f"too few datasets to tell {k} systems apart by their ranks: with {n}, even one that is best on each does "
            f"not differ from one that is worst on each; {least} or more are needed"
        )
    else:
        p, difference = friedman_p(ranks, n), critical_difference(k, n)
        note = "mean ranks that are closer than the critical difference do not differ (Nemenyi, alpha .05)"
        if p >= ALPHA:
            note = "Friedman's test finds no difference between the systems, so no pair of them is said to differ"
        if n <= MIN_EXACT[0] or k <= MIN_EXACT[1]:
            note += f"; approximate with up to {MIN_EXACT[0]} datasets or {MIN_EXACT[1]} systems"
    names, sorted_ranks = tuple(systems[i] for i in order), tuple(float(ranks[i]) for i in order)
    return MeanRanks(names, sorted_ranks, n, p, difference, note)


def critical_difference(n_systems: int, n_datasets: int) -> float:
    """Nemenyi's critical difference of mean ranks (Demsar 2006, section 3.2.2)."""
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - ALPHA, n_systems, np.inf)) / 2**0.5
    return float(q * (n_systems * (n_systems + 1) / (6 * n_datasets)) ** 0.5)


def fewest_datasets(n_systems: int) -> int:
    """The number of datasets from which on systems can differ at all: mean ranks are at most k - 1 apart."""
    return int((critical_difference(n_systems, 1) / (n_systems - 1)) ** 2) + 1


def friedman_p(ranks: Floats, n_datasets: int) -> float:
    """The p-value of Friedman's test by the F statistic of Iman and Davenport (Demsar 2006, section 3.2.2).

    Args:
        ranks: mean rank of each system.
    """
    from scipy.stats import f

    k = len(ranks)
    chi_squared = 12 * n_datasets / (k * (k + 1)) * (float((ranks**2).sum()) - k * (k + 1) ** 2 / 4)
    rest = n_datasets * (k - 1) - chi_squared
    if rest <= 1e-9:  # every dataset ranks the systems alike
        return 0.0
    return float(f.sf((n_datasets - 1) * chi_squared / rest, k - 1, (k - 1) * (n_datasets - 1)))
