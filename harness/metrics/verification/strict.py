"""Verdicts that count only with their evidence."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from harness.arrays import Floats, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Run
from harness.metrics.sums import SumMetric

STRICT_PASSAGES = 5
"""Number of passages shown first with a claim that count as its evidence."""


class VerdictWithEvidence(SumMetric):
    """The share of claims with the right label and a whole gold evidence group among the first five passages shown.

    A claim without gold evidence needs the right label only. A system that is shown no passages is right on such claims
    alone.

    Returns: values in [0, 1]. Undefined: the task has no evidence; no claims.
    Source: the FEVER score of Thorne et al. 2018, for the passages that a system is shown.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "label+evidence"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Whether label and evidence are right, then a 1; shape (n_claims, 2).

        Raises: Undefined: the run is of a task without evidence.
        """
        if run.has_evidence is None:
            raise Undefined("the task shows no evidence with claims; it is a metric of verdicts")
        right = (run.predicted == gold.codes) & run.has_evidence
        return np.stack([right.astype(np.float64), np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The share of claims."""
        return safe_divide(sums[:, 0], sums[:, 1])
