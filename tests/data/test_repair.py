"""Repairs after merges: real merges of git, and what must stay as it is."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from dataset_folders import lines, to_label, write_lines

from harness import check, ingest, label, new, open_dataset, repair
from harness.data.labels.annotations import new_annotation
from harness.data.labels.label_log import NotYours
from harness.files import json_line

EARLY, LATE, LATER = "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-02T10:30:00+00:15"


def git(cwd, *args, ok=True):
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    return subprocess.run(["git", *identity, *args], cwd=cwd, capture_output=True, text=True, check=ok)


def answer(claim, text, at, supersedes=None):
    return new_annotation(claim, "two-axes", "factual", text, "ann", "1.0", at=at, supersedes=supersedes)


def write_log(folder, *annotations):
    path = folder / "annotations" / "ann.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json_line(a.model_dump(exclude_none=True)) for a in annotations), encoding="utf-8")
    return path


def labels_of(folder):
    from harness.data.labels.gold import active_annotations

    return {a.claim_id: a.label for a in active_annotations(open_dataset(folder).annotations)}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repair") / "mine"
    to_label(folder)
    return folder


@pytest.fixture
def mine(original, tmp_path):
    shutil.copytree(original, tmp_path / "mine")
    return tmp_path / "mine"


@pytest.mark.parametrize("union", [True, False])
def test_one_annotator_and_one_article_on_two_clones_are_repaired(tmp_path, monkeypatch, union):
    origin, clone, (first, second) = tmp_path / "origin", tmp_path / "clone", ("112q", "21q")
    to_label(origin)
    if union:
        new(tmp_path / "empty")
        shutil.copy(tmp_path / "empty" / ".gitattributes", origin)
    git(origin, "init", "-q", "-b", "main")
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "articles")
    git(tmp_path, "clone", "-q", "origin", "clone")
    (tmp_path / "pier.txt").write_text("The pier is 300 metres long. It was built in 1901.\n")
    for place, keys, time in ((origin, first, EARLY), (clone, second, LATE)):
        monkeypatch.setattr("harness.data.labels.label_log.time_now", lambda time=time: time)
        ingest([tmp_path / "pier.txt"], place)
        label(place, "ann", keys=keys)
        git(place, "add", "-A")
        git(place, "commit", "-qm", "labels")
    git(clone, "pull", "-q", "--no-rebase", "--no-edit", ok=False)
    before = (clone / "annotations" / "ann.jsonl").read_text()
    assert check(clone)
    repairs = repair(clone)
    assert {r.path.name for r in repairs} >= {"ann.jsonl"}
    assert check(clone) == []
    kept = (clone / "annotations" / "ann.jsonl").read_text()
    assert all(line in kept for line in before.splitlines() if line.startswith("{"))  # no label is dropped
    assert len(open_dataset(clone).articles) == 3
    assert repair(clone) == []


def test_the_later_of_two_answers_counts_and_both_stay(mine):
    claim = open_dataset(mine).claims[0].claim_id
    first = answer(claim, "yes", EARLY)
    path = write_log(mine, answer(claim, "no", LATE, first.annotation_id), answer(claim, "yes", LATER), first)
    assert {fault.code for fault in check(mine)} == {"contradiction", "unknown-id"}
    repairs = repair(mine)
    assert [(r.path, r.message.split(":")[0]) for r in repairs] == [
        (path, "labels were put after the labels that they replace or take back"),
        (path, "an answer was taken back by a new line"),
    ]
    assert check(mine) == []
    assert labels_of(mine) == {claim: "yes"}
    assert [line["role"] for line in lines(path)] == ["label", "label", "label", "withdraw"]


def test_two_answers_of_one_time_are_left_to_the_annotator(mine):
    claim = open_dataset(mine).claims[0].claim_id
    path = write_log(mine, answer(claim, "yes", EARLY), answer(claim, "no", EARLY))
    before = path.read_bytes()
    assert repair(mine) == []
    assert path.read_bytes() == before
    assert [fault.code for fault in check(mine)] == ["contradiction"]


def test_two_texts_of_one_article_are_left_and_fields_of_one_are_joined(mine):
    path = mine / "articles.jsonl"
    first, second = lines(path)
    write_lines(path, [first, second | {"title": "The ferry"}, second | {"url": "https://example.org/f"}])
    (done,) = repair(mine)
    assert done.message == "two records of one article_id were joined: each had fields that the other lacked"
    assert lines(path)[1] == second | {"title": "The ferry", "url": "https://example.org/f"}
    assert check(mine) == []
    write_lines(path, [first, second, second | {"text": second["text"].replace("nine", "ten")}])
    assert repair(mine) == []
    assert "duplicate-id" in {fault.code for fault in check(mine)}


def test_conflict_marks_joined_records_and_lines_with_faults(mine):
    claims, articles = mine / "claims.jsonl", mine / "articles.jsonl"
    one, *rest = claims.read_text().splitlines(keepends=True)
    marked = ["<<<<<<< HEAD\n", one, "||||||| base\n", one, "=======\n", *rest, ">>>>>>> theirs\n"]
    claims.write_text("".join(marked))
    articles.write_text(articles.read_text().replace("}\n{", "}{"))
    assert sorted(r.message for r in repair(mine)) == [
        "the lines of both sides of a conflict were kept",
        "two records in one line were parted",
    ]
    assert check(mine) == []
    claims.write_text(claims.read_text() + "{not json\n")
    assert repair(mine) == []
    assert len(check(mine)) == 1


def test_only_your_own_folders_are_repaired(harness, mine):
    with pytest.raises(NotYours):
        repair("public-matters")
    claim = open_dataset(mine).claims[0].claim_id
    write_log(mine, answer(claim, "yes", EARLY), answer(claim, "yes", EARLY))
    done = harness("check", mine, "--fix")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"repaired: {mine}/annotations/ann.jsonl: 1 line that stood twice was kept once",
        f"no faults in {mine}",
    ]
    assert json.loads(harness("check", mine, "--fix", "--json").stdout) == {"faults": [], "repairs": []}
