"""Ranking metrics over all claims together, whichever article they come from."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, Weights, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.sums import row_slices
from harness.metrics.ties import TieGroups, is_run_start, precision_sums, ranking_scores


class PooledTies:
    """The tie groups of one list of claims, to be counted under any weighting of their units.

    Args:
        positive, scores, unit: shape (n_claims,); at least one claim is positive.
    """

    def __init__(self, positive: npt.NDArray[np.bool_], scores: Floats, unit: Codes) -> None:
        order = np.argsort(-scores, kind="stable")
        first = is_run_start(scores[order])
        group = np.cumsum(first) - 1
        ranked = positive[order]
        self.unit = unit[order]
        self.starts = np.flatnonzero(first)
        self.positive_unit = self.unit[ranked]
        self.holding, self.positive_starts = np.unique(group[ranked], return_index=True)

    def count(self, weights: Weights) -> tuple[TieGroups, Codes]:
        """The groups that hold a positive claim, each claim counted as often as its unit is drawn.

        Returns: counts of shape (n_weightings, n_groups), and the number of claims drawn, shape (n_weightings,).
        """
        size = np.take(weights, self.unit, axis=1)
        if len(self.starts) < len(self.unit):
            size = np.add.reduceat(size, self.starts, axis=1)
        end = np.cumsum(size, axis=1)
        total = end[:, -1].copy()
        size, end = size[:, self.holding], end[:, self.holding]
        positives = np.add.reduceat(np.take(weights, self.positive_unit, axis=1), self.positive_starts, axis=1)
        return TieGroups(end - size, size, np.cumsum(positives, axis=1) - positives, positives), total


class PooledMetric(Metric):
    """A ranking metric over all claims together; ties count as their expectation over random orders.

    A claim drawn w times in a resample is w tied copies of it.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "scores"

    @abstractmethod
    def from_ties(self, ties: TieGroups, total: Codes) -> Floats:
        """The metric from counts of the tie groups that hold a positive claim; shape (n_weightings,)."""

    def check(self, gold: Gold) -> None:
        """Refuses data for which the metric is undefined.

        Raises: Undefined: no claim is positive in gold.
        """
        if not gold.positive.any():
            raise Undefined(f"no claim is '{gold.labels[-1]}' in gold")

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting; shape (n_weightings,), NaN where undefined under it."""
        self.check(gold)
        ties = PooledTies(gold.positive, ranking_scores(run), groups.unit)
        values = np.empty(len(weights))
        for rows in row_slices(len(weights), 3 * 8 * len(gold)):
            values[rows] = self.from_ties(*ties.count(weights[rows]))
        return values


class AveragePrecision(PooledMetric):
    """The mean, over positive claims, of the precision at the claim's rank, in one ranking of all claims.

    Its expectation over random orders of claims with equal scores, so file order cannot matter.

    Returns: values in (0, 1]. Undefined: no claim is positive in gold; the system gives no scores.
    Source: McSherry and Najork 2008 for ties; without ties scikit-learn's average_precision_score.
    """

    heading: ClassVar[str] = "AP"

    def from_ties(self, ties: TieGroups, total: Codes) -> Floats:
        """The precisions of all groups by the number of positives."""
        return safe_divide(precision_sums(ties).sum(axis=1), ties.positives.sum(axis=1).astype(np.float64))


class RocAuc(PooledMetric):
    """The share of pairs of a positive and another claim in which the positive one scores higher; ties count half.

    Returns: values in [0, 1]; 0.5 by chance. Undefined: gold has no positive claim, or only positive ones; the
        system gives no scores.
    Source: scikit-learn's roc_auc_score.
    """

    heading: ClassVar[str] = "AUC"

    def check(self, gold: Gold) -> None:
        """Refuses data for which the metric is undefined.

        Raises: Undefined: no claim is positive in gold, or all are.
        """
        super().check(gold)
        if gold.positive.all():
            raise Undefined(f"every claim is '{gold.labels[-1]}' in gold")

    def from_ties(self, ties: TieGroups, total: Codes) -> Floats:
        """Pairs won by the number of pairs."""
        n_positive = ties.positives.sum(axis=1)
        n_negative = total - n_positive
        tied = ties.size - ties.positives
        beaten = n_negative[:, None] - (ties.before - ties.positives_before) - tied / 2
        return safe_divide((ties.positives * beaten).sum(axis=1), (n_positive * n_negative).astype(np.float64))
