"""Metrics that are a function of the confusion matrix, for two labels or many.

A claim without an answer is a column of its own: a prediction that is never right, and never some default label.
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
    """Claims per label under each weighting; every array of shape (n_weightings, n_labels)."""

    right: Floats
    predicted: Floats
    actual: Floats
    total: Floats
    """Shape (n_weightings,); claims without an answer among them."""


class ConfusionMetric(LabelMetric):
    """A metric of the counts of right, predicted and actual claims of each label."""

    yes_or_no_only: ClassVar[bool] = False

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Right, predicted and actual per label, and one for every claim; shape (n_claims, 3 x n_labels + 1)."""
        labels = np.arange(len(gold.labels))
        actual, predicted = gold.codes[:, None] == labels, run.predicted[:, None] == labels
        return np.hstack([actual & predicted, predicted, actual, np.ones((len(gold), 1))]).astype(np.float64)

    def from_sums(self, sums: Floats) -> Floats:
        """The metric from the counts."""
        right, predicted, actual = np.split(sums[:, :-1], 3, axis=1)
        return self.from_counts(Counts(right, predicted, actual, sums[:, -1]))

    @abstractmethod
    def from_counts(self, counts: Counts) -> Floats:
        """The metric; shape (n_weightings,), NaN where it is undefined."""

    def undefined_reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"


def _precision(counts: Counts) -> Floats:
    return safe_divide(counts.right, counts.predicted, otherwise=0)


def _recall(counts: Counts) -> Floats:
    return safe_divide(counts.right, counts.actual, otherwise=0)


def _f1(counts: Counts) -> Floats:
    return safe_divide(2 * counts.right, counts.predicted + counts.actual, otherwise=0)


class MacroPrecision(ConfusionMetric):
    """The plain mean of the precision of each label that gold or the run has; 0 for a label that is never predicted.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's precision_score with average="macro", zero_division=0.
    """

    heading: ClassVar[str] = "macro P"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean over labels that are there."""
        return _mean_over_present(_precision(counts), counts)


class MacroRecall(ConfusionMetric):
    """The plain mean of the recall of each label that gold or the run has; 0 for a label that gold does not have.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's recall_score with average="macro", zero_division=0.
    """

    heading: ClassVar[str] = "macro R"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean over labels that are there."""
        return _mean_over_present(_recall(counts), counts)


def _mean_over_present(values: Floats, counts: Counts) -> Floats:
    present = counts.predicted + counts.actual > 0
    return safe_divide(np.where(present, values, 0).sum(axis=1), present.sum(axis=1).astype(np.float64))


class BalancedAccuracy(ConfusionMetric):
    """The plain mean of the recall of each label that gold has: what accuracy would be if all were equally frequent.

    Returns: values in [0, 1]; 1 / n_labels by chance. Undefined: no claims.
    Source: scikit-learn's balanced_accuracy_score.
    """

    heading: ClassVar[str] = "bal. Acc"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean over labels of gold."""
        return safe_divide(_recall(counts).sum(axis=1), (counts.actual > 0).sum(axis=1).astype(np.float64))


class WeightedPrecision(ConfusionMetric):
    """The mean of the precision of each label, each label weighing as many claims as gold has of it.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's precision_score with average="weighted", zero_division=0.
    """

    heading: ClassVar[str] = "weighted P"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean weighted by gold."""
        return safe_divide((_precision(counts) * counts.actual).sum(axis=1), counts.total)


class WeightedRecall(ConfusionMetric):
    """The mean of the recall of each label, each label weighing as many claims as gold has of it: the accuracy.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's recall_score with average="weighted".
    """

    heading: ClassVar[str] = "weighted R"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean weighted by gold."""
        return safe_divide(counts.right.sum(axis=1), counts.total)


class WeightedF1(ConfusionMetric):
    """The mean of the F1 of each label, each label weighing as many claims as gold has of it.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: scikit-learn's f1_score with average="weighted", zero_division=0.
    """

    heading: ClassVar[str] = "weighted F1"

    def from_counts(self, counts: Counts) -> Floats:
        """The mean weighted by gold."""
        return safe_divide((_f1(counts) * counts.actual).sum(axis=1), counts.total)


class MatthewsCorrelation(ConfusionMetric):
    """The correlation of gold and predicted labels, for two labels or many.

    Returns: values in [-1, 1]; 0 by chance. Undefined: gold has one label only, or one label only is predicted.
    Source: Gorodkin 2004; scikit-learn's matthews_corrcoef, which says 0 where this is undefined.
    """

    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    heading: ClassVar[str] = "MCC"

    def from_counts(self, counts: Counts) -> Floats:
        """The covariance by the two standard deviations."""
        n = counts.total
        # No answer is a label that gold never has: it adds nothing to the products, but its square to the spread.
        silent = n - counts.predicted.sum(axis=1)
        covariance = counts.right.sum(axis=1) * n - (counts.predicted * counts.actual).sum(axis=1)
        predicted = n**2 - (counts.predicted**2).sum(axis=1) - silent**2
        actual = n**2 - (counts.actual**2).sum(axis=1)
        return safe_divide(covariance, np.sqrt(predicted * actual))

    def undefined_reason(self, gold: Gold) -> str:
        """No variation on one side."""
        return "gold has one label only, or one label only is predicted"


class CohenKappa(ConfusionMetric):
    """The share of right labels beyond what the frequencies of the labels give by chance.

    Returns: values in [-1, 1]; 0 by chance. Undefined: no claims, or gold and the run have one and the same label only.
    Source: Cohen 1960; scikit-learn's cohen_kappa_score.
    """

    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    heading: ClassVar[str] = "kappa"

    def from_counts(self, counts: Counts) -> Floats:
        """Observed beyond expected by the most there could be beyond expected."""
        n = counts.total
        observed = counts.right.sum(axis=1) * n
        expected = (counts.predicted * counts.actual).sum(axis=1)
        return safe_divide(observed - expected, n**2 - expected)

    def undefined_reason(self, gold: Gold) -> str:
        """No variation at all."""
        return "there are no claims, or one label only, in gold and predicted"


class OneLabelMetric(ConfusionMetric):
    """A metric of one label, against the rest."""

    label: str
    """The label, as the task names it."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """The counts of the label.

        Raises: Undefined: the task has no such label.
        """
        if self.label not in gold.labels:
            raise Undefined(f"the task has no label '{self.label}'; it has: {', '.join(gold.labels)}")
        at, n_labels = gold.labels.index(self.label), len(gold.labels)
        return super().summands(gold, run)[:, [at, n_labels + at, 2 * n_labels + at, -1]]


class LabelPrecision(OneLabelMetric):
    """The share of the claims predicted to have a label that have it in gold.

    Returns: values in [0, 1]. Undefined: no claim is predicted to have it.
    """

    heading: ClassVar[str] = "P({label})"

    def from_counts(self, counts: Counts) -> Floats:
        """Right among predicted."""
        return safe_divide(counts.right[:, 0], counts.predicted[:, 0])

    def undefined_reason(self, gold: Gold) -> str:
        """Never predicted."""
        return f"no claim is predicted '{self.label}'"


class LabelRecall(OneLabelMetric):
    """The share of the claims that have a label in gold that are predicted to have it.

    Returns: values in [0, 1]. Undefined: no claim has it in gold.
    """

    heading: ClassVar[str] = "R({label})"

    def from_counts(self, counts: Counts) -> Floats:
        """Right among actual."""
        return safe_divide(counts.right[:, 0], counts.actual[:, 0])

    def undefined_reason(self, gold: Gold) -> str:
        """Not in gold."""
        return f"no claim is '{self.label}' in gold"


class LabelF1(OneLabelMetric):
    """The harmonic mean of a label's precision and recall, as 2 TP / (2 TP + FP + FN).

    Returns: values in [0, 1]. Undefined: no claim has the label, neither in gold nor predicted.
    """

    heading: ClassVar[str] = "F1({label})"

    def from_counts(self, counts: Counts) -> Floats:
        """Twice the right ones among predicted plus actual."""
        return safe_divide(2 * counts.right[:, 0], (counts.predicted + counts.actual)[:, 0])

    def undefined_reason(self, gold: Gold) -> str:
        """Nowhere."""
        return f"no claim is '{self.label}', neither in gold nor predicted"


class Coverage(ConfusionMetric):
    """The share of claims that the system has an answer for.

    Returns: values in [0, 1]. Undefined: no claims.
    """

    heading: ClassVar[str] = "coverage"

    def from_counts(self, counts: Counts) -> Floats:
        """Predicted claims among claims."""
        return safe_divide(counts.predicted.sum(axis=1), counts.total)

    def hits(self, gold: Gold, run: Run) -> npt.NDArray[np.bool_]:
        """Whether each claim has an answer."""
        return np.asarray(run.predicted >= 0)

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """Nothing: the value says it."""
        return None
