"""N-gram features: TF-IDF weights or binary presence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats, Integers
from harness.display import displayed
from harness.features.counts.products import TfidfProducts, tf_of_counts
from harness.features.counts.shared_counts import (
    BLOCK_ROWS,
    fit_once,
    fit_products_once,
    text_counts_once,
    transform_once,
)
from harness.features.counts.text_counts import CountProducts, TextCounts, worth_of
from harness.features.ngrams import CharNgrams, Ngrams, NgramSettings, WordNgrams
from harness.features.stages import in_stage

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@displayed
@dataclass
class Tfidf:
    """TF-IDF weights of n-grams; word and character n-grams are each normalized to length 1.

    A weight is tf * (ln((1 + n) / (1 + df)) + 1), as in scikit-learn's TfidfVectorizer. The word weights and the
    character weights of a text are divided by their own Euclidean lengths.
    """

    ngrams: Ngrams
    """N-grams of the training texts."""
    idf: npt.NDArray[np.float64]
    """Inverse document frequency of each n-gram, shape (n_ngrams,)."""
    sublinear: bool
    """Whether a count enters as 1 + ln(count)."""

    @classmethod
    @in_stage("featurize")
    def fit(cls, settings: NgramSettings, texts: Sequence[str]) -> tuple[Self, csr_matrix]:
        """Returns the weights of training texts, and the features of these texts, shape (n_texts, n_ngrams)."""

        def weighted(ngrams: Ngrams, counts: csr_matrix) -> tuple[Self, csr_matrix]:
            frequency = np.zeros(counts.shape[1], dtype=np.int64)
            for block in row_blocks(counts):
                frequency += np.bincount(counts.indices[block.entries], minlength=len(frequency))
            tfidf = cls(ngrams, cls._idf(counts.shape[0], frequency), settings.sublinear_tf)
            return tfidf, tfidf._weigh(counts)

        return fit_once(cls, settings, texts, weighted)

    @classmethod
    @in_stage("featurize")
    def fit_products(cls, settings: NgramSettings, texts: Sequence[str]) -> tuple[Self, TfidfProducts]:
        """Like `fit`, with products in place of the matrix."""

        def weighted(ngrams: Ngrams, frequency: Integers, counts: list[TextCounts]) -> tuple[Self, TfidfProducts]:
            tfidf = cls(ngrams, cls._idf(len(texts), frequency), settings.sublinear_tf)
            return tfidf, TfidfProducts(counts, tfidf.idf, sublinear=settings.sublinear_tf)

        return fit_products_once(cls, settings, texts, weighted)

    @staticmethod
    def _idf(n_texts: int, frequency: Integers) -> Floats:
        idf: Floats = np.log((1 + n_texts) / (1 + frequency)) + 1
        return idf

    @in_stage("featurize")
    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Returns the features of texts, shape (n_texts, n_ngrams); a row depends on its own text only."""
        return transform_once(self, self.ngrams, texts, self._weigh)

    def sums(self, texts: Sequence[str], weights: Floats) -> Floats:
        """Returns `transform(texts) @ weights` to rounding, without the matrix; a row depends on its own text only.

        A sum over features is (sum of tf * idf * weight) / (length of the tf * idf), so neither idf nor length needs
        to be multiplied into each entry.

        Args:
            texts: any texts.
            weights: shape (n_ngrams, n_sums).
        """
        sums = np.zeros((len(texts), weights.shape[1]))
        shared = text_counts_once(self.ngrams, texts)
        start = 0
        for counts in self.ngrams.count_blocks(texts) if shared is None else shared:
            block = slice(start, start + counts.shape[1])
            idf = self.idf[block, np.newaxis]
            weighted, squares = self._tf_times(counts, idf * weights[block], idf**2)
            lengths = np.sqrt(squares)
            sums += np.divide(weighted, lengths, where=lengths > 0, out=weighted)
            start = block.stop
        return sums

    def _tf_times(self, counts: csr_matrix | TextCounts, weights: Floats, of_squares: Floats) -> tuple[Floats, Floats]:
        """The tf of texts times weights of n-grams, and the squares of the tf times others."""
        if isinstance(counts, TextCounts):
            tf = tf_of_counts(counts.max_count, sublinear=self.sublinear)
            parts = ((tf, weights), (tf**2, of_squares))
            weighted, squares = (CountProducts(counts, worth_of(values)).times(each) for values, each in parts)
            return weighted, squares
        if self.sublinear:
            self._dampen(counts.data)
        weighted = counts @ weights
        counts.data *= counts.data
        return weighted, counts @ of_squares

    @staticmethod
    def _dampen(counts: Floats) -> None:
        """Replaces each count by 1 + ln(count)."""
        repeated = np.flatnonzero(counts > 1)
        counts[repeated] = 1 + np.log(counts[repeated])

    def _weigh(self, counts: csr_matrix) -> csr_matrix:
        for block in row_blocks(counts):
            data, columns = counts.data[block.entries], counts.indices[block.entries]
            if self.sublinear:
                self._dampen(data)
            data *= self.idf[columns]
            # Each row has two parts to normalize, numbered 2 * row (first counter) and 2 * row + 1 (second counter), so
            # that one `bincount` sums the squares of both.
            parts = 2 * np.repeat(np.arange(len(block.sizes)), block.sizes) + (columns >= self.ngrams.edge)
            data /= np.sqrt(np.bincount(parts, weights=data**2))[parts]
        return counts


class RowBlock(NamedTuple):
    """Some rows of a matrix in CSR format."""

    entries: slice
    """Their places in its `data` and `indices`."""
    sizes: Integers
    """Number of entries of each row."""


def row_blocks(matrix: csr_matrix) -> Iterator[RowBlock]:
    """The rows of a matrix in blocks, so that what is computed on the way takes little memory."""
    for start in range(0, matrix.shape[0], BLOCK_ROWS):
        starts = matrix.indptr[start : start + BLOCK_ROWS + 1]
        yield RowBlock(slice(int(starts[0]), int(starts[-1])), np.diff(starts))


@displayed
@dataclass
class BinaryNgrams:
    """Binary features: 1 if an n-gram occurs in a text, else 0."""

    ngrams: Ngrams
    """N-grams of the training texts."""

    @classmethod
    @in_stage("featurize")
    def fit(cls, settings: NgramSettings, texts: Sequence[str]) -> tuple[Self, csr_matrix]:
        """Returns the n-grams of training texts, and the features of these texts, shape (n_texts, n_ngrams)."""

        def present(ngrams: Ngrams, counts: csr_matrix) -> tuple[Self, csr_matrix]:
            return cls(ngrams), _ones(counts)

        return fit_once(cls, settings, texts, present)

    @in_stage("featurize")
    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Returns the features of texts, shape (n_texts, n_ngrams); a row depends on its own text only."""
        return transform_once(self, self.ngrams, texts, _ones)

    def sums(self, texts: Sequence[str], weights: Floats) -> Floats:
        """Returns `transform(texts) @ weights`."""
        product: Floats = self.transform(texts) @ weights
        return product


def _ones(counts: csr_matrix) -> csr_matrix:
    counts.data[:] = 1.0
    return counts


TFIDF_TYPES: tuple[type, ...] = (Tfidf, Ngrams, WordNgrams, CharNgrams)
"""Types that a saved classifier with n-gram features contains."""
