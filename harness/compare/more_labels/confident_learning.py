"""Confident learning: how many labels of each kind are likely wrong, and which, from probabilities of other folds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.arrays import Bools, Codes, Floats, Integers, safe_divide


class ConfidentJoint(NamedTuple):
    """Given labels against the labels that the probabilities suggest."""

    counts: Integers
    """Shape (n_labels, n_labels); number of claims by given label (row) and confident label (column)."""
    suggested: Codes
    """Confident label of each claim, shape (n_claims,); -1 if none of its probabilities reaches the threshold."""
    joint: Floats
    """Estimated share of claims by given and true label, shape (n_labels, n_labels); sums to 1."""

    @property
    def error_rate(self) -> float:
        """Estimated share of claims whose given label is wrong."""
        return 1 - float(np.trace(self.joint))


def confident_joint(given: Codes, probabilities: Floats) -> ConfidentJoint:
    """Counts the claims whose probabilities are confident of a label.

    The threshold of a label is the mean of its probability over the claims that are given this label, so that a
    classifier that favors a label does not favor it here. The confident label of a claim is the most probable of the
    labels whose threshold it reaches.

    Args:
        given: label of each claim, shape (n_claims,).
        probabilities: shape (n_claims, n_labels), by classifiers that were fitted without the claim.
    Source: Northcutt, Jiang and Chuang 2021, equations 1 to 3.
    """
    n_labels = probabilities.shape[1]
    is_given = given[:, None] == np.arange(n_labels)
    n_given = is_given.sum(axis=0)
    # A label that no claim is given has no threshold, and is never suggested.
    thresholds = safe_divide((probabilities * is_given).sum(axis=0), n_given, otherwise=np.inf)
    # As in the reference implementation, a probability within rounding of its threshold reaches it.
    confident = np.where(probabilities >= thresholds - 1e-6, probabilities, -np.inf)
    suggested = np.where(np.isfinite(confident).any(axis=1), confident.argmax(axis=1), -1).astype(np.int64)
    counts = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(counts, (given[suggested >= 0], suggested[suggested >= 0]), 1)
    # A given label without a confident claim is taken to be right: nothing speaks against it.
    rows = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, np.diag(n_given)).astype(np.float64)
    joint = safe_divide(rows, rows.sum(axis=1, keepdims=True), otherwise=0.0) * n_given[:, None] / len(given)
    return ConfidentJoint(counts, suggested, joint)


def likely_errors(given: Codes, probabilities: Floats, joint: ConfidentJoint) -> Bools:
    """Whether each claim is confidently another label than its own; shape (n_claims,).

    A claim whose own label is the most probable one is none, although another label may reach a low threshold.
    """
    wrong: Bools = (joint.suggested >= 0) & (joint.suggested != given) & (probabilities.argmax(axis=1) != given)
    return wrong


def self_confidence(given: Codes, probabilities: Floats) -> Floats:
    """The probability of the given label of each claim, shape (n_claims,)."""
    confidence: Floats = probabilities[np.arange(len(given)), given]
    return confidence


def normalized_margin(given: Codes, probabilities: Floats) -> Floats:
    """The probability of the given label minus the highest of the others, in [-1, 1], shape (n_claims,)."""
    others = probabilities.copy()
    others[np.arange(len(given)), given] = -np.inf
    margin: Floats = self_confidence(given, probabilities) - others.max(axis=1)
    return margin
