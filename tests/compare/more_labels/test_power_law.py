"""A power law through a learning curve: its numbers, and how often its interval holds the truth."""

from __future__ import annotations

import numpy as np
import pytest

from harness.compare.more_labels.power_law import fit_power_law

SIZES = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 1.0])


def measured(random, drop, exponent, *, scatter=0.005, test=0.01):
    """Values of a law as they are measured, and resamples that share what depends on the test articles."""
    values = 0.8 - drop * SIZES**-exponent + random.normal(0, scatter, len(SIZES)) + random.normal(0, test)
    return values, values[:, None] + random.normal(0, test, 200)


def test_an_exact_law_is_read_back():
    values = 0.9 - 0.1 * SIZES**-0.5
    law = fit_power_law(SIZES, values, np.repeat(values[:, None], 50, axis=1), bounds=(0, 1))
    assert (law.limit, law.drop, law.exponent) == pytest.approx((0.9, 0.1, 0.5), abs=0.02)
    assert law.gain == pytest.approx(0.1 * (1 - 2**-0.5), abs=0.001)
    assert law.low <= law.gain <= law.high
    assert law.at(SIZES) == pytest.approx(values, abs=0.002)


@pytest.mark.parametrize(("drop", "exponent"), [(0.05, 0.5), (0.1, 1.0), (0.0, 0.5)])
def test_the_interval_holds_the_true_change_and_tells_it_from_none(drop, exponent):
    random, true = np.random.default_rng(1), drop * (1 - 2.0**-exponent)
    laws = [fit_power_law(SIZES, *measured(random, drop, exponent), bounds=(0, 1)) for _ in range(40)]
    assert np.mean([law.low <= true <= law.high for law in laws]) >= 0.87
    assert np.mean([law.low > 0 for law in laws]) == pytest.approx(float(drop > 0), abs=0.1)


def test_the_limit_stays_a_value_that_the_metric_can_have():
    values = np.array([0.4, 0.55, 0.68, 0.78, 0.87, 0.97])
    law = fit_power_law(SIZES, values, np.repeat(values[:, None], 50, axis=1), bounds=(0, 1))
    assert law.limit <= 1
    free = fit_power_law(SIZES, values, np.repeat(values[:, None], 50, axis=1), bounds=(-9, 9))
    assert free.limit > 1
