"""A changed article becomes a new version; what was said of the old one stays, and carries over where it holds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from dataset_folders import FERRY, content, lines, made, write_lines

from harness import FaultsError, HarnessError, add_claims, check, ingest, open_dataset
from harness.data.labels.gold import gold_labels
from harness.records import Article

CHANGED = "The ferry\n\nIt carried 2,300 people in May. It was late on nine days. Was it worth it?\n"


@pytest.fixture
def folder(tmp_path):
    """The ferry and the bridge; of the ferry, the title, two sentences and a part of a third are labeled."""
    made(tmp_path / "d")
    rows = [
        {"article_id": "ferry", "text": "It carried 2,100 people in May.", "factual": "yes", "checkable": "yes"},
        {"article_id": "ferry", "text": "It was late on nine days.", "factual": "yes", "note": "see the timetable"},
        {"article_id": "ferry", "text": "nine days", "factual": "cannot tell"},
    ]
    add_claims(tmp_path / "d", rows, "me", at="2024-01-01T00:00:00Z")
    add_claims(tmp_path / "d", [rows[1] | {"factual": "no", "note": ""}], "you")
    return tmp_path / "d"


def change(folder, text=CHANGED, name="ferry.txt", **options):
    path = folder.parent / name
    path.write_text(text)
    return ingest([path], folder, **options)


@pytest.mark.smoke
def test_a_changed_article_is_a_new_version(folder):
    before = content(folder)
    done = change(folder)
    dataset = open_dataset(folder)
    assert [(a.article_id, a.replaces) for a in done.versions] == [("ferry.v2", "ferry")]
    assert [(a.article_id, a.replaces) for a in dataset.articles] == [
        ("bridge", None),
        ("ferry", None),
        ("ferry.v2", "ferry"),
    ]
    assert [claim.text for claim in done.to_relabel] == ["It carried 2,300 people in May."]
    old = {claim.text: claim.claim_id for claim in dataset.claims if claim.article_id == "ferry"}
    new = {claim.text: claim.replaces for claim in dataset.claims if claim.article_id == "ferry.v2"}
    kept = ("The ferry", "It was late on nine days.", "nine days", "Was it worth it?")
    assert new == {text: old[text] for text in kept} | {"It carried 2,300 people in May.": None}
    after = content(folder)
    for name in ("articles.jsonl", "claims.jsonl", "annotations/me.jsonl", "annotations/you.jsonl"):
        assert after[name].startswith(before[name])
    assert check([folder]) == []


def test_labels_of_unchanged_sentences_carry_over_and_say_so(folder):
    done = change(folder)
    dataset = open_dataset(folder)
    ids = {(c.article_id, c.text): c.claim_id for c in dataset.claims}
    late, part = ids["ferry.v2", "It was late on nine days."], ids["ferry.v2", "nine days"]
    said = {(a.annotator, a.claim_id): a for a in dataset.annotations if a.claim_id.startswith("ferry.v2")}
    before = ids["ferry", "It was late on nine days."]
    assert {key: (a.axis, a.label, a.note) for key, a in said.items()} == {
        ("me", late): ("factual", "yes", f"carried over from {before}; see the timetable"),
        ("you", late): ("factual", "no", f"carried over from {before}"),
        ("me", part): ("factual", "cannot tell", f"carried over from {ids['ferry', 'nine days']}"),
    }
    assert done.carried_over == 3
    assert all(a.supersedes is None and a.at != "2024-01-01T00:00:00Z" for a in said.values())


def test_superseded_claims_are_left_out_of_the_table_but_not_of_the_folder(folder):
    whole = open_dataset(folder)
    change(folder)
    dataset = open_dataset(folder)
    assert dataset.superseded == {"ferry"}
    assert set(dataset.table().article_id) == {"bridge", "ferry.v2"}
    assert len(dataset.claims) == len(whole.claims) + 5
    assert len(dataset.table()) == len(whole.claims)  # as many sentences, and the part, as before
    assert [claim.claim_id for claim in dataset.current] == list(dataset.table().claim_id)
    assert dataset.fingerprint != whole.fingerprint
    labels = gold_labels(dataset.annotations, "three-axes", "checkable").labels
    assert len(labels) == 1  # the changed sentence's own label stays with the old claim
    assert not set(labels) & set(dataset.table().claim_id)


def test_both_versions_again_add_nothing(folder):
    change(folder)
    before = content(folder)
    for text in (CHANGED, FERRY, CHANGED):
        done = change(folder, text)
        assert (done.articles_added, done.claims_added, done.carried_over, done.unchanged) == (0, 0, 0, 1)
        assert done.versions == done.to_relabel == ()
    assert content(folder) == before


def test_a_third_version_follows_the_second(folder):
    change(folder)
    done = change(folder, CHANGED + "It stopped in June.\n")
    assert [(a.article_id, a.replaces) for a in done.versions] == [("ferry.v3", "ferry.v2")]
    assert [claim.text for claim in done.to_relabel] == ["It stopped in June."]
    dataset = open_dataset(folder)
    assert dataset.superseded == {"ferry", "ferry.v2"}
    notes = [a.note or "" for a in dataset.annotations if a.claim_id.startswith("ferry.v3")]
    assert len(notes) == 3
    assert all(note.count("carried over from ferry.v2-") == 1 and note.count("carried") == 1 for note in notes)
    assert sum("; see the timetable" in note for note in notes) == 1


def test_the_number_of_a_version_passes_over_an_id_that_is_taken(folder):
    change(folder, "Another one.", "ferry.v2.txt")
    assert change(folder).versions[0].article_id == "ferry.v3"


def test_an_article_of_another_name_can_replace_one(folder):
    done = change(folder, name="corrected.txt", replaces="ferry")
    assert [(a.article_id, a.replaces) for a in done.versions] == [("ferry.v2", "ferry")]
    done = change(folder, name="corrected.txt", replaces="ferry")
    assert (done.articles_added, done.unchanged) == (0, 1)
    with pytest.raises(HarnessError, match=r"replaces: no article is called 'fery'. Did you mean 'ferry'"):
        change(folder, name="corrected.txt", replaces="fery")
    with pytest.raises(HarnessError, match="replaces: expected one article, the new version of 'ferry'; got 2"):
        ingest([folder.parent / "d-sources"], folder, replaces="ferry")


def test_a_jsonl_article_can_name_what_it_replaces(folder):
    source = folder.parent / "more.jsonl"
    write_lines(source, [{"article_id": "ferry-b", "text": CHANGED, "replaces": "ferry"}])
    assert ingest([source], folder).versions[0].article_id == "ferry-b"
    assert ingest([source], folder).unchanged == 1
    write_lines(source, [{"article_id": "ferry-c", "text": "Other.", "replaces": "ferry"}])
    with pytest.raises(
        FaultsError, match=r"jsonl:1: replaces: 'ferry' already has a newer version; expected 'ferry-b'"
    ):
        ingest([source], folder)


def test_what_the_new_text_does_not_say_of_itself_is_as_it_was(tmp_path):
    ingest(Article(article_id="a", text="One.", publisher="P", published="2020-01-01", language="nl"), tmp_path / "d")
    done = ingest(Article(article_id="a", text="Two.", published="2021-01-01"), tmp_path / "d")
    (version,) = done.versions
    assert (version.publisher, version.published, version.language) == ("P", "2021-01-01", "nl")


def test_repeated_sentences_keep_their_order_and_speakers_tell_them_apart(tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("ANN: Yes. Yes.\nBOB: Yes.\n")
    ingest([path], tmp_path / "d", transcript=True)
    path.write_text("ANN: Yes. No.\nBOB: Yes. Yes.\n")
    done = ingest([path], tmp_path / "d", transcript=True)
    ids = [claim.claim_id for claim in open_dataset(tmp_path / "d").claims if claim.article_id == "talk"]
    new = [claim for claim in open_dataset(tmp_path / "d").claims if claim.article_id == "talk.v2"]
    assert [(c.speaker, c.replaces) for c in new] == [("ANN", ids[0]), ("ANN", None), ("BOB", ids[2]), ("BOB", None)]
    assert [claim.text for claim in done.to_relabel] == ["No.", "Yes."]


@pytest.mark.parametrize("written", [1, 2, 3])
def test_an_ingest_cut_off_between_two_files_loses_nothing_and_is_finished_by_the_next(folder, written):
    """What a kill leaves: articles; then claims; then one of the two logs are new, and the rest is old."""
    before, table = content(folder), list(open_dataset(folder).table().claim_id)
    change(folder)
    after = content(folder)
    order = ["articles.jsonl", "claims.jsonl", "annotations/me.jsonl", "annotations/you.jsonl"]
    for name in order[written:]:
        (folder / name).write_bytes(before[name])
    cut = open_dataset(folder)
    if written == 1:  # a version without claims replaces nothing yet
        assert list(cut.table().claim_id) == table
    assert {a.annotation_id for a in cut.annotations} >= {json.loads(x)["annotation_id"] for x in log_lines(before)}
    change(folder)
    whole = content(folder)
    assert whole["articles.jsonl"] == after["articles.jsonl"]
    assert whole["claims.jsonl"] == after["claims.jsonl"]
    for name in order[2:]:
        assert without_time(folder / name) == without_time_of(after[name])


def log_lines(files):
    return [line for name, data in files.items() if name.startswith("annotations/") for line in data.splitlines()]


def without_time(path):
    return [{k: v for k, v in line.items() if k not in ("at", "annotation_id")} for line in lines(path)]


def without_time_of(data):
    return [{k: v for k, v in json.loads(x).items() if k not in ("at", "annotation_id")} for x in data.splitlines()]


def test_a_killed_ingest_of_a_version_leaves_a_sound_folder(folder):
    """Killed at several moments of the write: the folder opens, no label is lost, and the next ingest finishes."""
    labels = {a.annotation_id for a in open_dataset(folder).annotations}
    (folder.parent / "ferry.txt").write_text(CHANGED)
    code = (
        "import os, sys; from pathlib import Path; import harness\n"
        "replace, left = Path.replace, int(sys.argv[1])\n"
        "def counted(self, target):\n"
        "    global left\n"
        "    if self.parent.name.startswith('.partial-'):\n"
        "        if left == 0: os.kill(os.getpid(), 9)\n"
        "        left -= 1\n"
        "    return replace(self, target)\n"
        "Path.replace = counted\n"
        "harness.ingest([sys.argv[2]], sys.argv[3])\n"
    )
    for renames in range(4):
        run = [sys.executable, "-c", code, str(renames), folder.parent / "ferry.txt", folder]
        assert subprocess.run(run, check=False, timeout=60).returncode in (-9, 0)
        dataset = open_dataset(folder)
        assert labels <= {a.annotation_id for a in dataset.annotations}
        assert {"nine days", "Was it worth it?"} <= set(dataset.table().text)
    change(folder)
    assert open_dataset(folder).superseded == {"ferry"}
    assert len(open_dataset(folder).annotations) == len(labels) + 3


def test_the_command_lists_what_is_to_be_labeled_again(folder, harness):
    (folder.parent / "ferry.txt").write_text(CHANGED)
    done = harness("ingest", "ferry.txt", "--into", "d")
    new = next(c.claim_id for c in open_dataset(folder).claims if "2,300" in (c.text or ""))
    assert done.stdout == (
        "d: 1 article added (5 claims); 0 already present\n"
        "new versions: ferry.v2 replaces ferry; 3 labels carried over\n"
        "1 sentence to label again:\n"
        f'  {new}  "It carried 2,300 people in May."\n'
    )
