"""Metrics of probabilities."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Floats, Run
from harness.metrics.sums import SumMetric, ratio


class Brier(SumMetric):
    """The mean over claims of half the squared distance between the probabilities and the gold label; lower is better.

    With two labels this is the usual (p - y)^2 of the positive label; with more it is half of Brier's sum, so that
    the worst value is 1 for any number of labels. A claim without an answer counts by its probabilities.

    Returns: values in [0, 1]. Undefined: the scores are not probabilities; no claims.
    Source: Brier 1950; scikit-learn's brier_score_loss with scale_by_half=True.
    """

    reads: ClassVar[Literal["labels", "scores", "probabilities"]] = "probabilities"
    higher_is_better: ClassVar[bool] = False
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "Brier"

    def columns(self, gold: Gold, run: Run) -> Floats:
        """Half the squared distance, and one for every claim; shape (n_claims, 2).

        Raises: Undefined: the run has no probabilities.
        """
        if run.scores is None:
            raise Undefined("the system gives labels only, no probabilities")
        if not run.probabilities:
            raise Undefined("the scores are not probabilities; calibrate the system first")
        actual = gold.codes[:, None] == np.arange(len(gold.labels))
        return np.stack([((run.scores - actual) ** 2).sum(axis=1) / 2, np.ones(len(gold))], axis=1)

    def of_sums(self, sums: Floats) -> Floats:
        """The mean over claims."""
        return ratio(sums[:, 0], sums[:, 1])

    def reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"
