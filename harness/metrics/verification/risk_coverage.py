"""Errors among the claims that a system answers, when it abstains from those that it is least sure of."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from harness.arrays import Bools, Codes, Floats, StoredWeights, Weights
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import ByWeights, Metric, ResamplingGroups, Run
from harness.metrics.sums import row_slices


def confidence(run: Run) -> Floats:
    """How sure a system is of each label that it predicts, shape (n_claims,); -inf for a claim without an answer.

    The highest probability; for scores that are no probabilities, the highest score minus the second highest.

    Raises: Undefined: the system outputs no scores.
    """
    if run.scores is None:
        raise Undefined("the system outputs only labels; abstaining needs scores")
    top = np.sort(run.scores, axis=1)[:, ::-1]
    sure: Floats = top[:, 0] if run.probabilities else top[:, 0] - top[:, 1]
    return np.where(run.predicted < 0, -np.inf, sure)


class RiskCoverage(NamedTuple):
    """The share of errors among the claims that are answered, for each number of them."""

    coverage: Floats
    """Share of claims that are answered, ascending, shape (n_levels,); equal confidence is answered together."""
    risk: Floats
    """Share of wrong labels among them, same shape."""


def risk_coverage(gold: Gold, run: Run) -> RiskCoverage:
    """The risk at every level of confidence, the surest claims first.

    Raises: Undefined: the system outputs no scores.
    """
    order, ends = _ranked(run)
    wrong = np.cumsum((run.predicted != gold.codes)[order])
    return RiskCoverage((ends + 1) / len(order), wrong[ends] / (ends + 1))


def _ranked(run: Run) -> tuple[Codes, Codes]:
    """The claims, the surest first, and the last place of each group of equal confidence."""
    sure = confidence(run)
    order: Codes = np.argsort(-sure, kind="stable")
    ranked = sure[order]
    ends: Codes = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return order, ends


class _Selective(Metric):
    """A metric of the errors among the claims that a system is surest of."""

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "scores"
    yes_or_no_only: ClassVar[bool] = False

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting; shape (n_weightings,), NaN without claims."""
        return self.by_weights(gold, run, groups)(weights)

    def by_weights(self, gold: Gold, run: Run, groups: ResamplingGroups) -> ByWeights:
        """`values` for many blocks of weightings; the claims are sorted once."""
        order, ends = _ranked(run)
        if not len(order):
            raise Undefined("there are no claims")
        wrong: Bools = (run.predicted != gold.codes)[order]
        unit = groups.unit[order]

        def under(weights: Weights | StoredWeights) -> Floats:
            values = np.empty(len(weights))
            for rows in row_slices(len(weights), 24 * len(order)):
                drawn = weights[rows][:, unit].astype(np.float64)
                n_claims, n_wrong = np.cumsum(drawn, axis=1)[:, ends], np.cumsum(drawn * wrong, axis=1)[:, ends]
                values[rows] = self.of_counts(n_claims, n_wrong)
            return values

        return under

    @abstractmethod
    def of_counts(self, n_claims: Floats, n_wrong: Floats) -> Floats:
        """The metric from the claims and the errors down to each level of confidence.

        Args:
            n_claims, n_wrong: shape (n_weightings, n_levels); the last level holds all claims.
        """


class RiskCoverageArea(_Selective):
    """The mean share of errors among the surest claims, over every number of them; lower is better.

    Equal confidence counts by its expectation over random orders.

    Returns: values in [0, 1]. Undefined: no claims; the system outputs no scores.
    Source: the area under the risk-coverage curve of Geifman et al. 2019, "Bias-Reduced Uncertainty Estimation".
    """

    higher_is_better: ClassVar[bool] = False
    heading: ClassVar[str] = "AURC"

    def of_counts(self, n_claims: Floats, n_wrong: Floats) -> Floats:
        """The area from the counts."""
        from scipy.special import digamma

        zero = np.zeros((len(n_claims), 1))
        before, wrong_before = np.hstack([zero, n_claims[:, :-1]]), np.hstack([zero, n_wrong[:, :-1]])
        size = n_claims - before
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(size > 0, (n_wrong - wrong_before) / size, 0.0)
            # The sum over j = 1..size of (wrong_before + share j) / (before + j).
            reciprocals = digamma(n_claims + 1) - digamma(before + 1)
            sums = share * size + (wrong_before - share * before) * reciprocals
            area: Floats = sums.sum(axis=1) / n_claims[:, -1]
        return area


class AccuracyAtCoverage(_Selective):
    """The accuracy over the share of claims that a system is surest of, when it abstains from the others.

    Equal confidence at the limit counts by its expectation over random orders.

    Returns: values in [0, 1]. Undefined: no claims; the system outputs no scores.
    """

    heading: ClassVar[str] = "acc@{coverage:.0%}"

    coverage: float = Field(default=0.5, gt=0, le=1)
    """Share of claims that are answered."""

    def of_counts(self, n_claims: Floats, n_wrong: Floats) -> Floats:
        """The accuracy from the counts."""
        answered = self.coverage * n_claims[:, -1]
        wrong = np.array(
            [
                np.interp(limit, np.append(0.0, claims), np.append(0.0, errors))
                for limit, claims, errors in zip(answered, n_claims, n_wrong, strict=True)
            ]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracy: Floats = 1 - wrong / answered
        return accuracy
