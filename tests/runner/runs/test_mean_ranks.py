"""Mean ranks against the worked example of Demsar 2006 (section 3.2.3), and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

from harness.runner.runs.mean_ranks import critical_difference, fewest_datasets, friedman_p, mean_ranks


def test_the_example_of_demsar_comes_out():
    # C4.5 variants on 14 datasets: F(3, 39) = 3.69; critical difference 1.25.
    ranks = np.array([3.143, 2.000, 2.893, 1.964])
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert friedman_p(ranks, 14) == pytest.approx(0.0196, abs=0.001)


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_critical_values_are_those_of_the_published_table(k, q):
    assert critical_difference(k, 20) == pytest.approx(q * (k * (k + 1) / 120) ** 0.5, rel=1e-3)


def test_the_statistic_is_that_of_scipy_without_ties():
    values = np.random.default_rng(3).random((5, 12))
    chi_squared = friedmanchisquare(*values).statistic
    f_value = 11 * chi_squared / (12 * 4 - chi_squared)
    from scipy.stats import f

    outcome = mean_ranks(tuple("abcde"), values)
    assert outcome.p == pytest.approx(f.sf(f_value, 4, 44))


def test_ties_share_their_mean_rank_and_the_best_comes_first():
    values = np.array([[0.5, 0.5, 0.5], [0.5, 0.9, 0.9], [0.1, 0.1, 0.1]])
    outcome = mean_ranks(("a", "b", "c"), values)
    assert outcome.systems == ("b", "a", "c")
    assert outcome.ranks == pytest.approx((3.5 / 3, 5.5 / 3, 3.0))


def test_systems_that_every_dataset_ranks_alike_differ_where_there_are_enough_datasets():
    values = np.array([[3.0] * 6, [2.0] * 6, [1.0] * 6])
    outcome = mean_ranks(("a", "b", "c"), values)
    assert (outcome.p, outcome.differing()) == (0.0, [("a", "c")])
    assert "approximate with up to 10 datasets or 5 systems" in outcome.note


def test_no_pair_differs_where_the_test_of_all_finds_nothing():
    values = np.array([[1.0, 2.0, 3.0, 1.0], [2.0, 3.0, 1.0, 2.0], [3.0, 1.0, 2.0, 3.0]])
    outcome = mean_ranks(("a", "b", "c"), values)
    assert outcome.p is not None
    assert outcome.p > 0.05
    assert outcome.differing() == []
    assert outcome.note.startswith("Friedman's test finds no difference")


def test_too_few_datasets_or_systems_are_said():
    assert fewest_datasets(3) == 3
    few = mean_ranks(("a", "b", "c"), np.array([[3.0, 3.0], [2.0, 2.0], [1.0, 1.0]]))
    assert (few.p, few.critical_difference, few.differing()) == (None, None, [])
    assert few.note.startswith("too few datasets to tell 3 systems apart")
    assert "3 or more are needed" in few.note
    assert mean_ranks(("a", "b"), np.ones((2, 9))).note.startswith("2 systems")
