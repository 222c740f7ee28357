"""`harness run experiments/verdicts.yaml`: what each system is shown, and whether it reads it."""

from __future__ import annotations

import numpy as np
import pytest

import harness
from harness.errors import FaultsError
from harness.metrics import METRICS
from harness.runner.load_config import load_experiment
from harness.runner.pairing.runs import runs_of, scored_claims
from harness.runner.result_files import read_predictions
from harness.runner.verification.reads_evidence import EvidenceGain, PairedDifference, evidence_gains

CONFIG = {
    "name": "verdicts",
    "task": "verdict",
    "dataset": "public-matters",
    "scheme": "verdict",
    "gold": "single:author-pass-1",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "classifiers": [
        "majority",
        {"name": "pair_logreg", "evidence": {"each": ["none", {"retriever": "bm25", "k": 3}, "gold"]}},
        {"name": "evidence_rules", "evidence": "gold"},
    ],
    "intervals": {"resamples": 100},
}


def test_every_row_says_what_it_saw(tmp_path):
    outcome = harness.run(CONFIG, out=tmp_path)
    assert [result.system for result in outcome.results] == [
        "majority / claim only",
        "pair_logreg / claim only",
        "pair_logreg / bm25@3",
        "pair_logreg / gold (oracle)",
        "evidence_rules / gold (oracle)",
        "probe tfidf_logreg / claim only",
        "probe evidence_only / gold (oracle)",
    ]
    assert {result.n for result in outcome.results} == {252}
    by_system = {result.system: result for result in outcome.results}
    people = "people: author-pass-2 reaches a macro F1 of .965 against author-pass-1 on 252 claims of public-matters"
    assert all(people in result.evidence_notes for result in outcome.results)
    gains = {gain.system: gain for gain in evidence_gains(outcome.results)}
    assert set(gains) == {"pair_logreg / bm25@3", "pair_logreg / gold (oracle)", "evidence_rules / gold (oracle)"}
    gold = gains["pair_logreg / gold (oracle)"]
    for over in (gold.over_claim_only, gold.over_evidence_only):
        own, other = (by_system[name].values["macro_f1"].value for name in (gold.system, over.other))
        assert over.difference == pytest.approx(own - other)
    assert gold.over_evidence_only.other == "probe evidence_only / gold (oracle)"
    shown = by_system["pair_logreg / bm25@3"].to_pandas("predictions")["evidence"]
    assert max(map(len, shown)) == 3


def test_evidence_of_another_kind_is_another_unit(tmp_path):
    config = CONFIG | {"classifiers": [{"name": "pair_logreg", "evidence": "gold"}], "probes": False}
    assert harness.run(config, out=tmp_path).fitted == 2
    config["classifiers"] = [{"name": "pair_logreg", "evidence": {"retriever": "bm25"}}]
    assert harness.run(config, out=tmp_path).fitted == 2


def test_a_metric_of_verdict_and_evidence_is_read_back_from_the_predictions(tmp_path):
    name = "scifact_sentence_label"
    config = CONFIG | {"classifiers": [{"name": "evidence_rules", "evidence": "gold"}], "probes": False}
    [result] = harness.run(config | {"metrics": [name, "accuracy"]}, out=tmp_path).results
    value = result.values[name].value
    assert 0 < value < 1
    columns = read_predictions(result)
    scored = scored_claims(result, columns)
    [run] = runs_of(result, columns, scored)
    weights = np.ones((1, scored.groups.unit.max() + 1), dtype=np.int64)
    assert METRICS.get(name)().values(scored.gold, run, scored.groups, weights)[0] == pytest.approx(value)


def test_normalized_texts_are_other_units_and_make_no_model(tmp_path):
    config = CONFIG | {"classifiers": [{"name": "evidence_rules", "evidence": "gold"}], "probes": False}
    assert harness.run(config, out=tmp_path).fitted == 2
    outcome = harness.run(config | {"same_form": ["case", "marks"]}, out=tmp_path, save_models=True)
    assert outcome.fitted == 2
    assert any("normalized (case, marks)" in warning for warning in outcome.results[0].warnings)
    assert "remove it" in str(outcome.models[0].reason)


def test_a_classifier_that_sees_the_claim_alone_takes_no_evidence():
    config = CONFIG | {
        "classifiers": [{"name": "tfidf_logreg", "evidence": "gold"}, {"name": "pair_logreg", "evidence": 3}]
    }
    with pytest.raises(FaultsError) as error:
        load_experiment(config)
    messages = [fault.message for fault in error.value.faults]
    assert "sees the claim alone" in messages[0]
    assert "expected gold, none" in messages[1]


@pytest.mark.parametrize(
    ("low_claim", "low_evidence", "n_units", "conclusion"),
    [
        (0.1, 0.1, 40, "reads its evidence"),
        (0.1, -0.1, 40, "reads its evidence, and is not shown to need the claim"),
        (-0.1, 0.1, 40, "not shown to read its evidence"),
        (0.1, 0.1, 8, "8 units are too few to say whether it reads its evidence"),
    ],
)
def test_a_gain_says_what_it_shows(low_claim, low_evidence, n_units, conclusion):
    over = [PairedDifference("other", 0.2, low, 0.3) for low in (low_claim, low_evidence)]
    gain = EvidenceGain("system", *over, n_units)
    assert str(gain).endswith(f": {conclusion}")
    assert gain.document()["reads_evidence"] == (low_claim > 0 and n_units >= 10)
    assert gain.document()["compares_both"] == (gain.reads and low_evidence > 0)
