"""Random exchanges: one batch for all pairs of a table, drawn by a documented rule, whatever the size of its blocks."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar, Literal

import numpy as np
import pytest

from harness.compare import exchanges as module
from harness.compare.exchanges import Exchanges, randomization_p_values
from harness.data.claims import Gold
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.confusion import MatthewsCorrelation
from harness.metrics.labels import F1, Accuracy, MacroF1
from harness.metrics.ranking_per_article import MeanAveragePrecision

UNIT = np.repeat(np.arange(9), 5)
GROUPS = ResamplingGroups(UNIT, UNIT)
GOLD = Gold(("no", "yes"), np.random.default_rng(4).integers(0, 2, 45))


class Stacked(Metric):
    """Another metric without its sums, so that it is tested as any metric is: over the claims of both systems."""

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"
    heading: ClassVar[str] = "stacked"
    metric: Metric

    def values(self, gold, run, groups, weights):
        return self.metric.values(gold, run, groups, weights)


class Halved(F1):
    """F1 with values of its own, which its sums do not give."""

    def values(self, gold, run, groups, weights):
        return super().values(gold, run, groups, weights) / 2


def systems(n_runs=(1, 1, 3, 2)):
    random = np.random.default_rng(8)
    answers = []
    for number, of_system in enumerate(n_runs):
        runs = []
        for _ in range(of_system):
            score = np.abs(GOLD.codes - (random.random(45) < 0.1 + number / 10)) / 2 + random.random(45) / 2
            runs.append(Run(np.column_stack([1 - score, score]), (score > 0.5).astype(np.int64), probabilities=True))
        answers.append(runs)
    return answers


def p_values(metric, answers, draws=500, seed=7):
    ones = np.ones((1, 9), dtype=np.int64)
    values = [np.mean([metric.values(GOLD, run, GROUPS, ones)[0] for run in runs]) for runs in answers]
    observed = {(a, b): values[a] - values[b] for a, b in combinations(range(len(answers)), 2)}
    return randomization_p_values(metric, answers, Exchanges(GOLD, GROUPS, seed=seed, draws=draws), observed)


def drawn(n_units, draws, seed=3):
    gold, unit = Gold(("no", "yes"), np.zeros(n_units, dtype=np.int64)), np.arange(n_units)
    return Exchanges(gold, ResamplingGroups(unit, unit), seed=seed, draws=draws)


@pytest.mark.parametrize(("n_units", "draws"), [(7, 1), (7, 31), (8, 64), (1001, 5)])
def test_exchanges_are_those_of_numpy_by_the_documented_rule(n_units, draws, monkeypatch):
    expected = np.random.default_rng(3).integers(0, 2, size=(draws, n_units))
    for cells in (2**21, 1, 4 * n_units + 1):
        monkeypatch.setattr(module, "CELLS_AT_ONCE", cells)
        blocks = list(drawn(n_units, draws).blocks())
        assert np.array_equal(np.vstack(blocks), expected)
        assert len(blocks) >= min(draws / 5, 2) or cells > n_units * draws


@pytest.mark.parametrize("kept", [0, 2**26])
def test_exchanges_are_the_same_when_they_are_asked_for_again(kept, monkeypatch):
    monkeypatch.setattr(module, "PACKED_BYTES", kept)
    exchanges = drawn(9, 50)
    assert np.array_equal(np.vstack(list(exchanges.blocks())), np.vstack(list(exchanges.blocks())))


@pytest.mark.parametrize("metric", [F1(), Accuracy(), MacroF1(), MatthewsCorrelation()])
def test_sums_of_all_systems_give_what_the_claims_of_each_pair_give(metric):
    assert p_values(metric, systems()) == p_values(Stacked.model_construct(metric=metric), systems())


def test_a_mean_over_articles_is_tested_as_its_claims_are():
    mean = MeanAveragePrecision()
    assert p_values(mean, systems()) == p_values(Stacked.model_construct(metric=mean), systems())


def test_sums_that_are_not_whole_numbers_are_not_rounded():
    class Weighed(Accuracy):
        """Accuracy with claims that weigh a third more than the claims before them."""

        def summands(self, gold, run):
            return super().summands(gold, run) * (1 + np.arange(len(gold)) % 45 / 3)[:, None]

    assert p_values(Weighed(), systems()) == p_values(Stacked.model_construct(metric=Weighed()), systems())


def test_a_metric_with_values_of_its_own_is_tested_by_them():
    assert p_values(Halved(), systems()) == p_values(F1(), systems())


def test_p_values_do_not_depend_on_blocks_and_other_systems(monkeypatch):
    whole = p_values(F1(), systems())
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 40)
    assert p_values(F1(), systems()) == whole
    assert p_values(F1(), systems()[:2]) == {(0, 1): whole[0, 1]}
    assert whole != p_values(F1(), systems(), seed=8)


def test_memory_does_not_grow_with_draws_times_units():
    import tracemalloc

    n = 20_000
    unit = np.arange(n)
    random = np.random.default_rng(1)
    gold = Gold(("no", "yes"), random.integers(0, 2, n))
    runs = [[Run(None, gold.codes ^ (random.random(n) < 0.3))] for _ in range(3)]
    exchanges = Exchanges(gold, ResamplingGroups(unit, unit), seed=1, draws=2000)
    tracemalloc.start()
    randomization_p_values(F1(), runs, exchanges, dict.fromkeys(combinations(range(3), 2), 0.01))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6  # a table of 8-byte numbers would take 320 MB
