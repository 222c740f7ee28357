"""Flags: stored in the log, listed, asked again, taken back; they count nowhere."""

from __future__ import annotations

import pytest
from dataset_folders import change_line, lines, to_label

from harness import FaultsError, HarnessError, agreement, check, disputes, flags, label, open_dataset, withdraw
from harness.data.labels.gold import gold_labels
from harness.data.repair import repair


@pytest.fixture
def folder(tmp_path):
    """Ann answers, with a flag and a note; then flags an open question. Bob flags the same question."""
    folder = to_label(tmp_path / "d").folder
    label(folder, "ann", keys=["n", *"two", "\n", "!", "1", "s", "s", "!"])
    label(folder, "bob", keys="!1")
    return folder


def test_flags_are_lines_of_the_log_and_are_listed(folder):
    assert check([folder]) == []
    assert [(a["role"], a["label"]) for a in lines(folder / "annotations/ann.jsonl")] == [
        ("flag", "look again"),
        ("label", "yes"),
        ("flag", "look again"),
    ]
    listed = [(flag.annotator, flag.axis, flag.label, flag.note) for flag in flags(folder)]
    assert listed == [("ann", "factual", "yes", "two"), ("bob", "factual", "yes", None), ("ann", "tone", None, None)]
    assert flags(folder)[0].text == "The bridge opened in 1932."
    with pytest.raises(HarnessError, match="no scheme is called 'two'"):
        flags(folder, scheme="two")


def test_flags_count_nowhere(folder):
    dataset = open_dataset(folder)
    gold = gold_labels(dataset.annotations, "two-axes", "factual")
    assert [(gold_label.label, gold_label.annotators) for gold_label in gold.labels.values()] == [("yes", 2)]
    assert disputes(folder).compared == 1
    assert {axis.name: axis.annotators for axis in agreement(folder).axes}["factual"] == ("ann", "bob")


def test_an_answer_to_what_is_asked_again_takes_the_flag_back(folder):
    # The same label for the first, skip the second: it is asked again later.
    assert label(folder, "ann", keys="1s", flagged=True)[3:5] == (1, 2)
    assert [(flag.annotator, flag.axis) for flag in flags(folder)] == [("bob", "factual"), ("ann", "tone")]
    assert label(folder, "ann", keys="3", flagged=True)[3:5] == (1, 1)
    assert label(folder, "ann", keys="1", flagged=True).questions == 0
    assert check([folder]) == []
    assert [flag.annotator for flag in flags(folder)] == ["bob"]


@pytest.mark.parametrize("key", "12")
def test_undo_brings_back_the_flag_that_an_answer_took_back(folder, key):
    label(folder, "bob", keys=f"{key}u", flagged=True)
    assert [(flag.annotator, flag.label) for flag in flags(folder)][1] == ("bob", "yes" if key == "1" else None)
    assert check([folder]) == []


def test_the_key_takes_a_flag_back_and_withdraw_does(folder):
    label(folder, "bob", keys="!!!", flagged=True)
    assert [flag.annotator for flag in flags(folder)] == ["ann", "ann"]
    first = lines(folder / "annotations/ann.jsonl")[0]["annotation_id"]
    withdraw(folder, "ann", annotation=first)
    assert [flag.axis for flag in flags(folder)] == ["tone"]
    assert check([folder]) == []


def test_a_flag_with_a_label_of_the_axis_is_a_fault(folder):
    change_line(folder / "annotations/ann.jsonl", 1, label="yes")
    with pytest.raises(FaultsError, match=r"no label is called 'yes'\. Known: look again"):
        open_dataset(folder)


def test_a_question_that_one_annotator_flagged_on_two_clones_has_one_flag_after_the_repair(folder, monkeypatch):
    log = folder / "annotations/cal.jsonl"
    clones = []
    for hour in (10, 11):
        monkeypatch.setattr("harness.data.labels.label_log.time_now", lambda hour=hour: f"2026-05-10T{hour}:00:00Z")
        label(folder, "cal", keys="!q")
        clones.append(log.read_text())
        log.unlink()
    log.write_text("".join(clones))
    assert {fault.code for fault in check([folder])} == {"contradiction"}
    repair(folder)
    assert check([folder]) == []
    assert [flag.at for flag in flags(folder) if flag.annotator == "cal"] == ["2026-05-10T11:00:00Z"]
