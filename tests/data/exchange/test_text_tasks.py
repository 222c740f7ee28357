"""doccano and Prodigy: tasks go out and come back."""

from __future__ import annotations

import json

import pytest
from dataset_folders import lines, made, write_lines

from harness import HarnessError, add_claims, export, new, open_dataset
from harness.data.labels.gold import active_annotations

AT, LATER = "2026-05-10T10:00:00Z", "2026-05-11T08:30:00Z"


@pytest.fixture
def dataset(tmp_path):
    opened = made(tmp_path / "ferries")
    first, second = opened.claims[0], opened.claims[-1]
    rows = [
        {"claim_id": first.claim_id, "checkable": "yes", "attribution": "a guest", "note": "sure", "confidence": 0.9},
        {"claim_id": second.claim_id, "checkable": "no"},
    ]
    add_claims(opened.folder, rows, "ann", at=AT)
    add_claims(opened.folder, [{"claim_id": first.claim_id, "factual": "yes"}], "ann", at=LATER)
    add_claims(opened.folder, [{"claim_id": first.claim_id, "checkable": "yes"}], "bob", at=LATER)
    return open_dataset(opened.folder)


def labels_of(folder, annotator, *, times=True, details=True):
    dataset = open_dataset(folder)
    places = {claim.claim_id: (claim.article_id, claim.start, claim.end) for claim in dataset.claims}
    return sorted(
        (
            (places[a.claim_id], a.axis, a.label)
            + ((a.value, a.note, a.confidence) if details else ())
            + ((a.at,) if times else ())
            for a in active_annotations(dataset.annotations)
            if a.annotator == annotator
        ),
        key=str,
    )


@pytest.mark.parametrize("spans", [False, True])
def test_prodigy_gives_back_labels_offsets_times_and_annotators(dataset, tmp_path, spans):
    export(dataset, "prodigy", tmp_path / "a.jsonl", spans=spans)
    tasks = lines(tmp_path / "a.jsonl")
    # As Prodigy writes them: with its hashes, and with a task that was rejected and one that was ignored.
    done = [task | {"_input_hash": n, "_task_hash": n} for n, task in enumerate(tasks)]
    done.sort(key=lambda task: "answer" not in task)
    done += [done[0] | {"answer": answer, "_task_hash": 99} for answer in ("reject", "ignore")]
    write_lines(tmp_path / "b.jsonl", done)
    again = made(tmp_path / "again", {article.article_id: article.text for article in dataset.articles})
    with pytest.raises(HarnessError, match=r"labels by several labelers \(ann, bob\)"):
        add_claims(again.folder, tmp_path / "b.jsonl", "ann")
    for name in ("ann", "bob"):
        result = add_claims(again.folder, tmp_path / "b.jsonl", name, labeler=name)
        assert labels_of(again.folder, name) == labels_of(dataset.folder, name)
    notes = "\n".join(result.notes)
    assert "ignored tasks: 1" in notes
    assert ("tasks that nobody labeled" in notes) == any("answer" not in task for task in tasks)
    assert "rejected tasks: 1" in notes


@pytest.mark.parametrize("spans", [False, True])
def test_doccano_gives_back_labels_and_offsets(dataset, tmp_path, spans):
    result = export(dataset, "doccano", tmp_path / "a.jsonl", gold="single:ann", spans=spans)
    assert "doccano keeps neither annotators nor times" in "\n".join(result.notes)
    tasks = lines(tmp_path / "a.jsonl")
    names = {label["text"] for label in json.loads((tmp_path / "a.labels.json").read_text())}
    marks = [mark[2] if spans else mark for task in tasks for mark in task["label"]]
    assert set(marks) == {"checkable: yes", "checkable: no", "factual: yes", "attribution: yes"} <= names
    # As doccano writes them: with ids and comments, and the other fields beside them or under meta.
    done = [
        {"id": n, "text": task["text"], "label": task["label"], "Comments": []} | ({"meta": rest} if n % 2 else rest)
        for n, task in enumerate(tasks)
        for rest in [{name: task[name] for name in task if name.endswith("_id")}]
    ]
    write_lines(tmp_path / "b.jsonl", done)
    again = made(tmp_path / "again", {article.article_id: article.text for article in dataset.articles})
    add_claims(again.folder, tmp_path / "b.jsonl", "eve")
    kept = {"times": False, "details": False}
    assert labels_of(again.folder, "eve", **kept) == labels_of(dataset.folder, "ann", **kept)


@pytest.mark.parametrize("to", ["doccano", "prodigy"])
def test_one_question_has_plain_labels_and_blind_tasks_none(tmp_path, to, harness):
    new(tmp_path / "desk")
    rows = [{"text": f"It cost {n}.", "checkable": "yes"} for n in range(6)]
    add_claims(tmp_path / "desk", rows, "ann")
    assert harness("export", "desk", "--to", to, "-o", "a.jsonl").returncode == 0
    field = {"doccano": "label", "prodigy": "accept"}[to]
    assert [task[field] for task in lines(tmp_path / "a.jsonl")] == [["yes"]] * 6
    assert harness("export", "desk", "--to", to, "--blind", "-o", "b.jsonl").returncode == 0
    blind = lines(tmp_path / "b.jsonl")
    assert all(not task.get(field) and "answer" not in task for task in blind)
    ids = [claim.claim_id for claim in open_dataset(tmp_path / "desk").claims]
    assert sorted(task["claim_id"] for task in blind) == sorted(ids)
    assert [task["claim_id"] for task in blind] != ids
    with pytest.raises(HarnessError, match="spans are for doccano and prodigy"):
        export(open_dataset(tmp_path / "desk"), "csv", tmp_path / "a.csv", spans=True)


def test_several_labels_of_one_question_are_a_fault(dataset, tmp_path):
    text = dataset.claims[0].text
    write_lines(tmp_path / "a.jsonl", [{"text": text, "label": ["checkable: yes", "checkable: no", "factual: yes"]}])
    with pytest.raises(HarnessError, match=r"2 choices \('yes', 'no'\), and the axis takes one"):
        add_claims(dataset.folder, tmp_path / "a.jsonl", "eve")
    # An unknown question is no question, and labels of another scheme are passed over.
    write_lines(tmp_path / "a.jsonl", [{"text": text, "label": ["checkable: yes", "verdict.verdict: refuted"]}])
    result = add_claims(dataset.folder, tmp_path / "a.jsonl", "eve")
    assert "passed over 'verdict.verdict', which is not of scheme 'three-axes'" in "\n".join(result.notes)
    assert [label[1:3] for label in labels_of(dataset.folder, "eve")] == [("checkable", "yes")]
