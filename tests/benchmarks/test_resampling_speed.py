"""Twelve metrics of eight systems under 1,000 clustered resamples, against scipy.stats.bootstrap over scikit-learn.

`make bench` prints both times; the reference is timed on a few resamples of one system and multiplied up. On the same
resamples both give the same numbers; a test says so.
"""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as oracle

from harness.data.claims import Gold
from harness.metrics import METRICS, Intervals, ResamplingGroups, Run, measure
from harness.uncertainty.resampling import unit_weights

N, ARTICLES, SYSTEMS, RESAMPLES = 25_000, 250, 8, 1000
NAMES = (
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "macro_f1",
    "mcc",
    "brier",
    "log_loss",
    "expected_calibration_error",
    "roc_auc",
    "average_precision",
)


def data(n: int = N, articles: int = ARTICLES, systems: int = SYSTEMS):
    random = np.random.default_rng(7)
    article = np.sort(random.integers(0, articles, n))
    article = np.unique(article, return_inverse=True)[1]
    positive = (random.random(n) < 0.25).astype(np.int64)
    runs = []
    for number in range(systems):
        chance = 1 / (1 + np.exp(-(random.normal(0, 1, n) + (1 + number / 8) * (positive - 0.5))))
        # Three decimals, so that there are ties.
        chance = np.round(chance, 3)
        runs.append(Run(np.stack([1 - chance, chance], axis=1), (chance >= 0.5).astype(np.int64), True))
    return Gold(("no", "yes"), positive), runs, ResamplingGroups(article, article)


def sklearn_values(positive, run):
    chance, predicted = run.scores[:, 1], run.predicted
    return [
        oracle.accuracy_score(positive, predicted),
        oracle.balanced_accuracy_score(positive, predicted),
        oracle.precision_score(positive, predicted),
        oracle.recall_score(positive, predicted),
        oracle.f1_score(positive, predicted),
        oracle.f1_score(positive, predicted, average="macro"),
        oracle.matthews_corrcoef(positive, predicted),
        oracle.brier_score_loss(positive, chance),
        oracle.log_loss(positive, chance),
        _ece(positive, chance),
        oracle.roc_auc_score(positive, chance),
        oracle.average_precision_score(positive, chance),
    ]


def _ece(positive, chance, bins=10):
    order = np.argsort(chance, kind="stable")
    return sum(abs(positive[part].sum() - chance[part].sum()) for part in np.array_split(order, bins)) / len(positive)


def ours(gold, runs, groups):
    metrics = [METRICS.get(name)() for name in NAMES]
    weights = unit_weights(int(groups.unit.max()) + 1, RESAMPLES, 13).astype(np.int64)
    return [[metric.values(gold, run, groups, weights) for metric in metrics] for run in runs]


def test_ours(benchmark):
    gold, runs, groups = data()
    benchmark.pedantic(ours, args=(gold, runs, groups), rounds=2, warmup_rounds=0)


def test_scipy_over_scikit_learn_one_system_ten_resamples_to_be_multiplied_by_800(benchmark):
    from scipy.stats import bootstrap

    gold, runs, groups = data()
    rows = [np.flatnonzero(groups.unit == unit) for unit in range(int(groups.unit.max()) + 1)]

    def statistic(drawn):
        taken = np.concatenate([rows[unit] for unit in drawn])
        run = Run(runs[0].scores[taken], runs[0].predicted[taken], True)
        return np.array(sklearn_values(gold.codes[taken], run))

    def reference():
        units = (np.arange(len(rows)),)
        return bootstrap(units, statistic, n_resamples=10, vectorized=False, method="percentile", rng=1)

    benchmark.pedantic(reference, rounds=2, warmup_rounds=0)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("average_precision", "expected_calibration_error")]
)
def test_a_resample_is_what_scikit_learn_says_of_it(name):
    gold, runs, groups = data(2000, 40, 1)
    weights = unit_weights(int(groups.unit.max()) + 1, 5, 3).astype(np.int64)
    got = METRICS.get(name)().values(gold, runs[0], groups, weights)
    for row, value in zip(weights, got, strict=True):
        taken = np.concatenate([np.tile(np.flatnonzero(groups.unit == unit), times) for unit, times in enumerate(row)])
        run = Run(runs[0].scores[taken], runs[0].predicted[taken], True)
        assert value == pytest.approx(sklearn_values(gold.codes[taken], run)[NAMES.index(name)])


def test_intervals_are_those_of_scipy_within_monte_carlo_error():
    from scipy.stats import bootstrap

    gold, runs, groups = data(2000, 60, 1)
    rows = [np.flatnonzero(groups.unit == unit) for unit in range(int(groups.unit.max()) + 1)]

    def f1(drawn):
        taken = np.concatenate([rows[unit] for unit in drawn])
        return oracle.f1_score(gold.codes[taken], runs[0].predicted[taken])

    intervals = Intervals(method="bca", resamples=4000)
    found = measure(METRICS.get("f1")(), gold, runs, groups, intervals)
    theirs = bootstrap((np.arange(len(rows)),), f1, n_resamples=4000, vectorized=False, method="BCa", rng=2)
    spread = theirs.standard_error
    assert found.low == pytest.approx(theirs.confidence_interval.low, abs=0.15 * spread)
    assert found.high == pytest.approx(theirs.confidence_interval.high, abs=0.15 * spread)
