"""The config of a chain: what is refused, with its place, and the experiments that it consists of."""

from __future__ import annotations

import json
from typing import Any

import pytest

import harness
from harness.endpoints.trusted_hosts import UntrustedHost
from harness.errors import FaultsError, HarnessError
from harness.runner.chain.config import read_chain

CHAIN: dict[str, Any] = {
    "name": "mine",
    "task": "chain",
    "dataset": "public-matters",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "detect": {"task": "checkability", "gold": "single:author-pass-1", "classifier": "tfidf_logreg"},
    "retrieve": {"retriever": "bm25", "k": 3},
    "judge": {"scheme": "verdict", "gold": "single:author-pass-1", "classifier": {"name": "pair_logreg", "C": 2}},
}


def faults_of(config: Any, overrides: Any = ()) -> dict[str | None, str]:
    with pytest.raises(FaultsError) as error:
        read_chain(config, overrides)
    return {fault.field: fault.message for fault in error.value.faults}


def test_a_chain_is_two_experiments_with_the_same_folds():
    loaded = read_chain(CHAIN)
    assert loaded is not None
    assert loaded.detection.split == loaded.judging.split
    assert loaded.detection.task == "checkability"
    (judge,) = loaded.judging.classifiers
    assert isinstance(judge, dict)
    assert (judge["name"], judge["C"]) == ("pair_logreg", 2)
    found, gold = judge["evidence"]["each"]
    assert (found["retriever"], found["k"], gold) == ("bm25", 3, "gold")


@pytest.mark.parametrize(
    "change", [{"normalize": "identity"}, {"retrieve": CHAIN["retrieve"] | {"query": "statement"}}]
)
def test_where_statements_are_looked_for_the_judge_is_measured_without_them_too(change):
    loaded = read_chain(CHAIN | change)
    assert loaded is not None
    (judge,) = loaded.judging.classifiers
    assert isinstance(judge, dict)
    found, gold, by_text = judge["evidence"]["each"]
    assert (found["query"], gold, by_text["query"]) == ("statement", "gold", "text")


def test_the_key_of_the_model_that_writes_statements_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    model = {"name": "language_model", "endpoint": "http://model.invalid/v1", "model": "m", "api_key_variable": "KEY"}
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(CHAIN | {"normalize": model}), encoding="utf-8")
    with pytest.raises(UntrustedHost, match=r"the key in KEY to model\.invalid"):
        harness.run(path, out=tmp_path)


def test_another_task_is_no_chain():
    assert read_chain({"name": "x", "task": "checkability", "dataset": "x", "classifiers": ["majority"]}) is None


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"split": {"protocol": "random_folds"}}, "split.protocol", "use grouped_folds"),
        ({"split": {"stratified": True}}, "split.stratified", "other folds for each stage"),
        ({"split": {"train_share": 0.5}}, "split.train_share", "no setting of a chain"),
        ({"intervals": {"unit": "claim"}}, "intervals.unit", "expected 'article'"),
        ({"detect": CHAIN["detect"] | {"task": "verdict"}}, "detect.task", "use one of checkability"),
        ({"detect": CHAIN["detect"] | {"task": "checkabilty"}}, "detect.task", "Did you mean 'checkability'"),
        ({"detect": CHAIN["detect"] | {"classifier": "lenght"}}, "detect.classifier", "Did you mean 'length'"),
        ({"detect": "golf"}, "detect", "Did you mean 'gold'"),
        ({"detect": {"classifer": "length"}}, "detect.classifer", "Did you mean 'classifier'"),
        ({"judge": CHAIN["judge"] | {"classifier": "tfidf_logreg"}}, "judge.classifier", "a judge reads evidence"),
        ({"judge": {"classifier": {"name": "pair_logreg", "C": -1}}}, "judge.classifier.C", "greater than 0"),
        ({"judge": {"classifier": {"name": "pair_logreg", "C": {"each": [1, 2]}}}}, "judge.classifier", "one value"),
        ({"judge": {"classifier": {"name": "pair_logreg", "evidence": "gold"}}}, "judge.classifier.evidence", "remove"),
        ({"judge": {"classifier": {"name": "pair_logreg", "calibration": "platt"}}}, "judge.classifier", "yes-or-no"),
        ({"retrieve": {"retriever": "bm52"}}, "retrieve.settings", "bm25"),
        ({"normalize": "identty"}, "normalize", "Did you mean 'identity'"),
        ({"normalize": {"name": "language_model", "model": "m"}}, "normalize", "endpoint: is required, and missing"),
        ({"normalize": "identity", "retrieve": {"retriever": "bm25", "query": "text"}}, "retrieve.query", "of no use"),
        (
            {"normalize": "identity", "retrieve": {"retriever": "bm25", "statements": "x.jsonl"}},
            "retrieve.statements",
            "remove one",
        ),
        ({"classifiers": ["majority"]}, "classifiers", "no field is called 'classifiers'"),
    ],
)
def test_what_is_refused_says_where_and_how_to_mend_it(change, field, message):
    faults = faults_of(CHAIN | change)
    assert field in faults
    assert message in faults[field]


def test_faults_have_the_lines_of_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ntask: chain\ndataset: public-matters\n"
        "detect:\n  classifier:\n    name: tfidf_logreg\n    C: -1\n"
        "retrieve: {retriever: bm25}\njudge: {classifier: tfidf_logreg}\n",
        encoding="utf-8",
    )
    with pytest.raises(FaultsError) as error:
        harness.run(path, out=tmp_path)
    assert {(fault.line, fault.field) for fault in error.value.faults} == {
        (7, "detect.classifier.C"),
        (9, "judge.classifier"),
    }
    assert harness.check(path) == list(error.value.faults)


def test_the_shipped_chain_has_no_fault():
    assert harness.check("chain") == []


def test_a_chain_from_a_file_sends_no_key_unasked(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    model = {"name": "language_model", "endpoint": "http://model.invalid/v1", "model": "m", "api_key_variable": "KEY"}
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(CHAIN | {"detect": {"classifier": model}}), encoding="utf-8")
    with pytest.raises(UntrustedHost, match=r"the key in KEY to model\.invalid"):
        harness.run(path, out=tmp_path)


def test_a_chain_is_not_divided_into_shards(tmp_path):
    with pytest.raises(HarnessError, match="--shard: is not for chains"):
        harness.run(CHAIN, out=tmp_path, shard="1/2")
