"""Claims and training sets that no one would wish for, given to every classifier that asks no service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from claim_tables import OPINIONS, STATISTICS, claims_of, gold_of, yes_no
from every_classifier import make
from tiny_encoder import make_encoder, skip_without_torch

from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Classifier
from harness.data.claims import Claims, Gold


def strange_texts(length: int) -> dict[str, str]:
    """Texts by their kind; the long ones have this many characters."""
    return {
        "nothing": "",
        "white space": " \t\n\u00a0\u2003\u3000",
        "punctuation": "?! … -- “”",
        "one letter": "a",
        "one long word": "a" * length,
        "many words": ("ten more words " * length)[:length],
        "many numbers": ("12,345.67 " * length)[:length],
        "long punctuation": "!" * length,
        "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 12 🦆🦆",
        "right to left": "ارتفع معدل البطالة إلى ٧ بالمئة. \u202eשיעור האבטלה עלה ל-7 אחוז\u202c \u200f",
        "combining marks": "e\u0301" * 50 + " Z" + "\u0351\u036b\u0343\u036a\u0302" * 2_000 + "algo 5\u20e3",
        "control characters": "\x01\x02 12 percent \x1b[31m\x7f\x85 of it\u2028in\u2029all \ufeff",
        "no known script": "𓀀𓀁 ꙮ 𝟙𝟚 ﷺ Ⅻ ½ \U0010ffff",
    }


NEW = claims_of(list(strange_texts(100_000).values()), "new")
"""Claims as long as an article: what is quadratic shows."""
SHORTER = claims_of(list(strange_texts(5_000).values()), "new")
MANY = {len(new.text[4]): claims_of([*new.text] * 2, "many") for new in (SHORTER, NEW)}
"""Training claims by the length of the long ones."""
SETTINGS = {
    "ensemble": {"members": ["tfidf_logreg", {"name": "length"}], "folds": 2},
    "transfer": {"dataset": "public-matters", "task": "checkability", "classifier": {"name": "tfidf_svm", "C": 0.1}},
    "sklearn.naive_bayes:ComplementNB": {},
    "sklearn.ensemble:HistGradientBoostingClassifier": {"features": {"svd": 4}, "max_iter": 5},
}
NAMES = [
    name for name in dict.fromkeys([*CLASSIFIERS.table, *SETTINGS, "ensemble of ranks"]) if name != "language_model"
]
ENCODERS = ("embedding_logreg", "pair_embedding", "pair_transformer", "transformer")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    skip_without_torch()
    return str(make_encoder(tmp_path_factory.mktemp("encoder") / "tiny"))


@pytest.fixture(params=NAMES)
def classifier(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Classifier:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    name: str = request.param
    if name == "ensemble of ranks":
        return build("ensemble", {**SETTINGS["ensemble"], "method": "ranks"})
    if name in ENCODERS:
        more = {"epochs": 1} if name.endswith("transformer") else {}
        return build(name, {"model": request.getfixturevalue("encoder"), **more})
    if name == "nli":
        return make(name, tmp_path, ("no", "yes"))
    if name == "from_file":
        ids = [*yes_no()[0].claim_id, *NEW.claim_id, *MANY[5_000].claim_id]
        path = tmp_path / "predictions.csv"
        path.write_text("claim_id,score\n" + "".join(f"{key},{at}\n" for at, key in enumerate(ids)))
        return build(name, {"path": str(path), "threshold": 3.0})
    return build(name, SETTINGS.get(name, {}))


def check_scores(classifier: Classifier, claims: Claims, gold: Gold, new: Claims = SHORTER) -> None:
    """The scores of every strange claim keep to what scores must be."""
    scorer = classifier.fit(claims, gold, 13)
    scores = scorer.score(new)
    predicted = scorer.predict(new, scores)
    reasons = scorer.explain(new)
    assert scores.shape == (len(new), 2)
    assert np.isfinite(scores).all()
    if scorer.probabilities:
        assert scores.min() >= 0
        np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert set(predicted.tolist()) <= {0, 1}
    for text, said in zip(new.text, reasons or [], strict=reasons is not None):
        assert all(reason.text in text for reason in said)
        assert all(np.isfinite(reason.weight) for reason in said)


def test_strange_claims_are_scored_and_explained_by_their_own_characters(classifier):
    check_scores(classifier, *yes_no(), NEW)


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_training_claims(classifier, n):
    check_scores(classifier, claims_of([STATISTICS[0], OPINIONS[0]][:n]), gold_of([1, 0][:n]))


@pytest.mark.parametrize("length", [5_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_training_claims_that_are_all_strange(classifier, length):
    new = NEW if length == 100_000 else SHORTER
    check_scores(classifier, MANY[length], gold_of([0, 1] * len(new)), new)


def test_training_claims_without_a_word(classifier):
    check_scores(classifier, claims_of(["?! … 👍🏽 \u0301"] * 10), gold_of([0, 1] * 5))
