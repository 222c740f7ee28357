"""Confident learning: by hand, and by the numbers of the reference implementation."""

from __future__ import annotations

import numpy as np
import pytest

from harness.compare.more_labels.confident_learning import (
    confident_joint,
    likely_errors,
    normalized_margin,
    self_confidence,
)

REFERENCE_COUNTS = [[54, 2, 1], [2, 54, 1], [1, 3, 62]]
REFERENCE_SUSPECTS = 10

# Thresholds by hand: label 0 has (.9 + .8 + .1) / 3 = .6, label 1 has (.7 + .6 + .2) / 3 = .5.
GIVEN = np.array([0, 0, 0, 1, 1, 1])
OF_LABEL_1 = np.array([0.1, 0.2, 0.9, 0.7, 0.6, 0.2])
PROBABILITIES = np.column_stack([1 - OF_LABEL_1, OF_LABEL_1])


def test_claims_that_reach_the_threshold_of_another_label_are_likely_errors():
    joint = confident_joint(GIVEN, PROBABILITIES)
    assert joint.counts.tolist() == [[2, 1], [1, 2]]
    assert joint.suggested.tolist() == [0, 0, 1, 1, 1, 0]
    assert likely_errors(GIVEN, PROBABILITIES, joint).tolist() == [False, False, True, False, False, True]
    assert joint.error_rate == pytest.approx(2 / 6)


def test_a_claim_below_every_threshold_is_no_suspect():
    probabilities = np.vstack([PROBABILITIES, [[0.5, 0.5]]])
    # With it, label 1 needs (.7 + .6 + .2 + .48) / 4 = .495, and label 0 still .6.
    probabilities[-1] = [0.52, 0.48]
    joint = confident_joint(np.append(GIVEN, 1), probabilities)
    assert joint.suggested[-1] == -1
    assert int(joint.counts.sum()) == 6


def test_a_claim_whose_own_label_is_the_most_probable_is_no_suspect():
    # Label 1 is rare and never sure, so that .45 reaches what it needs, (.4 + .4) / 2, where label 0 needs .72.
    of_label_1 = np.array([0.05, 0.1, 0.45, 0.4, 0.4, 0.52])
    probabilities = np.column_stack([1 - of_label_1, of_label_1])
    given = np.array([0, 0, 0, 1, 1, 0])
    joint = confident_joint(given, probabilities)
    assert joint.suggested.tolist()[2] == joint.suggested.tolist()[5] == 1
    assert likely_errors(given, probabilities, joint).tolist() == [False] * 5 + [True]


def test_margins_and_confidences_rank_alike_for_two_labels_only():
    assert self_confidence(GIVEN, PROBABILITIES) == pytest.approx([0.9, 0.8, 0.1, 0.7, 0.6, 0.2])
    assert normalized_margin(GIVEN, PROBABILITIES) == pytest.approx(2 * self_confidence(GIVEN, PROBABILITIES) - 1)
    three = np.array([[0.3, 0.35, 0.35], [0.25, 0.75, 0.0]])
    assert normalized_margin(np.array([0, 0]), three) == pytest.approx([-0.05, -0.5])


def test_a_label_that_nobody_was_given_is_never_suggested():
    given = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.2, 0.1, 0.7], [0.6, 0.2, 0.2], [0.1, 0.6, 0.3], [0.2, 0.5, 0.3]])
    joint = confident_joint(given, probabilities)
    assert 2 not in joint.suggested
    assert joint.joint.sum() == pytest.approx(1)


def test_three_labels_match_the_reference_implementation():
    """`compute_confident_joint` without calibration and `find_label_issues` of cleanlab 2.9.0, on these numbers."""
    random = np.random.default_rng(5)
    true = random.integers(0, 3, 300)
    probabilities = random.dirichlet(np.ones(3), 300) + 1.5 * np.eye(3)[true]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    given = np.where(random.random(300) < 0.15, random.integers(0, 3, 300), true)
    joint = confident_joint(given, probabilities)
    assert joint.counts.tolist() == REFERENCE_COUNTS
    assert int(likely_errors(given, probabilities, joint).sum()) == REFERENCE_SUSPECTS
