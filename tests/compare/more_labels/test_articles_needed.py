"""Articles until two systems can be told apart: against a simulation that draws so many, and of stored results."""

from __future__ import annotations

import numpy as np
import pytest
from small_dataset import make_dataset

from harness import power, run
from harness.compare.more_labels.articles_needed import units_by_curves, units_needed
from harness.compare.more_labels.power_law import PowerLaw
from harness.errors import HarnessError
from harness.uncertainty.resampling import jackknife_t

N = 60


def without_each(values):
    """The mean without each value: what the jackknife sees of a metric that is a mean over articles."""
    return (values.sum() - values) / (len(values) - 1)


def share_told_apart(random, mean, n, draws=400):
    """How often the interval of `n` articles leaves out 0."""
    samples = random.normal(mean, 0.1, (draws, n))
    intervals = [jackknife_t(sample.mean(), without_each(sample), (-np.inf, np.inf)) for sample in samples]
    return np.mean([interval.low > 0 for interval in intervals])


def sample_with(random, mean):
    """Differences of articles with exactly this mean, and a standard deviation of .1."""
    values = random.normal(0, 1, N)
    return mean + 0.1 * (values - values.mean()) / values.std(ddof=1)


@pytest.mark.parametrize("mean", [0.02, 0.04])
def test_the_predicted_number_is_the_one_that_a_simulation_finds(mean):
    random = np.random.default_rng(1)
    needed = units_needed(mean, without_each(sample_with(random, mean)), N)
    assert share_told_apart(random, mean, int(needed.units)) == pytest.approx(0.5, abs=0.08)
    assert share_told_apart(random, mean, int(needed.for_power)) == pytest.approx(0.8, abs=0.07)


def test_the_interval_of_the_number_covers_it():
    random = np.random.default_rng(2)
    true = units_needed(0.03, without_each(sample_with(random, 0.03)), N).units
    covered = []
    for sample in random.normal(0.03, 0.1, (40, N)):
        needed = units_needed(sample.mean(), without_each(sample), N)
        covered.append(needed.low <= true <= needed.high)
    assert np.mean(covered) >= 0.85


def test_the_number_says_what_the_interval_says_now():
    random = np.random.default_rng(3)
    for mean in np.linspace(0.005, 0.06, 12):
        sample = sample_with(random, mean)
        interval = jackknife_t(sample.mean(), without_each(sample), (-np.inf, np.inf))
        assert (units_needed(sample.mean(), without_each(sample), N).units <= N) == (interval.low > 0)


def test_a_difference_of_about_zero_has_no_number():
    sample = sample_with(np.random.default_rng(4), 1e-4)
    needed = units_needed(sample.mean(), without_each(sample), N)
    assert (needed.units, needed.high, needed.for_power) == (np.inf, np.inf, np.inf)
    assert np.isfinite(needed.low)


def law(limit, drop, exponent=0.5):
    return PowerLaw(limit, drop, exponent, 0.0, 0.0, 0.0)


def test_curves_that_part_need_fewer_articles_and_curves_that_meet_have_no_number():
    sample = sample_with(np.random.default_rng(5), 0.02)
    jackknifed = without_each(sample)
    error = float(np.sqrt(np.sum((jackknifed - jackknifed.mean()) ** 2)))
    as_now = units_needed(0.02, jackknifed, N).units
    assert as_now > N
    # All three pairs of curves differ by .02 at the present size, 1.
    assert units_by_curves(law(0.82, 0.1), law(0.80, 0.1), error, N) == as_now
    assert N <= units_by_curves(law(0.90, 0.18), law(0.80, 0.1), error, N) < as_now
    assert units_by_curves(law(0.78, 0.06), law(0.80, 0.1), error, N) == np.inf


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    base = tmp_path_factory.mktemp("power")
    experiment = {
        "name": "told",
        "task": "checkability",
        "dataset": str(make_dataset(base)),
        "split": {"k": 2},
        "classifiers": ["length", "rules", "majority", {"name": "length", "label": "again"}],
        "metrics": ["f1", "average_precision"],
        "intervals": {"resamples": 100},
    }
    run(experiment, out=base / "runs")
    return base / "runs" / "told"


def test_stored_results_are_planned_pair_by_pair_without_a_model(small_run):
    plan = power(small_run, metric="average_precision")
    assert (plan.n_units, plan.unit, plan.n) == (8, "article", 48)
    assert len(plan.pairs) == 6
    same = next(pair for pair in plan.pairs if {pair.a, pair.b} == {"length", "again"})
    assert (same.difference, same.document()["units"]) == (0, None)
    assert same.verdict == "not with articles like these: the difference is about 0"
    for pair in plan.pairs:
        assert pair.difference is not None
        assert pair.difference >= 0
        if pair.needed is not None and np.isfinite(pair.needed.units):
            assert pair.claims == pytest.approx(pair.needed.units * 6)


def test_a_single_result_has_no_pair(small_run):
    with pytest.raises(HarnessError, match="needs two results or more"):
        power(next((small_run / "results").iterdir()))


def test_a_run_over_shares_is_planned_by_its_curves_too(small_run):
    experiment = {
        "name": "shares",
        "task": "checkability",
        "dataset": str(small_run.parents[1] / "small"),
        "split": {"k": 2, "train_share": {"each": [0.25, 0.5, 0.75, 1]}},
        "classifiers": ["length", "rules"],
        "metrics": ["average_precision"],
        "intervals": {"resamples": 100},
    }
    run(experiment, out=small_run.parent)
    (pair,) = power(small_run.parent / "shares").pairs
    assert {pair.a, pair.b} == {"length[train_share=1]", "rules[train_share=1]"}
    # Neither learns from the training claims, so that the curves are flat and say the same.
    assert pair.needed is not None
    assert pair.by_curves == max(pair.needed.units, 8)
