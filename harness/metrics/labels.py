"""Metrics of predicted labels. A claim without an answer counts as wrong, never as a default label."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.arrays import Codes, Floats, safe_divide
from harness.data.claims import Gold
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.sums import SumMetric


class LabelMetric(SumMetric):
    """A metric of predicted labels. Ties do not arise; the order of the claims does not matter."""

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """The number of claims without an answer, and the values if all were wrong or all right; None without any."""
        unanswered = run.predicted < 0
        if not unanswered.any():
            return None
        # The next label after the gold label, cyclically, is always a wrong one.
        wrong_codes = (gold.codes + 1) % len(gold.labels)
        worst = self._formatted_value(gold, run, np.where(unanswered, wrong_codes, run.predicted))
        best = self._formatted_value(gold, run, np.where(unanswered, gold.codes, run.predicted))
        n = unanswered.sum()
        return f"{n} of {len(gold)} claims have no answer: {worst} if all were wrong, {best} if all were right"

    def _formatted_value(self, gold: Gold, run: Run, predicted: Codes) -> str:
        sums = self.summands(gold, replace(run, predicted=predicted)).sum(axis=0, keepdims=True)
        value = float(self.from_sums(sums)[0])
        return "undefined" if np.isnan(value) else f"{value:.3f}"


class Accuracy(LabelMetric):
    """The share of claims whose predicted label is the gold label; a claim without an answer counts as wrong.

    Returns: values in [0, 1]. Undefined: no claims.
    """

    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "Acc"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """An indicator of correct, then a 1; shape (n_claims, 2)."""
        return np.stack([run.predicted == gold.codes, np.ones(len(gold))], axis=1).astype(np.float64)

    def from_sums(self, sums: Floats) -> Floats:
        """Correct claims / claims."""
        return safe_divide(sums[:, 0], sums[:, 1])

    def hits(self, gold: Gold, run: Run) -> npt.NDArray[np.bool_]:
        """Whether each claim is predicted correctly."""
        return np.asarray(run.predicted == gold.codes)


class PositiveLabelMetric(LabelMetric):
    """A metric of the positive label, which is the last label."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Indicators of true positive, predicted positive and gold positive; shape (n_claims, 3)."""
        predicted = run.predicted == len(gold.labels) - 1
        return np.stack([predicted & gold.positive, predicted, gold.positive], axis=1).astype(np.float64)


class Precision(PositiveLabelMetric):
    """The share of claims predicted positive that are positive in gold.

    Returns: values in [0, 1]. Undefined: no claim is predicted positive.
    """

    heading: ClassVar[str] = "P"

    def from_sums(self, sums: Floats) -> Floats:
        """True positives / predicted positives."""
        return safe_divide(sums[:, 0], sums[:, 1])

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: no claim is predicted positive."""
        return f"no claim is predicted '{gold.names[-1]}'"


class Recall(PositiveLabelMetric):
    """The share of claims positive in gold that are predicted positive; a claim without an answer counts as missed.

    Returns: values in [0, 1]. Undefined: no claim is positive in gold.
    """

    heading: ClassVar[str] = "R"

    def from_sums(self, sums: Floats) -> Floats:
        """True positives / gold positives."""
        return safe_divide(sums[:, 0], sums[:, 2])

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: no claim is positive in gold."""
        return f"no claim has gold label '{gold.names[-1]}'"


class F1(PositiveLabelMetric):
    """The harmonic mean of precision and recall of the positive label, as 2 TP / (2 TP + FP + FN).

    Returns: values in [0, 1]; 0 if gold has positive claims and none is predicted.
    Undefined: no claim is positive in gold or predictions.
    """

    heading: ClassVar[str] = "F1"

    def from_sums(self, sums: Floats) -> Floats:
        """2 * true positives / (predicted positives + gold positives)."""
        return safe_divide(2 * sums[:, 0], sums[:, 1] + sums[:, 2])

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: no claim is positive in gold or predictions."""
        return f"no claim has label '{gold.names[-1]}' in gold or predictions"


class FBeta(PositiveLabelMetric):
    """The weighted harmonic mean of precision and recall of the positive label; recall counts `beta` times as much.

    (1 + beta^2) TP / ((1 + beta^2) TP + FP + beta^2 FN): F2 for a desk that must not miss a claim, F0.5 for one that
    reads little. With `beta: 1` it is F1.

    Returns: values in [0, 1]; 0 if gold has positive claims and none is predicted.
    Undefined: no claim is positive in gold or predictions.
    Source: van Rijsbergen 1979; scikit-learn's fbeta_score.
    """

    heading: ClassVar[str] = "F{beta:g}"
    beta: float = Field(gt=0)
    """Weight of recall relative to precision; 2 counts recall twice as much."""

    def from_sums(self, sums: Floats) -> Floats:
        """(1 + beta^2) * true positives / (predicted positives + beta^2 * gold positives)."""
        square = self.beta**2
        return safe_divide((1 + square) * sums[:, 0], sums[:, 1] + square * sums[:, 2])

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: no claim is positive in gold or predictions."""
        return f"no claim has label '{gold.names[-1]}' in gold or predictions"


class MacroF1(LabelMetric):
    """The plain mean of each label's F1.

    A label absent from both gold and predictions (of the data, or of a resample) has no F1, and the mean excludes it,
    as in scikit-learn. "No answer" is not a label of the mean; it lowers the recall of the labels it misses.

    Returns: values in [0, 1]. Undefined: no claims.
    """

    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "macro F1"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Per label, an indicator of correct, and predicted plus actual; shape (n_claims, 2 x n_labels)."""
        labels = np.arange(len(gold.labels))
        actual = gold.codes[:, None] == labels
        predicted = run.predicted[:, None] == labels
        return np.hstack([actual & predicted, actual.astype(np.float64) + predicted]).astype(np.float64)

    def from_sums(self, sums: Floats) -> Floats:
        """The mean of the defined F1s."""
        correct, predicted_plus_actual = np.split(sums, 2, axis=1)
        # 0 / 0 is NaN, and nansum skips it: the F1 of a label that the weighting drew nowhere.
        f1 = safe_divide(2 * correct, predicted_plus_actual)
        n_defined = np.count_nonzero(predicted_plus_actual, axis=1).astype(np.float64)
        return safe_divide(np.nansum(f1, axis=1), n_defined)

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """The number of claims without an answer, and the labels that the mean excludes; None if there are none."""
        present_codes = np.union1d(gold.codes, run.predicted)
        absent = [label for code, label in enumerate(gold.names) if code not in present_codes]
        exclusion = f"excludes {', '.join(absent)}: absent from gold and predictions" if absent else None
        return "; ".join(filter(None, [super().note(gold, run, groups), exclusion])) or None
