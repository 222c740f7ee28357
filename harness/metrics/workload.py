"""What a ranking is worth to a desk that reads so much of it, whichever article a claim comes from.

All claims stand in one ranking. Claims with equal scores are read side by side, each as far as the others: that is the
expectation over random orders where the budget counts claims, and the same rule where it counts characters.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Codes, Floats, Weights, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.sums import row_slices
from harness.metrics.ties import is_run_start, ranking_scores


class WorkloadMetric(Metric):
    """A metric of what is found when a part of the ranking is read."""

    needs: ClassVar = "scores"

    @abstractmethod
    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """The metric from positive claims found, positive claims and claims; each of shape (n_weightings,)."""

    @abstractmethod
    def budget(self, total: Floats) -> Floats:
        """What is read; shape (n_weightings,), as the sum of all costs is."""

    def costs(self, gold: Gold, groups: ResamplingGroups) -> Codes:
        """What reading each claim costs; shape (n_claims,)."""
        return np.ones(len(gold), dtype=np.int64)

    def check(self, gold: Gold) -> None:
        """Refuses data for which the metric is undefined.

        Raises: Undefined: no claim is positive in gold.
        """
        if not gold.positive.any():
            raise Undefined(f"no claim is '{gold.labels[-1]}' in gold")

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting; shape (n_weightings,), NaN where undefined under it."""
        self.check(gold)
        scores, cost = ranking_scores(run), self.costs(gold, groups)
        order = np.argsort(-scores, kind="stable")
        unit, cost, positive = groups.unit[order], cost[order], gold.positive[order].astype(np.int64)
        starts = np.flatnonzero(is_run_start(scores[order]))
        values = np.empty(len(weights))
        for rows in row_slices(len(weights), 3 * 8 * len(gold)):
            drawn = np.take(weights[rows], unit, axis=1)
            size = np.add.reduceat(drawn * cost, starts, axis=1)
            positives = np.add.reduceat(drawn * positive, starts, axis=1)
            values[rows] = self._read(size, positives, drawn.sum(axis=1).astype(np.float64))
        return values

    def _read(self, size: Codes, positives: Codes, n_claims: Floats) -> Floats:
        """The metric from the cost and the positive claims of each tie group; shape (n_weightings, n_groups)."""
        end = np.cumsum(size, axis=1)
        left = self.budget(end[:, -1].astype(np.float64))[:, None] - (end - size)
        read = np.clip(np.divide(left, size, out=np.zeros(size.shape), where=size > 0), 0, 1)
        return self.from_reading((positives * read).sum(axis=1), positives.sum(axis=1).astype(np.float64), n_claims)


class BudgetMetric(WorkloadMetric):
    """A metric of the first n claims of the ranking."""

    n: int = Field(default=100, ge=1)
    """How many claims are read in all."""

    def budget(self, total: Floats) -> Floats:
        """The same number of claims whatever was drawn."""
        return np.full(len(total), float(self.n))


class PooledPrecisionAt(BudgetMetric):
    """The share of positive claims among the first n of all; divided by n also where there are fewer.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold; the system gives no scores.
    """

    heading: ClassVar[str] = "P of {n} read"

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Found by read."""
        return np.where(positives > 0, hits / self.n, np.nan)


class PooledRecallAt(BudgetMetric):
    """The share of all positive claims that stand among the first n of all.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold; the system gives no scores.
    """

    heading: ClassVar[str] = "R of {n} read"

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Found by positive."""
        return safe_divide(hits, positives)


class ClaimsReadPerHit(BudgetMetric):
    """How many claims are read for each positive one found, when n are read; lower is better.

    Returns: values of at least 1. Undefined: none is found; the system gives no scores.
    """

    bounds: ClassVar[tuple[float, float]] = (1.0, float("inf"))
    higher_is_better: ClassVar[bool] = False
    heading: ClassVar[str] = "reads per find of {n}"

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting; shape (n_weightings,), NaN where nothing is found under it."""
        if np.isnan(super().values(gold, run, groups, np.ones((1, weights.shape[1]), dtype=np.int64))[0]):
            raise Undefined(f"no claim that is '{gold.labels[-1]}' in gold is among the first {self.n}")
        return super().values(gold, run, groups, weights)

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Read by found."""
        return safe_divide(np.minimum(total, self.n), hits)


class RecallAtTextFraction(WorkloadMetric):
    """The share of positive claims that is found when claims are read from the highest score on, up to a share of text.

    Text is counted in characters. A claim that the budget cuts counts by the part of it that is read.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold; the system gives no scores; the lengths of the
        claims are not known.
    """

    heading: ClassVar[str] = "R at {share:.0%} of text"

    share: float = Field(default=0.1, gt=0, le=1)
    """The share of all characters that is read."""

    def budget(self, total: Floats) -> Floats:
        """The share of the characters drawn."""
        return self.share * total

    def costs(self, gold: Gold, groups: ResamplingGroups) -> Codes:
        """The characters of each claim.

        Raises: Undefined: they are not known.
        """
        if groups.length is None:
            raise Undefined("the lengths of the claims are not known")
        return groups.length

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Found by positive."""
        return safe_divide(hits, positives)
