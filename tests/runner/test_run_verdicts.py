"""`harness run experiments/verdicts.yaml`: what each system is shown, and whether it reads it."""

from __future__ import annotations

import pytest

import harness
from harness.errors import FaultsError
from harness.runner.load_config import load_experiment
from harness.runner.verification.reads_evidence import evidence_gains

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
    gains = {gain.system: gain for gain in evidence_gains(outcome.results)}
    assert set(gains) == {"pair_logreg / bm25@3", "pair_logreg / gold (oracle)", "evidence_rules / gold (oracle)"}
    gold = gains["pair_logreg / gold (oracle)"]
    own, best = (by_system[name].values["macro_f1"].value for name in (gold.system, gold.claim_only))
    assert gold.difference == pytest.approx(own - best)
    shown = by_system["pair_logreg / bm25@3"].to_pandas("predictions")["evidence"]
    assert max(map(len, shown)) == 3


def test_evidence_of_another_kind_is_another_unit(tmp_path):
    config = CONFIG | {"classifiers": [{"name": "pair_logreg", "evidence": "gold"}], "probes": False}
    assert harness.run(config, out=tmp_path).fitted == 2
    config["classifiers"] = [{"name": "pair_logreg", "evidence": {"retriever": "bm25"}}]
    assert harness.run(config, out=tmp_path).fitted == 2


def test_a_classifier_that_sees_the_claim_alone_takes_no_evidence():
    config = CONFIG | {
        "classifiers": [{"name": "tfidf_logreg", "evidence": "gold"}, {"name": "pair_logreg", "evidence": 3}]
    }
    with pytest.raises(FaultsError) as error:
        load_experiment(config)
    messages = [fault.message for fault in error.value.faults]
    assert "sees the claim alone" in messages[0]
    assert "expected gold, none" in messages[1]
