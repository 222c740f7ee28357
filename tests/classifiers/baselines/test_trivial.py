"""The floors, by hand."""

from __future__ import annotations

import numpy as np
from claim_tables import claims_of, gold_of

from harness.classifiers.baselines.trivial import Length, Majority, Position, PriorRandom


def words(*counts: int):
    return claims_of([" ".join(["word"] * count) for count in counts])


def test_majority_gives_the_shares():
    scorer = Majority().fit(words(1, 2, 3, 4), gold_of([0, 0, 1, 0]), 1)
    scores = scorer.score(words(9, 9))
    assert scores.tolist() == [[0.75, 0.25], [0.75, 0.25]]
    assert scorer.probabilities
    assert scorer.predict(words(9, 9), scores).tolist() == [0, 0]


def test_length_counts_words_up_to_the_cap_and_takes_the_best_cutoff():
    # positives: 3 and 5 words; the rest: 1, 2 and 4.  F1 = 2 hits / (predicted + 2) from each cutoff on:
    # 1: 4/7   2: 4/6   3: 4/5   4: 2/4   5: 2/3   so the cutoff is 3
    scorer = Length(cap=6).fit(words(1, 2, 3, 4, 5), gold_of([0, 0, 1, 0, 1]), 1)
    assert scorer.cutoff == 3
    scores = scorer.score(words(0, 2, 3, 7))
    assert scores.tolist() == [[0, 0], [-2, 2], [-3, 3], [-6, 6]]
    assert scorer.predict(words(0, 2, 3, 7), scores).tolist() == [0, 0, 1, 1]


def test_position_ranks_by_place_and_takes_the_best_cutoff():
    # six claims of one article, positives at places 0 and 2: F1 is best when the first three are predicted
    claims = claims_of([f"Claim {n}." for n in range(6)], per_article=6)
    scorer = Position().fit(claims, gold_of([1, 0, 1, 0, 0, 0]), 1)
    assert scorer.cutoff == -2
    scores = scorer.score(claims)
    assert scores[:, 1].tolist() == [0, -1, -2, -3, -4, -5]
    assert scorer.predict(claims, scores).tolist() == [1, 1, 1, 0, 0, 0]
    last = Position(order="last").fit(claims, gold_of([0, 0, 0, 0, 0, 1]), 1)
    assert last.score(claims)[:, 1].tolist() == [0, 1, 2, 3, 4, 5]
    assert last.predict(claims, last.score(claims)).tolist() == [0, 0, 0, 0, 0, 1]
    none = Position().fit(claims, gold_of([0] * 6), 1)
    assert not none.predict(claims, none.score(claims)).any()
    assert not Position().untrained_scorer().gives_labels


def test_length_and_position_say_how_far_a_claim_is_above_their_cutoff():
    length = Length(cap=6).fit(words(1, 2, 3, 4, 5), gold_of([0, 0, 1, 0, 1]), 1)  # cutoff 3, as above
    assert length.explain(words(2, 9)) == [(("words: 2", "", -1.0),), (("words: 9", "", 3.0),)]
    assert Length(cap=6).untrained_scorer().explain(words(2)) == [(("words: 2", "", 2.0),)]
    claims = claims_of([f"Claim {n}." for n in range(6)], per_article=6)
    position = Position().fit(claims, gold_of([1, 0, 1, 0, 0, 0]), 1)  # cutoff -2, as above
    reasons = [reason for (reason,) in position.explain(claims)]
    assert [reason.weight for reason in reasons] == [2, 1, 0, -1, -2, -3]
    assert reasons[3].name == "claims before it: 3"


def test_length_takes_the_lowest_of_equal_cutoffs():
    # one claim of 4 words, positive: every cutoff from 0 to 4 has F1 1
    assert Length().fit(words(4), gold_of([1]), 1).cutoff == 0


def test_prior_random_predicts_as_often_as_the_prior():
    claims = claims_of(["x"] * 4000)
    scorer = PriorRandom().fit(words(1, 2, 3, 4), gold_of([0, 1, 0, 0]), 5)
    scores = scorer.score(claims)
    assert 0 <= scores[:, 1].min() < 0.01
    assert 0.99 < scores[:, 1].max() < 1
    # 4000 draws at 0.25: standard deviation 0.0068
    assert abs(scorer.predict(claims, scores).mean() - 0.25) < 0.03
    other = PriorRandom().fit(words(1, 2, 3, 4), gold_of([0, 1, 0, 0]), 6).score(claims)
    assert abs(np.corrcoef(scores[:, 1], other[:, 1])[0, 1]) < 0.1


def test_prior_random_draws_each_of_many_labels():
    claims = claims_of(["x"] * 4000)
    scorer = PriorRandom().fit(words(1, 2, 3, 4), gold_of([0, 2, 2, 3], ("a", "b", "c", "d")), 5)
    predicted = scorer.predict(claims, scorer.score(claims))
    shares = np.bincount(predicted, minlength=4) / 4000
    np.testing.assert_allclose(shares, [0.25, 0, 0.5, 0.25], atol=0.03)
