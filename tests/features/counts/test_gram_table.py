"""The table of character n-grams against counting texts piece by piece."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.features.counts.gram_table import GramTable
from harness.features.ngrams import CharNgrams, NgramSettings
from harness.features.weights import Tfidf

CHUNKS = st.text("abcé\u1e9e\U0001f600", min_size=1, max_size=7)


def expected(counter: CharNgrams, chunk: str, columns: dict[str, int]) -> dict[int, int]:
    return dict(Counter(columns[gram] for gram in counter.ngrams_of(chunk) if gram in columns))


@settings(max_examples=60, deadline=None)
@given(st.lists(CHUNKS, min_size=1, max_size=8), st.lists(CHUNKS, max_size=8), st.integers(1, 6), st.integers(0, 3))
def test_a_table_counts_as_a_dictionary_does(training, chunks, low, more):
    counter = CharNgrams(low, low + more)
    grams = sorted({gram for chunk in training for gram in counter.ngrams_of(chunk)})
    # Every other n-gram is left out, so that not every n-gram has its beginnings in the table.
    numbers = np.array([number // 2 if number % 2 else -1 for number in range(len(grams))], dtype=np.int64)
    table = GramTable(grams, numbers, low, low + more)
    counts = table.count(chunks, max(1, len(grams))).toarray()
    columns = {gram: number for gram, number in zip(grams, numbers.tolist(), strict=True) if number >= 0}
    for row, chunk in zip(counts, chunks, strict=True):
        assert {column: row[column] for column in np.flatnonzero(row).tolist()} == expected(counter, chunk, columns)


def test_a_large_alphabet_is_counted_too():
    texts = ["".join(map(chr, range(0x4E00 + start, 0x4E00 + start + 400))) for start in range(0, 8000, 400)]
    chosen = NgramSettings(word_ngrams=None, char_ngrams=(2, 5), min_df=1)
    tfidf, rows = Tfidf.fit(chosen, texts)
    assert (tfidf.transform(texts) != rows).nnz == 0


@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("words", [(1, 2), None])
def test_sums_are_those_of_the_features(sublinear, words):
    texts = ["Rents rose rose 3 percent.", "We hope so so so!", "", "xyz", "rents rose 3 percent. " * 40]
    tfidf, _ = Tfidf.fit(NgramSettings(word_ngrams=words, min_df=1, sublinear_tf=sublinear), texts[:2])
    weights = np.random.default_rng(0).normal(size=(len(tfidf.ngrams), 3))
    sums = tfidf.sums(texts, weights)
    np.testing.assert_allclose(sums, tfidf.transform(texts) @ weights, atol=1e-12)
    for row, text in zip(sums, texts, strict=True):
        assert (tfidf.sums([text], weights)[0] == row).all()
