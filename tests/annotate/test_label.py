"""Three people label on three clones; git merges their work; one of them decides; all have one gold."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from dataset_folders import lines, to_label

from harness import (
    FaultsError,
    add_claims,
    adjudicate,
    audit_targets,
    check,
    disputes,
    label,
    new,
    open_dataset,
    withdraw,
)
from harness.data.labels.gold import gold_labels

TIMEOUT_S = 120


def harness(cwd, *args, keys=""):
    """Runs the real command with keys from a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, args)],
        cwd=cwd,
        input=keys,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    ).stdout


def git(cwd, *args):
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    return subprocess.run(
        ["git", *identity, *args], cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    ).stdout


def gold(folder, axis):
    labels = gold_labels(open_dataset(folder).annotations, "three-axes", axis).labels
    return {claim: gold_label.label for claim, gold_label in labels.items()}


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """Three clones after labeling, merges and decisions."""
    base = tmp_path_factory.mktemp("git")
    origin = base / "origin"
    git(base, "init", "-q", "-b", "main", "origin")
    new(origin / "mine", source="public-matters")
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "articles to label")
    git(origin, "checkout", "-q", "--detach")
    # Two sentences on three axes each; ann presses a wrong key once and takes it back. Bob uses the command itself.
    for name, keys in (("ann", "113u2112q"), ("bob", "112\n112\nq\n"), ("cal", "212112q")):
        git(base, "clone", "-q", "origin", name)
        # Everybody also adds a claim of their own: the same files grow on three branches.
        text = f"{name} saw 12 boats."
        if name == "bob":
            harness(base / name, "label", "mine", "--as", name, keys=keys)
            harness(base / name, "add", "mine", "--text", text, "--label", "factual=yes", "--as", name)
        else:
            label(base / name / "mine", name, keys=keys)
            add_claims(base / name / "mine", [{"text": text, "factual": "yes"}], name)
        git(base / name, "add", "-A")
        git(base / name, "commit", "-q", "-m", f"labels of {name}")
        git(base / name, "push", "-q", "origin", f"HEAD:refs/heads/{name}")
    for name in ("ann", "bob", "cal"):
        git(base / "ann", "fetch", "-q", "origin")
        git(base / "ann", "merge", "-q", "--no-edit", f"origin/{name}")
    open_disputes = disputes(base / "ann" / "mine").document()
    adjudicate(base / "ann" / "mine", "ann", keys="1q")
    git(base / "ann", "add", "-A")
    git(base / "ann", "commit", "-q", "-m", "decisions")
    git(base / "ann", "push", "-q", "origin", "HEAD:main")
    for name in ("bob", "cal"):
        git(base / name, "pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    return base, open_disputes


def test_the_merged_datasets_are_valid_and_have_every_label(merged):
    base, _ = merged
    for name in ("ann", "bob", "cal"):
        folder = base / name / "mine"
        assert check([folder]) == []
        dataset = open_dataset(folder)
        assert {a.annotator for a in dataset.annotations} == {"ann", "bob", "cal"}
        assert {f"{person} saw 12 boats." for person in ("ann", "bob", "cal")} <= {c.text for c in dataset.claims}
        assert sum(a.role == "label" and a.annotator == "bob" for a in dataset.annotations) == 7
        assert git(base / name, "status", "--porcelain") == ""


def test_what_they_differ_on_is_listed_decided_and_gold(merged):
    base, listed = merged
    (dispute,) = listed["disputes"]
    assert (dispute["axis"], dispute["labels"]) == ("factual", {"ann": "yes", "bob": "yes", "cal": "no"})
    golds = [gold(base / name / "mine", "factual") for name in ("ann", "bob", "cal")]
    assert golds[0] == golds[1] == golds[2]
    assert golds[0][dispute["claim_id"]] == "yes"
    assert len(golds[0]) == 5
    assert disputes(base / "cal" / "mine").document() == {"disputes": []}


def test_locks_and_results_are_not_committed(merged):
    base, _ = merged
    names = git(base / "ann", "ls-files", "mine").splitlines()
    assert "mine/.gitattributes" in names
    assert not [name for name in names if name.endswith(".lock")]
    assert "merge: union" in git(base / "ann", "check-attr", "merge", "mine/annotations/ann.jsonl")


def test_keys_of_standard_input_or_of_a_caller(tmp_path):
    folder = to_label(tmp_path / "d").folder
    assert label(folder, "ann", keys="1s2x7q12") == (2, 0, 1, 2, 14, folder / "annotations/ann.jsonl", ())
    printed = harness(tmp_path, "label", "d", "--as", "ann", "--axis", "tone", keys="3q")
    assert "saved: tone = cannot tell" in printed
    assert "answered: 1 of 7 questions" in printed
    assert "go on with: harness label d --as ann" in printed
    # More keys than questions end the session, as the end of the keys does.
    assert harness(tmp_path, "label", "d", "--as", "bob", keys="1" * 100).endswith("answered: 14 of 14 questions\n")


def test_labels_of_others_are_not_read(tmp_path):
    folder = to_label(tmp_path / "d").folder
    assert label(folder, "bob", keys="1q").given == 1
    log = folder / "annotations/bob.jsonl"
    log.write_text(log.read_text() + "half a line")
    assert label(folder, "ann", keys="1q").given == 1
    with pytest.raises(FaultsError):
        label(folder, "bob", keys="1q")


def test_the_remedies_for_equal_text_with_different_labels(tmp_path):
    """The page of check A07, as written: one mends a mistake, another person and a decision settle the rest."""
    folder = to_label(tmp_path / "d").folder
    text = "The ministry spent forty million euros on the bridge last year."
    rows = [{"article_id": f"doc{n}", "text": text, "factual": label} for n, label in enumerate(("yes", "no"))]
    add_claims(folder, rows, "ann")
    first, second = (claim.claim_id for claim in open_dataset(folder).current if claim.text == text)
    assert "A07" in codes_of(folder)
    label(folder, "bob", keys="1313", claims=[first, second])
    assert [dispute.claim_id for dispute in disputes(folder).disputes] == [second]
    adjudicate(folder, "chief", keys="1")
    assert "A07" not in codes_of(folder)
    withdraw(folder, "chief", claim=second)
    withdraw(folder, "bob", claim=second)
    assert "A07" in codes_of(folder)
    label(folder, "ann", keys="1", claims=second)
    assert "A07" not in codes_of(folder)


def codes_of(folder):
    return {result.check for result in audit_targets([folder]).findings}


def kill_sessions(folder, name, delays):
    """Kills a session after each delay; returns how many answers were shown as saved, and are on disk."""
    log, saved, on_disk = folder / f"annotations/{name}.jsonl", 0, 0
    keys = "".join(random.Random(name).choices("112us", k=3000))
    for seconds in delays:
        with subprocess.Popen(
            [sys.executable, "-u", "-m", "harness", "label", folder.name, "--as", name],
            cwd=folder.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            process.stdin.write(keys.encode())
            process.stdin.flush()
            # The first answer is waited for: on a busy machine it takes longer than all that is random.
            first = next((line for line in process.stdout if b"saved: " in line), b"")
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            output = (first + process.stdout.read()).decode()
        acknowledged = output.count("saved: ") + output.count("taken back: ")
        n_lines = len(lines(log)) if log.exists() else 0
        # A line can be on disk without having been shown yet.
        assert n_lines >= on_disk + acknowledged
        saved, on_disk = saved + acknowledged, n_lines
    return saved, on_disk


@pytest.mark.soak
def test_answers_that_were_acknowledged_survive_kills(tmp_path):
    """Four annotators at once, each killed twice; `tests/soak/kill_labeling.py` does it 500 times."""
    folder = to_label(tmp_path / "d", {"a": " ".join(f"Line {n} is short." for n in range(2000))}).folder
    names = ("ann", "bob", "cal", "dee")
    delays = [random.Random(13).uniform(0.02, 0.4) for _ in range(2)]
    with ThreadPoolExecutor(len(names)) as pool:
        counts = list(pool.map(lambda name: kill_sessions(folder, name, delays), names))
    assert check([folder]) == []
    assert all(0 < saved <= on_disk for saved, on_disk in counts)
    for name in names:
        assert label(folder, name, keys="1q").given == 1
