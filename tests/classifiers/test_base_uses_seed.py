"""Classifiers that say that the random seed changes nothing are held to it, and nobody says so by accident."""

from __future__ import annotations

import numpy as np
import pytest
from claim_tables import three_labels
from every_classifier import NAMES, make

from harness import open_dataset
from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Classifier
from harness.classifiers.baselines.trivial import Length
from harness.classifiers.ngram_models.linear import TfidfLogreg
from harness.data.claims import Claims, Gold

IGNORE_THE_SEED = {
    "majority",
    "length",
    "position",
    "rules",
    "tfidf_logreg",
    "nb_logreg",
    "complement_nb",
    "claimbuster_features",
    "context_logreg",
    "embedding_logreg",
    "from_file",
    "evidence_rules",
    "pair_logreg",
    "pair_embedding",
    "nli",
    "evidence_only",
    "sklearn.neighbors:NearestCentroid",
}
SEEDS = (0, 13, 2**40)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MODEL_SERVER", "http://localhost:1")


@pytest.fixture(scope="module")
def real() -> tuple[Claims, Gold, Claims]:
    """Claims of the shipped dataset with labels that their digits give, with some noise, and further claims."""
    claims = open_dataset("public-matters").table()
    codes = np.array([any(sign.isdigit() for sign in text) for text in claims.text], dtype=np.int64)
    codes ^= (np.arange(len(codes)) % 7 == 0).astype(np.int64)
    train, test = np.arange(0, 900), np.arange(900, len(claims))
    return claims.take(train), Gold(("no", "yes"), codes[train]), claims.take(test)


@pytest.mark.parametrize("name", NAMES)
def test_who_uses_the_seed(name, tmp_path):
    assert make(name, tmp_path, ("no", "yes")).uses_seed == (name not in IGNORE_THE_SEED)


@pytest.mark.parametrize("name", sorted(IGNORE_THE_SEED))
def test_scores_are_equal_whatever_the_seed(name, real, tmp_path):
    claims, gold, test = real
    classifier = make(name, tmp_path, gold.labels)
    assert_equal_scores(classifier, claims, gold, test)
    if not classifier.yes_or_no_only:
        claims, gold = three_labels()
        assert_equal_scores(make(name, tmp_path, gold.labels), claims, gold, claims)


def assert_equal_scores(classifier: Classifier, claims: Claims, gold: Gold, test: Claims) -> None:
    first, *others = [classifier.fit(claims, gold, seed).score(test) for seed in SEEDS]
    assert all((first == other).all() for other in others)


def test_the_same_test_catches_a_classifier_that_draws(real):
    with pytest.raises(AssertionError):
        assert_equal_scores(build("prior_random", {}), *real)


class Noisy(TfidfLogreg):
    """Overrides a part of the fit, and says nothing about the seed."""


class Steady(Length):
    """Says that it ignores the seed."""

    uses_seed = False


def test_a_subclass_uses_the_seed_unless_it_says_otherwise():
    assert Noisy().uses_seed
    assert not Steady().uses_seed
    assert not CLASSIFIERS.get("tfidf_logreg").uses_seed


@pytest.mark.parametrize(
    ("name", "settings", "uses_seed"),
    [
        ("sklearn.naive_bayes:GaussianNB", {"features": {"svd": 4}}, True),  # the decomposition draws
        ("sklearn.ensemble:RandomForestClassifier", {"random_state": 3}, False),
        ("sklearn.ensemble:RandomForestClassifier", {"random_state": None}, True),
        ("sklearn.calibration:CalibratedClassifierCV", {}, True),  # of an estimator that may draw
        (f"{__name__}:Noisy", {}, True),
        (f"{__name__}:Steady", {}, False),
        ("ensemble", {"members": ["tfidf_logreg", "majority"], "method": "log_odds"}, False),
        ("ensemble", {"members": ["tfidf_logreg", "prior_random"], "method": "log_odds"}, True),
        ("ensemble", {"members": ["tfidf_logreg", "length"]}, True),  # in folds that the seed draws
        ("transfer", {"dataset": "public-matters", "task": "checkability", "classifier": "tfidf_logreg"}, False),
    ],
)
def test_settings_decide(name, settings, uses_seed):
    assert build(name, settings).uses_seed == uses_seed


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("sklearn.ensemble:RandomForestClassifier", {"random_state": 3, "n_estimators": 5}),
        ("ensemble", {"members": ["tfidf_logreg", "majority"], "method": "log_odds"}),
    ],
)
def test_settings_that_decide_hold(name, settings, real):
    assert_equal_scores(build(name, settings), *real)
