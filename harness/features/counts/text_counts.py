"""Counts of n-grams in texts, as sums over the chunks of the texts, which take a fraction of the memory of a matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from harness.arrays import Integers
from harness.features.counts.sparse_rows import Block, Numbers, SparseRows, back, starts_of, times

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class TextCounts(NamedTuple):
    """Counts of one kind of n-grams in texts.

    The pieces of a chunk are n-grams that it has alone. A count of them is a sum over the chunks of a text; so is any
    number that depends on the count alone, is 0 for 0 and 1 for 1, but for what `codes` add.
    """

    chunks: SparseRows
    """Chunks of each text."""
    pieces: SparseRows
    """Pieces of each chunk, each as often as the chunk has it."""
    codes: SparseRows
    """The other n-grams of each text, with their count, and the pieces that it has more than once, with minus that."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of texts, and of n-grams."""
        return self.chunks.n_rows, self.pieces.n_columns

    @property
    def n_bytes(self) -> int:
        """Size of the arrays."""
        return sum(part.n_bytes for part in self)

    @property
    def max_count(self) -> int:
        """How often a text has an n-gram at most, at least 1."""
        values = self._codes
        return max(1, int(values.max(initial=0)), -int(values.min(initial=0)))

    @property
    def _codes(self) -> Numbers:
        return cast("Numbers", self.codes.values)  # which are never left out

    @property
    def frequency(self) -> Integers:
        """Number of texts with each n-gram, shape (n_ngrams,)."""
        is_there = worth_of(np.arange(self.max_count + 1) > 0)
        frequency = CountProducts(self, is_there).back(np.ones(self.chunks.n_rows))
        return frequency.astype(np.int64)  # sums of integers, which are exact

    def matrix(self) -> csr_matrix:
        """The counts, shape (n_texts, n_ngrams), with the columns of a row in order."""
        counts: csr_matrix = self.chunks.matrix() @ self.pieces.matrix()
        is_other = self._codes > 0
        if is_other.any():
            starts = starts_of(is_other)[self.codes.starts]
            values = self._codes[is_other].astype(np.float64)
            others = self.codes._replace(columns=self.codes.columns[is_other], starts=starts, values=values)
            counts = counts + others.matrix()
        counts.sort_indices()  # fixes the order of later sums, and so their last bit
        return counts


class CountProducts:
    """Products with what counts are worth.

    Args:
        counts: counts of one kind of n-grams.
        worth: what their codes are worth, see `worth_of`; products are of its type.
    """

    def __init__(self, counts: TextCounts, worth: Numbers) -> None:
        dtype = worth.dtype
        self._chunks, self._pieces = [*counts.chunks.blocks(dtype)], [*counts.pieces.blocks(dtype)]
        self._n_chunks, self._n_columns = counts.pieces.shape
        self._codes: Callable[[], Iterable[Block]] = partial(counts.codes.blocks, dtype, worth)
        if dtype == np.float32:  # in 64 bits they would take more memory than the counts
            codes = [*counts.codes.valued(worth).blocks(dtype)]
            self._codes = lambda: codes

    def times(self, weights: Numbers) -> Numbers:
        """The products with weights of n-grams, shape (n_texts,) or (n_texts, n_sums).

        Args:
            weights: shape (n_ngrams,) or (n_ngrams, n_sums).
        """
        return times(self._chunks, times(self._pieces, weights)) + times(self._codes(), weights)

    def back(self, values: Numbers) -> Numbers:
        """The products with values of texts, shape (n_ngrams,)."""
        of_chunks = back(self._chunks, values, self._n_chunks)
        return back(self._pieces, of_chunks, self._n_columns) + back(self._codes(), values, self._n_columns)


def worth_of(values: Numbers) -> Numbers:
    """What each code is worth, from what each count is worth.

    A sum over chunks has an n-gram that occurs n times as n; so minus n is worth what that lacks.

    Args:
        values: what the counts from 0 on are worth; 0 is worth 0, and 1 is worth 1.
    Returns: what the codes are worth, those below 0 from the end on, as the places of an array are counted.
    """
    missing = values - np.arange(len(values), dtype=np.float64)
    return np.concatenate([values, missing[:0:-1]])
