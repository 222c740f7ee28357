"""The log of one annotator: who may write it, and what a line may rely on."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys

import pytest
from dataset_folders import content, lines, to_label

from harness import HarnessError, add_claims, adjudicate, check, label, new, open_dataset, repair, withdraw
from harness.data.labels.label_log import Answer, ChangedMeanwhile, NotYours, open_to_label
from harness.folders import Locked, shipped


@pytest.fixture
def folder(tmp_path):
    return to_label(tmp_path / "d").folder


def answer(dataset, number=0, label="yes"):
    return Answer((dataset.claims[number].claim_id, "two-axes", "factual"), label, "1")


@pytest.mark.parametrize(
    "write",
    [
        lambda name, root: label(name, "ann", keys="1", root=root),
        lambda name, root: adjudicate(name, "ann", keys="1", root=root),
        lambda name, root: withdraw(name, "author-pass-1", annotation="x", root=root),
    ],
)
def test_shipped_and_fetched_datasets_are_never_written(tmp_path, write, folder):
    with pytest.raises(NotYours, match=r"'public-matters' is a shipped .*harness new COPY --from public-matters"):
        write("public-matters", None)
    with pytest.raises(NotYours):
        write(shipped("data") / "public-matters", None)
    root = tmp_path / "root"
    shutil.copytree(folder, root / "claimbuster")
    before = content(root)
    with pytest.raises(NotYours, match=r"'claimbuster' is a fetched dataset.*harness new COPY --from claimbuster"):
        write("claimbuster", root)
    assert content(root) == before


def test_two_sessions_under_one_name(folder):
    with open_to_label(folder, "ann"):
        with pytest.raises(Locked, match="somebody is labeling as 'ann' now; close that session, or give another name"):
            label(folder, "ann", keys="1")
        with pytest.raises(Locked):
            withdraw(folder, "ann", claim="x")
        assert label(folder, "bob", keys="1").given == 1
    assert label(folder, "ann", keys="1").given == 1


def test_a_dataset_that_changes_meanwhile_ends_the_session_and_loses_nothing(folder):
    with open_to_label(folder, "ann") as (dataset, log):
        log.answer(answer(dataset))
        add_claims(folder, [{"claim_id": dataset.claims[1].claim_id, "factual": "no"}], "ann")
        with pytest.raises(ChangedMeanwhile, match="your last answer was not saved, all others are"):
            log.answer(answer(dataset, 2))
    assert [a["label"] for a in lines(folder / "annotations/ann.jsonl")] == ["yes", "no"]
    with open_to_label(folder, "ann") as (dataset, log):
        add_claims(folder, [{"text": "A new one.", "factual": "yes"}], "bob")
        with pytest.raises(ChangedMeanwhile):
            log.answer(answer(dataset, 2))


def test_labels_of_others_and_an_added_table_do_not_end_a_session(folder):
    with open_to_label(folder, "ann") as (dataset, log):
        add_claims(folder, [{"claim_id": dataset.claims[1].claim_id, "factual": "no"}], "bob")
        log.answer(answer(dataset))
    assert {a.annotator for a in open_dataset(folder).annotations} == {"ann", "bob"}


def test_a_log_without_a_last_line_end_keeps_its_lines(folder):
    label(folder, "ann", keys="1")
    log = folder / "annotations/ann.jsonl"
    log.write_text(log.read_text().rstrip("\n"))
    label(folder, "ann", keys="2")
    assert [a["label"] for a in lines(log)] == ["yes", "loud"]


@pytest.fixture
def cut(folder):
    """A log whose last line was cut by a kill, and its whole lines."""
    label(folder, "ann", keys="12")
    log = folder / "annotations/ann.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + whole.splitlines()[0][:70] + "é".encode()[:1])
    return folder, log, whole


def test_a_line_that_a_kill_cut_short_is_named_by_check_and_removed_by_fix(cut):
    folder, log, whole = cut
    (fault,) = check([folder])
    assert (fault.path, fault.line, fault.code) == (str(log), 3, "cut-line")
    assert "harness check --fix" in fault.message
    assert [(r.path, "the last line was removed" in r.message) for r in repair(folder)] == [(log, True)]
    assert log.read_bytes() == whole
    assert check([folder]) == []


def test_the_next_session_removes_a_line_that_a_kill_cut_short_and_says_so(cut):
    folder, log, whole = cut
    done = label(folder, "ann", keys="1")
    assert log.read_bytes().startswith(whole)
    assert len(lines(log)) == 3
    assert done.notes == (
        f"{log}: the last line was removed: a command was killed while it added the line, and had "
        "not said that it was saved",
    )
    assert label(folder, "ann", keys="1").notes == ()


def test_any_session_removes_a_cut_line_of_the_evidence_and_of_others(cut):
    folder, log, whole = cut
    (folder / "evidence.jsonl").write_text('{"evidence_id": "e')
    assert {fault.code for fault in check([folder])} == {"cut-line"}
    assert len(adjudicate(folder, "bob", keys="").notes) == 2
    assert log.read_bytes() == whole
    assert check([folder]) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(folder):
    (folder / "annotations").mkdir(exist_ok=True)
    (folder / "annotations").chmod(0o555)
    with pytest.raises(HarnessError, match="no permission"):
        label(folder, "ann", keys="1")


@pytest.mark.parametrize("name", ["../ann", "", "a b", "-x"])
def test_a_name_that_is_no_file_name(folder, name):
    with pytest.raises(HarnessError, match="--as: expected letters, digits, dot, underscore and hyphen"):
        label(folder, name, keys="1")


def test_a_copy_for_labeling_is_written(tmp_path):
    folder = new(tmp_path / "mine", source="public-matters").folder
    assert label(folder, "ann", keys="1q").given == 1


def test_a_write_that_is_cut_short_leaves_a_valid_log(folder):
    """The limit of the file size stands for a full disk: a part of the last line is written, and then nothing."""
    keys = "1" * 14
    script = f"ulimit -f 1; printf {keys} | {sys.executable} -B -m harness label d --as ann"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert "annotations/ann.jsonl: cannot be written: " in done.stderr
    assert "the file would exceed the file-size limit" in done.stderr
    log = lines(folder / "annotations/ann.jsonl")
    assert len(log) == done.stdout.count("saved: ")
    assert 0 < len(log) < 14
    assert check([folder]) == []
    label(folder, "ann", keys=keys)
    assert len(lines(folder / "annotations/ann.jsonl")) == 14


def test_a_folder_that_is_moved_away_stays_whole_and_leaves_nothing_behind(folder):
    with open_to_label(folder, "ann") as (dataset, log):
        log.answer(answer(dataset))
        moved = folder.rename(folder.parent / "moved")
        with pytest.raises(ChangedMeanwhile, match="your last answer was not saved, all others are"):
            log.answer(answer(dataset, 1))
        assert not folder.exists()
        moved.rename(folder)
        log.answer(answer(dataset, 1))
    assert check([folder]) == []


@pytest.mark.parametrize("clock", [["2026-05-10T10:00:00Z"], ["2026-05-10T10:00:00Z", "2026-05-10T09:00:00Z"]])
def test_a_clock_that_stands_or_jumps_back_changes_nothing(folder, clock, monkeypatch):
    times = itertools.cycle(clock)
    monkeypatch.setattr("harness.data.labels.label_log.time_now", lambda: next(times))
    label(folder, "ann", keys="1u1u2u1!!!!sus1u1" + "f1\nf1\nf1\n")
    label(folder, "ann", keys="u1")
    assert check([folder]) == []
    ids = [line["annotation_id"] for line in lines(folder / "annotations/ann.jsonl")]
    assert len(ids) == len(set(ids)) > 15
