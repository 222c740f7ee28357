"""The evidence of a dataset cites passages of its corpus, at their places; all faults show at once."""

from __future__ import annotations

import pytest
from dataset_folders import lines, write_lines

from harness import add_claims, check, open_dataset
from harness.data.corpora import evidence_faults
from harness.errors import fault_lines

ROWS = [
    {"text": "The pier burned.", "verdict": "refuted", "evidence": "The pier never burned.", "stance": "refutes"},
    {"text": "The pier burned.", "verdict": "refuted", "evidence": "It stands today.", "stance": "neutral"},
    {"text": "The mill has a wheel.", "verdict": "supported", "evidence": "A wheel of oak drives the mill."},
]


@pytest.fixture
def folder(tmp_path):
    add_claims(tmp_path / "d", ROWS, "me", columns={"verdict": "verdict"}, new_scheme="v")
    return tmp_path / "d"


def change(folder, name, row, **changes):
    rows = lines(folder / name)
    rows[row] |= changes
    write_lines(folder / name, rows)


def places(folder):
    """(file, line, field, code) of each fault that `harness check` names."""
    return [(fault.path.rpartition("/")[2], fault.line, fault.field, fault.code) for fault in check(folder)]


def test_a_sound_dataset_has_no_fault(folder):
    assert check(folder) == []
    assert evidence_faults(folder) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"passage_id": "gone"}, ("passage_id", "unknown-id")),
        ({"stance": "contradicts"}, ("stance", "unknown-name")),
        ({"text": "It was sold."}, ("text", "text-mismatch")),
        ({"text": "stands", "start": 4, "end": 10}, ("start", "text-mismatch")),
        ({"start": 0, "end": 900}, ("start", "text-mismatch")),
        ({"start": -3, "end": 3}, ("start", "text-mismatch")),
        ({"start": 3}, ("start", "invalid-span")),
        ({"text": "stands", "start": 3, "end": 9}, None),
        ({"text": "stands today."}, None),
        ({"text": ""}, None),
        ({"passage_id": None}, None),
        ({"stance": None}, None),
    ],
)
def test_each_kind_of_fault_of_a_citation(folder, changes, fault):
    rows = lines(folder / "evidence.jsonl")
    rows[1] = {key: value for key, value in (rows[1] | changes).items() if value is not None}
    write_lines(folder / "evidence.jsonl", rows)
    assert places(folder) == ([("evidence.jsonl", 2, *fault)] if fault else [])


def test_offsets_of_the_document_agree_with_those_of_the_passage(folder):
    change(folder, "corpus.jsonl", 1, start=100, end=116)
    change(folder, "evidence.jsonl", 1, start=100, end=116)
    assert places(folder) == []
    change(folder, "evidence.jsonl", 1, start=101, end=117)
    assert places(folder) == [("evidence.jsonl", 2, "start", "text-mismatch")]


def test_a_passage_is_at_its_place_in_its_article(folder):
    article = open_dataset(folder).articles[0]
    change(folder, "corpus.jsonl", 2, document_id=article.article_id, text="pier", start=4, end=8)
    change(folder, "evidence.jsonl", 2, text="pier")
    assert places(folder) == []
    change(folder, "corpus.jsonl", 2, start=5, end=9)
    change(folder, "evidence.jsonl", 2, start=5, end=9)
    assert places(folder) == [("corpus.jsonl", 3, "text", "text-mismatch")]


def test_all_faults_of_all_files_show_at_once_a_line_a_kind(folder):
    change(folder, "corpus.jsonl", 2, start=0, end=900)
    rows = lines(folder / "corpus.jsonl")
    write_lines(folder / "corpus.jsonl", [*rows, rows[0]])
    change(folder, "claims.jsonl", 1, article_id="nowhere")
    for row, name in enumerate(("one", "two", "three")):
        change(folder, "evidence.jsonl", row, passage_id=name)
    faults = check(folder)
    assert len(faults) == 6
    printed = fault_lines(faults)
    assert sum("no passage" in line for line in printed) == 1
    assert "no passage 'one'" in printed[-2]
    assert "and 2 more (lines 2, 3)" in printed[-2]
    assert any("corpus.jsonl:4: passage_id: duplicate id" in line for line in printed)
    assert any("corpus.jsonl:3: end: start 0 and end 900" in line for line in printed)


def test_citations_of_a_corpus_that_cannot_be_read_are_not_reported_as_broken(folder):
    path = folder / "corpus.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert places(folder) == [("corpus.jsonl", 3, None, "cut-short")]


def test_evidence_without_a_corpus_cites_nothing(folder):
    (folder / "corpus.jsonl").unlink()
    assert places(folder) == []
    change(folder, "evidence.jsonl", 0, stance="maybe")
    assert places(folder) == [("evidence.jsonl", 1, "stance", "unknown-name")]


def test_two_corpora_are_a_fault(folder):
    (folder / "corpus.parquet").write_bytes(b"")
    assert places(folder) == [("d", None, None, "two-corpora")]
