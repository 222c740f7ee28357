"""Corpora: read from JSON Lines, Parquet and evidence, with all faults at once."""

import json
import shutil

import pyarrow
import pyarrow.parquet
import pytest

from harness.data.corpora import open_corpus
from harness.data.load import find_dataset
from harness.errors import FaultsError

ROWS = [
    {"passage_id": "a", "document_id": "d1", "text": "The tower is 96 meters high.", "title": "Towers"},
    {"passage_id": "b", "document_id": "d2", "text": "The bridge opened in 1932."},
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_jsonl_parquet_and_a_folder_give_the_same_corpus(tmp_path):
    in_lines = open_corpus(write(tmp_path / "corpus.jsonl", ROWS))
    in_folder = open_corpus(tmp_path)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "other.parquet")
    in_parquet = open_corpus(tmp_path / "other.parquet")
    assert in_lines.passages == in_folder.passages == in_parquet.passages
    assert in_lines.fingerprint == in_parquet.fingerprint
    assert len(in_lines) == 2
    assert in_lines.row_of == {"a": 0, "b": 1}


def test_the_fingerprint_changes_with_a_text_and_a_date(tmp_path):
    changes = [{}, {"text": "Other."}, {"published": "2020-01-01"}]
    digests = {open_corpus(write(tmp_path / "c.jsonl", [ROWS[0] | change, ROWS[1]])).fingerprint for change in changes}
    assert len(digests) == 3


def test_all_faults_are_named_with_their_lines(tmp_path):
    rows = [*ROWS, ROWS[0], {"passage_id": "c", "document_id": "d", "text": " "}, ROWS[1] | {"passage_id": 3}]
    path = write(tmp_path / "c.jsonl", rows)
    with path.open("a") as stream:
        stream.write('{"passage_id": "z", "docu')
    with pytest.raises(FaultsError) as caught:
        open_corpus(path)
    places = [(fault.line, fault.code) for fault in caught.value.faults]
    assert places == [(3, "duplicate-id"), (4, "empty"), (5, "string-type"), (6, "cut-short")]


@pytest.mark.parametrize("span", [{"start": 3}, {"start": 5, "end": 5}, {"start": -1, "end": 5}])
def test_an_impossible_span_is_refused(tmp_path, span):
    with pytest.raises(FaultsError) as caught:
        open_corpus(write(tmp_path / "c.jsonl", [ROWS[0] | span]))
    assert [fault.code for fault in caught.value.faults] == ["invalid-span"]


def test_an_empty_file_and_a_cut_parquet_file_are_refused(tmp_path):
    with pytest.raises(FaultsError, match="has no passages"):
        open_corpus(write(tmp_path / "c.jsonl", []))
    whole = tmp_path / "c.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), whole)
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(FaultsError, match="is not a Parquet file, or is cut short"):
        open_corpus(whole)


def test_a_dataset_without_a_corpus_gives_its_evidence(tmp_path):
    folder = shutil.copytree(find_dataset("public-matters"), tmp_path / "d", ignore=shutil.ignore_patterns("corpus.*"))
    corpus = open_corpus(folder)
    assert len(corpus) == len(corpus.row_of) > 100
    assert corpus.path.name == "evidence.jsonl"
