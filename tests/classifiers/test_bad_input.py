"""Claims and training sets that no one would wish for, given to every classifier that asks no service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from claim_tables import OPINIONS, STATISTICS, claims_of, gold_of, yes_no
from tiny_encoder import make_encoder, skip_without_torch

from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Classifier
from harness.data.claims import Claims, Gold

TEXTS = {
    "nothing": "",
    "white space": " \t\n\u00a0\u2003\u3000",
    "punctuation": "?! … -- “”",
    "one letter": "a",
    "one long word": "a" * 100_000,
    "many words": "ten more words " * 6_700,
    "many numbers": "12,345.67 " * 10_000,
    "long punctuation": "!" * 100_000,
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 12 🦆🦆",
    "right to left": "ارتفع معدل البطالة إلى ٧ بالمئة. \u202eשיעור האבטלה עלה ל-7 אחוז\u202c \u200f",
    "combining marks": "e\u0301" * 50 + " Z" + "\u0351\u036b\u0343\u036a\u0302" * 2_000 + "algo 5\u20e3",
    "control characters": "\x01\x02 12 percent \x1b[31m\x7f\x85 of it\u2028in\u2029all \ufeff",
    "no known script": "𓀀𓀁 ꙮ 𝟙𝟚 ﷺ Ⅻ ½ \U0010ffff",
}
NEW = claims_of(list(TEXTS.values()), "new")
MANY = claims_of([*TEXTS.values()] * 2, "many")
SETTINGS = {
    "ensemble": {"members": ["tfidf_logreg", {"name": "length"}], "folds": 2},
    "transfer": {"dataset": "public-matters", "task": "checkability", "classifier": {"name": "tfidf_svm", "C": 0.1}},
    "sklearn.naive_bayes:ComplementNB": {},
    "sklearn.ensemble:HistGradientBoostingClassifier": {"features": {"svd": 4}, "max_iter": 5},
}
NAMES = [name for name in [*CLASSIFIERS.table, *SETTINGS, "ensemble of ranks"] if name != "language_model"]
NAMES = list(dict.fromkeys(NAMES))
ENCODERS = ("embedding_logreg", "transformer")
SECONDS = 30
"""Far more than scoring a dozen claims takes, and far less than what grows with the square of a claim's length."""


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
        more = {"epochs": 1} if name == "transformer" else {}
        return build(name, {"model": request.getfixturevalue("encoder"), **more})
    if name == "from_file":
        ids = [*yes_no()[0].claim_id, *NEW.claim_id, *MANY.claim_id]
        path = tmp_path / "predictions.csv"
        path.write_text("claim_id,score\n" + "".join(f"{key},{at}\n" for at, key in enumerate(ids)))
        return build(name, {"path": str(path), "threshold": 3.0})
    return build(name, SETTINGS.get(name, {}))


def score(classifier: Classifier, claims: Claims, gold: Gold) -> np.ndarray:
    """The scores of every strange claim, which keep to what scores must be; within a time."""
    start = perf_counter()
    scorer = classifier.fit(claims, gold, 13)
    scores = scorer.score(NEW)
    predicted = scorer.predict(NEW, scores)
    reasons = scorer.explain(NEW)
    took = perf_counter() - start
    assert scores.shape == (len(NEW), 2)
    assert np.isfinite(scores).all()
    if scorer.probabilities:
        assert scores.min() >= 0
        np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert set(predicted.tolist()) <= {0, 1}
    for text, said in zip(NEW.text, reasons or [], strict=reasons is not None):
        assert all(reason.text in text for reason in said)
        assert all(np.isfinite(reason.weight) for reason in said)
    assert took < SECONDS, f"{took:.0f} s"
    return scores


def test_strange_claims_are_scored_and_explained_by_their_own_characters(classifier):
    first = score(classifier, *yes_no())
    scorer = classifier.fit(*yes_no(), 13)
    alone = np.concatenate([scorer.score(NEW.take(np.array([row]))) for row in range(len(NEW))])
    np.testing.assert_allclose(alone, first, rtol=0, atol=1e-9)


@pytest.mark.parametrize("label", [0, 1])
def test_one_label_in_training(classifier, label):
    claims = claims_of(OPINIONS[:5] + STATISTICS[:5])
    score(classifier, claims, Gold(("no", "yes"), np.full(10, label)))


def test_ten_training_claims_one_of_them_positive(classifier):
    score(classifier, claims_of(OPINIONS + STATISTICS[:4], "c"), gold_of([0] * 9 + [1]))


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_training_claims(classifier, n):
    score(classifier, claims_of([STATISTICS[0], OPINIONS[0]][:n]), gold_of([1, 0][:n]))


def test_training_claims_that_are_all_strange(classifier):
    score(classifier, MANY, gold_of([0, 1] * len(TEXTS)))


@pytest.mark.parametrize("text", ["", "?! … 👍🏽 \u0301"])
def test_training_claims_without_a_word(classifier, text):
    score(classifier, claims_of([text] * 10), gold_of([0, 1] * 5))


ONNX = "{name: embedding_logreg, model: ENCODER, runtime: onnx}"
EXTRAS = [
    ("torch", "{name: embedding_logreg, model: ENCODER}", "needs torch", "transformers"),
    ("torch", "{name: transformer, model: ENCODER}", "needs torch", "transformers"),
    ("transformers", "{name: transformer, model: ENCODER}", "needs transformers", "transformers"),
    ("onnxruntime", ONNX, "needs onnxruntime", "onnx"),
    ("skops", '"sklearn.naive_bayes:ComplementNB"', "skops is needed", "share"),
]


def without(module: str, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line as where a module is not installed."""
    code = f"""
import runpy, sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == {module!r} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
sys.argv = ["harness", *{args!r}]
runpy.run_module("harness", run_name="__main__")
"""
    environment = {**os.environ, "HARNESS_CACHE": str(folder / "cache"), "HARNESS_DATA_ROOT": str(folder / "root")}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(("module", "entry", "said", "extra"), EXTRAS)
def test_a_missing_extra_says_what_to_install_and_the_rest_runs(module, entry, said, extra, tmp_path, request):
    if "ENCODER" in entry:
        entry = entry.replace("ENCODER", request.getfixturevalue("encoder"))
    config = "{name: e, task: checkability, dataset: public-matters, metrics: [f1], classifiers: [CLASSIFIERS]}"
    (tmp_path / "e.yaml").write_text(config.replace("CLASSIFIERS", entry), encoding="utf-8")
    done = without(module, tmp_path, "run", "e.yaml", "--save-models")
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert f"pip install 'claim-harness[{extra}]'" in done.stderr
    (tmp_path / "e.yaml").write_text(config.replace("CLASSIFIERS", "length, tfidf_logreg"), encoding="utf-8")
    assert without(module, tmp_path, "run", "e.yaml").returncode == 0
    if module != "skops":  # without which it is only the keeping that fails
        assert done.returncode == 2


def test_without_openpyxl_spreadsheets_say_what_to_install(benchmarks, tmp_path):
    done = without("openpyxl", tmp_path, "fetch", "policlaim", "--from", str(benchmarks / "policlaim"))
    assert "Traceback" not in done.stderr
    assert done.returncode == 2, done.stderr
    assert "reading .xlsx files needs openpyxl: pip install 'claim-harness[xlsx]'" in done.stderr
