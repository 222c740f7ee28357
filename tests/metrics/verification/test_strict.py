"""Metrics of verdict and evidence against the official programs, where both see the same."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.archives import open_input
from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.benchmarks.submission_ids import source_of
from harness.data.claims import Gold
from harness.data.formats.verification import averitec_strings, scifact_jsonl
from harness.errors import Undefined
from harness.metrics import METRICS, ResamplingGroups, Run
from harness.metrics.official.averitec import LABELS, averitec
from harness.metrics.official.meteor import shared_meteor
from harness.metrics.official.scifact import scifact
from harness.metrics.verification.evidence_counts import (
    ClaimEvidence,
    GoldPassage,
    averitec_counts,
    scifact_counts,
)

VERDICTS = ("refuted", "not enough info", "supported")
CODE = {"CONTRADICT": 0, "NOT_ENOUGH_INFO": 1, "SUPPORT": 2}
STANCE = {"CONTRADICT": "refutes", "SUPPORT": "supports"}
SCIFACT = ("abstract_label_only", "abstract_rationalized", "sentence_selection", "sentence_label")


def _value(metric, gold, predicted, labels=VERDICTS, **counts):
    gold, predicted = np.array(gold, dtype=np.int64), np.array(predicted, dtype=np.int64)
    unit = np.arange(len(gold))
    run = Run(None, predicted, evidence_counts=counts)
    weights = np.ones((1, len(gold)), dtype=np.int64)
    return float(metric.values(Gold(labels, gold), run, ResamplingGroups(unit, unit), weights)[0])


def _claim(gold, predicted, stance=True):
    """The passages of a claim in SciFact's form: an abstract is a document, a sentence is a passage."""
    return ClaimEvidence(
        gold=tuple(
            GoldPassage(f"{name}:{number}", name, 100 * place + group, STANCE[abstract.label] if stance else None)
            for place, (name, abstract) in enumerate(gold.items())
            for group, rationale in enumerate(abstract.rationales)
            for number in sorted(rationale)
        ),
        gold_texts=(),
        shown=tuple((name, f"{name}:{number}") for name, one in predicted.items() for number in one.sentences),
        shown_texts=(),
    )


def _label(abstracts):
    """The only label of the abstracts; None with several."""
    labels = {abstract.label for abstract in abstracts.values()} or {"NOT_ENOUGH_INFO"}
    return CODE[labels.pop()] if len(labels) == 1 else None


@pytest.mark.parametrize("file", ["fever", "fever_sci", "scifact"])
@pytest.mark.parametrize("stance", [True, False])
def test_scifact_metrics_are_the_official_ones(benchmarks, file, stance):
    folder, benchmark = benchmarks / "goldens" / "scifact", load_benchmark("scifact")

    def read(reader, name):
        data = open_input(folder / name).data
        return {entry.id: entry.value for entry in reader(source_of(benchmark, str(folder / name), data))}

    gold = read(scifact_jsonl.read_gold, "gold_dev.jsonl")
    predicted = read(scifact_jsonl.read_predictions, f"{file}_scifact_dev.predictions.jsonl")
    # A verdict run gives a claim one label, and cites what it is shown: claims with two labels, or with an abstract
    # without sentences, have no counterpart.
    same = [
        name
        for name in gold
        if _label(gold[name]) is not None
        and _label(predicted[name]) is not None
        and all(abstract.sentences for abstract in predicted[name].values())
    ]
    assert len(same) > 150
    expected = scifact([gold[name] for name in same], [predicted[name] for name in same])
    counts = scifact_counts([_claim(gold[name], predicted[name], stance) for name in same])
    labels = [_label(gold[name]) for name in same], [_label(predicted[name]) for name in same]
    for name in SCIFACT:
        got = _value(METRICS.get(f"scifact_{name}")(), *labels, scifact=counts)
        assert got == pytest.approx(expected[f"{name}_f1"], abs=1e-9)
        assert 0 < got <= 1


def test_a_verdict_of_too_little_evidence_cites_nothing():
    claim = ClaimEvidence((GoldPassage("p", "d", 0, "supports"),), (), (("d", "p"), ("e", "q")), ())
    counts = scifact_counts([claim])
    metrics = [METRICS.get(f"scifact_{name}")() for name in SCIFACT]
    assert [_value(metric, [2], [1], scifact=counts) for metric in metrics] == [0, 0, 0, 0]
    assert [_value(metric, [2], [0], scifact=counts) for metric in metrics] == pytest.approx([0, 0, 2 / 3, 0])
    assert [_value(metric, [2], [2], scifact=counts) for metric in metrics] == pytest.approx([2 / 3] * 4)
    with pytest.raises(Undefined, match="gold evidence"):
        _value(metrics[0], [2], [2], scifact=scifact_counts([claim._replace(gold=())]))
    with pytest.raises(Undefined, match="shows no evidence"):
        _value(metrics[0], [2], [2])


def test_the_averitec_score_is_the_official_one(benchmarks):
    nltk = pytest.importorskip("nltk")
    try:
        nltk.data.find("tokenizers/punkt_tab/english")
    except LookupError:
        pytest.skip("nltk's punkt_tab is not on this machine")
    gold_file = benchmarks / "averitec" / "data" / "dev_part.json"
    gold = averitec_strings.read_gold(open_input(gold_file))[:20]
    predicted = averitec_strings.read_predictions(
        open_input(benchmarks / "goldens" / "averitec" / "many_questions.json")
    )[:20]
    expected = averitec(gold, predicted, shared_meteor())
    counts = averitec_counts(
        [ClaimEvidence((), g.evidence, (), p.evidence) for g, p in zip(gold, predicted, strict=True)]
    )
    labels = [[LABELS.index(item.label) for item in items] for items in (gold, predicted)]
    for threshold in (0.25, 0.5):
        metric = METRICS.get("averitec_score")(threshold=threshold)
        got = _value(metric, *labels, labels=LABELS, averitec=counts)
        assert got == pytest.approx(expected[f"veracity@{threshold}"], abs=1e-9)
