"""Counts as sums over chunks: the same numbers as those of a matrix, whatever a count is worth."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from harness.features.counts import corpus_counts
from harness.features.counts.corpus_counts import Corpora
from harness.features.counts.text_counts import CountProducts, worth_of
from harness.features.ngrams import TOKEN, CharNgrams, WordNgrams

TEXTS = ["a b a", "", "aaaa aaaa b", "5% 5%", "ab" * 300, "c " * 90 + "c", "c " * 101]
VECTORIZERS = {
    (WordNgrams, 1, 2): CountVectorizer(token_pattern=TOKEN.pattern, ngram_range=(1, 2)),
    (CharNgrams, 2, 3): CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)),
}


@pytest.fixture(params=VECTORIZERS, ids=["words", "characters"])
def both(request):
    """Counts of texts, and those of scikit-learn in the same columns."""
    (corpus,) = Corpora(TEXTS).of([request.param])
    vectorizer = VECTORIZERS[request.param]
    expected = vectorizer.fit_transform(TEXTS).toarray()
    counter, columns = corpus.restricted(
        np.arange(corpus.counts.chunks.n_columns), np.ones(expected.shape[1], dtype=bool)
    )
    assert columns.tolist() == list(range(expected.shape[1]))
    names = [name.partition(":")[2] for name in counter.names()]
    return corpus.counts, expected[:, [vectorizer.vocabulary_[name] for name in names]]


def test_counts_are_those_of_scikit_learn(both):
    counts, expected = both
    assert counts.shape == expected.shape
    assert np.array_equal(counts.matrix().toarray(), expected)
    assert counts.max_count == expected.max()
    assert counts.frequency.tolist() == (expected > 0).sum(axis=0).tolist()


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_products_with_what_counts_are_worth(both, power):
    counts, expected = both
    products = CountProducts(counts, worth_of(np.arange(counts.max_count + 1) ** power))
    random = np.random.default_rng(0)
    weights, values = random.normal(size=(expected.shape[1], 2)), random.normal(size=len(TEXTS))
    assert products.times(weights) == pytest.approx(expected**power @ weights, rel=1e-12, abs=1e-9)
    assert products.times(weights[:, 0]) == pytest.approx(expected**power @ weights[:, 0], rel=1e-12, abs=1e-9)
    assert products.back(values) == pytest.approx(values @ expected**power, rel=1e-12, abs=1e-9)


def test_a_text_that_repeats_itself_is_counted_as_a_whole():
    words, characters = Corpora(TEXTS).of(VECTORIZERS)
    assert np.diff(words.counts.chunks.starts).tolist() == [3, 0, 3, 2, 1, 91, 0]
    assert np.diff(characters.counts.chunks.starts).tolist() == [3, 0, 3, 2, 0, 91, 0]
    assert words.counts.codes.values.min() == -91
    assert words.counts.codes.values.max() == corpus_counts.MOST_OF_ONE + 1
