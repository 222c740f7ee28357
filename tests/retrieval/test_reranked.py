"""Re-ranking: the scorer's order of what the first retriever found, in memory and from an index on disk."""

import json
import sys

import numpy as np
import pytest
from tiny_encoder import make_encoder, make_sequence_classifier, skip_without_torch

from harness.data.corpora import open_corpus
from harness.errors import HarnessError
from harness.retrieval import build_retriever
from harness.retrieval.build import checked_retriever
from harness.retrieval.stored import open_index, write_index

TEXTS = ["a tower", "a tower and a bridge", "a tower, a bridge and a canal", "a canal", "Türmchen \U0001f5fc tower"]

SCORERS = """
class Length:
    'Prefers short passages; every score is below 0.'
    def __init__(self, weight=1.0):
        self.weight = weight
    def score_pairs(self, pairs):
        return [-self.weight * len(passage) for text, passage in pairs]

class Constant:
    def score_pairs(self, pairs):
        return [1.0] * len(pairs)

class Wrong:
    def __init__(self, value):
        self.value = value
    def score_pairs(self, pairs):
        if self.value == "error":
            raise RuntimeError("out of ink")
        return [float("nan")] * len(pairs) if self.value == "nan" else [1.0]

class NoScorer:
    pass
"""


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "c.jsonl"
    rows = [{"passage_id": f"p{i}", "document_id": "d", "text": text} for i, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return open_corpus(path)


@pytest.fixture(autouse=True)
def scorers(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pair_scorers_of_mine.py").write_text(SCORERS)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("pair_scorers_of_mine", None)


def mine(name, **settings):
    return {"name": f"pair_scorers_of_mine:{name}", **settings}


def test_the_scorer_decides_the_order_of_what_was_retrieved(corpus):
    retriever = build_retriever("reranked", {"retriever": "bm25", "scorer": mine("Length", weight=2)})
    rankings = retriever.index(corpus).search(["tower", "nothing"], 3)
    assert rankings.rows.tolist() == [[0, 4, 1], [-1, -1, -1]]  # p3 has no word of the text
    assert rankings.scores[0].tolist() == [-2.0 * len(TEXTS[row]) for row in (0, 4, 1)]


def test_only_the_first_passages_are_scored_again(corpus):
    first = build_retriever("bm25", {}).index(corpus).search(["tower bridge canal"], 5).rows[0].tolist()
    index = build_retriever("reranked", {"scorer": mine("Length"), "depth": 2}).index(corpus)
    two = index.search(["tower bridge canal"], 2).rows[0].tolist()
    assert sorted(two) == sorted(first[:2])
    assert two == sorted(two, key=lambda row: len(TEXTS[row]))
    assert len(set(index.search(["tower bridge canal"], 4).rows[0].tolist())) == 4  # as many as are asked for


def test_passages_that_are_not_allowed_are_not_scored(corpus):
    index = build_retriever("reranked", {"scorer": mine("Length")}).index(corpus)
    allowed = np.array([[False, True, True, True, False]])
    assert index.search(["tower"], 3, allowed).rows.tolist() == [[1, 2, -1]]


def test_equal_scores_stand_in_the_order_of_the_corpus(corpus):
    index = build_retriever("reranked", {"scorer": mine("Constant")}).index(corpus)
    assert index.search(["tower bridge"], 4).rows.tolist() == [[0, 1, 2, 4]]


def test_a_stored_index_ranks_as_the_one_in_memory(corpus, tmp_path):
    settings = {"retriever": {"name": "bm25", "k1": 0.9}, "scorer": mine("Length")}
    expected = build_retriever("reranked", settings).index(corpus).search(["tower canal"], 4)
    write_index(corpus, tmp_path / "i", "reranked", settings)
    stored = open_index(tmp_path / "i")
    rankings = stored.index.search(["tower canal"], 4)
    assert rankings.rows.tolist() == expected.rows.tolist()
    np.testing.assert_array_equal(rankings.scores, expected.scores)
    assert [result.passage.passage_id for result in stored.best("tower", 2)] == ["p0", "p4"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"retriever": "bm26"}, "no retriever is called 'bm26'"),
        ({"retriever": {"name": "bm25", "b": 7}}, "b: expected less than or equal to 1"),
        ({"scorer": "cosin"}, "no scorer of pairs is called 'cosin'. Known: cosine, cross_encoder"),
        ({"scorer": {"name": "cosine", "pooling": "max"}}, "pooling: expected"),
        ({"scorer": "cross_encoder"}, "model"),
        ({"scorer": {"model": "x"}}, "expected a name"),
        ({"scorer": "pair_scorers_of_mine:NoScorer"}, "has no method score_pairs"),
        ({"scorer": "pair_scorers_of_mine:Absent"}, "has no 'Absent'"),
        ({"scorer": mine("Length", height=3)}, "cannot be made: TypeError"),
        ({"depth": 0}, "depth: expected greater than or equal to 1"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(HarnessError, match=message):
        checked_retriever("reranked", settings)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nan", "not finite"),
        ("short", r"expected 4 finite scores, got shape \(1,\)"),
        ("error", "RuntimeError: out of"),
    ],
)
def test_a_scorer_that_fails_is_named(corpus, value, message):
    index = build_retriever("reranked", {"scorer": mine("Wrong", value=value)}).index(corpus)
    with pytest.raises(HarnessError, match=rf"scorer 'pair_scorers_of_mine:Wrong'.*{message}"):
        index.search(["tower"], 2)


def test_cosine_reranks_as_the_embedding_retriever_ranks(corpus, tmp_path):
    skip_without_torch()
    encoder = str(make_encoder(tmp_path / "encoder"))
    settings = {"retriever": {"name": "embedding", "model": encoder}, "scorer": {"name": "cosine", "model": encoder}}
    expected = build_retriever("embedding", {"model": encoder}).index(corpus).search(["a bridge", "a canal"], 4)
    rankings = build_retriever("reranked", settings).index(corpus).search(["a bridge", "a canal"], 4)
    np.testing.assert_allclose(rankings.scores, expected.scores, atol=1e-6)


def test_a_cross_encoder_reads_text_and_passage_together(corpus, tmp_path):
    skip_without_torch()
    from harness.features.pair_network import load_sequence_classifier

    folder = make_sequence_classifier(tmp_path / "model", None, n_labels=1)
    index = build_retriever("reranked", {"scorer": {"name": "cross_encoder", "model": str(folder)}}).index(corpus)
    rankings = index.search(["a tower"], 4)
    logits = load_sequence_classifier(folder, 512).apply([("a tower", text) for text in TEXTS])[:, 0]
    np.testing.assert_allclose(rankings.scores[0], logits[rankings.rows[0]], atol=1e-6)
    assert (np.diff(rankings.scores[0]) <= 0).all()
    assert len(set(rankings.scores[0].tolist())) > 1


def test_a_model_of_three_labels_is_no_cross_encoder(corpus, tmp_path):
    skip_without_torch()
    folder = make_sequence_classifier(tmp_path / "model", None)
    index = build_retriever("reranked", {"scorer": {"name": "cross_encoder", "model": str(folder)}}).index(corpus)
    with pytest.raises(HarnessError, match="gives 3 numbers for a pair; expected one"):
        index.search(["tower"], 2)
