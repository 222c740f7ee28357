"""Ranking metrics against arithmetic by hand, all orders of the ties written out, and scikit-learn."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_cases import codes, examples, outcome, value, values, yes_no
from sklearn.metrics import average_precision_score, roc_auc_score

from harness.metrics.article_means import UnitsSplitArticles
from harness.metrics.official.checkthat_ranking import checkthat_mean, checkthat_ranking
from harness.metrics.ranking_per_article import MeanAveragePrecision, PrecisionAt, ReciprocalRank, RPrecision
from harness.metrics.ranking_pooled import AveragePrecision, PooledTies, RocAuc
from harness.metrics.ties import precision_sums, ties_of_long_lists, ties_of_short_lists


def over_all_orders(gold, scores, k):
    """The mean of each number over all orders of the claims, ties kept in each order: the definition, written out."""
    gold, scores = np.array(gold, dtype=bool), np.array(scores, dtype=float)
    orders = [list(order) for order in permutations(range(len(gold)))]
    return checkthat_mean([checkthat_ranking(gold[order], scores[order], [k]) for order in orders])


lists = st.integers(1, 5).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(any),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
    )
)


@examples
@given(lists, st.integers(1, 6))
def test_ties_count_as_the_mean_over_all_their_orders(drawn, k):
    case, expected = yes_no(*drawn), over_all_orders(*drawn, k)
    assert value(AveragePrecision(), case) == pytest.approx(expected["average_precision"], abs=1e-12)
    assert value(MeanAveragePrecision(), case) == pytest.approx(expected["average_precision"], abs=1e-12)
    assert value(ReciprocalRank(), case) == pytest.approx(expected["reciprocal_rank"], abs=1e-12)
    assert value(RPrecision(), case) == pytest.approx(expected["r_precision"], abs=1e-12)
    assert value(PrecisionAt(k=k), case) == pytest.approx(expected[f"precision_at_{k}"], abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1)), min_size=1, max_size=30))
def test_claims_that_count_once_have_the_same_bits_beside_claims_that_count_twice(claims):
    positive, once = (np.array(column) for column in zip(*claims, strict=True))
    ties = PooledTies(np.append(positive, True), -np.arange(len(claims) + 1.0), np.arange(len(claims) + 1))
    weights = np.append(once, 1)[None]
    alone, beside = (
        precision_sums(ties.count(rows)[0])[0] for rows in (weights, np.concatenate([weights, weights * 2]))
    )
    assert alone.tobytes() == beside.tobytes()


def test_average_precision_by_hand():
    # one positive among four tied claims: (1 + 1/2 + 1/3 + 1/4) / 4
    assert value(AveragePrecision(), yes_no([1, 0, 0, 0], [0.5] * 4)) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    # positives at ranks 1 and 3: (1/1 + 2/3) / 2
    assert value(AveragePrecision(), yes_no([1, 0, 1], [0.9, 0.8, 0.7])) == pytest.approx(5 / 6)


def test_average_precision_of_copies_by_hand():
    case = yes_no([0, 1], [0.9, 0.1], article=[0, 1])
    # a wrong claim first, drawn once; a positive drawn twice at ranks 2 and 3: (1/2 + 2/3) / 2
    # drawn three times and once: 1/4; the positive not drawn at all: undefined; the wrong one not drawn: 1
    got = values(AveragePrecision(), case, [[1, 2], [3, 1], [2, 0], [0, 2]])
    np.testing.assert_allclose(got, [(1 / 2 + 2 / 3) / 2, 1 / 4, np.nan, 1.0])


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_without_ties_agrees_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    gold, scores = random.random(500) < 0.1, random.permutation(500) / 500
    assert value(AveragePrecision(), yes_no(gold, scores)) == pytest.approx(
        average_precision_score(gold, scores), abs=1e-12
    )


@pytest.mark.parametrize("levels", [3, 1000])
def test_roc_auc_agrees_with_scikit_learn_under_weights(levels):
    random = np.random.default_rng(levels)
    gold, scores, article = random.integers(0, 2, 80), random.integers(0, levels, 80) / levels, np.arange(80)
    weights = random.integers(0, 4, (5, 80))
    got = values(RocAuc(), yes_no(gold, scores, article), weights)
    np.testing.assert_allclose(got, [roc_auc_score(gold, scores, sample_weight=row) for row in weights])


def test_roc_auc_by_hand():
    # pairs of the positive at .5 with .9 (lost), .5 (half), .1 (won): 1.5 / 3
    assert value(RocAuc(), yes_no([0, 1, 0, 0], [0.9, 0.5, 0.5, 0.1])) == pytest.approx(0.5)
    # 2.5 / 3 once the first is out of the ranking's way
    assert value(RocAuc(), yes_no([0, 1, 0, 0], [0.2, 0.5, 0.5, 0.1])) == pytest.approx(2.5 / 3)


def test_a_long_list_keeps_its_digits():
    # one positive after a million others, drawn twice: (1/(N+1) + 2/(N+2)) / 2 with N = 1e6
    n = 1_000_000
    gold, scores = np.append(np.zeros(n), 1), np.append(np.ones(n), 0.0)
    got = values(AveragePrecision(), yes_no(gold, scores, codes(gold)), [[1, 2], [1, 1]])
    np.testing.assert_allclose(got, [(1 / (n + 1) + 2 / (n + 2)) / 2, 1 / (n + 1)], atol=1e-9, rtol=0)
    assert got[1] == pytest.approx(1 / (n + 1), rel=1e-12)


def two_articles():
    #          article 0: - + - +      article 1: + -     article 2: - -
    return yes_no([0, 1, 0, 1, 1, 0, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.2, 0.2, 0.5, 0.4], [0, 0, 0, 0, 1, 1, 2, 2])


def test_means_over_articles_by_hand():
    case = two_articles()
    # article 0: (1/2 + 2/4) / 2 = 1/2; article 1: tied, (1 + 1/2) / 2 = 3/4; article 2: undefined
    assert value(MeanAveragePrecision(), case) == pytest.approx((1 / 2 + 3 / 4) / 2)
    # first positive at rank 2; at 1 or 2
    assert value(ReciprocalRank(), case) == pytest.approx((1 / 2 + 3 / 4) / 2)
    # R = 2: one of the first two; R = 1: half a hit
    assert value(RPrecision(), case) == pytest.approx((1 / 2 + 1 / 2) / 2)
    # k = 3: 1/3, 1/3 (two claims, still divided by 3), 0
    assert value(PrecisionAt(k=3), case) == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)


def test_means_over_articles_say_over_how_many():
    case = two_articles()
    for metric in (MeanAveragePrecision(), ReciprocalRank(), RPrecision()):
        assert metric.note(case.gold, case.run, case.groups) == "over 2 of 3 articles"
    assert PrecisionAt().note(case.gold, case.run, case.groups) is None


def test_an_article_counts_as_often_as_its_unit_is_drawn():
    case = two_articles()
    # AP 1/2, 3/4, none: (2 x 1/2 + 3/4) / 3; 3/4; none
    np.testing.assert_allclose(
        values(MeanAveragePrecision(), case, [[2, 1, 0], [0, 1, 2], [0, 0, 3]]), [1.75 / 3, 0.75, np.nan]
    )
    # Two articles in one unit come together.
    together = case.with_groups(case.groups.article, [0, 0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_allclose(values(PrecisionAt(k=2), together, [[1, 1], [0, 2]]), [(1 / 2 + 1 / 2 + 0) / 3, 1 / 4])
    assert MeanAveragePrecision().unit_values(together.gold, together.run, together.groups) is None


def test_units_that_split_articles_are_refused_by_means_over_articles():
    case = two_articles().with_groups([0, 0, 0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1, 0, 1])
    assert values(MeanAveragePrecision(), case, [[1, 1]]) == pytest.approx([0.625])
    with pytest.raises(UnitsSplitArticles, match="whole articles"):
        values(MeanAveragePrecision(), case, [[2, 0]])


def test_undefined_is_said():
    case = yes_no([0, 0], [0.1, 0.2])
    assert outcome(AveragePrecision(), case) == "undefined: no claim has gold label 'yes'"
    assert outcome(RocAuc(), yes_no([1, 1], [0.1, 0.2])) == "undefined: every claim has gold label 'yes'"
    for metric in (MeanAveragePrecision(), ReciprocalRank(), RPrecision()):
        assert outcome(metric, case) == "undefined: no article has a claim with gold label 'yes'"
    assert outcome(PrecisionAt(), case) == 0.0


def test_codes_with_gaps_are_no_articles():
    case = yes_no([1, 0], [0.9, 0.1], article=[0, 3])
    # k = 1: 1 and 0, over the two articles there are
    assert value(PrecisionAt(k=1), case) == pytest.approx(0.5)


@examples
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40))
def test_long_and_short_lists_are_counted_alike(rows):
    rows.sort(key=lambda row: row[2])
    positive, scores, lists = (np.array(column) for column in zip(*rows, strict=True))
    short = ties_of_short_lists(positive, scores.astype(np.float64), codes(lists))
    long = ties_of_long_lists(positive, scores.astype(np.float64), codes(lists))
    np.testing.assert_array_equal(short[0], long[0])
    for one, other in zip(short[1], long[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_long_lists_in_any_order_have_the_value_of_sorted_ones():
    random = np.random.default_rng(5)
    article = np.repeat(np.arange(3), [200, 100, 90])
    case = yes_no(random.integers(0, 2, 390), random.integers(0, 20, 390) / 20, article)
    for metric in (MeanAveragePrecision(), RPrecision(), PrecisionAt(k=7), ReciprocalRank()):
        assert value(metric, case.take(random.permutation(390))) == pytest.approx(value(metric, case))
