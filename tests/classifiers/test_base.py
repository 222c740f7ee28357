"""What every classifier must keep to, whoever wrote it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from claim_tables import THREE, claims_of, gold_of, three_labels, yes_no
from every_classifier import ENCODERS, NAMES, NEED_MORE_THAN_SETTINGS, NEW, SETTINGS, make
from tiny_encoder import make_encoder, skip_without_torch

from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Classifier
from harness.data.claims import Gold

LEARN_NOTHING = ("from_file", "rules", "transfer", "language_model", "nli")
TOLERANCE = 1e-9


@pytest.fixture(autouse=True)
def _server(request, monkeypatch):
    """A server for the language model."""
    if "[language_model" in request.node.name:
        monkeypatch.setenv("MODEL_SERVER", request.getfixturevalue("model_server").url)


@pytest.fixture(params=NAMES)
def classifier(request: pytest.FixtureRequest, tmp_path: Path) -> Classifier:
    return make(request.param, tmp_path, ("no", "yes"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def check_scores(classifier: Classifier, claims, gold: Gold) -> None:
    scorer = classifier.fit(claims, gold, 13)
    for table in (claims, NEW, claims.take(np.array([], dtype=np.int64))):
        scores = scorer.score(table)
        assert scores.shape == (len(table), len(gold.labels))
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()
        if scorer.probabilities:
            assert scores.min(initial=0.0) >= 0
            np.testing.assert_allclose(scores.sum(axis=1), 1.0)
        predicted = scorer.predict(table, scores)
        assert predicted.shape == (len(table),)
        assert set(predicted.tolist()) <= set(range(-1, len(gold.labels)))
        reasons = scorer.explain(table)
        assert reasons is None or len(reasons) == len(table)


def test_scores_are_finite_and_of_the_right_shape(classifier):
    check_scores(classifier, *yes_no())


def test_same_seed_same_scores_whatever_was_fitted_between(classifier):
    claims, gold = yes_no()
    first = classifier.fit(claims, gold, 7).score(NEW)
    classifier.fit(claims.take(np.arange(11, 2, -1)), gold.take(np.arange(11, 2, -1)), 8).score(claims)
    again = classifier.fit(claims, gold, 7).score(NEW)
    assert (first == again).all()


def test_a_claim_is_scored_without_regard_to_what_is_not_read(classifier):
    scorer = classifier.fit(*yes_no(), 13)
    scores = scorer.score(NEW)
    order = np.random.default_rng(3).permutation(len(NEW))
    np.testing.assert_allclose(scorer.score(NEW.take(order)), scores[order], rtol=0, atol=TOLERANCE)
    units = NEW.article_codes() if classifier.context_scope == "article" else np.arange(len(NEW))
    alone = np.concatenate([scorer.score(NEW.take(units == unit)) for unit in np.unique(units)])
    np.testing.assert_allclose(alone, scores, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("code", [0, 1])
def test_one_label_in_training_is_what_it_predicts(classifier, code, request):
    claims, gold = yes_no()
    one = Gold(gold.labels, np.full(12, code))
    check_scores(classifier, claims, one)
    if not any(name in request.node.name for name in LEARN_NOTHING):
        scorer = classifier.fit(claims, one, 13)
        assert (scorer.predict(NEW, scorer.score(NEW)) == code).mean() >= 0.9


def test_ten_training_claims_and_claims_without_text(classifier):
    claims, gold = yes_no()
    check_scores(classifier, claims.take(np.arange(1, 11)), gold.take(np.arange(1, 11)))
    check_scores(classifier, claims_of([""] * 10), gold_of([0, 1] * 5))


@pytest.mark.parametrize("name", NAMES)
def test_three_labels(name, tmp_path):
    classifier = make(name, tmp_path, THREE)
    claims, gold = three_labels()
    if classifier.yes_or_no_only:
        pytest.skip(f"{name} is made for yes-or-no tasks; a config with another is refused")
    check_scores(classifier, claims, gold)
    two_of_three = np.flatnonzero(gold.codes != 1)
    check_scores(classifier, claims.take(two_of_three), gold.take(two_of_three))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("tfidf_logreg", {}),
        ("tfidf_svm", {}),
        ("nb_logreg", {"min_df": 1, "C": 1.0}),
        ("sklearn.ensemble:RandomForestClassifier", {"n_estimators": 20}),
        ("sklearn.linear_model:RidgeClassifier", {}),
    ],
)
def test_learned_classifiers_learn(name, settings):
    classifier = build(name, settings)
    for claims, gold in (yes_no(), three_labels()):
        scorer = classifier.fit(claims, gold, 13)
        assert (scorer.predict(claims, scorer.score(claims)) == gold.codes).mean() > 0.9


def in_this_process(code: str) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(code, {})
    return printed.getvalue()


def in_a_new_process(code: str, hash_seed: str) -> str:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stdout


def test_scores_are_the_same_in_every_process():
    code = f"""
from claim_tables import three_labels, yes_no
from harness.classifiers import CLASSIFIERS, build
for name in CLASSIFIERS.table:
    if name not in {NEED_MORE_THAN_SETTINGS!r}:
        claims, gold = yes_no() if CLASSIFIERS.get(name).yes_or_no_only else three_labels()
        print(name, build(name, {SETTINGS!r}.get(name, {{}})).fit(claims, gold, 13).score(claims).tobytes().hex())
"""
    first, second = in_this_process(code), in_a_new_process(code, "1")
    assert first.count("\n") == len(CLASSIFIERS.table) - len(NEED_MORE_THAN_SETTINGS)
    assert first == second


def test_scores_of_encoders_are_the_same_in_every_process(tmp_path, monkeypatch):
    """The new process has a cache of its own, so that it encodes the texts again."""
    skip_without_torch()
    code = f"""
from claim_tables import three_labels
from harness.classifiers import build
claims, gold = three_labels()
for name in {tuple(ENCODERS)!r}:
    classifier = build(name, {{"model": {str(make_encoder(tmp_path / "encoder"))!r}}})
    print(name, classifier.fit(claims, gold, 13).score(claims).tobytes().hex())
"""
    first = in_this_process(code)
    assert first.count("\n") == len(ENCODERS)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "another-cache"))
    assert first == in_a_new_process(code, "1")


def test_classifiers_are_listed_without_heavy_imports():
    code = """
import sys
import harness.classifiers
harness.classifiers.build("tfidf_logreg", {})
print([name for name in ("sklearn", "scipy", "pandas", "torch", "datasets") if name in sys.modules])
"""
    assert in_a_new_process(code, "0") == "[]\n"


def test_every_classifier_is_documented_with_what_it_sees_and_cannot_see_its_cost_and_its_paper():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "choose-a-classifier.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:1] == "|"]
    assert rows[0] == ["name", "sees", "cannot see", "probabilities", "cost", "paper"]
    known = {row[0].strip("`"): row for row in rows if len(row) == len(rows[0])}
    assert [name for name in CLASSIFIERS.table if name not in known] == []
    assert [name for name in CLASSIFIERS.table if name != "from_file" and not all(known[name])] == []


@pytest.mark.parametrize(
    "name", [name for name in CLASSIFIERS.table if name not in ("language_model", "from_file", "transfer", *ENCODERS)]
)
def test_a_docstring_says_what_a_classifier_sees_and_cannot_see_what_it_costs_and_its_paper(name):
    ancestry = [
        kind for kind in CLASSIFIERS.get(name).__mro__ if kind is not Classifier and issubclass(kind, Classifier)
    ]
    documentation = " ".join(" ".join((kind.__doc__ or "").split()) for kind in ancestry)
    assert re.search(r"\b[Ss]ees? ", documentation)
    assert re.search(r"[Cc]annot see|what its members see", documentation)
    assert re.search(r"\b[Cc]osts?\b", documentation)
    assert re.search(r'\b(19|20)\d\d[:,] "|not taken from a paper|The baseline for', documentation)
