import numpy as np
import pytest
from metric_cases import Case, outcome, value, yes_no

from harness.metrics import ResamplingGroups
from harness.metrics.ranking_per_article import Ndcg, RecallAt
from harness.metrics.workload import ClaimsReadPerHit, PooledPrecisionAt, PooledRecallAt, RecallAtTextFraction


def with_lengths(case, lengths):
    return Case(case.gold, case.run, ResamplingGroups(case.groups.article, case.groups.unit, np.array(lengths)))


def test_hand_worked_over_two_articles():
    # ranked: yes (.9, article 0), no (.8, 1), yes and no tied (.5, 0 and 1), no (.1, 0)
    case = yes_no([1, 0, 1, 0, 0], [0.9, 0.8, 0.5, 0.5, 0.1], [0, 1, 0, 1, 0])
    # Of the first three: the first, and the tied pair's positive one in half of the orders.
    assert value(PooledPrecisionAt(n=3), case) == pytest.approx(1.5 / 3)
    assert value(PooledRecallAt(n=3), case) == pytest.approx(1.5 / 2)
    assert value(ClaimsReadPerHit(n=3), case) == pytest.approx(3 / 1.5)
    assert value(ClaimsReadPerHit(n=50), case) == pytest.approx(5 / 2)
    assert value(PooledPrecisionAt(n=50), case) == pytest.approx(2 / 50)


def test_reading_by_text_cuts_the_last_claim():
    # 40 characters in all, a quarter is 10: the first claim (6) and 4 of the 8 of the second.
    case = with_lengths(yes_no([1, 1, 0], [0.9, 0.8, 0.1]), [6, 8, 26])
    assert value(RecallAtTextFraction(share=0.25), case) == pytest.approx((1 + 0.5) / 2)
    assert value(RecallAtTextFraction(share=1), case) == pytest.approx(1)
    # Tied claims are read side by side: 10 of 40 characters are a quarter of each.
    tied = with_lengths(yes_no([1, 1, 0], [0.5, 0.5, 0.5]), [6, 8, 26])
    assert value(RecallAtTextFraction(share=0.25), tied) == pytest.approx(0.25)


def test_no_find_and_no_lengths_are_undefined():
    case = yes_no([0, 1], [0.9, 0.1])
    assert "among the first 1" in outcome(ClaimsReadPerHit(n=1), case)
    assert "lengths" in outcome(
        RecallAtTextFraction(), Case(case.gold, case.run, ResamplingGroups(*[case.groups.article] * 2))
    )


def test_ndcg_and_recall_at_hand_worked():
    # article 0: yes at rank 1 and 3, gain 1 + 1/2 by 1 + 1/log2(3); article 1: one yes among two tied claims
    case = yes_no([1, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.5, 0.5], [0, 0, 0, 1, 1])
    first = (1 + 1 / 2) / (1 + 1 / np.log2(3))
    second = (1 + 1 / np.log2(3)) / 2
    assert value(Ndcg(), case) == pytest.approx((first + second) / 2)
    assert value(RecallAt(k=1), case) == pytest.approx((1 / 2 + 1 / 2) / 2)


@pytest.mark.parametrize("seed", range(4))
def test_ndcg_agrees_with_scikit_learn_ties_and_all(seed):
    from sklearn.metrics import ndcg_score

    random = np.random.default_rng(seed)
    gold, scores = random.integers(0, 2, 40), random.integers(0, 6, 40) / 5
    assert value(Ndcg(), yes_no(gold, scores)) == pytest.approx(ndcg_score([gold], [scores]))
