"""Metrics of predicted labels. A claim without an answer is wrong, and is never counted as some default label."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, safe_divide
from harness.data.claims import Gold
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.sums import SumMetric


class LabelMetric(SumMetric):
    """A metric of predicted labels. Ties do not arise; the order of the claims does not matter."""

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """How many claims have no answer, where there are any, and what their answers could have made of the value."""
        silent = run.predicted < 0
        if not silent.any():
            return None
        other = (gold.codes + 1) % len(gold.labels)
        worst, best = (self._filled(gold, run, np.where(silent, codes, run.predicted)) for codes in (other, gold.codes))
        return f"{silent.sum()} of {len(gold)} claims without an answer: {worst} if all were wrong, {best} if all right"

    def _filled(self, gold: Gold, run: Run, predicted: Codes) -> str:
        filled = self.summands(gold, replace(run, predicted=predicted)).sum(axis=0, keepdims=True)
        value = float(self.from_sums(filled)[0])
        return "undefined" if np.isnan(value) else f"{value:.3f}"


class Accuracy(LabelMetric):
    """The share of claims whose predicted label is the gold label; a claim without an answer is wrong.

    Returns: values in [0, 1]. Undefined: no claims.
    """

    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "Acc"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Right, and one for every claim; shape (n_claims, 2)."""
        return np.stack([run.predicted == gold.codes, np.ones(len(gold))], axis=1).astype(np.float64)

    def from_sums(self, sums: Floats) -> Floats:
        """Right claims among claims."""
        return safe_divide(sums[:, 0], sums[:, 1])

    def hits(self, gold: Gold, run: Run) -> npt.NDArray[np.bool_]:
        """Whether each claim is right."""
        return np.asarray(run.predicted == gold.codes)

    def undefined_reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"


class PositiveLabelMetric(LabelMetric):
    """A metric of the positive label, which is the last one."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Positive in both, predicted positive, positive in gold; shape (n_claims, 3)."""
        predicted = run.predicted == len(gold.labels) - 1
        return np.stack([predicted & gold.positive, predicted, gold.positive], axis=1).astype(np.float64)


class Precision(PositiveLabelMetric):
    """The share of the claims predicted positive that are positive in gold.

    Returns: values in [0, 1]. Undefined: no claim is predicted positive.
    """

    heading: ClassVar[str] = "P"

    def from_sums(self, sums: Floats) -> Floats:
        """True positives among predicted positives."""
        return safe_divide(sums[:, 0], sums[:, 1])

    def undefined_reason(self, gold: Gold) -> str:
        """Nothing predicted positive."""
        return f"no claim is predicted '{gold.labels[-1]}'"


class Recall(PositiveLabelMetric):
    """The share of the claims positive in gold that are predicted positive; one without an answer is missed.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold.
    """

    heading: ClassVar[str] = "R"

    def from_sums(self, sums: Floats) -> Floats:
        """True positives among positives."""
        return safe_divide(sums[:, 0], sums[:, 2])

    def undefined_reason(self, gold: Gold) -> str:
        """Nothing positive in gold."""
        return f"no claim is '{gold.labels[-1]}' in gold"


class F1(PositiveLabelMetric):
    """The harmonic mean of precision and recall of the positive label, as 2 TP / (2 TP + FP + FN).

    Returns: values in [0, 1]; 0 where gold has positive claims and none is predicted.
    Undefined: no claim is positive, neither in gold nor predicted.
    """

    heading: ClassVar[str] = "F1"

    def from_sums(self, sums: Floats) -> Floats:
        """Twice the true positives among predicted positives plus positives."""
        return safe_divide(2 * sums[:, 0], sums[:, 1] + sums[:, 2])

    def undefined_reason(self, gold: Gold) -> str:
        """Nothing positive anywhere."""
        return f"no claim is '{gold.labels[-1]}', neither in gold nor predicted"


class MacroF1(LabelMetric):
    """The plain mean of the F1 of each label.

    A label that neither gold nor the run has (in the data, or in a resample) has no F1 and is left out of the mean,
    as scikit-learn does. "No answer" is no label of the mean: it lowers the recall of the labels that it missed.

    Returns: values in [0, 1]. Undefined: no claims.
    """

    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "macro F1"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Per label: in both, and predicted plus in gold; shape (n_claims, 2 x n_labels)."""
        labels = np.arange(len(gold.labels))
        actual, predicted = gold.codes[:, None] == labels, run.predicted[:, None] == labels
        return np.hstack([actual & predicted, actual.astype(np.float64) + predicted]).astype(np.float64)

    def from_sums(self, sums: Floats) -> Floats:
        """The mean of the F1s that are defined."""
        both, either = np.split(sums, 2, axis=1)
        f1 = safe_divide(2 * both, either)
        return safe_divide(np.nansum(f1, axis=1), np.count_nonzero(either, axis=1).astype(np.float64))

    def undefined_reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """The claims without an answer, and the labels that are left out."""
        seen = np.union1d(gold.codes, run.predicted)
        absent = [label for code, label in enumerate(gold.labels) if code not in seen]
        without = f"without {', '.join(absent)}: neither in gold nor predicted" if absent else None
        return "; ".join(filter(None, [super().note(gold, run, groups), without])) or None
