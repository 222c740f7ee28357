"""The search of a cutoff."""

from __future__ import annotations

import numpy as np

from harness.classifiers.thresholds import best_cutoff, cutoffs_of

SCORES = np.array([0.2, 0.9, 0.5, 0.5, 0.2])
POSITIVE = np.array([True, True, True, False, False])


def test_cutoffs_are_the_distinct_scores_and_equal_scores_are_cut_together():
    cutoffs = cutoffs_of(SCORES, POSITIVE)
    assert cutoffs.scores.tolist() == [0.9, 0.5, 0.2]
    assert cutoffs.hits.tolist() == [1, 2, 3]
    assert cutoffs.predicted.tolist() == [1, 3, 5]
    # F1 = 2 hits / (predicted + 3 positive): 2/4, 4/6, 6/8
    assert cutoffs.f1().tolist() == [0.5, 4 / 6, 0.75]


def test_the_best_cutoff_is_the_highest_of_equals():
    assert best_cutoff(SCORES, POSITIVE) == 0.2
    # F1 at 3, 2, 1, 0 with 2 positive: 2/3, 2/4, 2/5, 4/6; the first and the last are equal
    assert best_cutoff(np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, False, False, True])) == 3.0


def test_without_a_positive_claim_the_highest_score_is_the_cutoff():
    assert best_cutoff(np.array([1.0, 4.0, 2.0]), np.zeros(3, dtype=bool)) == 4.0
