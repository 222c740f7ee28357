"""BM25: its scores by hand, from the published formulas."""

import math
from pathlib import Path

import bm25s
import numpy as np
import pytest

from harness.data.corpora import Corpus, Passage
from harness.retrieval import build_retriever

TEXTS = ["a cat sat", "a dog ran", "the bird flew away", "a cat ran", "a b"]


def corpus_of(texts, titles=()):
    titles = [*titles, *[None] * (len(texts) - len(titles))]
    passages = (
        Passage(passage_id=str(i), document_id="d", text=text, title=title)
        for i, (text, title) in enumerate(zip(texts, titles, strict=True))
    )
    return Corpus(Path("c.jsonl"), tuple(passages))


def by_hand(query, idf, factor):
    lists = [text.split(" ") for text in TEXTS]
    mean = sum(map(len, lists)) / len(lists)
    scores = []
    for tokens in lists:
        length = 1.5 * (0.25 + 0.75 * len(tokens) / mean)
        counts = [(word, tokens.count(word)) for word in query]
        scores.append(sum(idf(word, lists) * factor * count / (count + length) for word, count in counts))
    return scores


def lucene_idf(word, lists):
    n = sum(word in tokens for tokens in lists)
    return math.log(1 + (len(lists) - n + 0.5) / (n + 0.5))


def okapi_idf(word, lists):
    raw = {}
    for token in {token for tokens in lists for token in tokens}:
        n = sum(token in tokens for tokens in lists)
        raw[token] = math.log(len(lists) - n + 0.5) - math.log(n + 0.5)
    return raw[word] if raw[word] >= 0 else 0.25 * sum(raw.values()) / len(raw)


@pytest.mark.parametrize(("method", "idf", "factor"), [("lucene", lucene_idf, 1), ("okapi", okapi_idf, 2.5)])
@pytest.mark.parametrize("query", ["a cat ran", "cat cat flew", "a"])
def test_scores_are_those_of_the_formula(method, idf, factor, query):
    retriever = build_retriever("bm25", {"method": method, "tokens": "whitespace"})
    rankings = retriever.index(corpus_of(TEXTS)).search([query], 5)
    expected = by_hand(query.split(" "), idf, factor)
    ranked = {row: score for row, score in zip(rankings.rows[0], rankings.scores[0], strict=True) if row >= 0}
    assert ranked == pytest.approx({row: score for row, score in enumerate(expected) if score > 0}, rel=1e-12)


def test_equal_scores_keep_the_order_of_the_corpus_and_no_match_is_empty():
    index = build_retriever("bm25", {}).index(corpus_of(["same words"] * 4))
    rankings = index.search(["Same", "unknown", ""], 3)
    assert rankings.rows.tolist() == [[0, 1, 2], [-1] * 3, [-1] * 3]


def test_titles_are_searched_and_words_are_lower_cased():
    index = build_retriever("bm25", {}).index(corpus_of(["one", "two"], ["", "Zürich!"]))
    assert index.search(["ZÜRICH"], 1).rows.tolist() == [[1]]


def test_stems_find_other_forms_of_a_word():
    index = build_retriever("bm25", {"tokens": "stems"}).index(corpus_of(["It was closed.", "Two bridges open"]))
    assert index.search(["closing", "a bridge opens"], 1).rows.tolist() == [[0], [1]]


@pytest.mark.parametrize("method", ["lucene", "robertson", "atire"])
def test_scores_are_those_of_bm25s_also_when_postings_are_gathered_in_parts(method, monkeypatch):
    monkeypatch.setattr("harness.retrieval.postings.PASSAGES", 2)
    texts = [*TEXTS, "a cat and a cat and a dog", "!!"]
    index = build_retriever("bm25", {"method": method, "tokens": "whitespace"}).index(corpus_of(texts))
    table = bm25s.BM25(method=method, dtype="float64", backend="numpy")
    table.index([text.split(" ") for text in texts], show_progress=False)
    for query in ("a cat", "dog ran away", "!!"):
        np.testing.assert_array_equal(index.scores([query])[0], table.get_scores(query.split(" ")))


def test_a_corpus_without_words_can_be_searched():
    index = build_retriever("bm25", {}).index(corpus_of(["!!", "??"]))
    assert index.search(["x"], 1).rows.tolist() == [[-1]]
