"""Label cells are read as people write them, and rows that contradict each other are never settled in silence."""

from __future__ import annotations

import pytest
from added_tables import labels_of, write
from dataset_folders import made

from harness import HarnessError, add_claims, check, open_dataset, withdraw
from harness.data.labels.gold import active_annotations

HEAD = """\
name: mine
version: "0.1"
title: Mine
source: Written for a test.
license: not stated
language: en
axes:
  - name: label
    question: Which?
    labels:
      - {name: Check worthy, code: "1"}
      - {name: "no claim", code: "0"}
guideline: None.
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "d"
    made(folder)
    (folder / "schemes").mkdir()
    (folder / "schemes" / "mine.yaml").write_text(HEAD)
    return folder


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        ("Check worthy", "Check worthy"),
        (" CHECK  worthy ", "Check worthy"),
        ("1", "Check worthy"),
        (1, "Check worthy"),
        ("0.0", "no claim"),
        (0.0, "no claim"),
        (True, "Check worthy"),
        (False, "no claim"),
        ("TRUE", "Check worthy"),
        ("False", "no claim"),
        ("none", "no claim"),
    ],
)
def test_a_label_is_its_name_its_code_or_what_the_user_says(folder, cell, label):
    add_claims(folder, [{"text": "A.", "label": cell}], "me", scheme="mine", labels={"None": "no claim"})
    assert list(labels_of(open_dataset(folder)).values()) == [label]


def test_true_and_false_mean_yes_and_no_or_what_the_user_says(folder):
    rows = [{"text": "A.", "factual": "True"}, {"text": "B.", "factual": False}]
    add_claims(folder, rows, "me")
    assert sorted(labels_of(open_dataset(folder)).values()) == ["no", "yes"]
    add_claims(folder, rows, "you", labels={"true": "no", "false": "yes"})
    assert sum(row.label == "yes" for row in open_dataset(folder).annotations if row.annotator == "you") == 1


def test_true_is_no_code_of_an_axis_of_three_labels(folder):
    scheme = folder / "schemes" / "mine.yaml"
    scheme.write_text(HEAD.replace('code: "0"}', 'code: "0"}\n      - {name: other, code: "-1"}'))
    with pytest.raises(HarnessError, match=r"no label is called 'true'"):
        add_claims(folder, [{"text": "A.", "label": True}], "me", scheme="mine")


def test_an_unknown_label_names_the_known_ones_and_the_remedy(folder):
    with pytest.raises(HarnessError, match=r"no label is called '2'\. Known: Check worthy, no claim; --labels '2="):
        add_claims(folder, [{"text": "A.", "label": "2"}], "me", scheme="mine")


CONFLICT = "text,factual,at\nA.,yes,2024-01-03\nB.,yes,2024-01-01\nA.,no,2024-01-01\nA.,yes,2024-01-02\n"


def test_rows_that_contradict_each_other_are_a_fault_with_their_lines(folder, tmp_path):
    with pytest.raises(HarnessError) as refused:
        add_claims(folder, write(tmp_path / "x.csv", CONFLICT), "me")
    assert (
        "x.csv:4: factual: rows disagree on the label of one claim: 'yes' (line 2), 'no' (line 4), 'yes' (line 5); "
        "correct them, or choose a rule: --on-conflict majority or newest or first or last"
    ) in str(refused.value)
    assert labels_of(open_dataset(folder)) == {}


@pytest.mark.parametrize(
    ("rule", "rows", "label"),
    [
        ("majority", CONFLICT, "yes"),
        ("first", CONFLICT, "yes"),
        ("last", CONFLICT.replace("A.,yes,2024-01-02", "A.,cannot tell,2024-01-02"), "cannot tell"),
        ("newest", CONFLICT.replace("2024-01-02", "2024-02-01").replace("A.,yes,2024-02", "A.,no,2024-02"), "no"),
    ],
)
def test_a_rule_that_the_user_chose_is_stated(folder, tmp_path, rule, rows, label):
    result = add_claims(folder, write(tmp_path / "x.csv", rows), "me", on_conflict=rule)
    assert result.notes == (f"rows disagree on 1 label, set by the rule '{rule}' (see their notes)",)
    notes = {a.label: a.note for a in open_dataset(folder).annotations if a.note}
    assert list(notes) == [label]
    assert notes[label].startswith(f"{rule} of 3 rows that disagree: yes ")


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("majority", "text,factual\nA.,yes\nA.,no\n"),
        ("newest", "text,factual\nA.,yes\nA.,no\n"),
        ("newest", "text,factual,at\nA.,yes,2024-01-01\nA.,no,2024-01-01T00:00:00Z\n"),
    ],
)
def test_a_rule_that_does_not_decide_is_a_fault(folder, tmp_path, rule, rows):
    with pytest.raises(HarnessError, match=r"none (has the majority|is the newest)"):
        add_claims(folder, write(tmp_path / "x.csv", rows), "me", on_conflict=rule)


def test_a_mark_and_its_absence_contradict_each_other(folder):
    rows = [{"text": "A.", "factual": "yes", "quantity": cell} for cell in ("yes", "", "no")]
    add_claims(folder, rows[:2], "me")
    with pytest.raises(HarnessError, match=r"row:3: quantity: rows disagree .* 'yes' \(line 1\), 'no' \(line 3\)"):
        add_claims(folder, rows, "you")


def test_a_later_file_of_the_same_annotator_supersedes_and_says_so(folder):
    add_claims(folder, [{"text": "A.", "factual": "yes"}], "me")
    assert add_claims(folder, [{"text": "A.", "factual": "no"}], "me").superseded == 1


def test_note_confidence_and_time_come_from_columns_of_any_name(folder, tmp_path):
    table = "text,factual,why,sure,when\nA.,yes,read it,0.9,2026-05-10T14:30:00Z\nB.,no,,1,2026-05-11\nC.,no,,,\n"
    names = {"note": "why", "confidence": "sure", "at": "when"}
    add_claims(folder, write(tmp_path / "x.csv", table), "me", columns=names, at="2026-06-01")
    stored = [(a.note, a.confidence, a.at) for a in open_dataset(folder).annotations]
    assert stored == [("read it", 0.9, "2026-05-10T14:30:00Z"), (None, 1.0, "2026-05-11"), (None, None, "2026-06-01")]
    assert add_claims(folder, tmp_path / "x.csv", "me", columns=names).unchanged == 3


@pytest.mark.parametrize("cell", ["2", "-0.1", "180%", "sure", "nan", True])
def test_a_confidence_is_a_number_from_0_to_1(folder, cell):
    with pytest.raises(HarnessError, match=r"row:1: confidence: expected a number from 0 to 1, or a percentage"):
        add_claims(folder, [{"text": "A.", "factual": "yes", "confidence": cell}], "me")


def test_the_same_label_with_a_new_note_or_confidence_is_a_new_line(folder):
    row = {"text": "A.", "factual": "yes"}
    add_claims(folder, [row], "me")
    assert add_claims(folder, [row | {"note": "sure now", "confidence": 1}], "me").superseded == 1
    assert add_claims(folder, [row], "me").unchanged == 1


def test_suggestions_are_stored_and_count_nowhere(folder):
    add_claims(folder, [{"text": "A.", "factual": "yes", "confidence": 0.6}], "model", role="suggest")
    (suggestion,) = open_dataset(folder).annotations
    assert (suggestion.role, suggestion.confidence) == ("suggest", 0.6)
    assert active_annotations([suggestion]) == []
    assert add_claims(folder, [{"text": "A.", "factual": "yes"}], "model", role="suggest").unchanged == 1
    withdraw(folder, "model", annotation=suggestion.annotation_id)
    assert add_claims(folder, [{"text": "A.", "factual": "yes"}], "model", role="suggest").annotations_added == 1
    assert check([folder]) == []
