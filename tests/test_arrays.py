"""Division of arrays."""

from __future__ import annotations

import numpy as np

from harness.arrays import safe_divide


def test_a_quotient_by_zero_is_nan_or_what_is_asked_for():
    numerator, denominator = np.array([1.0, 0.0, 3.0, np.nan]), np.array([4, 0, -2, 1])
    assert np.array_equal(safe_divide(numerator, denominator), [0.25, np.nan, -1.5, np.nan], equal_nan=True)
    assert np.array_equal(safe_divide(numerator, denominator, otherwise=0), [0.25, 0, -1.5, np.nan], equal_nan=True)


def test_a_denominator_of_one_column_divides_all():
    quotient = safe_divide(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0], [0.0]]))
    assert np.array_equal(quotient, [[0.5, 1.0], [np.nan, np.nan]], equal_nan=True)
