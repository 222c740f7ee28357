"""Metrics against the labels of all annotators: a label that half of them gave counts as half correct."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from harness.arrays import Floats, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Run
from harness.metrics.labels import LabelMetric
from harness.metrics.probabilities import PROBABILITY_EPSILON, probabilities_of
from harness.metrics.sums import SumMetric


def _shares(gold: Gold) -> Floats:
    if gold.shares is None:
        raise Undefined("no claim has labels from several annotators")
    return gold.shares


class SoftAccuracy(LabelMetric):
    """The mean share of a claim's annotators who gave the predicted label.

    The highest possible value is below 1 if annotators disagree. A claim without an answer counts as 0.

    Returns: values in [0, 1]. Undefined: no claim has several annotators; no claims.
    """

    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "soft Acc"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """The share of annotators who agree with the prediction, then a 1; shape (n_claims, 2)."""
        # Code -1 (no answer) cannot index a column: look up column 0 instead, and overwrite the result with 0.
        agreeing = np.take_along_axis(_shares(gold), np.maximum(run.predicted, 0)[:, None], axis=1)[:, 0]
        return np.stack([np.where(run.predicted >= 0, agreeing, 0.0), np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The mean over claims."""
        return safe_divide(sums[:, 0], sums[:, 1])


class SoftProbabilityMetric(SumMetric):
    """The mean over claims of a distance between probabilities and label shares of annotators; lower is better."""

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False

    def from_sums(self, sums: Floats) -> Floats:
        """The mean over claims."""
        return safe_divide(sums[:, 0], sums[:, 1])


class SoftBrier(SoftProbabilityMetric):
    """The mean over claims of half the squared distance between probabilities and label shares of annotators.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claim has several annotators; no claims.
    """

    heading: ClassVar[str] = "soft Brier"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Half the squared distance, then a 1; shape (n_claims, 2)."""
        distance = ((probabilities_of(run) - _shares(gold)) ** 2).sum(axis=1) / 2
        return np.stack([distance, np.ones(len(gold))], axis=1)


class SoftLogLoss(SoftProbabilityMetric):
    """The mean over claims of the cross-entropy of probabilities and label shares of annotators, in nats.

    Returns: values >= 0; the best value is the entropy of the annotators' labels. Undefined: as for `SoftBrier`.
    Source: Peterson et al. 2019, Human uncertainty makes classification more robust.
    """

    bounds: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    heading: ClassVar[str] = "soft log loss"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """The cross-entropy, then a 1; shape (n_claims, 2)."""
        logs = np.log(np.maximum(probabilities_of(run), PROBABILITY_EPSILON))
        return np.stack([-(_shares(gold) * logs).sum(axis=1), np.ones(len(gold))], axis=1)
