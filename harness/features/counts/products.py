"""Products with features of texts, which are never a matrix of their own.

A feature is tf * idf / (length of the tf * idf of the text), where tf depends on a small count alone. A count is a sum
over the chunks of the text, so a product with counts is one with (texts x chunks) and one with (chunks x n-grams),
which have a fraction of the entries. Where tf is not the count, for n-grams that a text has more than once, and for
n-grams that no chunk has alone, `TextCounts.codes` say what to add.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from harness.arrays import Floats
from harness.features.counts.sparse_rows import starts_of
from harness.features.counts.text_counts import CountProducts, TextCounts, worth_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Products(Protocol):
    """Features of training texts, as far as a solver needs them; with `short`, in 32 bits."""

    shape: tuple[int, int]
    """Number of texts, and of features."""

    def times(self, weights: Floats, *, short: bool = False) -> Floats:
        """The sum of the weights of each text's features, shape (n_texts,)."""

    def back(self, values: Floats, *, short: bool = False) -> Floats:
        """The sum of the values of the texts with each feature, times the feature, shape (n_features,)."""


class MatrixProducts:
    """Products with a matrix."""

    def __init__(self, rows: csr_matrix) -> None:
        from scipy.sparse import csr_matrix

        self.shape: tuple[int, int] = rows.shape
        self._rows, self._columns = rows, rows.T
        self._short = csr_matrix((rows.data.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)
        self._short_columns = self._short.T

    def times(self, weights: Floats, *, short: bool = False) -> Floats:
        """See `Products`."""
        product: Any = self._short @ weights.astype(np.float32) if short else self._rows @ weights
        return np.asarray(product, dtype=np.float64)

    def back(self, values: Floats, *, short: bool = False) -> Floats:
        """See `Products`."""
        product: Any = self._short_columns @ values.astype(np.float32) if short else self._columns @ values
        return np.asarray(product, dtype=np.float64)


class _Part(NamedTuple):
    """The features of one kind of n-grams."""

    tf: CountProducts
    short: CountProducts
    """The same in 32 bits."""
    idf: Floats
    inverse_lengths: Floats
    """1 / length of the tf * idf of each text; 0 for a text without n-grams."""

    @classmethod
    def of(cls, counts: TextCounts, idf: Floats, *, sublinear: bool) -> _Part:
        of_counts = tf_of_counts(counts.max_count, sublinear=sublinear)
        tf = worth_of(of_counts)
        lengths = np.sqrt(CountProducts(counts, worth_of(of_counts**2)).times(idf**2))
        inverse_lengths = np.divide(1, lengths, where=lengths > 0, out=np.zeros(len(lengths)))
        return cls(CountProducts(counts, tf), CountProducts(counts, tf.astype(np.float32)), idf, inverse_lengths)


class TfidfProducts:
    """Products with TF-IDF features.

    Args:
        counts: counts of each kind of n-grams, in the order of their columns.
        idf: shape (n_features,).
        sublinear: whether tf is 1 + ln(count), not the count.
    """

    def __init__(self, counts: Sequence[TextCounts], idf: Floats, *, sublinear: bool) -> None:
        edges = starts_of(np.array([each.shape[1] for each in counts]))
        spans = zip(counts, np.split(idf, edges[1:-1]), strict=True)
        self._parts = [_Part.of(each, of_part, sublinear=sublinear) for each, of_part in spans]
        self._edges = edges[1:-1]
        self._n_bytes = sum(each.n_bytes + 4 * len(each.codes.columns) for each in counts)
        self.shape = counts[0].shape[0], int(edges[-1])

    @property
    def n_bytes(self) -> int:
        """Size of what the products are made from."""
        return self._n_bytes

    def times(self, weights: Floats, *, short: bool = False) -> Floats:
        """See `Products`."""
        sums = np.zeros(self.shape[0])
        for part, of_part in zip(self._parts, np.split(weights, self._edges), strict=True):
            of_part = part.idf * of_part
            product = part.short.times(of_part.astype(np.float32)) if short else part.tf.times(of_part)
            sums += part.inverse_lengths * product
        return sums

    def back(self, values: Floats, *, short: bool = False) -> Floats:
        """See `Products`."""
        products = []
        for part in self._parts:
            scaled = part.inverse_lengths * values
            product = part.short.back(scaled.astype(np.float32)) if short else part.tf.back(scaled)
            products.append(part.idf * product)
        return np.concatenate(products)


def tf_of_counts(max_count: int, *, sublinear: bool) -> Floats:
    """The tf of the counts from 0 to `max_count`; `sublinear`: 1 + ln(count), not the count."""
    tf = np.arange(max_count + 1, dtype=np.float64)
    if sublinear:
        tf[1:] = 1 + np.log(tf[1:])
    return tf
