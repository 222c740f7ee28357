"""Files of assignments: what is read, and which faults `harness check` reports."""

from __future__ import annotations

import pytest
from dataset_folders import lines, to_label, write_lines

from harness import FaultsError, assign, check, repair
from harness.data.assignments.assignment_files import read_assignments


@pytest.fixture
def folder(tmp_path):
    folder = to_label(tmp_path / "d").folder
    assign(folder, ["ann", "bob"], overlap=2, repeats=0.5)
    return folder


def test_assignments_of_unknown_claims_and_repeats_without_a_first_answer_are_faults(folder):
    assert check([folder]) == []
    path = folder / "assignments/ann.jsonl"
    records = lines(path)
    twice = [{"claim_id": "gone"}, {"claim_id": "gone"}, {"claim_id": "other", "role": "repeat"}, {"claim": "x"}]
    write_lines(path, [*records, *twice])
    faults = [(fault.line - len(records), fault.code) for fault in check([folder])]
    assert faults == [
        (1, "unknown-id"),
        (2, "unknown-id"),
        (2, "duplicate-id"),
        (3, "unknown-id"),
        (4, "missing-field"),
        (4, "unknown-field"),
    ]
    write_lines(path, [record for record in records if record["role"] == "repeat"])
    assert {fault.code for fault in check([folder])} == {"no-first-answer"}
    path.write_text('{"claim_id": 3}\n')
    with pytest.raises(FaultsError):
        read_assignments(folder)


def test_a_merge_of_two_assignments_is_repaired(folder):
    path = folder / "assignments/ann.jsonl"
    text = path.read_text()
    path.write_text(text + text)
    assert {fault.code for fault in check([folder])} == {"duplicate-id"}
    assert len(read_assignments(folder)["ann"]) == text.count("\n")
    repair(folder)
    assert check([folder]) == []
    assert path.read_text() == text
