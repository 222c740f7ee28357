"""What a report shows of evidence: passages in the error browser, errors against coverage, recall against depth."""

from __future__ import annotations

import base64
import gzip
import json
import re

import pytest

import harness

CONFIG = {
    "name": "both",
    "dataset": "public-matters",
    "intervals": {"resamples": 100},
}


def page_of(config, folder):
    outcome = harness.run(config, out=folder)
    return harness.build_report(outcome.folder, folder / "r.html").path.read_text(encoding="utf-8")


def browser_of(page):
    [encoded] = re.findall(r'id="data">([^<]+)<', page)
    return json.loads(gzip.decompress(base64.b64decode(encoded)))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    config = CONFIG | {
        "task": "verdict",
        "scheme": "verdict",
        "gold": "single:author-pass-1",
        "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
        "classifiers": [{"name": "evidence_rules", "evidence": {"each": [{"retriever": "bm25", "k": 2}, "gold"]}}],
        "metrics": ["macro_f1"],
    }
    return page_of(config, tmp_path_factory.mktemp("verdicts"))


def test_each_claim_has_its_gold_passages_and_those_that_each_system_was_shown(verdicts):
    data = browser_of(verdicts)
    texts, claims = data["texts"], data["claims"]
    row = next(row for row, groups in enumerate(claims["evidence"]) if groups)
    gold = {
        texts[group[at]]: texts[group[at + 1]] for group in claims["evidence"][row] for at in range(0, len(group), 2)
    }
    by_name = {system["name"]: system for system in data["systems"]}
    oracle = by_name["evidence_rules / gold (oracle)"]["evidence"][row]
    assert {texts[oracle[at]]: texts[oracle[at + 1]] for at in range(0, len(oracle), 2)} == gold
    assert all(gold.values())
    assert len(by_name["evidence_rules / bm25@2"]["evidence"][row]) == 4
    assert by_name["probe tfidf_logreg / claim only"]["evidence"] is None


def test_verdicts_have_a_curve_of_errors_against_coverage(verdicts):
    assert "Errors against coverage" in verdicts
    assert "share of wrong verdicts" in verdicts


def test_rankings_have_a_curve_of_recall_against_depth_and_no_labels(tmp_path):
    config = CONFIG | {"task": "evidence", "retrievers": ["bm25"], "metrics": ["recall_at"]}
    page = page_of(config, tmp_path)
    assert "Recall against depth" in page
    data = browser_of(page)
    assert data["labels"] == []
    [system] = data["systems"]
    assert set(system["score"]) <= {0, 1, 0.5, 0.3333, 0.6667, 0.25, 0.75}
