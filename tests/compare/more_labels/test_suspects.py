"""Labels that are likely wrong: planted errors come first, and the queue is a file to label in order of."""

from __future__ import annotations

import json

import pytest
from small_dataset import make_dataset

from harness import run, suspects
from harness.errors import HarnessError, UnknownName


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A run over a dataset with three wrong labels; the folder of the run, and the claims."""
    base = tmp_path_factory.mktemp("planted")
    log = make_dataset(base) / "annotations" / "author-pass-1.jsonl"
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    asked = [line for line in lines if line["axis"] == "checkable" and line["label"] in ("yes", "no")]
    wrong = [asked[0], asked[20], asked[40]]
    for line in wrong:
        line["label"] = {"yes": "no", "no": "yes"}[line["label"]]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    experiment = {
        "name": "planted",
        "task": "checkability",
        "dataset": str(base / "small"),
        "split": {"k": 2},
        "classifiers": [{"name": "nb_logreg", "label": "by words"}, "length"],
        "metrics": ["f1"],
        "intervals": {"resamples": 100},
    }
    run(experiment, out=base / "runs")
    return base / "runs" / "planted", {line["claim_id"]: line["label"] for line in wrong}


def test_planted_errors_come_first_with_who_gave_them_and_what_they_likely_are(planted, tmp_path):
    folder, wrong = planted
    queue = suspects(folder, tmp_path / "queue.jsonl")
    top = queue.suspects[:3]
    assert {suspect.claim_id for suspect in top} == set(wrong)
    assert all(suspect.gold == wrong[suspect.claim_id] != suspect.suggested for suspect in top)
    assert {suspect.annotators for suspect in top} == {("author-pass-1",)}
    assert all(suspect.text and suspect.score == pytest.approx((1 - suspect.margin) / 2) for suspect in top)
    assert len({(suspect.scheme, suspect.axis) for suspect in top}) == 1
    assert None not in (top[0].scheme, top[0].axis)
    assert queue.systems == ("by words",)
    assert queue.notes == ("length: gives no probabilities, and is left out",)
    assert 0.02 < queue.error_rate < 0.25
    assert sum(pair.listed for pair in queue.pairs) == len(queue.suspects)


def test_the_file_has_a_claim_and_a_score_per_line_the_highest_first(planted, tmp_path):
    queue = suspects(planted[0], tmp_path / "queue.jsonl", rank_by="self_confidence")
    rows = [json.loads(line) for line in (tmp_path / "queue.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["claim_id"] for row in rows] == [suspect.claim_id for suspect in queue.suspects]
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert scores == pytest.approx([1 - suspect.self_confidence for suspect in queue.suspects])
    assert queue.document()["suspects"][0]["claim_id"] == rows[0]["claim_id"]


def test_what_cannot_be_used_is_said(planted, tmp_path):
    folder, _ = planted
    with pytest.raises(HarnessError, match="the scores of length are no probabilities; set calibration"):
        suspects(folder, systems="length")
    with pytest.raises(UnknownName, match="Known: "):
        suspects(folder, systems="else")
    with pytest.raises(HarnessError, match="name the folder of the dataset with --dataset"):
        suspects(folder, dataset=tmp_path / "gone")


def test_a_label_that_was_put_right_since_leaves_the_queue(planted, tmp_path):
    folder, wrong = planted
    before = suspects(folder)
    queue = suspects(folder, dataset=make_dataset(tmp_path))  # without the planted errors
    assert {s.claim_id for s in before.suspects} - {s.claim_id for s in queue.suspects} == set(wrong)
    assert "3 left out: the gold label is another one now, or the claim is gone" in queue.notes


def test_systems_with_a_share_of_the_training_claims_are_left_out(planted):
    folder, _ = planted
    experiment = {
        "name": "shares",
        "task": "checkability",
        "dataset": str(folder.parents[1] / "small"),
        "split": {"k": 2, "train_share": {"each": [0.5, 1]}},
        "classifiers": [{"name": "nb_logreg", "label": "by words"}],
        "metrics": ["f1"],
        "intervals": {"resamples": 100},
    }
    run(experiment, out=folder.parent)
    queue = suspects(folder.parent / "shares")
    assert queue.systems == ("by words[train_share=1]",)
    assert queue.notes == ("systems with a share of the training claims are left out; --system NAME takes one",)
    with_half = suspects(folder.parent / "shares", systems="by words[train_share=0.5]")
    assert with_half.systems == ("by words[train_share=0.5]",)


def test_gold_that_others_cannot_change_is_told(planted):
    folder, _ = planted
    experiment = {
        "task": "checkability",
        "dataset": str(folder.parents[1] / "small"),
        "split": {"k": 2},
        "classifiers": [{"name": "nb_logreg", "label": "by words"}],
        "metrics": ["f1"],
        "intervals": {"resamples": 100},
    }
    rules = {"of-one": "single:author-pass-1", "of-any": "single"}
    for name, rule in rules.items():
        run(experiment | {"name": name, "gold": rule}, out=folder.parent)
    queue = suspects(folder.parent / "of-one")
    assert queue.gold_rule == queue.document()["gold_rule"] == rules["of-one"]
    (note,) = queue.notes
    assert note.startswith("gold rule single:author-pass-1: labels by other annotators cannot change this gold")
    assert "harness label DATASET --as author-pass-1 --claim ID" in note
    (note,) = suspects(folder.parent / "of-any").notes
    assert note.startswith("gold rule single: it allows no second annotator of a claim")
    queue = suspects(folder)
    assert queue.gold_rule == "adjudicated"
    assert not [note for note in queue.notes if "gold rule" in note]
