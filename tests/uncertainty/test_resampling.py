import numpy as np
import pytest
from scipy import stats

from harness.errors import Undefined
from harness.uncertainty.resampling import (
    Interval,
    LeftOut,
    Resamples,
    bca,
    bootstrap_t,
    jackknife_weights,
    percentile,
    unit_weights,
)


def test_weights_draw_as_many_units_as_there_are():
    weights = unit_weights(7, 400, 13)
    assert (weights.shape, weights.dtype) == ((400, 7), np.int16)
    assert set(weights.sum(axis=1)) == {7}
    # Each unit is drawn once on average, with variance 6/7; over 2,800 counts the mean square errs by about .03.
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.2)
    assert weights.var() == pytest.approx(6 / 7, abs=0.1)


def test_the_same_seed_gives_the_same_weights_also_in_parts(monkeypatch):
    first = unit_weights(7, 400, 13)
    assert unit_weights(7, 400, 13) is first
    assert not np.array_equal(unit_weights(7, 400, 14), first)
    unit_weights.cache_clear()
    monkeypatch.setattr("harness.uncertainty.resampling.DRAWS_AT_ONCE", 7 * 30)
    in_parts = unit_weights(7, 400, 13)
    unit_weights.cache_clear()
    np.testing.assert_array_equal(in_parts, first)


@pytest.mark.parametrize("strata", [None, (0, 1, 1, 2, 0, 1, 1)])
def test_blocks_of_resamples_are_the_resamples(monkeypatch, strata):
    whole = unit_weights(7, 100, 13, strata)
    monkeypatch.setattr("harness.uncertainty.resampling.BLOCK_CELLS", 7 * 30)
    monkeypatch.setattr("harness.uncertainty.resampling.DRAWS_AT_ONCE", 7 * 4)
    resamples = Resamples(7, 100, 13, strata)
    kept = list(resamples.blocks())
    monkeypatch.setattr("harness.uncertainty.resampling.KEPT_CELLS", 0)
    for blocks in (kept, list(resamples.blocks()), list(resamples.blocks())):
        assert [len(block) for block in blocks] == [30, 30, 30, 10]
        np.testing.assert_array_equal(np.concatenate(blocks), whole)
    assert resamples.shape == whole.shape


def test_a_bootstrap_t_interval_of_blocks_is_that_of_the_whole(monkeypatch):
    values = np.random.default_rng(2).random(9)
    monkeypatch.setattr("harness.uncertainty.resampling.BLOCK_CELLS", 9 * 30)
    assert bootstrap_t(values, Resamples(9, 100, 13)) == pytest.approx(bootstrap_t(values, unit_weights(9, 100, 13)))


@pytest.mark.parametrize("n_units", [3, 450])
def test_blocks_of_the_jackknife_are_the_jackknife(monkeypatch, n_units):
    monkeypatch.setattr("harness.uncertainty.resampling.BLOCK_CELLS", n_units * 30)
    left_out, whole = LeftOut(n_units, 13), jackknife_weights(n_units, 13)
    np.testing.assert_array_equal(np.concatenate(list(left_out.blocks())), whole)
    assert left_out.shape == whole.shape


def test_weights_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        unit_weights(3, 5, 1)[0, 0] = 9


def test_jackknife_leaves_out_each_unit_once():
    np.testing.assert_array_equal(jackknife_weights(3, 13), [[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    blocks = jackknife_weights(1000, 13, blocks=30)
    assert blocks.shape == (30, 1000)
    assert set((blocks == 0).sum(axis=0)) == {1}
    assert set((blocks == 0).sum(axis=1)) == {33, 34}


def test_percentile_by_hand():
    # 101 values 0..100: the 2.5 percent quantile is 2.5, the 97.5 percent one 97.5
    resampled = np.append(np.arange(101.0), [np.nan] * 4)
    assert percentile(resampled) == pytest.approx((2.5, 97.5, 4))
    assert percentile(resampled, level=0.9) == pytest.approx((5.0, 95.0, 4))


def test_nothing_to_take_an_interval_of():
    nothing = np.full(5, np.nan)
    with pytest.raises(Undefined, match="no resample"):
        percentile(nothing)
    with pytest.raises(Undefined, match="no resample"):
        bca(0.5, nothing, nothing)
    with pytest.raises(Undefined, match="two units"):
        bootstrap_t(np.array([0.5, np.nan]), unit_weights(2, 10, 1))


def test_equal_values_have_an_interval_of_width_zero():
    assert percentile(np.full(9, 0.3)) == Interval(0.3, 0.3, 0)
    assert bca(0.3, np.full(9, 0.3), np.full(4, 0.3)) == Interval(0.3, 0.3, 0)
    assert bootstrap_t(np.full(4, 0.25), unit_weights(4, 10, 1)) == Interval(0.25, 0.25, 0)


def test_bca_without_bias_and_skewness_is_the_percentile_interval():
    resampled = np.append(np.arange(101.0), np.nan)
    assert bca(50.0, resampled, np.array([1.0, 2.0, 3.0, np.nan])) == pytest.approx((2.5, 97.5, 1))


def test_bca_moves_twice_the_bias():
    # 99 values 1..99, the value itself at 31: 30.5 of 99 lie below it (a tie counts half), z0 = Phi^-1(.308) = -.501.
    # Without skewness the ends are at Phi(2 z0 -/+ 1.96) = Phi(-2.962) = .0015 and Phi(.958) = .831 of the way.
    resampled = np.arange(1.0, 100.0)
    assert bca(31.0, resampled, np.array([1.0, 2.0, 3.0])) == pytest.approx((1.15, 82.4, 0), abs=0.1)


def test_bca_agrees_with_scipy():
    data = np.random.default_rng(5).exponential(size=40) ** 1.5
    weights = unit_weights(40, 20_000, 3)
    resampled = weights @ data / 40
    got = bca(data.mean(), resampled, jackknife_weights(40, 1) @ data / 39)
    theirs = stats.bootstrap((data,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(8))
    error = data.std(ddof=1) / np.sqrt(40)
    # The endpoints of 20,000 resamples err by about .03 standard errors; the percentile interval lies .2 off.
    assert got[:2] == pytest.approx(tuple(theirs.confidence_interval), abs=0.1 * error)
    assert percentile(resampled).high < got.high - 0.15 * error


def test_the_grouped_jackknife_finds_the_same_skewness():
    # Sorted, as some published files are: neighbors put into one block would look more skewed than they are.
    data = np.sort(np.random.default_rng(5).exponential(size=600) ** 3)
    resampled = unit_weights(600, 5000, 3) @ data / 600

    def interval(blocks):
        weights = jackknife_weights(600, 1, blocks)
        return np.array(bca(data.mean(), resampled, weights @ data / weights.sum(axis=1))[:2])

    plain = np.array(percentile(resampled)[:2])
    shift = interval(600) - plain
    assert (shift > 0.05 * data.std() / np.sqrt(600)).all()
    np.testing.assert_allclose(interval(200) - plain, shift, rtol=0.35)


def test_bootstrap_t_by_hand():
    # Values 0, 1, 2: mean 1, deviations -1, 0, 1, standard error sqrt(1/3).
    values = np.array([0.0, 1.0, 2.0])
    # Drawn 0, 0, 2: mean 2/3, variance 4/3, t = (-1/3) / sqrt(4/9) = -1/2. Drawn 0, 2, 2: t = 1/2. 1, 1, 1: no spread.
    weights = np.array([[2, 0, 1], [1, 0, 2], [0, 3, 0]])
    low, high, left_out = bootstrap_t(values, weights, level=0.5)
    # The quartiles of (-1/2, 1/2) are -1/4 and 1/4.
    assert (low, high) == pytest.approx((1 - 0.25 / np.sqrt(3), 1 + 0.25 / np.sqrt(3)))
    assert left_out == 1


@pytest.mark.parametrize(
    "values",
    [
        [0.1, 0.1, 0.1, np.nan, 0.1, 0.1, 0.7, 0.2],
        # Rounding leaves these a variance just above 0 in resamples of .38 only.
        [0.62, 0.38, 0.38, 0.38, 0.62, 0.38, 0.38, 0.38],
    ],
)
def test_bootstrap_t_one_resample_at_a_time(values):
    values, weights = np.array(values), unit_weights(8, 300, 4)
    kept = values[~np.isnan(values)]
    studentised = []
    for row in weights:
        drawn = np.repeat(values, row)
        drawn = drawn[~np.isnan(drawn)]
        if len(drawn) > 1 and np.ptp(drawn) > 0:
            studentised.append((drawn.mean() - kept.mean()) / (drawn.std(ddof=1) / np.sqrt(len(drawn))))
    below, above = np.quantile(studentised, [0.025, 0.975])
    error = kept.std(ddof=1) / np.sqrt(len(kept))
    expected = (kept.mean() - above * error, kept.mean() - below * error, 300 - len(studentised))
    assert len(studentised) < 290
    assert bootstrap_t(values, weights) == pytest.approx(expected)


def test_bootstrap_t_covers_where_percentile_does_not():
    # 7 skewed units, true mean 1/10; 500 samples err by about .01 at .95 and .016 at .85.
    random = np.random.default_rng(1)
    weights = unit_weights(7, 1000, 13)
    covered = {"bootstrap-t": 0, "percentile": 0}
    for _ in range(500):
        values = random.beta(1, 9, 7)
        for name, interval in (
            ("bootstrap-t", bootstrap_t(values, weights)),
            ("percentile", percentile(weights @ values / 7)),
        ):
            covered[name] += interval.low <= 0.1 <= interval.high
    assert 0.92 < covered["bootstrap-t"] / 500 < 0.98
    assert 0.79 < covered["percentile"] / 500 < 0.90
