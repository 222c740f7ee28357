"""10,000 rankings of 1,000 claims: ours with tie expectations, against pytrec_eval, ir_measures and ranx.

Their dictionaries and runs are made before the clock starts. Without ties all give the same values; a test says so.
Wants the packages (`pip install ir_measures ranx`); what is absent is skipped.
"""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.claims import Gold
from harness.metrics import METRICS, ResamplingGroups, Run

LISTS, LENGTH = 10_000, 1000


def data(lists: int, length: int):
    """Scores without ties, 5 percent positive, at least one in each list."""
    random = np.random.default_rng(1)
    positive = random.random((lists, length)) < 0.05
    positive[:, 0] = True
    scores = random.permuted(np.tile(np.arange(length, dtype=np.float64), (lists, 1)), axis=1)
    return positive, scores


def ours(positive, scores, name="mean_average_precision", **settings):
    lists, length = positive.shape
    article = np.repeat(np.arange(lists), length)
    flat = scores.ravel()
    run = Run(np.stack([-flat, flat], axis=1), np.zeros(flat.size, dtype=np.int64))
    gold, groups = Gold(("no", "yes"), positive.ravel().astype(np.int64)), ResamplingGroups(article, article)
    weights = np.ones((1, lists), dtype=np.int64)
    metric = METRICS.get(name)(**settings)
    return lambda: float(metric.values(gold, run, groups, weights)[0])


def dictionaries(positive, scores):
    claims = [f"d{number}" for number in range(positive.shape[1])]
    names = [f"q{number}" for number in range(len(positive))]
    qrels = {
        name: dict(zip(claims, row.astype(int).tolist(), strict=True))
        for name, row in zip(names, positive, strict=True)
    }
    run = {name: dict(zip(claims, row.tolist(), strict=True)) for name, row in zip(names, scores, strict=True)}
    return qrels, run


def trec(positive, scores, measure="map"):
    pytrec_eval = pytest.importorskip("pytrec_eval", reason="pytrec_eval is not installed")
    qrels, run = dictionaries(positive, scores)
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {measure})
    return lambda: float(np.mean([found[measure] for found in evaluator.evaluate(run).values()]))


def ir_measures(positive, scores):
    package = pytest.importorskip("ir_measures", reason="ir_measures is not installed")
    qrels, run = dictionaries(positive, scores)
    evaluator = package.evaluator([package.AP], qrels)
    return lambda: float(evaluator.calc_aggregate(run)[package.AP])


def ranx(positive, scores):
    package = pytest.importorskip("ranx", reason="ranx is not installed")
    qrels, run = dictionaries(positive, scores)
    made = package.Qrels(qrels), package.Run(run)
    package.evaluate(*made, "map")
    return lambda: float(package.evaluate(*made, "map"))


@pytest.mark.parametrize("system", [ours, trec, ir_measures, ranx], ids=lambda system: system.__name__)
def test_average_precision_of_ten_thousand_rankings(benchmark, system):
    benchmark.pedantic(system(*data(LISTS, LENGTH)), rounds=3, warmup_rounds=0)


@pytest.mark.parametrize("system", [trec, ir_measures, ranx], ids=lambda system: system.__name__)
def test_without_ties_all_agree(system):
    drawn = data(40, 100)
    assert ours(*drawn)() == pytest.approx(system(*drawn)(), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "settings", "theirs"),
    [
        ("ndcg", {}, "ndcg"),
        ("r_precision", {}, "Rprec"),
        ("reciprocal_rank", {}, "recip_rank"),
        ("precision_at", {"k": 10}, "P_10"),
        ("recall_at", {"k": 10}, "recall_10"),
    ],
)
def test_other_ranking_metrics_agree_with_trec_eval(name, settings, theirs):
    drawn = data(40, 100)
    assert ours(*drawn, name, **settings)() == pytest.approx(trec(*drawn, theirs)(), abs=1e-9)
