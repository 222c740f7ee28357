"""Ranking by scores: best first, equal scores in the order of the corpus."""

import numpy as np
import pytest

from harness.retrieval.base import best_rows, rank


@pytest.mark.parametrize("k", [1, 2, 3, 7, 50])
def test_the_best_rows_are_those_of_a_full_stable_sort(k):
    scores = np.random.default_rng(5).integers(-1, 4, size=40).astype(float)
    in_order = [row for row in np.argsort(-scores, kind="stable") if scores[row] > 0]
    assert best_rows(scores, k).tolist() == in_order[:k]


@pytest.mark.parametrize("k", [1, 5, 12, 40])
@pytest.mark.parametrize("highest", [4, 100_000])
def test_the_best_rows_of_many_are_those_of_a_full_stable_sort(k, highest):
    scores = np.random.default_rng(5).integers(-highest, highest, size=6_500).astype(float)
    in_order = [row for row in np.argsort(-scores, kind="stable") if scores[row] > 0]
    assert best_rows(scores, k).tolist() == in_order[:k]


def test_passages_that_are_not_allowed_are_left_out():
    allowed = np.array([[True, False, True], [False, False, False]])
    rankings = rank(lambda texts: np.tile([1.0, 3.0, 2.0], (len(texts), 1)), ["x", "y"], 2, 3, allowed)
    assert rankings.rows.tolist() == [[2, 0], [-1, -1]]
    assert rankings.scores.tolist() == [[2, 1], [0, 0]]


def test_allowed_of_another_shape_is_an_error():
    with pytest.raises(ValueError, match="expected shape"):
        rank(lambda texts: np.zeros((len(texts), 3)), ["x"], 2, 3, np.ones((3, 1), dtype=bool))
