"""Student's t and the binomial distribution, against SciPy and against what is known of them."""

from __future__ import annotations

import math

import pytest
from scipy.special import bdtr, stdtr, stdtrit

from harness.uncertainty.distributions import EXACT_COUNT, binomial_below, student_quantile, student_tail

FREEDOM = (1, 2, 3, 5, 45, 198, 199, 200, 201, 1_000, 100_000)
"""Degrees of freedom, on both sides of where the series of the gamma functions begins."""


@pytest.mark.parametrize("freedom", FREEDOM)
@pytest.mark.parametrize("t", [0, 1e-3, 0.5, 1.7, 1.74, 1.96, 3, 8, 37, 1e5])
def test_a_tail_is_that_of_scipy(t, freedom):
    expected = float(stdtr(freedom, -t))
    assert student_tail(t, freedom) == pytest.approx(expected, rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("freedom", FREEDOM)
@pytest.mark.parametrize("share", [0.5, 0.6, 0.9, 0.975, 0.9995])
def test_a_quantile_is_that_of_scipy(share, freedom):
    assert student_quantile(share, freedom) == pytest.approx(float(stdtrit(freedom, share)), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("t", [1e-9, 0.3, 1, 12.7, 1e8])
def test_a_tail_with_one_degree_of_freedom_is_an_angle(t):
    assert student_tail(t, 1) == pytest.approx(math.atan2(1, t) / math.pi, rel=1e-13)


@pytest.mark.parametrize("t", [math.inf, 1e200])
def test_a_tail_far_out_is_zero(t):
    assert student_tail(t, 5) == 0


@pytest.mark.parametrize("freedom", [1, 5, 300])
def test_what_is_no_number_has_no_chance_and_no_quantile(freedom):
    assert math.isnan(student_tail(math.nan, freedom))
    assert math.isnan(student_quantile(math.nan, freedom))


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (3, 10), (5, 10), (40, 100), (4_900, EXACT_COUNT), (0, 2_000)])
def test_a_chance_of_few_successes_is_that_of_scipy(hits, n):
    assert binomial_below(hits, n) == pytest.approx(float(bdtr(hits, n, 0.5)), rel=1e-10, abs=1e-300)


def test_a_chance_of_few_successes_is_exact():
    assert binomial_below(3, 10) == (1 + 10 + 45 + 120) / 1024


def test_many_trials_continue_what_fewer_gave():
    below, above = (binomial_below(n // 2 - 100, n) for n in (EXACT_COUNT, EXACT_COUNT + 2))
    assert above == pytest.approx(below, rel=1e-3)
