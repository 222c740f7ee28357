"""From counts of n-grams to features: TF-IDF weights, or mere presence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from harness.features.ngrams import CharNgrams, Ngrams, NgramSettings, WordNgrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass
class Tfidf:
    """N-grams weighted by how few training texts have them; words and characters are each normalised to length 1.

    A weight is tf * (ln((1 + n) / (1 + df)) + 1), as in scikit-learn's TfidfVectorizer; a text's weights, those of
    words and those of characters apart, are divided by their Euclidean length.
    """

    ngrams: Ngrams
    idf: npt.NDArray[np.float64]
    sublinear: bool

    @classmethod
    def fit(cls, settings: NgramSettings, texts: Sequence[str]) -> tuple[Self, csr_matrix]:
        """The weights learned from training texts, and these texts' features, shape (n_texts, n_ngrams)."""
        ngrams, counts = Ngrams.fit(settings, texts)
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        tfidf = cls(ngrams, np.log((1 + counts.shape[0]) / (1 + frequency)) + 1, settings.sublinear_tf)
        return tfidf, tfidf._weigh(counts)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """The features of texts, shape (n_texts, n_ngrams); a row depends on its own text only."""
        return self._weigh(self.ngrams.count(texts))

    def _weigh(self, counts: csr_matrix) -> csr_matrix:
        tf = 1 + np.log(counts.data) if self.sublinear else counts.data
        counts.data = tf * self.idf[counts.indices]
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        blocks = 2 * rows + (counts.indices >= self.ngrams.edge)
        counts.data /= np.sqrt(np.bincount(blocks, weights=counts.data**2))[blocks]
        return counts


@dataclass
class BinaryNgrams:
    """Whether a text has an n-gram: 1 or 0."""

    ngrams: Ngrams

    @classmethod
    def fit(cls, settings: NgramSettings, texts: Sequence[str]) -> tuple[Self, csr_matrix]:
        """The n-grams of training texts, and these texts' features, shape (n_texts, n_ngrams)."""
        ngrams, counts = Ngrams.fit(settings, texts)
        counts.data[:] = 1.0
        return cls(ngrams), counts

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """The features of texts, shape (n_texts, n_ngrams); a row depends on its own text only."""
        counts = self.ngrams.count(texts)
        counts.data[:] = 1.0
        return counts


TFIDF_TYPES: tuple[type, ...] = (Tfidf, Ngrams, WordNgrams, CharNgrams)
"""What weights and their n-grams are made of, for classifiers that are kept."""
