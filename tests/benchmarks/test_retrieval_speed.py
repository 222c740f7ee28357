"""Processor time of BM25: to index a passage, and to answer a query over 1,000 to 1,000,000 passages.

A passage has 60 words of a vocabulary of 200,000, a query 12; words are as frequent as in a text (1 / rank). A million
passages take two minutes and 4 GB to make and index: set HARNESS_MILLION=1 for them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.data.corpora import Corpus, Passage
from harness.retrieval import build_retriever
from harness.retrieval.bm25 import Bm25Index

WORDS, QUERY, VOCABULARY = 60, 12, 200_000
MICROSECONDS_A_PASSAGE = 60
"""For a million passages in a minute."""
MILLISECONDS_A_QUERY = {1_000: 1, 10_000: 2, 100_000: 6, 1_000_000: 30}
MAX_BYTES = 1_000_000_000
SLACK = 3
"""Factor for a machine that does other work."""
SIZES = [
    pytest.param(n, marks=pytest.mark.skipif(n == 1_000_000 and not os.getenv("HARNESS_MILLION"), reason="minutes"))
    for n in MILLISECONDS_A_QUERY
]


def texts(n: int, words: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    shares = np.cumsum(1 / np.arange(10, VOCABULARY + 10))
    names = np.array([f"w{number}" for number in range(VOCABULARY)])
    drawn = []
    for start in range(0, n, 50_000):
        ids = np.searchsorted(shares, random.random((min(50_000, n - start), words)) * shares[-1])
        drawn += [" ".join(row) for row in names[ids]]
    return drawn


def corpus_of(n: int) -> Corpus:
    passages = (
        Passage.model_construct(passage_id=str(row), document_id=str(row), text=text, title=None)
        for row, text in enumerate(texts(n, WORDS, seed=1))
    )
    return Corpus(Path("corpus.jsonl"), tuple(passages))


@pytest.mark.parametrize("n", SIZES)
def test_index_and_query(benchmark: BenchmarkFixture, n: int, tmp_path: Path) -> None:
    corpus = corpus_of(n)
    retriever = build_retriever("bm25", {})
    build_retriever("bm25", {}).index(corpus_of(10))  # imports the library
    start = time.process_time()
    arrays = retriever.index(corpus).arrays()
    microseconds = (time.process_time() - start) / n * 1e6
    assert sum(array.nbytes for array in arrays.values()) < MAX_BYTES
    for name, array in arrays.items():
        np.save(tmp_path / name, array)
    mapped = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in arrays}
    index = retriever.from_arrays(mapped, n)
    assert isinstance(index, Bm25Index)
    queries = texts(20, QUERY, seed=2)
    index.search(queries, 10)  # reads the pages
    start = time.process_time()
    benchmark.pedantic(lambda: [index.search([query], 10) for query in queries], rounds=1, warmup_rounds=0)
    milliseconds = (time.process_time() - start) / len(queries) * 1e3
    benchmark.extra_info |= {"microseconds_a_passage": microseconds, "milliseconds_a_query": milliseconds}
    assert microseconds < MICROSECONDS_A_PASSAGE * SLACK
    assert milliseconds < MILLISECONDS_A_QUERY[n] * SLACK
