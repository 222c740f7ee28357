"""Products with features of texts, which are never a matrix of their own.

A feature is tf * idf / (length of the tf * idf of the text), where tf depends on a small count alone. Products need the
counts, the idf of each n-gram, and the length of each text: 9 bytes an entry, or none where rows are taken of the
counts of all texts block by block, each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ENTRIES = 4_000_000
"""Entries of a block of rows that are converted at once."""
STEP = 8_192
"""Rows that are taken at once."""
WHOLE = 32_000_000
"""Entries up to which the rows of a fit are in memory; else they are taken of the counts of all texts each time."""


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


class TfOfRows:
    """The tf of one kind of n-grams in some rows: a matrix in CSR format, whose columns are in no order."""

    def __init__(self, counts: csr_matrix, rows: Integers, columns: Integers, size: int, *, sublinear: bool) -> None:
        """Takes the rows.

        Args:
            counts: counts of all texts, which are integers.
            rows: the rows to take; one may occur twice.
            columns: the column here of each column of `counts`; -1: none.
            size: number of columns here.
            sublinear: whether tf is 1 + ln(count), not the count.
        """
        self.shape = len(rows), size
        tf = np.arange(int(counts.data.max(initial=1)) + 1, dtype=np.float64)
        if sublinear:
            tf[1:] = 1 + np.log(tf[1:])
        self._tf = tf
        """The tf of each count."""
        self._counts: csr_matrix = counts
        self._taken: tuple[Integers, Integers] | None = rows, columns
        """The rows, and the columns here, of what is taken of the counts block by block; None: the counts are taken."""
        self._n_entries = int(np.diff(counts.indptr)[rows].sum())
        self._short: npt.NDArray[np.float32] | None = None
        if self._n_entries <= WHOLE:
            self._counts, self._taken = self._take(rows, columns), None
            self._short = tf.astype(np.float32)[self._counts.data]

    @property
    def n_bytes(self) -> int:
        """Size of what is here alone."""
        counts, short = self._counts, self._short
        arrays = [] if short is None else [short, counts.data, counts.indices, counts.indptr]
        return sum(array.nbytes for array in arrays)

    def times(self, weights: Floats, dtype: npt.DTypeLike) -> Floats:
        """The matrix times weights of columns, shape (n_rows,)."""
        weights = self._spread(weights).astype(dtype)
        return np.concatenate([np.empty(0), *(block.times(weights) for _, block in self._blocks(dtype))])

    def back(self, values: Floats, dtype: npt.DTypeLike) -> Floats:
        """The transposed matrix times values of rows, shape (n_columns,)."""
        values, product = values.astype(dtype), np.zeros(self._counts.shape[1], dtype=dtype)
        for rows, block in self._blocks(dtype):
            product += block.back(values[rows])
        if self._taken is None:
            return product
        _, columns = self._taken
        is_here = columns >= 0
        in_order = np.zeros(self.shape[1], dtype=dtype)
        in_order[columns[is_here]] = product[is_here]
        return in_order

    def squares(self, weights: Floats) -> Floats:
        """The sum of the squared entries of each row, times weights of columns, shape (n_rows,)."""
        weights = self._spread(weights)
        blocks = (block._replace(data=block.data**2) for _, block in self._blocks(np.float64))
        return np.concatenate([np.empty(0), *(block.times(weights) for block in blocks)])

    def _spread(self, weights: Floats) -> Floats:
        """The weight of each column of the counts; 0 for those that are not here."""
        return weights if self._taken is None else np.append(weights, 0.0)[self._taken[1]]  # the last is column -1's

    def _take(self, rows: Integers, columns: Integers) -> csr_matrix:
        """The counts of some rows, and of their columns that are here."""
        from scipy.sparse import csr_matrix

        # Space that is not written to takes no memory, so the arrays may be too long.
        data = np.empty(self._n_entries, dtype=self._counts.data.dtype)
        indices = np.empty(self._n_entries, dtype=np.int32)
        starts, end = np.zeros(len(rows) + 1, dtype=np.int64), 0
        columns = columns.astype(np.int32)
        for first in range(0, len(rows), STEP):
            counts = self._counts[rows[first : first + STEP]]
            places = columns[counts.indices]
            is_here = places >= 0
            before = np.concatenate([[0], np.cumsum(is_here)])
            starts[first + 1 : first + 1 + counts.shape[0]] = end + before[counts.indptr[1:]]
            n_here = int(before[-1])
            indices[end : end + n_here], data[end : end + n_here] = places[is_here], counts.data[is_here]
            end += n_here
        return csr_matrix((data[:end], indices[:end], starts), shape=self.shape)

    def _blocks(self, dtype: npt.DTypeLike) -> Iterator[tuple[slice, _Block]]:
        """The tf of the rows, block by block; blocks depend on the rows alone, and so does the last bit of a sum."""
        counts, n_columns = self._counts, self._counts.shape[1]
        if dtype == np.float32 and self._short is not None:
            yield slice(0, self.shape[0]), _Block(self._short, counts.indices, counts.indptr, n_columns)
            return
        tf, step = self._tf.astype(dtype), max(1, int(ENTRIES * self.shape[0] / max(1, self._n_entries)))
        for start in range(0, self.shape[0], step):
            rows = slice(start, start + step)
            if self._taken is not None:
                own = counts[self._taken[0][rows]]
                yield rows, _Block(tf[own.data], own.indices, own.indptr, n_columns)
                continue
            starts = counts.indptr[start : start + step + 1]
            entries = slice(int(starts[0]), int(starts[-1]))
            yield rows, _Block(tf[counts.data[entries]], counts.indices[entries], starts - starts[0], n_columns)


class _Block(NamedTuple):
    """Some rows of a matrix, as arrays that nobody copies: the matrices of scipy copy parts of large arrays."""

    data: npt.NDArray[Any]
    indices: npt.NDArray[Any]
    starts: npt.NDArray[Any]
    n_columns: int

    def times(self, weights: Floats) -> Floats:
        """The rows times weights of columns."""
        from scipy.sparse import csr_matrix

        product: Floats = self._filled(csr_matrix, (len(self.starts) - 1, self.n_columns)) @ weights
        return product

    def back(self, values: Floats) -> Floats:
        """The transposed rows times values of rows."""
        from scipy.sparse import csc_matrix

        product: Floats = self._filled(csc_matrix, (self.n_columns, len(self.starts) - 1)) @ values
        return product

    def _filled(self, kind: Any, shape: tuple[int, int]) -> Any:
        matrix = kind(shape, dtype=self.data.dtype)
        starts = self.starts.astype(self.indices.dtype, copy=False)
        matrix.data, matrix.indices, matrix.indptr = self.data, self.indices, starts
        return matrix


class _Part(NamedTuple):
    """The features of one kind of n-grams."""

    tf: TfOfRows
    idf: Floats
    inverse_lengths: Floats
    """1 / length of the tf * idf of each text; 0 for a text without n-grams."""


class TfidfProducts:
    """Products with TF-IDF features.

    Args:
        tf: tf of each kind of n-grams, in the order of their columns.
        idf: shape (n_features,).
    """

    def __init__(self, tf: Sequence[TfOfRows], idf: Floats) -> None:
        self._parts = list[_Part]()
        start = 0
        for each in tf:
            of_part = idf[start : start + each.shape[1]]
            lengths = np.sqrt(each.squares(of_part**2))
            self._parts.append(
                _Part(each, of_part, np.divide(1, lengths, where=lengths > 0, out=np.zeros(len(lengths))))
            )
            start += each.shape[1]
        self.shape = tf[0].shape[0], start

    @property
    def n_bytes(self) -> int:
        """Size of what the products are made from."""
        return sum(part.tf.n_bytes + part.inverse_lengths.nbytes for part in self._parts)

    def times(self, weights: Floats, *, short: bool = False) -> Floats:
        """See `Products`."""
        dtype, start, sums = np.float32 if short else np.float64, 0, np.zeros(self.shape[0])
        for tf, idf, inverse_lengths in self._parts:
            sums += inverse_lengths * tf.times(idf * weights[start : start + len(idf)], dtype)
            start += len(idf)
        return sums

    def back(self, values: Floats, *, short: bool = False) -> Floats:
        """See `Products`."""
        dtype = np.float32 if short else np.float64
        return np.concatenate(
            [idf * tf.back(inverse_lengths * values, dtype) for tf, idf, inverse_lengths in self._parts]
        )
