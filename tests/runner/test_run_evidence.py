"""`harness run experiments/evidence.yaml`: retrievers as systems, with intervals, paired tests and TREC files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_dataset import make_dataset

import harness
from harness.errors import FaultsError, HarnessError
from harness.runner.load_config import load_experiment

CONFIG = {
    "name": "evidence",
    "task": "evidence",
    "dataset": "public-matters",
    "retrievers": ["bm25", {"name": "tfidf", "depth": 20, "label": "short tfidf"}],
    "metrics": ["recall_at", {"name": "recall_at", "k": 100}, "mean_average_precision", "whole_group_at"],
    "intervals": {"resamples": 100},
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return harness.run(CONFIG, out=tmp_path_factory.mktemp("runs"))


def test_retrievers_are_systems_with_values_over_the_claims_that_have_gold_evidence(outcome):
    bm25, short = outcome.results
    assert (bm25.system, short.system) == ("bm25", "short tfidf")
    assert bm25.n == 252
    assert bm25.excluded == {"without gold evidence": 1183}
    assert 0.7 < bm25.values["recall_at_10"].value < 0.95
    assert bm25.values["recall_at_10"].low < bm25.values["recall_at_10"].value
    assert short.to_pandas("predictions")["evidence"].map(len).max() == 20
    assert outcome.fitted == 0


def test_the_files_of_trec_give_the_same_values(outcome):
    for result in outcome.results:
        folder = Path(result.path)
        official = harness.evaluate("trec", folder / "qrels.trec", folder / "run.trec")
        assert official.mean["recall_10"] == pytest.approx(result.values["recall_at_10"].value, abs=1e-3)
        assert official.mean["map"] == pytest.approx(result.values["mean_average_precision"].value, abs=2e-3)


def test_a_run_file_is_a_system_and_scores_as_the_one_that_made_it(outcome, tmp_path):
    made = outcome.results[0]
    entry = {"name": "from_file", "path": str(Path(made.path) / "run.trec"), "label": "elsewhere"}
    [read] = harness.run(CONFIG | {"retrievers": [entry]}, out=tmp_path).results
    for name, value in made.values.items():
        assert read.values[name].value == pytest.approx(value.value), name


def test_retrievers_are_compared_in_pairs(outcome):
    comparison = harness.compare_results(outcome.folder, metric="mean_average_precision")
    [pair] = comparison.pairs
    values = {system.name: system.value.value for system in comparison.systems}
    assert pair.difference is not None
    assert pair.difference.value == pytest.approx(values[pair.a] - values[pair.b])
    assert 0 <= pair.p_corrected <= 1


def test_the_same_run_is_reused(outcome):
    again = harness.run(CONFIG, out=outcome.folder.parent)
    assert [result.provenance.made_at for result in again.results] == [
        result.provenance.made_at for result in outcome.results
    ]


def test_a_report_is_written(outcome, tmp_path):
    report = harness.build_report(outcome.folder, tmp_path / "r.html")
    assert report.systems == 2
    assert "short tfidf" in report.path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"retrievers": []}, "retrievers", "expected at least one system"),
        ({"retrievers": ["bm52"]}, "retrievers[0]", "Did you mean 'bm25'"),
        ({"retrievers": [{"name": "bm25", "k1": "x"}]}, "retrievers[0]", "k1"),
        ({"retrievers": [{"name": "bm25", "depth": 0}]}, "retrievers[0].depth", "expected greater than or equal to 1"),
        ({"retrievers": [{"name": "from_file"}]}, "retrievers[0]", "path of a TREC run file"),
        ({"retrievers": ["bm25", "bm25"]}, "retrievers", "two systems are called 'bm25'"),
        ({"classifiers": ["majority"]}, "classifiers", "whose systems are retrievers"),
        ({"gold": "majority"}, "gold", "has no effect on the task 'evidence'"),
        ({"metrics": ["macro_f1"]}, "metrics[0]", "recall_at"),
    ],
)
def test_a_faulty_config_says_where(changes, place, message):
    with pytest.raises(FaultsError) as error:
        load_experiment(CONFIG | changes)
    [fault] = error.value.faults
    assert fault.field == place
    assert message in fault.message


def test_another_task_has_no_retrievers():
    with pytest.raises(FaultsError, match="retrievers: is no setting of the task 'checkability'"):
        load_experiment(CONFIG | {"task": "checkability", "classifiers": ["majority"], "metrics": ["f1"]})


def test_a_dataset_without_gold_evidence_is_refused(tmp_path):
    with pytest.raises(HarnessError, match="has no gold evidence"):
        harness.run(CONFIG | {"dataset": str(make_dataset(tmp_path)), "corpus": "public-matters"}, out=tmp_path)


def test_a_run_file_of_other_claims_is_a_fault_of_a_check(tmp_path):
    (tmp_path / "run.trec").write_text("q1 Q0 p1 1 1.0 r\n", encoding="utf-8")
    config = tmp_path / "c.yaml"
    config.write_text(
        "name: e\ntask: evidence\ndataset: public-matters\nretrievers: [{name: from_file, path: run.trec}]\n",
        encoding="utf-8",
    )
    [fault] = harness.check(config)
    assert "no query is the id of a claim (for example 'q1', where the dataset has 'a-ballot-by-wire-" in fault.message


def test_missing_files_are_faults_of_a_check(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text(
        "name: e\ntask: evidence\ndataset: public-matters\ncorpus: nowhere\n"
        "retrievers:\n  - bm25\n  - {name: from_file, path: gone.trec}\n",
        encoding="utf-8",
    )
    faults = harness.check(config)
    assert [fault.line for fault in faults] == [4, 7]


def test_recall_by_source_counts_the_extract_of_the_gold_document_under_another_id(tmp_path):
    folder = make_dataset(tmp_path)
    shared = "The bridge over the river was opened to traffic in spring."
    texts = {"gold": f"{shared} Nothing else.", "twin": f"Bridge bridge opened. {shared}", "other": "Cats sleep a lot."}
    rows = [{"passage_id": name, "document_id": name, "text": text} for name, text in texts.items()]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    claims = [json.loads(line) for line in (folder / "claims.jsonl").read_text().splitlines()]
    cited = {"evidence_id": "e", "claim_id": claims[0]["claim_id"], "passage_id": "gold", "group": 0}
    (folder / "evidence.jsonl").write_text(json.dumps(cited | {"text": texts["gold"], "stance": "supports"}) + "\n")
    run_file = tmp_path / "run.trec"
    run_file.write_text(f"{claims[0]['claim_id']} Q0 twin 1 2.0 x\n{claims[0]['claim_id']} Q0 gold 2 1.0 x\n")
    config = {
        "name": "sources",
        "task": "evidence",
        "dataset": str(folder),
        "retrievers": [{"name": "from_file", "path": str(run_file)}],
        "metrics": [{"name": "recall_at", "k": 1}, {"name": "source_recall_at", "k": 1}],
        "intervals": {"method": "none"},
    }
    [result] = harness.run(config, out=tmp_path / "runs").results
    assert {name: value.value for name, value in result.values.items()} == {"recall_at_1": 0, "source_recall_at_1": 1}
