"""Metrics of ranked passages: trec_eval's values without ties, and with ties the mean over all orders of them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from harness.metrics.official.trec import trec_query
from harness.metrics.verification import EVIDENCE_METRICS
from harness.metrics.verification.rankings import JudgedRankings

NAMES = [f"p{number}" for number in range(40)]


def random_case(rng, n_returned, n_groups):
    ranking = [
        (str(name), float(score))
        for name, score in zip(rng.permutation(NAMES)[:n_returned], rng.random(n_returned), strict=True)
    ]
    groups = [frozenset(map(str, rng.choice(NAMES, size=rng.integers(1, 4), replace=False))) for _ in range(n_groups)]
    return ranking, groups


@pytest.mark.parametrize("seed", range(20))
def test_without_ties_the_values_are_those_of_trec_eval(seed):
    rng = np.random.default_rng(seed)
    cases = [random_case(rng, int(rng.integers(0, 30)), int(rng.integers(1, 5))) for _ in range(15)]
    judged = JudgedRankings([ranking for ranking, _ in cases], [groups for _, groups in cases])
    names = {"mean_average_precision": "map", "recall_at": "recall_10", "ndcg_at": "ndcg_cut_10"}
    for ours, theirs in names.items():
        expected = [
            trec_query(dict.fromkeys(frozenset().union(*groups), 1), dict(ranking))[theirs] for ranking, groups in cases
        ]
        assert EVIDENCE_METRICS.get(ours)().of_claims(judged) == pytest.approx(expected, abs=1e-12), ours
    whole = EVIDENCE_METRICS.get("reciprocal_rank_at")(k=1000).of_claims(judged)
    expected = [
        trec_query(dict.fromkeys(frozenset().union(*groups), 1), dict(ranking))["recip_rank"]
        for ranking, groups in cases
    ]
    assert whole == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("name", EVIDENCE_METRICS.names())
def test_with_ties_a_value_is_the_mean_over_all_orders(name, k):
    metric_class = EVIDENCE_METRICS.get(name)
    metric = metric_class(**({"k": k} if "k" in metric_class.model_fields else {}))
    tied = [("a", 2.0), ("b", 1.0), ("c", 1.0), ("d", 1.0), ("e", 1.0), ("f", 0.5)]
    for groups in (
        [frozenset("b")],
        [frozenset("bc")],
        [frozenset("bc"), frozenset("cd"), frozenset("e")],
        [frozenset("ab"), frozenset("f")],
        [frozenset("az")],
        [frozenset("abcdef")],
    ):
        orders = []
        for order in permutations(range(1, 5)):
            ranking = [tied[0], *((tied[place][0], 1.0 - 0.01 * rank) for rank, place in enumerate(order)), tied[5]]
            orders.append(float(metric.of_claims(JudgedRankings([ranking], [groups]))[0]))
        assert metric.of_claims(JudgedRankings([tied], [groups]))[0] == pytest.approx(np.mean(orders)), groups


def test_a_whole_group_counts_only_within_k():
    metric = EVIDENCE_METRICS.get("whole_group_at")(k=2)
    judged = JudgedRankings(
        [[("a", 3.0), ("b", 2.0), ("c", 1.0)]] * 3,
        [[frozenset("ab")], [frozenset("ac")], [frozenset("x"), frozenset("b")]],
    )
    assert metric.of_claims(judged).tolist() == [1.0, 0.0, 1.0]


def test_a_passage_of_the_source_of_a_gold_passage_counts_by_source_alone():
    ranking, gold = [("b", 3.0), ("c", 2.0), ("a", 1.0)], [frozenset("ad"), frozenset("x")]
    sources = {"a": "one", "b": "one", "c": "two", "d": "three"}
    judged = JudgedRankings([ranking], [gold], sources)
    assert EVIDENCE_METRICS.get("source_recall_at")(k=1).of_claims(judged).tolist() == [1 / 3]
    assert EVIDENCE_METRICS.get("recall_at")(k=1).of_claims(judged).tolist() == [0.0]
    assert EVIDENCE_METRICS.get("source_recall_at")(k=1).of_claims(JudgedRankings([ranking], [gold])).tolist() == [0.0]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_tied_passages_of_one_source_count_by_their_expectation(k):
    metric, sources = EVIDENCE_METRICS.get("source_recall_at")(k=k), {"b": "one", "c": "one", "e": "two"}
    tied = [("a", 2.0), ("b", 1.0), ("c", 1.0), ("d", 1.0), ("e", 1.0)]
    gold = [frozenset("b"), frozenset("e")]
    orders = [
        metric.of_claims(
            JudgedRankings([[tied[0], *((tied[i][0], -rank) for rank, i in enumerate(order))]], [gold], sources)
        )
        for order in permutations(range(1, 5))
    ]
    assert metric.of_claims(JudgedRankings([tied], [gold], sources))[0] == pytest.approx(np.mean(orders))
