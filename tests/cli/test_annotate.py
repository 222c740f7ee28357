"""What `label`, `disputes`, `adjudicate`, `withdraw` and `add --role adjudicate` print."""

from __future__ import annotations

import io
import json

import pytest
from dataset_folders import lines, to_label

from harness import open_dataset


@pytest.fixture
def folder(tmp_path):
    return to_label(tmp_path / "my data").folder


@pytest.fixture
def press(harness, monkeypatch):
    """Runs a command with keys on standard input."""

    def call(keys, *args):
        monkeypatch.setattr("sys.stdin", io.StringIO(keys))
        return harness(*args)

    return call


def test_from_labels_to_a_decision(folder, press, harness):
    finished = press("12u3s\n1q", "label", folder, "--as", "ann")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith(
        f"{folder}/annotations/ann.jsonl: 4 answers, 1 taken back, 1 question skipped\n"
        f"answered: 3 of 14 questions\ngo on with: harness label '{folder}' --as ann\n"
    )
    press("21q", "label", folder, "--as", "bob")
    claim_id = open_dataset(folder).claims[0].claim_id
    listed = harness("disputes", folder)
    assert f"{claim_id}  factual  ann: yes; bob: no" in listed.stdout
    assert f"{claim_id}  tone     ann: cannot tell; bob: calm" in listed.stdout
    assert listed.stdout.count("\n  The bridge opened in 1932.\n") == 2
    assert "2 open disputes, 0 decided; 2 questions with labels by two annotators or more" in listed.stdout
    assert f"decide them with: harness adjudicate '{folder}' --as NAME" in listed.stdout
    decided = press("2q", "adjudicate", folder, "--as", "chief")
    assert "  yes: ann\n  no: bob\n" in decided.stdout
    assert "answered: 1 of 2 questions" in decided.stdout
    (folder.parent / "decisions.csv").write_text(f"claim_id,tone\n{claim_id},loud\n")
    added = harness("add", folder, "--claims", "decisions.csv", "--as", "chief", "--role", "adjudicate")
    assert "added 0 claims and 1 label" in added.stdout
    assert json.loads(harness("disputes", folder, "--json").stdout) == {"disputes": []}
    assert "0 open disputes, 2 decided" in harness("disputes", folder).stdout
    assert "there is nothing to answer" in press("1", "adjudicate", folder, "--as", "deputy").stdout


def test_labels_are_taken_back(folder, press, harness):
    press("12q", "label", folder, "--as", "ann")
    first = lines(folder / "annotations/ann.jsonl")[0]
    taken = harness("withdraw", folder, "--annotation", first["annotation_id"], "--as", "ann", "--note", "oops")
    assert taken.stdout == (
        f"taken back: {first['claim_id']} factual = yes\n{folder}/annotations/ann.jsonl: 1 line added\n"
    )
    taken = harness("withdraw", folder, "--claim", first["claim_id"], "--as", "ann")
    assert f"taken back: {first['claim_id']} tone = loud" in taken.stdout
    refused = harness("withdraw", folder, "--claim", first["claim_id"], "--as", "ann")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "has no label by 'ann' that counts; nobody has labeled it" in refused.stderr
    assert harness("withdraw", folder, "--as", "ann").returncode == 2
    assert harness("withdraw", folder, "--as", "ann", "--claim", "x", "--annotation", "y").returncode == 2


def test_a_shipped_dataset_names_the_remedy(press):
    refused = press("1", "label", "public-matters", "--as", "ann")
    assert refused.returncode == 2
    assert refused.stderr == (
        "harness: 'public-matters' is a shipped dataset, which is never changed; make a copy to label: harness new "
        "COPY --from public-matters\n"
    )


def test_a_copy_says_what_it_has(harness):
    created = harness("new", "mine", "--from", "public-matters")
    assert created.stdout.startswith(
        "mine: created, as a copy of public-matters, without its labels (--with-labels copies them). Next steps:\n"
        "  harness label mine --as YOU"
    )
    assert ", with its labels. Next" in harness("new", "whole", "--from", "public-matters", "--with-labels").stdout
    assert harness("new", "other", "--with-labels").returncode == 2


def test_a_claim_is_added_with_note_confidence_role_and_time(tmp_path, harness):
    folder = to_label(tmp_path / "d").folder
    one = ["add", "d", "--text", "A.", "--label", "factual=yes", "--as", "me", "--note", "why", "--confidence", "0.5"]
    assert harness(*one, "--role", "suggest", "--at", "2026-05-10", cwd=tmp_path).returncode == 0
    (line,) = lines(folder / "annotations/me.jsonl")
    fields = ("role", "note", "confidence", "at")
    assert [line[field] for field in fields] == ["suggest", "why", 0.5, "2026-05-10"]
    refused = harness("add", "d", "--claims", "x.csv", "--as", "me", "--confidence", "0.5", cwd=tmp_path)
    assert "--confidence goes with --text; a file has it in a column: --column confidence=COLUMN" in refused.stderr
