"""The randomization test: random exchanges of whole units between two systems."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Weights
from harness.data.claims import Gold
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import mean_over_seeds


class Exchanges(NamedTuple):
    """Random exchanges, the same for every pair of systems and every metric.

    The claims of both systems are stacked into one table with twice the units. A 0-or-1 weight then selects, for each
    unit, whose output counts, so all exchanges are one vectorized call per side.
    """

    gold: Gold
    """Gold of the claims, twice."""
    groups: ResamplingGroups
    """Articles and units of both systems, each with codes of its own."""
    sides: tuple[Weights, Weights]
    """Weights of the units for the two sides, each of shape (n_draws, 2 * n_units)."""


def draw_exchanges(gold: Gold, groups: ResamplingGroups, *, seed: int, draws: int) -> Exchanges:
    """Draw random exchanges.

    Args:
        gold: shape (n_claims,).
        groups: articles and resampling units; codes without gaps.
        seed: random seed; equal arguments give the same exchanges.
        draws: number of exchanges.
    """
    n_units = int(groups.unit.max()) + 1
    swapped = np.random.default_rng(seed).integers(0, 2, size=(draws, n_units))
    length = None if groups.length is None else np.concatenate([groups.length] * 2)
    return Exchanges(
        gold=gold.take(np.tile(np.arange(len(gold)), 2)),
        groups=ResamplingGroups(_twice(groups.article), _twice(groups.unit), length),
        sides=(np.hstack([1 - swapped, swapped]), np.hstack([swapped, 1 - swapped])),
    )


def randomization_p(
    metric: Metric, runs_a: Sequence[Run], runs_b: Sequence[Run], exchanges: Exchanges, *, observed: float
) -> float:
    """The share of exchanges with at least the observed difference; the data themselves count as one.

    Args:
        metric: any metric that compares labels, or averages over units.
        runs_a: runs of the first system, one per random seed, or one that serves every seed.
        runs_b: runs of the second system.
        exchanges: the exchanges of whole units.
        observed: difference of the two systems.
    """
    # Each system is the mean over its runs, so runs are repeated until both systems have equally many: one run of a
    # system that no seed changes stands against every run of the other.
    n_runs = lcm(len(runs_a), len(runs_b))
    runs = [_stack_runs(runs_a[number % len(runs_a)], runs_b[number % len(runs_b)]) for number in range(n_runs)]
    first_side, second_side = (
        mean_over_seeds(metric, exchanges.gold, runs, exchanges.groups, weights) for weights in exchanges.sides
    )
    differences = np.abs(first_side - second_side)
    differences = differences[~np.isnan(differences)]
    # The tolerance keeps exchanges that equal the observed difference but for rounding. Counting the data themselves
    # (+ 1) keeps the p-value above 0 and the test valid.
    n_as_large = np.count_nonzero(differences >= abs(observed) - 1e-12)
    return float((n_as_large + 1) / (len(differences) + 1))


def _twice(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The codes of two copies of the claims; the second copy has codes of its own."""
    return np.concatenate([codes, codes + int(codes.max()) + 1])


def _stack_runs(a: Run, b: Run) -> Run:
    """One run over the claims of `a` followed by those of `b`."""
    scores = None if a.scores is None or b.scores is None else np.concatenate([a.scores, b.scores])
    shown = None
    if a.has_evidence is not None and b.has_evidence is not None:
        shown = np.concatenate([a.has_evidence, b.has_evidence])
    predicted = np.concatenate([a.predicted, b.predicted])
    return Run(scores, predicted, a.probabilities and b.probabilities, has_evidence=shown)
