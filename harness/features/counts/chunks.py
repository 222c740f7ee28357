"""Texts as sequences of chunks, and the sparse matrices that count their pieces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Integers
from harness.features.counts.gram_table import GramTable

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


BLOCK_TEXTS = 32_768
"""Number of texts whose word n-grams are learned at once."""


class Chunks(NamedTuple):
    """Texts as sequences of chunks, which are what is between white space; each distinct chunk is processed once."""

    distinct: list[str]
    """Distinct chunks, lowercased, in order of first occurrence."""
    numbers: npt.NDArray[np.int32]
    """Index of each chunk of all texts into `distinct`."""
    rows: npt.NDArray[np.int32]
    """Text of each chunk."""
    n_texts: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Chunks:
        """Splits texts into chunks."""
        distinct: dict[str, int] = {}
        numbers, sizes = numbers_and_sizes((text.lower().split() for text in texts), distinct, learn=True)
        rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        return cls(list(distinct), numbers.astype(np.int32), rows, len(texts))

    def blocks(self) -> Iterator[Chunks]:
        """The texts in blocks, so that what is computed on the way takes little memory; one block if there are none."""
        for start in range(0, max(1, self.n_texts), BLOCK_TEXTS):
            end = min(start + BLOCK_TEXTS, self.n_texts)
            place = slice(*np.searchsorted(self.rows, [start, end]).tolist())
            yield Chunks(self.distinct, self.numbers[place], self.rows[place] - start, end - start)


class Pieces(NamedTuple):
    """Tokens or n-grams of the distinct chunks, one chunk after the other."""

    numbers: npt.NDArray[np.integer[Any]]
    """Number of each piece in a vocabulary; -1: unknown."""
    sizes: Integers
    """Number of pieces of each distinct chunk."""

    @classmethod
    def of(cls, pieces: Iterable[Sequence[str]], vocabulary: dict[str, int], *, learn: bool) -> Pieces:
        """Numbers the pieces of each chunk; `learn`: fills the vocabulary, which is empty, in order of occurrence."""
        return cls(*numbers_and_sizes(pieces, vocabulary, learn=learn))


class Selection:
    """The n-grams of a counter that are counted.

    Args:
        columns: their columns in the counter, ascending.
        n_columns: number of columns of the counter.
    """

    def __init__(self, columns: Integers, n_columns: int) -> None:
        self.places = np.full(n_columns, -1, dtype=np.int64)
        """Column of each n-gram among the selected ones; -1: not selected."""
        self.places[columns] = np.arange(len(columns))
        self.size = len(columns)
        self.table: GramTable | None = None
        """Table of the selected character n-grams, made when it is first needed."""

    def of(self, columns: Integers) -> Integers:
        """Returns the place of each column; -1 for a negative column."""
        if not len(self.places):
            return np.full(len(columns), -1, dtype=np.int64)
        return np.where(columns >= 0, self.places[columns], -1)


def numbers_and_sizes(
    pieces: Iterable[Sequence[str]], vocabulary: dict[str, int], *, learn: bool
) -> tuple[Integers, Integers]:
    """The number of each piece (-1 if unknown), for all rows in one flat array, and the number of pieces of each row.

    Args:
        pieces: the pieces of each row; each row is read once, so that not all need to be in memory.
        vocabulary: piece to its number.
        learn: whether to fill `vocabulary`, which must be empty, in order of first occurrence.
    """
    sizes = list[int]()

    def rows_of_pieces() -> Iterator[Sequence[str]]:
        for of_row in pieces:
            sizes.append(len(of_row))
            yield of_row

    flat = chain.from_iterable(rows_of_pieces())
    # `map` over a bound method keeps the loop over millions of pieces in C.
    if not learn:
        numbers = np.fromiter(map(vocabulary.get, flat, repeat(-1)), dtype=np.int64)
    else:
        # Looking up a new piece assigns it the next number.
        next_numbers: dict[str, int] = defaultdict(count().__next__)
        numbers = np.fromiter(map(next_numbers.__getitem__, flat), dtype=np.int64)
        vocabulary.update(next_numbers)
    return numbers, np.array(sizes, dtype=np.int64)


def distinct_codes(codes: Integers) -> Integers:
    """The distinct codes from 0, ascending."""
    ordered = np.sort(codes[codes >= 0])  # `numpy.unique` hashes, which is slower
    is_first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def count_matrix(rows: Integers, columns: Integers, shape: tuple[int, int]) -> csr_matrix:
    """How often each (row, column) pair occurs; negative columns are ignored."""
    from scipy.sparse import coo_matrix

    is_known = columns >= 0
    pairs = rows[is_known], columns[is_known]
    matrix = coo_matrix((np.ones(len(pairs[0])), pairs), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix


def count_in_order(
    rows: Integers, columns: Integers, shape: tuple[int, int], dtype: npt.DTypeLike = np.float64
) -> csr_matrix:
    """Like `count_matrix`; the order of a row's entries depends on that of its pairs only."""
    from scipy.sparse import csr_matrix

    is_known = columns >= 0
    rows, columns = rows[is_known], columns[is_known]
    order = np.argsort(rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    pairs = csr_matrix((np.ones(len(rows), dtype=dtype), columns[order], starts), shape=shape)
    columns = np.arange(shape[1] + 1)
    one_each = csr_matrix((np.ones(shape[1], dtype=dtype), columns[:-1], columns), shape=(shape[1], shape[1]))
    counts: csr_matrix = pairs @ one_each  # a product adds up equal pairs
    return counts


def count_type(rows: Integers) -> np.dtype[Any]:
    """The smallest type that holds how often anything occurs in a row, from the row of each occurrence of anything."""
    return np.min_scalar_type(int(np.bincount(rows).max(initial=0)))


def chunk_matrix(chunks: Chunks, dtype: npt.DTypeLike = np.float64) -> csr_matrix:
    """A 1 for each chunk of each text, shape (n_texts, number of distinct chunks); a chunk may have several entries."""
    from scipy.sparse import csr_matrix

    starts = np.concatenate([[0], np.cumsum(np.bincount(chunks.rows, minlength=chunks.n_texts))])
    shape = (chunks.n_texts, len(chunks.distinct))
    return csr_matrix((np.ones(len(chunks.numbers), dtype=dtype), chunks.numbers, starts), shape=shape)


def stack_columns(blocks: list[csr_matrix]) -> csr_matrix:
    """Returns the blocks side by side."""
    from scipy.sparse import hstack

    return blocks[0] if len(blocks) == 1 else hstack(blocks, format="csr")
