"""Boosted trees: against LightGBM's own predictions, reasons that add up, and saving."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from claim_tables import gold_of, yes_no
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax

from harness import open_dataset
from harness.classifiers import build
from harness.classifiers.ngram_models.boosted import Trees, _features, _node_table
from harness.classifiers.storage.serialize import deserialize, serialize

lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is absent: pip install 'claim-harness[boost]'")
SMALL = {"trees": 12, "leaves": 6, "min_claims": 5, "min_df": 3}


@pytest.fixture(scope="module")
def table():
    claims = open_dataset("public-matters").table().take(np.arange(300))
    lengths = np.array([len(text) for text in claims.text])
    return claims, gold_of((lengths > 90).astype(int).tolist()), np.digitize(lengths, [60, 120])


def of_lightgbm(classifier, rows: csr_matrix, codes, seed):
    """LightGBM's own scores of the rows that it was fitted to."""
    boosters = {}
    real = lightgbm.train

    def train(*args, **kwargs):
        boosters["booster"] = real(*args, **kwargs)
        return boosters["booster"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lightgbm, "train", train)
        classifier._train(rows, codes, seed)
    return boosters["booster"].predict(rows, raw_score=True)


def test_two_labels_score_as_lightgbm_says(table):
    claims, gold, _ = table
    classifier = build("boosted_features", SMALL)
    scorer = classifier.fit(claims, gold, 13)
    rows = _features(list(claims.text), scorer.tfidf)
    expected = of_lightgbm(classifier, rows, gold.codes, 13)
    assert scorer.score(claims)[:, 1] == pytest.approx(expit(expected), abs=1e-12)
    assert scorer.score(claims).sum(axis=1) == pytest.approx(1)


def test_three_labels_score_as_lightgbm_says(table):
    claims, _, codes = table
    gold = gold_of(codes.tolist(), labels=("a", "b", "c"))
    classifier = build("boosted_features", SMALL)
    scorer = classifier.fit(claims, gold, 13)
    expected = of_lightgbm(classifier, _features(list(claims.text), scorer.tfidf), codes, 13)
    np.testing.assert_allclose(scorer.score(claims), softmax(expected, axis=1), atol=1e-12)


def test_a_label_that_training_lacks_has_no_chance(table):
    claims, gold, _ = table
    three = gold_of((gold.codes * 2).tolist(), labels=("a", "b", "c"))
    scores = build("boosted_features", SMALL).fit(claims, three, 13).score(claims)
    assert (scores[:, 1] == 0).all()
    assert scores.sum(axis=1) == pytest.approx(1)


def test_a_tree_by_hand():
    # column 1 up to 2.5: 3 claims at +1; above it, column 0 up to 0: 1 claim at -1, above: 2 claims at +2
    tree = {
        "split_feature": 1,
        "threshold": 2.5,
        "left_child": {"leaf_value": 1.0, "leaf_count": 3},
        "right_child": {
            "split_feature": 0,
            "threshold": 0.0,
            "left_child": {"leaf_value": -1.0, "leaf_count": 1},
            "right_child": {"leaf_value": 2.0, "leaf_count": 2},
        },
    }
    trees: Trees = _node_table({"tree_info": [{"tree_structure": tree}]}, 1)
    rows = np.array([[9.0, 2.5], [0.0, 3.0], [0.5, 3.0]])
    assert trees.scores(rows).ravel().tolist() == [1, -1, 2]
    # the mean of all six is 1, of the three on the right 1
    assert trees.contributions(rows).tolist() == [[0, 0], [-2, 0], [1, 0]]


def test_reasons_add_up_to_the_score(table):
    claims, gold, _ = table
    scorer = build("boosted_features", SMALL).fit(claims, gold, 13)
    rows = _features(list(claims.text), scorer.tfidf)[:, scorer.columns].toarray()
    contributions = scorer.trees.contributions(rows).sum(axis=1)
    base = scorer.trees.value[scorer.trees.roots].sum()
    np.testing.assert_allclose(base + contributions, scorer.trees.scores(rows)[:, 0])
    for text, reasons in zip(claims.text, scorer.explain(claims), strict=True):
        assert 0 < len(reasons) <= 10
        assert all(reason.text in text for reason in reasons)


def test_the_same_seed_gives_the_same_trees_and_they_are_kept(table, tmp_path):
    claims, gold, _ = table
    classifier = build("boosted_features", SMALL)
    scorer = classifier.fit(claims, gold, 13)
    assert np.array_equal(classifier.fit(claims, gold, 13).score(claims), scorer.score(claims))
    again = deserialize(json.loads(json.dumps(serialize(scorer, tmp_path))), tmp_path)
    assert np.array_equal(again.score(claims), scorer.score(claims))
    assert again.explain(claims.take(np.arange(3))) == scorer.explain(claims.take(np.arange(3)))
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz"}


def test_too_few_claims_for_a_split_give_the_shares():
    claims, gold = yes_no()
    scores = build("boosted_features", {}).fit(claims, gold, 13).score(claims)
    assert scores[:, 1] == pytest.approx(gold.positive.mean())


@pytest.mark.parametrize(("policy", "then"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_idle_threads_sleep_unless_the_environment_says_otherwise(policy, then, monkeypatch):
    """LightGBM brings the OpenMP library that torch uses later."""
    monkeypatch.setenv("OMP_WAIT_POLICY", policy or "")
    if policy is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    build("boosted_features", {}).check()
    assert os.environ["OMP_WAIT_POLICY"] == then
