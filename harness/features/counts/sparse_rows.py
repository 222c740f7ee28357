"""Sparse matrices by rows, whose entries may be ones that are not stored, or stand for what a product looks up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from harness.arrays import Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ENTRIES = 1 << 21
"""Most entries that are multiplied at once, which bounds memory; one row may have more."""
STEP = 8_192
"""Rows that are taken at once."""
Numbers = npt.NDArray[Any]
"""An array of any type of number."""


class SparseRows(NamedTuple):
    """A matrix in CSR format; what products add up depends on the order of its entries alone."""

    columns: npt.NDArray[np.int32]
    """Column of each entry, row by row, in any order; one may occur several times in a row, and is added up."""
    starts: Integers
    """Place where each row begins; the last entry is the end."""
    n_columns: int
    values: Numbers | None = None
    """Value of each entry; None: all are 1."""

    @classmethod
    def of_sizes(cls, columns: Numbers, sizes: Numbers, n_columns: int) -> Self:
        """Rows of ones, from the number of entries of each."""
        return cls(columns.astype(np.int32, copy=False), starts_of(sizes), n_columns)

    @classmethod
    def of_matrix(cls, matrix: csr_matrix) -> Self:
        """The rows of a matrix, with its arrays."""
        return cls(matrix.indices, matrix.indptr.astype(np.int64), matrix.shape[1], matrix.data)

    @classmethod
    def of_blocks(cls, blocks: Sequence[SparseRows]) -> Self:
        """The rows of blocks one after the other, whose values are integers, in the fewest bits that hold them."""
        return cls(
            np.concatenate([block.columns for block in blocks]),
            starts_of(np.concatenate([np.diff(block.starts) for block in blocks])),
            blocks[0].n_columns,
            np.concatenate([_smallest(np.asarray(block.values)) for block in blocks]),
        )

    def beside(self, other: SparseRows) -> SparseRows:
        """Rows with the entries of both, first those of this one; the columns of the other come after those here."""
        starts = self.starts + other.starts
        columns, values = np.empty(int(starts[-1]), dtype=np.int32), np.empty(int(starts[-1]), dtype=np.int64)
        for rows, before, edge in ((self, other.starts[:-1], 0), (other, self.starts[1:], self.n_columns)):
            places = np.arange(len(rows.columns)) + np.repeat(before, np.diff(rows.starts))
            columns[places] = rows.columns + edge
            values[places] = np.asarray(rows.values)
        return SparseRows(columns, starts, self.n_columns + other.n_columns, _smallest(values))

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and of columns."""
        return self.n_rows, self.n_columns

    @property
    def n_bytes(self) -> int:
        """Size of the arrays."""
        return self.columns.nbytes + self.starts.nbytes + (0 if self.values is None else self.values.nbytes)

    def matrix(self) -> csr_matrix:
        """The matrix, with the same arrays; ones are stored."""
        from scipy.sparse import csr_matrix

        values = np.ones(len(self.columns)) if self.values is None else self.values
        return csr_matrix((values, self.columns, self.starts), shape=self.shape)

    def valued(self, worth: Numbers) -> SparseRows:
        """The same with what the values, which are places in `worth`, stand for."""
        return self._replace(values=None if self.values is None else worth[self.values])

    def blocks(self, dtype: npt.DTypeLike, worth: Numbers | None = None) -> Iterator[Block]:
        """The matrix in blocks of rows, for products, which depend on the rows alone, as does the last bit of a sum.

        Args:
            dtype: type of the numbers of products.
            worth: what the values, which are places in it, stand for; None: for themselves.
        """
        start = 0
        while start < self.n_rows:
            last = int(np.searchsorted(self.starts, self.starts[start] + ENTRIES, side="right")) - 1
            rows = slice(start, max(last, start + 1))
            starts = self.starts[start : rows.stop + 1]
            start = rows.stop
            entries = slice(int(starts[0]), int(starts[-1]))
            columns = self.columns[entries]
            if self.values is None:
                values = _ones(1 << max(10, (len(columns) - 1).bit_length()), np.dtype(dtype))[: len(columns)]
            else:
                values = self.values[entries] if worth is None else worth[self.values[entries]]
                values = values.astype(dtype, copy=False)
            yield Block.of(rows, SparseRows(columns, starts - starts[0], self.n_columns, values))

    def take(self, rows: Integers, places: Numbers | None = None, n_columns: int | None = None) -> SparseRows:
        """Some rows, of which one may occur twice.

        Args:
            rows: the rows to take.
            places: the column there of each column; negative: its entries are left out. None: the same columns.
            n_columns: number of columns there.
        """
        n_entries = int((self.starts[rows + 1] - self.starts[rows]).sum())
        # Space that is not written to takes no memory, so the arrays may be too long.
        columns = np.empty(n_entries, dtype=np.int32)
        values = None if self.values is None else np.empty(n_entries, dtype=self.values.dtype)
        starts, end = np.zeros(len(rows) + 1, dtype=np.int64), 0
        for first in range(0, len(rows), STEP):
            chosen = rows[first : first + STEP]
            entries, own_starts = self._entries(chosen)
            found: Numbers = self.columns[entries]
            if places is not None:
                found = places[found]
                is_there = found >= 0
                own_starts = starts_of(is_there)[own_starts]
                entries, found = entries[is_there], found[is_there]
            starts[first + 1 : first + 1 + len(chosen)] = end + own_starts[1:]
            columns[end : end + len(found)] = found
            if values is not None and self.values is not None:
                values[end : end + len(found)] = self.values[entries]
            end += len(found)
        n_columns = self.n_columns if n_columns is None else n_columns
        return SparseRows(columns[:end], starts, n_columns, None if values is None else values[:end])

    def without(self, rows: Integers) -> SparseRows:
        """The same with no entries in some rows; itself if they have none."""
        sizes = np.diff(self.starts)
        if not sizes[rows].any():
            return self
        is_kept = np.ones(self.n_rows, dtype=bool)
        is_kept[rows] = False
        values = None if self.values is None else self.values[np.repeat(is_kept, sizes)]
        columns = self.columns[np.repeat(is_kept, sizes)]
        return SparseRows(columns, starts_of(np.where(is_kept, sizes, 0)), self.n_columns, values)

    def first_seen(self, rows: Integers) -> Integers:
        """The distinct columns of some rows, in the order in which they occur first."""
        is_new = np.ones(self.n_columns, dtype=bool)
        order = [np.empty(0, dtype=np.int64)]
        for first in range(0, len(rows), STEP):
            columns: Numbers = self.columns[self._entries(rows[first : first + STEP])[0]]
            columns = columns[is_new[columns]]
            _, places = np.unique(columns, return_index=True)
            order.append(columns[np.sort(places)])
            is_new[order[-1]] = False
        return np.concatenate(order)

    def _entries(self, rows: Integers) -> tuple[Integers, Integers]:
        """The places of the entries of some rows, one row after the other, and where each row begins in them."""
        starts = starts_of(self.starts[rows + 1] - self.starts[rows])
        places: Integers = np.repeat(self.starts[rows] - starts[:-1], np.diff(starts)) + np.arange(starts[-1])
        return places, starts


class Block(NamedTuple):
    """Some rows of a matrix."""

    rows: slice
    matrix: csr_matrix
    transposed: Any

    @classmethod
    def of(cls, rows: slice, entries: SparseRows) -> Self:
        """Takes the arrays without the checks and copies of the constructors of scipy."""
        from scipy.sparse import csc_matrix, csr_matrix

        starts = entries.starts.astype(entries.columns.dtype, copy=False)
        both = list[Any]()
        for kind, shape in ((csr_matrix, entries.shape), (csc_matrix, entries.shape[::-1])):
            matrix = cast("Any", kind)(shape, dtype=np.float32)
            matrix.data, matrix.indices, matrix.indptr = entries.values, entries.columns, starts
            both.append(matrix)
        return cls(rows, *both)


def times(blocks: Iterable[Block], weights: Numbers) -> Numbers:
    """A matrix in blocks times weights of columns, shape (n_columns,) or (n_columns, n_sums).

    Returns: shape (n_rows,) or (n_rows, n_sums).
    """
    parts = [block.matrix @ weights for block in blocks]
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros_like(weights[:0]), *parts])


def back(blocks: Iterable[Block], values: Numbers, n_columns: int) -> Numbers:
    """A transposed matrix in blocks times values of rows, shape (n_columns,)."""
    product = np.zeros(n_columns, dtype=values.dtype)
    for block in blocks:
        product += block.transposed @ values[block.rows]
    return product


def starts_of(sizes: Numbers) -> Integers:
    """Where slices of some sizes begin, one after the other; the last entry is the end."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _smallest(values: Numbers) -> Numbers:
    """Integers in the fewest bits that hold them."""
    return values.astype(np.min_scalar_type(-int(np.abs(values).max(initial=0)) - 1))


_ONES: WeakValueDictionary[tuple[int, np.dtype[Any]], Numbers] = WeakValueDictionary()


def _ones(n: int, dtype: np.dtype[Any]) -> Numbers:
    """An array of ones, which is in memory once, as long as somebody has it."""
    ones = _ONES.get((n, dtype))
    if ones is None:
        ones = _ONES[n, dtype] = np.ones(n, dtype=dtype)
    return ones
