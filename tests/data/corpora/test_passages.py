"""Corpora: read from JSON Lines, Parquet and evidence, with all faults at once."""

import json
import shutil

import pyarrow
import pyarrow.parquet
import pytest

from harness.data.corpora import open_corpus
from harness.data.corpora.passages import stream_corpus
from harness.data.jsonl import line_blocks
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


def test_a_large_file_is_read_in_parts_with_the_faults_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr(line_blocks, "__defaults__", (100,))
    rows = [ROWS[0] | {"passage_id": str(number)} for number in range(9)]
    path = write(tmp_path / "c.jsonl", rows)
    assert len(list(line_blocks(path))) > 3
    assert [passage.passage_id for passage in stream_corpus(path)] == [row["passage_id"] for row in rows]
    write(path, [*rows[:6], rows[0], {"passage_id": "x", "document_id": "d"}, rows[7]])
    path.write_bytes(path.read_bytes()[:-9])
    places = [(7, "passage_id", "duplicate-id"), (8, "text", "missing-field"), (9, None, "cut-short")]
    assert faults_of(path)[0] == places
    with pytest.raises(FaultsError, match=r"c\.jsonl:8: text"):
        list(stream_corpus(path))
    path.write_bytes(path.read_bytes() + b"\xfc\n")
    assert faults_of(path)[0][-1] == (9, None, "not-utf-8")


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


def faults_of(path):
    """(line, field, code) of each fault of a corpus, and what is printed."""
    with pytest.raises(FaultsError) as caught:
        open_corpus(path)
    return [(fault.line, fault.field, fault.code) for fault in caught.value.faults], str(caught.value)


@pytest.mark.parametrize("n_cut", range(1, 60, 7))
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_dump_that_ends_in_the_middle_of_a_record_is_named_with_its_line(tmp_path, n_cut, end):
    path = write(tmp_path / "c.jsonl", ROWS)
    path.write_bytes(path.read_bytes()[: -1 - n_cut] + end.encode())
    places, message = faults_of(path)
    assert places == [(2, None, "cut-short")]
    assert "c.jsonl:2: is cut short" in message


def test_a_dump_that_ends_in_the_middle_of_a_character_is_cut_short_too(tmp_path):
    path = tmp_path / "c.jsonl"
    whole = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [ROWS[0], ROWS[1] | {"text": "Die Brücke"}])
    path.write_bytes(whole.encode()[: whole.encode().index("ü".encode()) + 1])
    assert faults_of(path)[0] == [(2, None, "cut-short")]


def test_a_byte_that_is_not_utf_8_is_no_cut(tmp_path):
    path = write(tmp_path / "c.jsonl", ROWS)
    path.write_bytes(path.read_bytes().replace(b"bridge", b"br\xfcdge"))
    assert faults_of(path)[0] == [(2, None, "not-utf-8")]


def test_a_whole_last_record_needs_no_line_end(tmp_path):
    path = write(tmp_path / "c.jsonl", ROWS)
    path.write_bytes(path.read_bytes()[:-1])
    assert len(open_corpus(path)) == 2


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_passage_of_5_mb_an_id_twice_and_offsets_that_do_not_match(tmp_path, suffix):
    text = "The crane is new. " * 280_000
    rows = [
        *ROWS,
        {"passage_id": "long", "document_id": "d3", "text": text},
        ROWS[0] | {"start": 0, "end": 90},
        ROWS[1] | {"passage_id": "c", "start": 7, "end": 7 + len(ROWS[1]["text"])},
    ]
    path = tmp_path / f"c{suffix}"
    if suffix == ".jsonl":
        write(path, rows)
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, PARQUET_TYPES), path)
    places, message = faults_of(path)
    assert places == [(3, "text", "too-long"), (4, "passage_id", "duplicate-id"), (4, "end", "text-mismatch")]
    assert f"{len(text):,} characters" in message
    assert "first on line 1" in message
    assert "are 90 characters, text has 28" in message
    assert len(message) < 2_000


PARQUET_TYPES = pyarrow.schema(
    [(name, pyarrow.string()) for name in ("passage_id", "document_id", "text", "title")]
    + [(name, pyarrow.int64()) for name in ("start", "end")]
)


def test_evidence_as_a_corpus_is_checked_alike(tmp_path):
    folder = shutil.copytree(find_dataset("public-matters"), tmp_path / "d", ignore=shutil.ignore_patterns("corpus.*"))
    first, *others = (folder / "evidence.jsonl").read_text().splitlines()
    row = json.loads(first) | {"start": 3, "end": 9}
    (folder / "evidence.jsonl").write_text("\n".join([json.dumps(row), *others]) + "\n")
    assert faults_of(folder)[0] == [(1, "end", "text-mismatch")]
