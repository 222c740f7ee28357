"""Metrics of the top of one ranking of all claims, read up to a budget of claims or characters.

Claims with equal scores are read in parallel, each to the same fraction. For a budget of claims, this equals the
expectation over random orders; a budget of characters follows the same rule.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Codes, Floats, StoredWeights, Weights, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import ByWeights, Metric, ResamplingGroups, Run
from harness.metrics.sums import BYTES_IN_CACHE, row_slices
from harness.metrics.ties import is_run_start, ranking_scores


class WorkloadMetric(Metric):
    """A metric of the positive claims found by reading the top of the ranking."""

    needs: ClassVar = "scores"

    @abstractmethod
    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """The metric from the numbers of claims.

        Args:
            hits: expected number of positive claims that are read, shape (n_weightings,).
            positives: number of positive claims, same shape.
            total: number of claims, same shape.
        Returns: shape (n_weightings,); NaN where undefined.
        """

    @abstractmethod
    def budget(self, total: Floats) -> Floats:
        """The cost that may be spent on reading.

        Args:
            total: cost of reading all drawn claims, shape (n_weightings,).
        Returns: shape (n_weightings,).
        """

    def costs(self, gold: Gold, groups: ResamplingGroups) -> Codes:
        """The cost of reading each claim; shape (n_claims,). By default, 1 per claim."""
        return np.ones(len(gold), dtype=np.int64)

    def check(self, gold: Gold) -> None:
        """Check that the metric is defined for the data.

        Raises: Undefined: no claim is positive in gold.
        """
        if not gold.positive.any():
            raise Undefined(f"no claim has gold label '{gold.names[-1]}'")

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting; shape (n_weightings,), NaN where undefined."""
        return self.by_weights(gold, run, groups)(weights)

    def by_weights(self, gold: Gold, run: Run, groups: ResamplingGroups) -> ByWeights:
        """`values` for many blocks of weightings; the claims are sorted once."""
        self.check(gold)
        scores = ranking_scores(run)
        cost = self.costs(gold, groups)
        # Sort once; every weighting then only sums over the tie groups of the sorted claims.
        order = np.argsort(-scores, kind="stable")
        unit = groups.unit[order]
        cost = cost[order]
        positive = gold.positive[order].astype(np.int64)
        starts = np.flatnonzero(is_run_start(scores[order]))

        def under(weights: Weights | StoredWeights) -> Floats:
            values = np.empty(len(weights))
            # About three arrays of 8-byte numbers per claim and weighting exist at once.
            for rows in row_slices(len(weights), 3 * 8 * len(gold), BYTES_IN_CACHE):
                drawn = np.take(weights[rows], unit, axis=1).astype(np.int64, copy=False)
                group_cost = np.add.reduceat(drawn * cost, starts, axis=1)
                positives = np.add.reduceat(drawn * positive, starts, axis=1)
                values[rows] = self._from_groups(group_cost, positives, drawn.sum(axis=1).astype(np.float64))
            return values

        return under

    def _from_groups(self, cost: Codes, positives: Codes, n_claims: Floats) -> Floats:
        """The metric from the cost and the number of positive claims of each tie group.

        Args:
            cost: shape (n_weightings, n_groups), best group first.
            positives: same shape.
            n_claims: number of drawn claims, shape (n_weightings,).
        """
        cost_up_to = np.cumsum(cost, axis=1)
        remaining = self.budget(cost_up_to[:, -1].astype(np.float64))[:, None] - (cost_up_to - cost)
        # 1 for groups within the budget, 0 for those beyond it, and a fraction for the group that the budget cuts.
        fraction_read = np.clip(np.divide(remaining, cost, out=np.zeros(cost.shape), where=cost > 0), 0, 1)
        hits = (positives * fraction_read).sum(axis=1)
        return self.from_reading(hits, positives.sum(axis=1).astype(np.float64), n_claims)


class BudgetMetric(WorkloadMetric):
    """A metric of the first n claims of the ranking."""

    n: int = Field(default=100, ge=1)
    """Number of claims read in total."""

    def budget(self, total: Floats) -> Floats:
        """The same number of claims under every weighting."""
        return np.full(len(total), float(self.n))


class PooledPrecisionAt(BudgetMetric):
    """The share of positive claims among the first n of all claims; the divisor is n even if there are fewer.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold; the system outputs no scores.
    """

    heading: ClassVar[str] = "pooled P@{n}"

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Hits / claims read."""
        # Precision without positive claims would be 0 for every system; undefined, as in the unweighted data.
        return np.where(positives > 0, hits / self.n, np.nan)


class PooledRecallAt(BudgetMetric):
    """The share of all positive claims that rank among the first n of all claims.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold; the system outputs no scores.
    """

    heading: ClassVar[str] = "pooled R@{n}"

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Hits / positive claims."""
        return safe_divide(hits, positives)


class ClaimsReadPerHit(BudgetMetric):
    """The number of claims read per positive claim found, among the first n of all claims; lower is better.

    Returns: values >= 1. Undefined: no positive claim is found; the system outputs no scores.
    """

    bounds: ClassVar[tuple[float, float]] = (1.0, float("inf"))
    higher_is_better: ClassVar[bool] = False
    heading: ClassVar[str] = "claims read per hit@{n}"

    def by_weights(self, gold: Gold, run: Run, groups: ResamplingGroups) -> ByWeights:
        """See `WorkloadMetric.by_weights`; NaN where no positive claim is found."""
        under = super().by_weights(gold, run, groups)
        unweighted = np.ones((1, int(np.max(groups.unit, initial=-1)) + 1), dtype=np.int64)
        if np.isnan(under(unweighted)[0]):
            raise Undefined(f"no claim with gold label '{gold.names[-1]}' is among the first {self.n}")
        return under

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Claims read / hits."""
        return safe_divide(np.minimum(total, self.n), hits)


class RecallAtTextFraction(WorkloadMetric):
    """The share of positive claims found by reading a fraction of the text, from the highest score down.

    Text is counted in characters. A claim that the budget cuts counts by the fraction of it that is read.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold; the system outputs no scores; the lengths of the
        claims are unknown.
    """

    heading: ClassVar[str] = "R@{share:.0%} of text"

    share: float = Field(default=0.1, gt=0, le=1)
    """Fraction of all characters that is read."""

    def budget(self, total: Floats) -> Floats:
        """The fraction of all drawn characters."""
        return self.share * total

    def costs(self, gold: Gold, groups: ResamplingGroups) -> Codes:
        """The number of characters of each claim; shape (n_claims,).

        Raises: Undefined: the lengths of the claims are unknown.
        """
        if groups.length is None:
            raise Undefined("the lengths of the claims are unknown")
        return groups.length

    def from_reading(self, hits: Floats, positives: Floats, total: Floats) -> Floats:
        """Hits / positive claims."""
        return safe_divide(hits, positives)
