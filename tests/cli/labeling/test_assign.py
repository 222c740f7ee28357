"""`harness assign`, and the orders of `harness label`, as they are typed."""

from __future__ import annotations

import io
import json

from dataset_folders import to_label, write_lines


def test_three_people_are_assigned_labeled_and_counted(harness, monkeypatch, tmp_path):
    dataset = to_label(tmp_path / "my claims")
    folder = str(dataset.folder)
    printed = harness(
        "assign", folder, "--annotators", "ann", "bob", "cal", "--overlap", "2", "--repeats", "25%"
    ).stdout
    assert printed.splitlines()[0].split() == ["annotator", "new", "claims", "labeled", "repeats", "repeated"]
    assert f"harness label '{folder}' --as NAME" in printed
    scores = tmp_path / "s.jsonl"
    rows = [{"claim_id": claim.claim_id, "score": {"no": 0.2, "yes": 0.8}} for claim in dataset.current]
    write_lines(scores, rows)
    monkeypatch.setattr("sys.stdin", io.StringIO("11q"))
    printed = harness("label", folder, "--as", "ann", "--from-scores", scores, "--suggest", scores).stdout
    assert "suggested by s.jsonl: yes (0.80)" in printed
    assert f"--as ann --from-scores {scores} --suggest {scores}" in printed
    status = json.loads(harness("assign", folder, "--status", "--json").stdout)
    assert (status["annotators"][0]["annotator"], status["annotators"][0]["labeled"]) == ("ann", 1)
    assert sum(one["assigned"] for one in status["annotators"]) == 14
    assert status["unassigned"] == 0


def test_options_that_do_not_fit(harness, tmp_path):
    folder = str(to_label(tmp_path / "d").folder)
    for arguments, message in (
        ([], "give --annotators NAME..., --drop NAME..., or --status"),
        (["--status", "--annotators", "ann"], "--status assigns nothing"),
        (["--status", "--drop", "ann"], "--status assigns nothing"),
        (["--drop", "ann", "--first", "2"], "--drop assigns nothing; leave the other options but --articles out"),
        (["--annotators", "ann", "--scheme", "two-axes"], "--scheme belongs to --status"),
        (["--annotators", "ann", "--repeats", "some"], "expected a share such as 5% or 0.05, got 'some'"),
    ):
        refused = harness("assign", folder, *arguments)
        assert refused.returncode == 2
        assert message in refused.stderr
    assert "nothing is assigned; assign claims with --annotators" in harness("assign", folder, "--status").stdout


def test_a_part_is_assigned_and_taken_back(harness, tmp_path):
    folder = str(to_label(tmp_path / "d").folder)
    harness("assign", folder, "--annotators", "ann", "bob", "--articles", "ferry", "bridge", "--first", "4")
    printed = harness("assign", folder, "--drop", "ann", "bob", "--articles", "bridge").stdout
    assert "taken back from ann: 1 claim\ntaken back from bob: 2 claims\n" in printed
    printed = json.loads(harness("assign", folder, "--drop", "ann", "--json").stdout)
    assert printed == {"added": {}, "dropped": {"ann": 1}, "annotators": [], "unassigned": 7, "notes": []}
