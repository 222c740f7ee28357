"""Retrieval by vectors: cosines, in blocks, stored and memory-mapped; an encoder that changed is refused."""

import json

import numpy as np
import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS
from tiny_encoder import make_encoder, skip_without_torch

from harness.data.corpora import open_corpus
from harness.errors import HarnessError
from harness.features.encoders import Encoder, EncoderSettings
from harness.retrieval import build_retriever
from harness.retrieval.stored import open_index, write_index

skip_without_torch()
TEXTS = [*STATISTICS, *OPINIONS, *FORECASTS, STATISTICS[1], ""]
QUERIES = ["Rents rose by 14 percent.", "They will close the pool.", "zzz"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def encoder(tmp_path):
    return make_encoder(tmp_path / "encoder")


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "c.jsonl"
    rows = [{"passage_id": f"p{i}", "document_id": "d", "text": text} for i, text in enumerate(TEXTS) if text]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return open_corpus(path)


def test_scores_are_cosines_best_first_and_copies_tie_in_the_order_of_the_corpus(corpus, encoder):
    rankings = build_retriever("embedding", {"model": str(encoder)}).index(corpus).search(QUERIES, 19)
    model = Encoder.of(EncoderSettings(model=str(encoder), max_length=256))
    cosines = model.encode(QUERIES).astype(float) @ model.encode([p.text for p in corpus.passages]).astype(float).T
    for rows, scores, expected in zip(rankings.rows, rankings.scores, cosines, strict=True):
        rows, scores = rows[rows >= 0], scores[rows >= 0]
        assert len(rows) == (expected > 0).sum() > 0
        np.testing.assert_allclose(scores, expected[rows], atol=1e-6)
        assert (np.diff(scores) <= 0).all()
        ranked = rows.tolist()
        assert ranked.index(18) == ranked.index(1) + 1
        assert scores[ranked.index(18)] == scores[ranked.index(1)]


def test_texts_and_passages_are_searched_in_blocks_with_the_same_result(corpus, encoder, monkeypatch):
    index = build_retriever("embedding", {"model": str(encoder)}).index(corpus)
    expected = index.search(QUERIES, 5)
    monkeypatch.setattr("harness.retrieval.base.MAX_CELLS", len(corpus))  # one text at a time
    monkeypatch.setattr("harness.retrieval.embedding.ROWS_PER_BLOCK", 3)
    rankings = index.search(QUERIES, 5)
    np.testing.assert_array_equal(rankings.rows, expected.rows)
    np.testing.assert_array_equal(rankings.scores, expected.scores)


def test_a_stored_index_is_memory_mapped_and_ranks_the_same(corpus, encoder, tmp_path):
    settings = {"model": str(encoder), "pooling": "cls"}
    expected = build_retriever("embedding", settings).index(corpus).search(QUERIES, 5)
    write_index(corpus, tmp_path / "i", "embedding", settings)
    stored = open_index(tmp_path / "i")
    assert isinstance(stored.index.vectors, np.memmap)
    rankings = stored.index.search(QUERIES, 5)
    np.testing.assert_array_equal(rankings.rows, expected.rows)
    np.testing.assert_allclose(rankings.scores, expected.scores, atol=1e-6)


def test_an_encoder_that_changed_since_is_refused(corpus, encoder, tmp_path):
    write_index(corpus, tmp_path / "i", "embedding", {"model": str(encoder)})
    make_encoder(encoder, seed=1)
    with pytest.raises(HarnessError, match="files changed since the corpus was indexed; index it again"):
        open_index(tmp_path / "i")


def test_an_encoder_that_is_missing_is_named(corpus, tmp_path):
    with pytest.raises(HarnessError, match="is not a folder"):
        build_retriever("embedding", {"model": str(tmp_path / "nothing")}).index(corpus)


def test_the_commands_index_and_search_take_an_encoder_folder(harness, corpus, encoder, tmp_path):
    indexed = harness("index", corpus.path, "--retriever", "embedding", "--set", f"model={encoder}", "-o", "i")
    assert indexed.returncode == 0, indexed.stderr
    assert "19 passages" in indexed.stdout
    searched = harness("search", "i", STATISTICS[1], "-k", "2", "--json")
    results = json.loads(searched.stdout)["results"]
    assert [(result["rank"], result["passage_id"]) for result in results] == [(1, "p1"), (2, "p18")]
    assert results[0]["score"] == pytest.approx(1, abs=1e-6)
