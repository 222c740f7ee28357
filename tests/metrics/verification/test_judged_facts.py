"""Shares of facts that a judge finds supported, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics.verification.judged_facts import NO_COUNTS, FactCounts, judged_values

COUNTS = [FactCounts(4, 2, 5, 1), FactCounts(2, 2, 1, 1), FactCounts(3, 0, 2, 0)]


def test_recall_and_precision_are_means_over_claims():
    values = judged_values(COUNTS)
    assert values["recall"].value == pytest.approx((0.5 + 1 + 0) / 3)
    assert values["precision"].value == pytest.approx((0.2 + 1 + 0) / 3)
    assert values["recall"].if_all_0 == values["recall"].if_all_1 == values["recall"].value
    assert values["recall"].low < values["recall"].value < values["recall"].high
    assert "score@0.5" not in values


def test_the_threshold_is_reached_by_equality_and_needs_the_right_label():
    right = np.array([True, False, True])
    assert judged_values(COUNTS, right)["score@0.5"].value == pytest.approx(1 / 3)
    assert judged_values(COUNTS, right, threshold=0.51)["score@0.51"].value == 0


def test_a_missing_answer_moves_bounds_and_not_the_value():
    counts, right = [*COUNTS, NO_COUNTS, NO_COUNTS], np.array([True, True, True, True, False])
    values = judged_values(counts, right)
    recall = values["recall"]
    assert recall.value == judged_values(COUNTS)["recall"].value
    assert (recall.n, recall.n_missing) == (3, 2)
    assert (recall.if_all_0, recall.if_all_1) == (pytest.approx(1.5 / 5), pytest.approx(3.5 / 5))
    # The last label is wrong, so that no answer could have made that claim right.
    score = values["score@0.5"]
    assert (score.if_all_0, score.if_all_1) == (pytest.approx(2 / 5), pytest.approx(3 / 5))


def test_without_any_answer_there_is_no_value():
    recall = judged_values([NO_COUNTS])["recall"]
    assert (recall.value, recall.low, recall.if_all_0, recall.if_all_1) == (None, None, 0, 1)


def test_a_claim_without_facts_on_a_side_has_no_share_of_it():
    values = judged_values([FactCounts(2, 1, 0, 0), FactCounts(0, 0, 3, 3)])
    assert (values["recall"].value, values["recall"].n) == (0.5, 1)
    assert (values["precision"].value, values["precision"].n) == (1.0, 1)


@pytest.mark.parametrize("n", [1, 2])
def test_few_claims_have_a_value_all_the_same(n):
    assert judged_values(COUNTS[:n])["recall"].value == pytest.approx([0.5, 0.75][n - 1])
