"""Which passages are shown with a claim: what is left out, counted and let in."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_dataset import make_dataset

from harness.data.claims import ShownPassage
from harness.data.splits.folds import Fold
from harness.errors import FaultsError, HarnessError
from harness.runner.load_config import load_experiment
from harness.runner.splitting.joined_datasets import load_joined
from harness.runner.verification.evidence_source import FileEvidence, FoundEvidence, evidence_key, evidence_name
from harness.runner.verification.gold_evidence import is_later
from harness.runner.verification.shown_evidence import _Rankings, gather_evidence

FACT_CHECK = "https://example.org/fact-check"


def rewrite(path, change):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(json.dumps(row | change(row)) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def dataset(tmp_path):
    """A dataset of 2016 whose first claim has a page of a fact-check, and passages of three dates."""
    folder = make_dataset(tmp_path)
    rewrite(folder / "articles.jsonl", lambda _: {"published": "2016-05-01"})
    [annotations] = (folder / "annotations").glob("*.jsonl")
    first = json.loads((folder / "claims.jsonl").read_text(encoding="utf-8").splitlines()[0])["claim_id"]
    rewrite(annotations, lambda row: {"url": FACT_CHECK} if row["claim_id"] == first else {})
    passages = [
        {"passage_id": "early", "text": "Trams and buses cost millions.", "published": "2015"},
        {"passage_id": "late", "text": "Trams and buses in Oslo cost millions.", "published": "2017-02-01"},
        {"passage_id": "undated", "text": "Nobody counted the trams."},
        {"passage_id": "verdict", "text": "Fact check: Oslo spent millions on trams and buses.", "url": FACT_CHECK},
    ]
    rows = [{"document_id": row["passage_id"]} | row for row in passages]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    evidence = {"evidence_id": "e1", "claim_id": first, "group": 0, "text": passages[1]["text"], "passage_id": "late"}
    evidence |= {"published": "2017-02-01", "stance": "supports"}
    (folder / "evidence.jsonl").write_text(json.dumps(evidence) + "\n", encoding="utf-8")
    return folder


def shown_by(source, dataset):
    """What a source shows, with the ids of the passages of each claim."""
    shown = gather_evidence([source], load_joined([dataset]), None, None)[evidence_key(source)]
    return shown, [[passage.passage_id for passage in passages] for passages in shown.column]


def test_later_passages_and_those_of_the_fact_check_are_left_out_and_counted(dataset):
    shown, ids = shown_by(FoundEvidence(retriever="bm25", k=4), dataset)
    assert "late" not in {name for names in ids for name in names}
    assert "verdict" not in ids[0]
    assert any("verdict" in names for names in ids[1:])
    assert "passages published after the claim are left out for 56 claims" in shown.warnings
    assert "1 passage of the fact-check that gave the verdict left out" in shown.warnings
    assert any("2 of 4 passages and 0 of 56 claims have no date" in warning for warning in shown.warnings)


def test_a_choice_of_retrievers_is_made_by_the_training_claims_of_each_fold(dataset, monkeypatch):
    joined = load_joined([dataset])
    passages = {"bm25": [ShownPassage("late", "x", 1.0)], "tfidf": [ShownPassage("undated", "x", 1.0)]}
    monkeypatch.setattr(_Rankings, "_found", lambda _, source, __: [passages[source.retriever]] * len(joined.claims))
    with (dataset / "evidence.jsonl").open("a", encoding="utf-8") as stream:
        second = {"claim_id": joined.claims.claim_id[1], "evidence_id": "e2", "group": 0, "text": "x"}
        stream.write(json.dumps(second | {"passage_id": "undated", "stance": "supports"}) + "\n")
    source = FoundEvidence(retriever="best_of", settings={"retrievers": ["tfidf", "bm25"]})
    first, second = np.array([0]), np.array([1])
    folds = [Fold("a", train=first, test=second), Fold("b", train=second, test=first)]
    shown = gather_evidence([source], load_joined([dataset]), None, None, folds)[evidence_key(source)]
    assert [[passage.passage_id for passage in shown.column[row]] for row in (0, 1)] == [["undated"], ["late"]]
    assert shown.notes[1].startswith("best_of, a: bm25@5, by R@10 of 1 training claim (tfidf@5 .000, bm25@5 1")


def test_what_is_left_out_can_be_let_in_by_name(dataset):
    source = FoundEvidence(retriever="bm25", k=4, include=("later", "fact-check"))
    shown, ids = shown_by(source, dataset)
    assert {"late", "verdict"} <= set(ids[0])
    assert shown.warnings == ()
    assert evidence_name(source) == "bm25@4,with later,with fact-check"


def test_a_statement_is_looked_for_in_the_place_of_the_text(dataset, tmp_path):
    claim_ids = [json.loads(line)["claim_id"] for line in (dataset / "claims.jsonl").read_text("utf-8").splitlines()]
    source = FoundEvidence(retriever="bm25", k=1, query="statement")
    assert evidence_name(source) == "bm25@1,query=statement"
    by_text, text_ids = shown_by(source, dataset)
    assert "56 of 56 claims without a statement, which are looked for by their text" in by_text.warnings
    assert text_ids[0] == ["early"]
    statement = {"statement": "Nobody counted."}
    rewrite(dataset / "claims.jsonl", lambda row: statement if row["claim_id"] == claim_ids[0] else {})
    _, ids = shown_by(source, dataset)
    assert (ids[0], ids[1:]) == (["undated"], text_ids[1:])
    assert shown_by(FoundEvidence(retriever="bm25", k=1), dataset)[1] == text_ids
    path = tmp_path / "statements.jsonl"
    path.write_text("".join(json.dumps({"claim_id": name} | statement) + "\n" for name in claim_ids), encoding="utf-8")
    shown, ids = shown_by(source.model_copy(update={"statements": str(path)}), dataset)
    assert {name for names in ids for name in names} == {"undated"}
    assert not any("statement" in warning for warning in shown.warnings)


def test_late_gold_evidence_is_kept_and_counted(dataset):
    shown, ids = shown_by("gold", dataset)
    assert ids[0] == ["late"]
    assert shown.warnings == ("1 claim with evidence that was published after the claim",)


@pytest.mark.parametrize(
    ("passage", "claim", "later"),
    [
        ("2017-01-01", "2016-12-31", True),
        ("2016-12-31", "2016-12-31", False),
        ("2017", "2016-12-31", True),
        ("2016", "2016-02-01", False),
        ("2016-03", "2016-02-01", True),
        ("2016-02-01T09:00:00Z", "2016-02-01", False),
        (None, "2016", False),
        ("2016", None, False),
    ],
)
def test_dates_are_compared_as_far_as_both_go(passage, claim, later):
    assert is_later(passage, claim) is later


def write_run(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{claim} Q0 {name} 1 {score} r\n" for claim, name, score in rows), encoding="utf-8")
    return str(path)


def test_two_run_files_of_one_name_are_two_sources(dataset, tmp_path):
    claim_id = load_joined([dataset]).claims.claim_id[0]
    sources = [
        FileEvidence(file=write_run(tmp_path / folder / "run.trec", [(claim_id, name, 1.0)]))
        for folder, name in (("a", "early"), ("b", "undated"))
    ]
    gathered = gather_evidence(sources, load_joined([dataset]), None, None)
    assert [gathered[evidence_key(source)].column[0][0].passage_id for source in sources] == ["early", "undated"]


def test_a_run_file_is_ordered_by_score_and_its_faults_are_counted(dataset, tmp_path):
    claim_id = load_joined([dataset]).claims.claim_id[0]
    rows = [(claim_id, "early", 1), (claim_id, "undated", 2), (claim_id, "gone", 3), ("nobody", "early", 1)]
    shown, ids = shown_by(FileEvidence(file=write_run(tmp_path / "run.trec", rows), k=2), dataset)
    assert ids[0] == ["undated", "early"]
    assert "1 query id of no claim ('nobody')" in shown.warnings
    assert "1 passage not in the corpus ('gone')" in shown.warnings
    assert "fewer than 2 passages for 55 of 56 claims" in shown.warnings


def test_a_run_file_of_other_claims_is_refused(dataset, tmp_path):
    with pytest.raises(HarnessError, match=r"run.trec: no query is the id of a claim \(for example 'nobody', where"):
        shown_by(FileEvidence(file=write_run(tmp_path / "run.trec", [("nobody", "early", 1)])), dataset)


def test_several_datasets_need_a_corpus_by_name(dataset):
    joined = load_joined([dataset, "public-matters"])
    with pytest.raises(HarnessError, match=r"several datasets \(small, public-matters\)"):
        gather_evidence([FoundEvidence(retriever="bm25")], joined, None, None)


CONFIG = {
    "name": "verdicts",
    "task": "verdict",
    "dataset": "public-matters",
    "scheme": "verdict",
    "gold": "single:author-pass-1",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
}


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ({"retriever": "bm52"}, "bm25"),
        ({"retriever": "bm25", "settings": {"k1": "high"}}, "k1"),
        ({"retriever": "bm25", "k": 0}, "k: expected greater than or equal to 1"),
        ({"retriever": "bm25", "include": ["earlier"]}, "later"),
        ({"each": []}, "expected a list under 'each'"),
    ],
)
def test_a_wrong_source_is_a_fault_of_the_config_with_its_place(evidence, message):
    with pytest.raises(FaultsError) as error:
        load_experiment(CONFIG | {"classifiers": [{"name": "pair_logreg", "evidence": evidence}]})
    [fault] = error.value.faults
    assert message in fault.message
    assert "classifiers[0].evidence" in str(fault)


@pytest.mark.parametrize(
    "setting", [{"corpus": "public-matters"}, {"probes": True}, {"defaults": {"evidence": "gold"}}]
)
def test_settings_of_evidence_belong_to_the_task_verdict(setting):
    config = CONFIG | {"task": "checkable", "scheme": "checkability", "classifiers": ["majority"]}
    with pytest.raises(FaultsError, match=next(iter(setting))):
        load_experiment(config | setting)


def test_claims_and_passages_are_normalized_alike(dataset):
    plain, joined = load_joined([dataset]), load_joined([dataset], None, ["case", "spacing"])
    assert joined.claims.text.tolist() == [text.lower() for text in plain.claims.text]
    assert joined.claims.next.tolist() == [text.lower() for text in plain.claims.next]
    assert joined.fingerprint != plain.fingerprint
    for source in ("gold", FoundEvidence(retriever="bm25", k=4)):
        before, after = (gather_evidence([source], data, None, None)[evidence_key(source)] for data in (plain, joined))
        texts = [[[p.text for p in passages] for passages in shown.column] for shown in (before, after)]
        assert texts[1] == [[text.lower() for text in passages] for passages in texts[0]]
        assert before.fingerprint != after.fingerprint
