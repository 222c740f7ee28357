"""Metrics that are a function of the confusion matrix, for two labels or many.

A claim without an answer has its own column: a prediction that is always wrong, and never a default label.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats, safe_divide
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.labels import LabelMetric


class Counts(NamedTuple):
    """Numbers of claims per label under each weighting; arrays of shape (n_weightings, n_labels)."""

    correct: Floats
    """Claims of the label that are predicted to have it."""
    predicted: Floats
    """Claims predicted to have the label."""
    actual: Floats
    """Claims with the label in gold."""
    total: Floats
    """All claims, including those without an answer; shape (n_weightings,)."""


class ConfusionMetric(LabelMetric):
    """A metric of the numbers of correct, predicted and actual claims of each label."""

    yes_or_no_only: ClassVar[bool] = False

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Indicators of correct, predicted and actual per label, then a 1; shape (n_claims, 3 x n_labels + 1)."""
        labels = np.arange(len(gold.labels))
        actual = gold.codes[:, None] == labels
        # No answer is code -1, which equals no label: the claim then counts in the last column only.
        predicted = run.predicted[:, None] == labels
        return np.hstack([actual & predicted, predicted, actual, np.ones((len(gold), 1))]).astype(np.float64)

    def from_sums(self, sums: Floats) -> Floats:
        """The metric from the column sums; shape (n_weightings,)."""
        correct, predicted, actual = np.split(sums[:, :-1], 3, axis=1)
        return self.from_counts(Counts(correct, predicted, actual, sums[:, -1]))

    @abstractmethod
    def from_counts(self, counts: Counts) -> Floats:
        """The metric from the counts; shape (n_weightings,), NaN where undefined."""


def _precision(counts: Counts) -> Floats:
    return safe_divide(counts.correct, counts.predicted, otherwise=0)


def _recall(counts: Counts) -> Floats:
    return safe_divide(counts.correct, counts.actual, otherwise=0)


def _f1(counts: Counts) -> Floats:
    return safe_divide(2 * counts.correct, counts.predicted + counts.actual, otherwise=0)


class MacroPrecision(ConfusionMetric):
    """The plain mean of each label's precision, over labels in gold or predicted; 0 for a label never predicted.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's precision_score with average="macro", zero_division=0.
    """

    heading: ClassVar[str] = "macro P"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean over labels that occur in gold or predictions."""
        return _mean_over_present(_precision(counts), counts)


class MacroRecall(ConfusionMetric):
    """The plain mean of each label's recall, over labels in gold or predicted; 0 for a label absent from gold.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's recall_score with average="macro", zero_division=0.
    """

    heading: ClassVar[str] = "macro R"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean over labels that occur in gold or predictions."""
        return _mean_over_present(_recall(counts), counts)


def _mean_over_present(values: Floats, counts: Counts) -> Floats:
    # Presence is decided per weighting: a resample may lack a rare label, which then leaves its mean.
    present = counts.predicted + counts.actual > 0
    return safe_divide(np.where(present, values, 0).sum(axis=1), present.sum(axis=1).astype(np.float64))


class BalancedAccuracy(ConfusionMetric):
    """The plain mean of each gold label's recall: the accuracy if all labels were equally frequent.

    Returns: values in [0, 1]; 1 / n_labels by chance. Undefined: no claims.
    Source: scikit-learn's balanced_accuracy_score.
    """

    heading: ClassVar[str] = "bal. Acc"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean over labels that occur in gold."""
        # A label that is absent from gold has recall 0, so it adds nothing to the sum, and it is not in the divisor.
        return safe_divide(_recall(counts).sum(axis=1), (counts.actual > 0).sum(axis=1).astype(np.float64))


class WeightedPrecision(ConfusionMetric):
    """The mean of each label's precision, weighted by the number of gold claims with the label.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's precision_score with average="weighted", zero_division=0.
    """

    heading: ClassVar[str] = "weighted P"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean weighted by gold frequency."""
        return safe_divide((_precision(counts) * counts.actual).sum(axis=1), counts.total)


class WeightedRecall(ConfusionMetric):
    """The mean of each label's recall, weighted by the number of gold claims with the label; equals accuracy.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's recall_score with average="weighted".
    """

    heading: ClassVar[str] = "weighted R"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean weighted by gold frequency."""
        # The weights cancel the divisors of the recalls: (correct / actual) * actual = correct.
        return safe_divide(counts.correct.sum(axis=1), counts.total)


class WeightedF1(ConfusionMetric):
    """The mean of each label's F1, weighted by the number of gold claims with the label.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's f1_score with average="weighted", zero_division=0.
    """

    heading: ClassVar[str] = "weighted F1"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean weighted by gold frequency."""
        return safe_divide((_f1(counts) * counts.actual).sum(axis=1), counts.total)


class MatthewsCorrelation(ConfusionMetric):
    """The correlation of gold and predicted labels, for two labels or many.

    Returns: values in [-1, 1]; 0 by chance. Undefined: gold has only one label, or only one label is predicted.
    Source: Gorodkin 2004; scikit-learn's matthews_corrcoef, which returns 0 where this is undefined.
    """

    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    heading: ClassVar[str] = "MCC"

    def from_counts(self, counts: Counts) -> Floats:
        """The covariance divided by both standard deviations."""
        n = counts.total
        # "No answer" acts as a label that gold never has: its product in the covariance is 0, but its squared count
        # belongs to the variance of the predictions.
        unanswered = n - counts.predicted.sum(axis=1)
        # All three terms are multiplied by n**2, so they are differences of integers, exact up to 2**53.
        covariance = counts.correct.sum(axis=1) * n - (counts.predicted * counts.actual).sum(axis=1)
        predicted_variance = n**2 - (counts.predicted**2).sum(axis=1) - unanswered**2
        gold_variance = n**2 - (counts.actual**2).sum(axis=1)
        return safe_divide(covariance, np.sqrt(predicted_variance * gold_variance))

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: gold or the predictions do not vary."""
        return "gold has only one label, or only one label is predicted"


class CohenKappa(ConfusionMetric):
    """The agreement of gold and predicted labels, corrected for the agreement expected by chance.

    Returns: values in [-1, 1]; 0 by chance. Undefined: no claims, or gold and run consist of one and the same label.
    Source: Cohen 1960; scikit-learn's cohen_kappa_score.
    """

    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    heading: ClassVar[str] = "kappa"

    def from_counts(self, counts: Counts) -> Floats:
        """(observed - expected) / (1 - expected) agreement."""
        n = counts.total
        # Both shares are multiplied by n**2, so the counts stay integers and "no chance to disagree" is an exact 0.
        observed = counts.correct.sum(axis=1) * n
        expected = (counts.predicted * counts.actual).sum(axis=1)
        return safe_divide(observed - expected, n**2 - expected)

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: no claims, or neither side varies."""
        return "there are no claims, or gold and predictions have one and the same label"


class OneLabelMetric(ConfusionMetric):
    """A metric of one label, against the rest."""

    label: str
    """Name of the label: as the scheme calls it, or `yes` or `no` in a yes-or-no task."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Indicators of correct, predicted and actual for the label, then a 1; shape (n_claims, 4).

        Raises: Undefined: the task has no such label.
        """
        # A yes-or-no task knows its labels by the names of the scheme, too.
        known = gold.names if self.label in gold.names else gold.labels
        if self.label not in known:
            raise Undefined(f"the task has no label '{self.label}'; its labels: {', '.join(gold.names)}")
        code, n_labels = known.index(self.label), len(known)
        # The columns of all labels come in three blocks (correct, predicted, actual); take this label's from each.
        return super().summands(gold, run)[:, [code, n_labels + code, 2 * n_labels + code, -1]]


class LabelPrecision(OneLabelMetric):
    """The share of claims predicted to have a label that have it in gold.

    Returns: values in [0, 1]. Undefined: no claim is predicted to have it.
    """

    heading: ClassVar[str] = "P({label})"

    def from_counts(self, counts: Counts) -> Floats:
        """Correct / predicted."""
        return safe_divide(counts.correct[:, 0], counts.predicted[:, 0])

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: the label is never predicted."""
        return f"no claim is predicted '{self.label}'"


class LabelRecall(OneLabelMetric):
    """The share of claims with a label in gold that are predicted to have it.

    Returns: values in [0, 1]. Undefined: no claim has it in gold.
    """

    heading: ClassVar[str] = "R({label})"

    def from_counts(self, counts: Counts) -> Floats:
        """Correct / actual."""
        return safe_divide(counts.correct[:, 0], counts.actual[:, 0])

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: no claim has the label in gold."""
        return f"no claim has gold label '{self.label}'"


class LabelSpecificity(OneLabelMetric):
    """The share of claims without a label in gold that are not predicted to have it; no answer is no such prediction.

    Returns: values in [0, 1]. Undefined: all claims have it in gold.
    """

    heading: ClassVar[str] = "specificity({label})"

    def from_counts(self, counts: Counts) -> Floats:
        """1 - wrongly predicted / claims without the label."""
        actual, wrongly = counts.actual[:, 0], (counts.predicted - counts.correct)[:, 0]
        without = counts.total - actual
        return safe_divide(without - wrongly, without)

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: every claim has the label in gold."""
        return f"every claim has gold label '{self.label}'"


class LabelF1(OneLabelMetric):
    """The harmonic mean of a label's precision and recall, as 2 TP / (2 TP + FP + FN).

    Returns: values in [0, 1]. Undefined: no claim has the label in gold or predictions.
    """

    heading: ClassVar[str] = "F1({label})"

    def from_counts(self, counts: Counts) -> Floats:
        """2 * correct / (predicted + actual)."""
        return safe_divide(2 * counts.correct[:, 0], (counts.predicted + counts.actual)[:, 0])

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: gold and predictions lack the label."""
        return f"no claim has label '{self.label}' in gold or predictions"


class Coverage(ConfusionMetric):
    """The share of claims that the system answers.

    Returns: values in [0, 1]. Undefined: no claims.
    """

    heading: ClassVar[str] = "coverage"

    def from_counts(self, counts: Counts) -> Floats:
        """Answered claims / claims."""
        return safe_divide(counts.predicted.sum(axis=1), counts.total)

    def hits(self, gold: Gold, run: Run) -> npt.NDArray[np.bool_]:
        """Whether each claim has an answer."""
        return np.asarray(run.predicted >= 0)

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """None: the value itself is the number of answers."""
        return None
