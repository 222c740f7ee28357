"""Models of entailment: their labels, the scheme's labels, the passage that decides, and models that are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from claim_tables import OPINIONS, STATISTICS, claims_of
from tiny_encoder import make_encoder, make_sequence_classifier, skip_without_torch

from harness.classifiers import build
from harness.classifiers.base import TaskPrompt
from harness.classifiers.verification.nli import relation_of
from harness.data.claims import Gold, ShownPassage, no_evidence
from harness.errors import HarnessError, MissingExtra
from harness.features import encoder_files
from harness.schemes import load_scheme

skip_without_torch()
LABELS = ("refuted", "not enough evidence", "conflicting or cherry-picked", "supported")
RELATIONS = ("entailment", "neutral", "contradiction")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def shown(texts, passages):
    column = no_evidence(len(texts))
    for row, of_claim in enumerate(passages):
        column[row] = tuple(ShownPassage(f"p{number}", text) for number, text in enumerate(of_claim))
    return replace(claims_of(texts), evidence=column)


def fitted(folder, labels=LABELS, **settings):
    gold = Gold(labels, np.arange(2))
    return build("nli", {"model": str(folder), **settings}).fit(claims_of(["a", "b"]), gold, 13)


def probabilities_by_transformers(folder, passage, claim):
    """What the transformers library itself gives, one pair at a time."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    inputs = AutoTokenizer.from_pretrained(folder)(passage, claim, return_tensors="pt")
    with torch.inference_mode():
        return dict(zip(model.config.id2label.values(), model(**inputs).logits[0].softmax(0).tolist(), strict=True))


@pytest.mark.parametrize(
    "order", [RELATIONS, ("CONTRADICTION", "Neutral", "Entailment"), ("NEI", "SUPPORTS", "REFUTES")]
)
def test_the_probabilities_are_those_of_the_model_under_the_labels_of_the_scheme(tmp_path, order):
    folder = make_sequence_classifier(tmp_path / "model", order)
    claims = shown(STATISTICS[:4], [[text] for text in OPINIONS[:4]])
    scores = fitted(folder).score(claims)
    for row, (claim, passage) in enumerate(zip(STATISTICS[:4], OPINIONS[:4], strict=True)):
        by_relation = {
            relation_of(name): p for name, p in probabilities_by_transformers(folder, passage, claim).items()
        }
        entailed, neutral, contradicted = (by_relation[relation] for relation in RELATIONS)
        np.testing.assert_allclose(scores[row], [contradicted, neutral, 0.0, entailed], atol=1e-5)
    assert np.ptp(scores, axis=0)[[0, 1, 3]].min() > 0.01  # pairs differ by far more than the tolerance


def test_the_passage_decides_that_is_least_neutral(tmp_path):
    folder = make_sequence_classifier(tmp_path / "model", RELATIONS)
    scorer = fitted(folder)
    alone = scorer.score(shown([STATISTICS[0]] * 3, [[text] for text in OPINIONS[:3]]))
    together = shown([STATISTICS[0], STATISTICS[0]], [OPINIONS[:3], []])
    scores = scorer.score(together)
    decisive = int(alone[:, 1].argmin())
    np.testing.assert_allclose(scores[0], alone[decisive], atol=1e-6)
    assert scores[1].tolist() == [0.0, 1.0, 0.0, 0.0]  # without a passage
    (reason,), none = scorer.explain(together)
    assert reason.name == f"passage p{decisive}"
    assert reason.weight == pytest.approx(alone[decisive, 3] - alone[decisive, 0], abs=1e-6)
    assert none == ()


def test_a_scheme_of_two_labels_shares_what_is_neutral(tmp_path):
    folder = make_sequence_classifier(tmp_path / "model", RELATIONS)
    claims = shown([STATISTICS[0], STATISTICS[1]], [[OPINIONS[0]], []])
    three, two = fitted(folder).score(claims), fitted(folder, ("refuted", "supported")).score(claims)
    np.testing.assert_allclose(two[0], [three[0, 0] + three[0, 1] / 2, three[0, 3] + three[0, 1] / 2])
    assert two[1].tolist() == [0.5, 0.5]


def test_a_score_does_not_depend_on_the_other_claims(tmp_path, monkeypatch):
    folder = make_sequence_classifier(tmp_path / "model", RELATIONS)
    claims = shown(STATISTICS, [[text, STATISTICS[0] * 9] for text in OPINIONS])
    scores = fitted(folder).score(claims)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "other"))
    rows = np.array([4, 1])
    assert np.array_equal(fitted(folder).score(claims.take(rows)), scores[rows])


def test_labels_of_a_model_that_say_nothing_need_a_setting(tmp_path):
    folder = make_sequence_classifier(tmp_path / "model", None)
    with pytest.raises(HarnessError, match=r"expected one label each .* set model_labels"):
        build("nli", {"model": str(folder)}).check()
    named = make_sequence_classifier(tmp_path / "named", ("contradiction", "neutral", "entailment"))
    claims = shown(STATISTICS[:2], [OPINIONS[:1], OPINIONS[1:2]])
    ordered = fitted(folder, model_labels=["contradiction", "neutral", "entailment"])
    np.testing.assert_array_equal(ordered.score(claims), fitted(named).score(claims))


@pytest.mark.parametrize("labels", [("positive", "negative"), ("entailment", "not_entailment"), ("0", "1", "2", "3")])
def test_a_model_of_another_task_is_refused(tmp_path, labels):
    folder = make_sequence_classifier(tmp_path / "model", labels)
    with pytest.raises(HarnessError, match=rf"its labels are {', '.join(labels)}; expected one label each"):
        build("nli", {"model": str(folder)}).check()


def test_an_encoder_without_weights_for_labels_is_refused(tmp_path):
    folder = make_encoder(tmp_path / "encoder")
    scorer = fitted(folder, model_labels=list(RELATIONS))
    with pytest.raises(HarnessError, match="is no sequence classifier: it has no trained weights"):
        scorer.score(shown(["a"], [["b"]]))


@pytest.mark.parametrize(
    ("labels", "settings", "message"),
    [
        (("no", "yes"), {}, "no label means entailment or contradiction .* set meaning, for example {yes: entailment"),
        (("false", "half-true", "supported", "true"), {}, "'supported' and 'true' both mean entailment"),
        (("false", "true"), {"meaning": {"fake": "contradiction"}}, "no label is called 'fake'"),
    ],
)
def test_labels_of_a_scheme_that_have_no_single_meaning(tmp_path, labels, settings, message):
    folder = make_sequence_classifier(tmp_path / "model", RELATIONS)
    with pytest.raises(HarnessError, match=message):
        build("nli", {"model": str(folder), **settings}).with_task(TaskPrompt("verdict", "?", labels, ()))


@pytest.mark.parametrize("name", ["verdict", "averitec", "fever", "scifact", "climate-fever", "checkthat-factuality"])
def test_the_labels_of_the_schemes_for_verdicts_have_a_meaning(tmp_path, name):
    scheme = load_scheme(name)
    labels = tuple(label.name for label in scheme.axis(scheme.tasks["verdict"].axis).labels)
    classifier = build("nli", {"model": str(tmp_path)})
    assert classifier.with_task(TaskPrompt("verdict", "?", labels, (scheme,))) == classifier


def test_without_the_extra_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_files.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'claim-harness\[transformers\]'"):
        build("nli", {"model": str(tmp_path)}).check()
