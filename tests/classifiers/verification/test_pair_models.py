"""Classifiers over features of claims and passages are saved and loaded with the same scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import harness
from harness.classifiers.build import build
from harness.classifiers.storage.serialize import deserialize, serialize
from harness.classifiers.verification.pair_models import FEATURES, PairScorer
from harness.data.claims import Gold, ShownPassage
from harness.errors import HarnessError
from harness.runner.models.saved_model import SCORER_ERRORS
from harness.runner.verification.gold_evidence import evidence_column

NAMES = ("pair_logreg", "pair_boosted", "evidence_only", "evidence_rules")


@pytest.fixture(scope="module")
def claims():
    table = harness.open_dataset("public-matters").table()
    rows = np.arange(120)
    passages = [[ShownPassage(f"p{row}", str(table.text[row + row % 3]), 1.0)] for row in rows]
    taken = table.take(rows)
    object.__setattr__(taken, "evidence", evidence_column(passages))
    return taken


@pytest.fixture(scope="module")
def gold():
    return Gold(("supported", "refuted", "open"), np.arange(120, dtype=np.int64) % 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_scorer_gives_the_same_scores(name, claims, gold, tmp_path):
    scorer = build(name, {}).fit(claims, gold, 13)
    loaded = deserialize(serialize(scorer, tmp_path), tmp_path)
    np.testing.assert_array_equal(loaded.score(claims), scorer.score(claims))


@pytest.mark.parametrize("n_labels", [2, 3])
def test_weights_give_the_probabilities_of_the_pipeline_that_they_come_from(n_labels, claims, tmp_path):
    gold = Gold(("supported", "refuted", "open"), np.arange(120, dtype=np.int64) % n_labels)
    classifier = build("pair_logreg", {})
    featurize = FEATURES[classifier.features]
    rows = [featurize(*row) for row in zip(claims.text, claims.evidence, strict=True)]
    pipeline = classifier.model(13).fit(rows, gold.codes)
    scores = classifier.scorer(pipeline, 3).score(claims)
    np.testing.assert_allclose(scores[:, :n_labels], pipeline.predict_proba(rows), rtol=1e-12)
    assert not scores[:, n_labels:].any()
    # A model that an earlier version saved holds the pipeline.
    saved = PairScorer(classifier.features, pipeline, 3)
    loaded = deserialize(serialize(saved, tmp_path), tmp_path)
    np.testing.assert_allclose(loaded.score(claims), scores, rtol=1e-12)


def test_weights_that_do_not_match_their_features_are_refused(claims, gold):
    scorer = build("pair_logreg", {}).fit(claims, gold, 13)
    for changed in ({"names": scorer.names[:-1]}, {"scale": scorer.scale[:5]}, {"weights": scorer.weights[:-1]}):
        with pytest.raises(SCORER_ERRORS):
            replace(scorer, **changed).score(claims)


@pytest.mark.parametrize(("field", "value"), [("left", 0), ("right", 10_000), ("feature_idx", 99)])
def test_a_tree_that_leads_outside_is_refused(field, value, claims, gold, tmp_path):
    scorer = build("pair_boosted", {"max_iter": 3}).fit(claims, gold, 13)
    nodes = scorer.pipeline[-1]._predictors[0][0].nodes
    assert not nodes["is_leaf"][0]
    nodes[field][0] = value
    structure = serialize(scorer, tmp_path)
    with pytest.raises(HarnessError, match="a tree refers to nodes or features that it does not have"):
        deserialize(structure, tmp_path)
