"""Stored indexes: the same rankings as in memory; a changed corpus and a cut file are refused."""

import json
import os

import numpy as np
import pytest

from harness.data.corpora import open_corpus
from harness.errors import FaultsError, HarnessError
from harness.retrieval import build_retriever
from harness.retrieval.bm25 import Bm25
from harness.retrieval.stored import IndexChanged, open_index, write_index

TEXTS = ["The tower is 96 meters high.", "The bridge opened in 1932.", "A tower and a bridge.", "!!"]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "c.jsonl"
    rows = [{"passage_id": f"p{i}", "document_id": "d", "text": text} for i, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return open_corpus(path)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("bm25", {"method": "atire"}),
        ("tfidf", {"ngrams": 2}),
        ("fused", {"retrievers": ["tfidf", {"name": "bm25", "k1": 0.9}]}),
    ],
)
def test_a_stored_index_ranks_as_the_one_in_memory(corpus, tmp_path, name, settings):
    queries = ["bridge tower", "opened in 1932", "nothing"]
    expected = build_retriever(name, settings).index(corpus).search(queries, 3)
    write_index(corpus, tmp_path / "i", name, settings)
    rankings = open_index(tmp_path / "i").index.search(queries, 3)
    np.testing.assert_array_equal(rankings.rows, expected.rows)
    np.testing.assert_allclose(rankings.scores, expected.scores)
    assert rankings.rows[0, 0] == 2
    assert rankings.rows[1, 0] == 1


def test_the_matched_words_of_a_result(corpus, tmp_path):
    write_index(corpus, tmp_path / "i")
    (result,) = open_index(tmp_path / "i").best("96 METERS of rope", 1)
    assert (result.rank, result.passage.passage_id, result.matched) == (1, "p0", ("96", "meters"))


def test_a_corpus_that_changed_is_refused_with_the_remedy(corpus, tmp_path):
    write_index(corpus, tmp_path / "i", "bm25", {"k1": 0.9})
    corpus.path.write_text(corpus.path.read_text().replace("1932", "1933"))
    with pytest.raises(IndexChanged, match=r"harness index .*c\.jsonl --retriever bm25 --set 'k1=0\.9'"):
        open_index(tmp_path / "i")
    corpus.path.unlink()
    with pytest.raises(IndexChanged, match="does not exist any more"):
        open_index(tmp_path / "i")


def test_a_corpus_that_was_copied_or_written_again_is_the_same_and_is_not_read_otherwise(corpus, tmp_path, monkeypatch):
    write_index(corpus.path, tmp_path / "i")
    os.utime(corpus.path, (1, 1))
    assert open_index(tmp_path / "i").best("bridge 1932", 1)[0].passage.passage_id == "p1"
    write_index(corpus.path, tmp_path / "i")
    monkeypatch.setattr("harness.retrieval.stored.file_sha256", None)  # calling it would fail
    assert len(open_index(tmp_path / "i").corpus) == len(TEXTS)


def test_a_faulty_corpus_leaves_no_index(corpus, tmp_path):
    with corpus.path.open("a") as stream:
        stream.write('{"passage_id": "p0", "document_id": "d", "text": "again"}\n')
    with pytest.raises(FaultsError, match="duplicate id 'p0'"):
        write_index(corpus.path, tmp_path / "i")
    assert not [path for path in tmp_path.iterdir() if path != corpus.path]


def test_a_corpus_that_changes_meanwhile_is_not_indexed(corpus, tmp_path, monkeypatch):
    def change(self, opened):
        corpus.path.write_text(corpus.path.read_text().replace("1932", "1933"))
        return index(self, opened)

    index = Bm25.index
    monkeypatch.setattr(Bm25, "index", change)
    with pytest.raises(HarnessError, match="changed while it was indexed"):
        write_index(corpus.path, tmp_path / "i")
    assert not (tmp_path / "i").exists()


@pytest.mark.parametrize("name", ["weights.npy", "index.json", "passages.arrow"])
def test_an_index_that_is_cut_short_is_refused(corpus, tmp_path, name):
    write_index(corpus, tmp_path / "i")
    file = tmp_path / "i" / name
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(FaultsError) as caught:
        open_index(tmp_path / "i")
    assert caught.value.faults[0].path == str(file)


def test_a_folder_with_other_content_is_never_replaced(corpus, tmp_path):
    with pytest.raises(HarnessError, match="is no index"):
        write_index(corpus, tmp_path)
    assert corpus.path.exists()
    with pytest.raises(FaultsError, match="is not an index"):
        open_index(tmp_path)


def test_an_invalid_setting_is_an_error_of_the_user(corpus, tmp_path):
    with pytest.raises(HarnessError, match="b: expected less than or equal to 1"):
        write_index(corpus, tmp_path / "i", "bm25", {"b": 2})
    assert not (tmp_path / "i").exists()


def test_an_index_is_replaced_but_no_file_that_somebody_put_beside_it(corpus, tmp_path):
    write_index(corpus, tmp_path / "i")
    write_index(corpus, tmp_path / "i")
    (tmp_path / "i" / "notes.md").write_text("mine")
    with pytest.raises(HarnessError, match=r"files that are not the index's: notes\.md"):
        write_index(corpus, tmp_path / "i")
    assert (tmp_path / "i" / "notes.md").read_text() == "mine"
