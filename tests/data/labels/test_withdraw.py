"""What was taken back counts nowhere."""

from __future__ import annotations

import pytest
from dataset_folders import change_line, lines, to_label

from harness import HarnessError, add_claims, agreement, check, disputes, label, open_dataset, withdraw
from harness.data.labels.gold import gold_labels


@pytest.fixture
def folder(tmp_path):
    folder = to_label(tmp_path / "d").folder
    label(folder, "ann", keys="1122q")
    label(folder, "bob", keys="2q")
    return folder


def gold(folder):
    return {c: g.label for c, g in gold_labels(open_dataset(folder).annotations, "two-axes", "factual").labels.items()}


def test_a_label_is_taken_back_by_a_line_and_counts_nowhere(folder):
    first, second = (claim.claim_id for claim in open_dataset(folder).claims[:2])
    (dispute,) = disputes(folder).disputes
    log = folder / "annotations/ann.jsonl"
    before = log.read_bytes()
    result = withdraw(folder, "ann", annotation=lines(log)[0]["annotation_id"], note="wrong key")
    assert [a.label for a in result.withdrawn] == ["yes"]
    assert log.read_bytes().startswith(before)
    assert lines(log)[-1]["note"] == "wrong key"
    assert gold(folder) == {first: "no", second: "no"}
    assert disputes(folder).disputes == ()
    assert agreement(folder).axes[0].measures["raw_agreement"].n == 0
    assert check([folder]) == []
    # The question is asked again, and the same label is another annotation.
    assert label(folder, "ann", keys="1q").given == 1
    assert gold(folder) == {second: "no"}
    assert disputes(folder).disputes[0].document() == dispute.document()


def test_all_labels_of_an_annotator_on_a_claim(folder):
    claim_id = open_dataset(folder).claims[0].claim_id
    assert {a.axis for a in withdraw(folder, "ann", claim=claim_id).withdrawn} == {"factual", "tone"}
    assert gold(folder)[claim_id] == "no"
    with pytest.raises(HarnessError, match="has no label by 'ann' that counts; it has labels by bob"):
        withdraw(folder, "ann", claim=claim_id)


def test_the_same_table_can_be_added_again_after_a_withdrawal(folder):
    claim_id = open_dataset(folder).claims[4].claim_id
    rows = [{"claim_id": claim_id, "factual": "yes", "at": "2026-01-01"}]
    for _ in range(2):
        assert add_claims(folder, rows, "cal").annotations_added == 1
        assert add_claims(folder, rows, "cal").unchanged == 1
        withdraw(folder, "cal", claim=claim_id)
    assert check([folder]) == []
    assert claim_id not in gold(folder)


def test_a_mark_of_a_feature_can_be_taken_back(folder):
    claim_id = open_dataset(folder).claims[4].claim_id
    add_claims(folder, [{"claim_id": claim_id, "quantity": "yes"}], "cal")
    with pytest.raises(HarnessError) as refused:
        add_claims(folder, [{"claim_id": claim_id, "quantity": "no"}], "cal")
    (mark,) = lines(folder / "annotations/cal.jsonl")
    command = f"harness withdraw DATASET --annotation {mark['annotation_id']} --as cal"
    assert command in str(refused.value)
    withdraw(folder, "cal", annotation=mark["annotation_id"])
    assert add_claims(folder, [{"claim_id": claim_id, "quantity": "no"}], "cal").annotations_added == 0


def test_what_cannot_be_taken_back_says_why(folder):
    log = lines(folder / "annotations/ann.jsonl")
    claim_id = open_dataset(folder).claims[0].claim_id
    with pytest.raises(HarnessError, match="the dataset has no such annotation"):
        withdraw(folder, "ann", annotation="0")
    with pytest.raises(HarnessError, match="is by 'ann', and annotators take back only their own; use --as ann"):
        withdraw(folder, "bob", annotation=log[0]["annotation_id"])
    with pytest.raises(HarnessError, match="the dataset has no such claim"):
        withdraw(folder, "ann", claim="nothing")
    with pytest.raises(HarnessError, match="give either --annotation ID or --claim ID"):
        withdraw(folder, "ann")
    add_claims(folder, [{"claim_id": claim_id, "factual": "no"}], "ann")
    later = lines(folder / "annotations/ann.jsonl")[-1]["annotation_id"]
    with pytest.raises(HarnessError, match=f"was replaced by '{later}'; take that one back"):
        withdraw(folder, "ann", annotation=log[0]["annotation_id"])
    withdraw(folder, "ann", annotation=later)
    with pytest.raises(HarnessError, match="was taken back already"):
        withdraw(folder, "ann", annotation=later)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"withdraws": "0"}, "withdraws", "no annotation '0' in an earlier line of this file"),
        ({"withdraws": None}, "withdraws", "is missing; give the id of the annotation that this line takes back"),
        ({"role": "label"}, "withdraws", "expected none with role label"),
        ({"axis": "tone", "label": "calm"}, "withdraws", "is about another claim, scheme or axis"),
    ],
)
def test_faulty_withdrawals_are_faults_of_the_log(folder, changes, field, message):
    log = folder / "annotations/bob.jsonl"
    withdraw(folder, "bob", annotation=lines(log)[0]["annotation_id"])
    change_line(log, 2, **changes)
    faults = check([folder])
    assert any(fault.line == 2 and fault.field == field and message in fault.message for fault in faults), faults
