"""The linear classifiers: numbers by hand, explanations, settings."""

from __future__ import annotations

import numpy as np
import pytest
from claim_tables import STATISTICS, claims_of, gold_of, three_labels, yes_no
from pydantic import ValidationError
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB

from harness.classifiers.ngram_models.linear import ComplementNb, NbLogreg, TfidfLogreg, TfidfSvm
from harness.features.weights import Tfidf

WORDS_ONLY = {"word_ngrams": (1, 1), "char_ngrams": None, "min_df": 1}


def test_logistic_regression_is_at_its_optimum():
    # One word in every text: each row is [1] ("up", positive) or [0, 1] ("down"); by symmetry the optimum has
    # weights w, -w and no intercept, with w = C * sigmoid(-w) * n for n texts of each kind.
    claims, gold = claims_of(["up", "down"] * 3), gold_of([1, 0] * 3)
    scorer = TfidfLogreg(**WORDS_ONLY, C=2.0).fit(claims, gold, 1)
    weight = scorer.weights[0, 0]
    assert weight == pytest.approx(2.0 * 3 * expit(-weight), abs=1e-7)
    assert scorer.weights[1, 0] == pytest.approx(-weight, abs=1e-7)
    assert scorer.score(claims)[0].tolist() == pytest.approx([expit(-weight), expit(weight)])


def test_naive_bayes_ratios_by_hand():
    # p = 1 + positives with the word, q = 1 + others:   up: 3, 1   down: 1, 3   it: 3, 3   sums 7 and 7
    # r = ln(3), -ln(3), 0; the word without a ratio gets no weight
    claims, gold = claims_of(["up it", "up it", "down it", "down it"]), gold_of([1, 1, 0, 0])
    classifier = NbLogreg(**WORDS_ONLY, C=1.0)
    scorer = classifier.fit(claims, gold, 1)
    assert scorer.features.ngrams.names() == ["word:up", "word:it", "word:down"]
    rows = np.log(3) * np.array([[1, 0, 0], [1, 0, 0], [0, 0, -1], [0, 0, -1]])
    inner = LogisticRegression(C=1.0, solver="liblinear", tol=1e-8).fit(rows, gold.codes)
    np.testing.assert_allclose(scorer.weights[:, 0], inner.coef_[0] * np.log(3) * [1, 0, -1], atol=1e-7)


def test_complement_naive_bayes_by_hand():
    # One text has two words of equal weight, so each row is [w, w, 0] or [w, 0, w] with w = tf-idf's norm. A label's
    # weight of a word is -ln((1 + its weight in the other labels) / (n words + their whole weight)).
    claims, gold = claims_of(["up it", "up it", "down it"]), gold_of([1, 1, 0])
    scorer = ComplementNb(**WORDS_ONLY, alpha=1.0).fit(claims, gold, 1)
    rows = scorer.features.transform(list(claims.text)).toarray()
    other = [1 + rows[gold.codes != label].sum(axis=0) for label in (0, 1)]
    weights = [-np.log(total / total.sum()) for total in other]
    np.testing.assert_allclose(scorer.weights[:, 0], weights[1] - weights[0])
    scores = scorer.score(claims)
    assert scorer.predict(claims, scores).tolist() == [1, 1, 0]
    assert not scorer.probabilities
    reasons = scorer.explain(claims)[0]
    assert (reasons[0].name, reasons[0].text) == ("word:up", "up")


def test_complement_naive_bayes_of_three_labels_is_that_of_scikit_learn_against_the_mean_of_the_labels():
    claims, gold = three_labels()
    scorer = ComplementNb().fit(claims, gold, 1)
    rows = scorer.features.transform(list(claims.text))
    expected = ComplementNB(alpha=0.1).fit(rows, gold.codes).predict_joint_log_proba(rows)
    np.testing.assert_allclose(scorer.score(claims), expected - expected.mean(axis=1, keepdims=True), atol=1e-9)


def test_complement_naive_bayes_of_three_labels_does_not_take_length_for_a_reason():
    claims, gold = three_labels()
    scorer = ComplementNb().fit(claims, gold, 1)
    short, long = claims_of(["5 percent"]), claims_of(["What a lovely evening it was, thank you all, honestly!"])
    assert scorer.score(short)[0, 2] > 0 > scorer.score(long)[0, 2]
    assert {reason.name: reason.weight for reason in scorer.explain(short)[0]}["word:percent"] > 0
    assert {reason.name: reason.weight for reason in scorer.explain(long)[0]}["word:it"] < 0


def test_svm_margins_decide_at_zero():
    claims, gold = yes_no()
    scorer = TfidfSvm(C=1.0).fit(claims, gold, 1)
    scores = scorer.score(claims)
    assert scorer.cutoff == 0.0
    assert not scorer.probabilities
    assert (scores[:, 0] == -scores[:, 1]).all()
    assert (scorer.predict(claims, scores) == (scores[:, 1] >= 0)).all()
    rows = scorer.features.transform(list(claims.text))
    np.testing.assert_allclose(scores[:, 1], rows @ scorer.weights[:, 0] + scorer.intercepts[0])


def test_balanced_weights_raise_the_rare_label():
    claims, gold = yes_no()
    rare = np.array([0, 1, 2, 3, 4, 5, 6])
    table, labels = claims.take(rare), gold.take(rare)
    plain = TfidfLogreg().fit(table, labels, 1).score(claims)
    balanced = TfidfLogreg(class_weight="balanced").fit(table, labels, 1).score(claims)
    assert (balanced[:, 1] > plain[:, 1]).all()


def test_reasons_are_the_largest_terms_of_the_sum():
    claims, gold = yes_no()
    scorer = TfidfLogreg().fit(claims, gold, 1)
    text = "Rents rose by 14 percent, honestly!"
    rows = scorer.features.transform([text])
    terms = rows.toarray()[0] * scorer.weights[:, 0]
    (reasons,) = scorer.explain(claims_of([text]))
    assert [reason.weight for reason in reasons] == pytest.approx(sorted(terms, key=abs, reverse=True)[:10])
    names = scorer.features.ngrams.names()
    assert all(terms[names.index(reason.name)] == pytest.approx(reason.weight) for reason in reasons)
    assert all(reason.text in text and reason.text for reason in reasons)
    weights = {reason.name: reason.weight for reason in reasons}
    assert weights["word:percent"] > 0
    assert scorer.explain(claims_of([""])) == [()]


def test_reasons_of_many_labels_are_those_of_the_last_label():
    claims, gold = three_labels()
    (reasons,) = TfidfLogreg().fit(claims, gold, 1).explain(claims_of(["5 percent"]))
    assert {reason.name: reason.weight for reason in reasons}["word:percent"] > 0
    without_last = np.flatnonzero(gold.codes != 2)
    scorer = TfidfLogreg().fit(claims.take(without_last), gold.take(without_last), 1)
    assert scorer.explain(claims_of(["5 percent"])) is None
    assert scorer.score(claims)[:, 2].tolist() == [0.0] * len(claims)


def test_large_tables_are_scored_in_parts(monkeypatch):
    scorer = TfidfLogreg().fit(*yes_no(), 1)
    table = claims_of(STATISTICS * 3)
    whole, reasons = scorer.score(table), scorer.explain(table)
    monkeypatch.setattr("harness.classifiers.ngram_models.linear.BATCH", 4)
    assert (scorer.score(table) == whole).all()
    assert scorer.explain(table) == reasons


def test_a_classifier_is_its_own_feature_settings():
    claims, _ = yes_no()
    _, rows = Tfidf.fit(TfidfLogreg(min_df=2, char_ngrams=[3, 3]), list(claims.text))
    _, fewer = Tfidf.fit(TfidfLogreg(min_df=2, char_ngrams=None), list(claims.text))
    assert rows.shape[1] > fewer.shape[1]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [({"C": 0.0}, "C"), ({"c": 1.0}, "c"), ({"class_weight": "none"}, "class_weight"), ({"min_df": 0}, "min_df")],
)
def test_wrong_settings_are_named(wrong, place):
    with pytest.raises(ValidationError) as caught:
        TfidfLogreg(**wrong)
    assert [error["loc"][0] for error in caught.value.errors()] == [place]
