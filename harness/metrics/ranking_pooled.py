"""Ranking metrics over one ranking of the claims of all articles."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, StoredWeights, Weights, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import ByWeights, Metric, ResamplingGroups, Run
from harness.metrics.sums import BYTES_IN_CACHE, row_slices
from harness.metrics.ties import TieGroups, is_run_start, precision_sums, ranking_scores


class PooledTies:
    """The tie groups of one list of claims, which `count` counts under any weighting of the units.

    Args:
        positive: whether each claim is positive, shape (n_claims,); at least one is.
        scores: score of each claim, same shape.
        unit: resampling unit of each claim, same shape.
    """

    def __init__(self, positive: npt.NDArray[np.bool_], scores: Floats, unit: Codes) -> None:
        # Sorting happens once here; every weighting then needs sums over runs of the sorted claims only.
        order = np.argsort(-scores, kind="stable")
        is_group_start = is_run_start(scores[order])
        group = np.cumsum(is_group_start) - 1
        is_positive = positive[order]
        self.unit = unit[order]
        self.positive_unit = self.unit[is_positive]
        # Groups without a positive claim only matter for the ranks of others, which the cumulative sums have.
        with_positive, positive_starts = np.unique(group[is_positive], return_index=True)
        ends = np.append(np.flatnonzero(is_group_start), len(scores))
        self.starts, self.ends = ends[with_positive], ends[with_positive + 1]
        self.positive_ends = np.append(positive_starts, len(self.positive_unit))
        self.one_positive_each = len(with_positive) == len(self.positive_unit)
        self.one_claim_each = bool((self.ends - self.starts == 1).all())

    def count(self, weights: Weights | StoredWeights) -> tuple[TieGroups, Codes]:
        """The counts of the groups that have a positive claim, with each claim counted as often as its unit is drawn.

        Args:
            weights: shape (n_weightings, n_units).
        Returns: counts of shape (n_weightings, n_groups), and the number of drawn claims, shape (n_weightings,).
        """
        drawn = _cumulated(weights, self.unit)
        before = np.take(drawn, self.starts, axis=1, mode="clip")
        positives_up_to = _cumulated(weights, self.positive_unit)
        if not self.one_positive_each:
            positives_up_to = np.take(positives_up_to, self.positive_ends, axis=1)
        positives_before = positives_up_to[:, :-1]
        positives = positives_up_to[:, 1:] - positives_before
        size = positives if self.one_claim_each else np.take(drawn, self.ends, axis=1, mode="clip") - before
        return TieGroups(before, size, positives_before, positives), drawn[:, -1].copy()


def _cumulated(weights: Weights | StoredWeights, unit: Codes) -> Codes:
    """How many of the first 0, 1, 2, ... claims are drawn; shape (n_weightings, n_claims + 1)."""
    # No place is out of bounds; "clip" does not check it, which takes a third of the time.
    drawn = np.empty((len(weights), len(unit) + 1), dtype=np.int64)
    drawn[:, 0] = 0
    np.cumsum(np.take(weights, unit, axis=1, mode="clip"), axis=1, dtype=np.int64, out=drawn[:, 1:])
    return drawn


class PooledMetric(Metric):
    """A metric of one ranking of all claims; ties count by their expectation over random orders.

    A claim drawn w times in a resample counts as w tied copies of the claim.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "scores"

    @abstractmethod
    def from_ties(self, ties: TieGroups, total: Codes) -> Floats:
        """The metric from the counts of the tie groups that have a positive claim.

        Args:
            ties: arrays of shape (n_weightings, n_groups).
            total: number of drawn claims, shape (n_weightings,).
        Returns: shape (n_weightings,); NaN where undefined.
        """

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
        ties = PooledTies(gold.positive, ranking_scores(run), groups.unit)

        def under(weights: Weights | StoredWeights) -> Floats:
            values = np.empty(len(weights))
            # Counting holds about three arrays of 8-byte numbers per claim and weighting at once.
            for rows in row_slices(len(weights), 3 * 8 * len(gold), BYTES_IN_CACHE):
                values[rows] = self.from_ties(*ties.count(weights[rows]))
            return values

        return under


class AveragePrecision(PooledMetric):
    """The mean over positive claims of the precision at the claim's rank, in one ranking of all claims.

    Tied claims count by their expectation over random orders, so file order does not matter.

    Returns: values in (0, 1]. Undefined: no claim is positive in gold; the system outputs no scores.
    Source: McSherry and Najork 2008 for ties; without ties, scikit-learn's average_precision_score.
    """

    heading: ClassVar[str] = "AP"

    def from_ties(self, ties: TieGroups, total: Codes) -> Floats:
        """The sum of the precisions, divided by the number of positives."""
        return safe_divide(precision_sums(ties).sum(axis=1), ties.positives.sum(axis=1).astype(np.float64))


class RocAuc(PooledMetric):
    """The share of pairs of a positive and a negative claim in which the positive scores higher; ties count as half.

    Returns: values in [0, 1]; 0.5 by chance. Undefined: gold has no positive claim, or only positive claims; the
        system outputs no scores.
    Source: scikit-learn's roc_auc_score.
    """

    heading: ClassVar[str] = "AUC"

    def check(self, gold: Gold) -> None:
        """Check that the metric is defined for the data.

        Raises: Undefined: gold has no positive claim, or only positive claims.
        """
        super().check(gold)
        if gold.positive.all():
            raise Undefined(f"every claim has gold label '{gold.names[-1]}'")

    def from_ties(self, ties: TieGroups, total: Codes) -> Floats:
        """Pairs won, divided by all pairs."""
        n_positive = ties.positives.sum(axis=1)
        n_negative = total - n_positive
        tied_negatives = ties.size - ties.positives
        # A positive claim beats the negatives that are not above its group, and ties with those in it.
        negatives_beaten = n_negative[:, None] - (ties.before - ties.positives_before) - tied_negatives / 2
        pairs_won = (ties.positives * negatives_beaten).sum(axis=1)
        return safe_divide(pairs_won, (n_positive * n_negative).astype(np.float64))
