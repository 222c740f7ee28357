"""Metrics of abstaining, and verdicts that count only with their evidence, against plain counting."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.verification.risk_coverage import (
    AccuracyAtCoverage,
    RiskCoverageArea,
    confidence,
    risk_coverage,
)
from harness.metrics.verification.strict import VerdictWithEvidence

LABELS = ("refuted", "open", "supported")


def values(metric, gold, run, weights=None):
    rows = np.arange(len(gold))
    weights = np.ones((1, len(gold)), dtype=np.int64) if weights is None else weights
    return metric.values(gold, run, ResamplingGroups(rows, rows), weights)


def run_of(scores, predicted=None, **fields):
    scores = np.array(scores, dtype=float)
    return Run(scores, scores.argmax(axis=1) if predicted is None else np.array(predicted), True, **fields)


def area_by_hand(wrong):
    return np.mean([np.mean(wrong[:n]) for n in range(1, len(wrong) + 1)])


def test_the_area_is_the_mean_share_of_errors_among_the_surest_claims():
    rng = np.random.default_rng(3)
    scores = rng.dirichlet([1, 1, 1], size=40)
    gold = Gold(LABELS, rng.integers(0, 3, size=40))
    run = run_of(scores)
    order = np.argsort(-scores.max(axis=1))
    wrong = (run.predicted != gold.codes)[order]
    assert values(RiskCoverageArea(), gold, run)[0] == pytest.approx(area_by_hand(wrong))
    assert values(AccuracyAtCoverage(coverage=0.25), gold, run)[0] == pytest.approx(1 - wrong[:10].mean())
    curve = risk_coverage(gold, run)
    assert curve.coverage[-1] == 1.0
    assert curve.risk[-1] == pytest.approx(wrong.mean())


def test_equal_confidence_counts_by_the_mean_over_orders():
    gold = Gold(LABELS, np.array([0, 1, 2, 2]))
    scores = [[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.2, 0.6], [0.3, 0.1, 0.6]]
    areas = []
    for order in permutations([1, 2, 3]):
        wrong = (np.argmax(scores, axis=1) != gold.codes)[[0, *order]]
        areas.append(area_by_hand(wrong))
    assert values(RiskCoverageArea(), gold, run_of(scores))[0] == pytest.approx(np.mean(areas))
    assert values(AccuracyAtCoverage(coverage=0.5), gold, run_of(scores))[0] == pytest.approx((1 + 2 / 3) / 2)


def test_a_claim_that_is_drawn_twice_counts_as_two():
    rng = np.random.default_rng(5)
    scores = rng.dirichlet([1, 1, 1], size=12)
    gold = Gold(LABELS, rng.integers(0, 3, size=12))
    drawn = rng.integers(0, 3, size=12)
    rows = np.repeat(np.arange(12), drawn)
    for metric in (RiskCoverageArea(), AccuracyAtCoverage(coverage=0.3)):
        weighted = values(metric, gold, run_of(scores), drawn[None, :])[0]
        assert weighted == pytest.approx(values(metric, gold.take(rows), run_of(scores[rows]))[0])


def test_a_claim_without_an_answer_comes_last_and_is_wrong():
    run = run_of([[0.9, 0.1, 0.0], [0.5, 0.3, 0.2]], predicted=[-1, 0])
    assert confidence(run)[0] == -np.inf
    gold = Gold(LABELS, np.array([0, 0]))
    assert values(RiskCoverageArea(), gold, run)[0] == pytest.approx(0.25)


def test_abstaining_needs_scores():
    with pytest.raises(Undefined, match="needs scores"):
        values(RiskCoverageArea(), Gold(LABELS, np.array([0])), Run(None, np.array([0])))


def test_a_verdict_counts_only_with_a_whole_group_of_evidence():
    gold = Gold(LABELS, np.array([0, 1, 2, 2]))
    run = run_of(np.eye(3)[[0, 1, 2, 0]], has_evidence=np.array([True, False, True, True]))
    assert values(VerdictWithEvidence(), gold, run)[0] == 0.5
    with pytest.raises(Undefined, match="shows no evidence"):
        values(VerdictWithEvidence(), gold, run_of(np.eye(3)[[0, 1, 2, 0]]))
