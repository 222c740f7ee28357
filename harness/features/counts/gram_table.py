"""Looks up all character n-grams of many chunks at once.

A chunk is a text without white space, padded with a space at both ends; its n-grams never cross into another chunk. The
vocabulary is a tree of characters in one hash table: an n-gram is found from the node of the n-gram without its last
character, so that a lookup of millions of n-grams takes a few NumPy calls per length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Bools, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SLOTS_PER_NODE = 4
"""Slots of the hash table per node at least; most lookups then end at the first slot."""
MULTIPLIER = 0x9E3779B97F4A7C15
"""Odd multiplier of Fibonacci hashing: 2**64 divided by the golden ratio."""
EMPTY = -1
"""Key of a slot without a node."""
MAX_PAIRS = 1 << 16
"""Pairs of characters up to which the nodes of all pairs are listed, so that they need no search."""


class GramTable:
    """The columns of a vocabulary of character n-grams.

    A node is the number of its slot. Its key is (node of the n-gram without the last character) * base + (digit of the
    last character); node 0 is the empty n-gram.

    Args:
        grams: n-grams, all different.
        columns: column of each n-gram; negative: it is not counted.
        low, high: minimum and maximum number of characters of an n-gram.
    """

    def __init__(self, grams: Sequence[str], columns: Integers, low: int, high: int) -> None:
        # Two spaces are the border of two chunks, which no n-gram crosses.
        chosen = [
            number
            for number, (gram, column) in enumerate(zip(grams, columns.tolist(), strict=True))
            if column >= 0 and len(gram) <= high and "  " not in gram
        ]
        counted = [grams[number] for number in chosen]
        lengths = np.fromiter(map(len, counted), dtype=np.int64, count=len(counted))
        characters = code_points("".join(counted))
        alphabet = np.unique(characters)
        self.low, self.high = low, high
        self.base = len(alphabet) + 1
        # Digit 0 is a character that no n-gram has; the last entry stands for all characters above the alphabet.
        self.digits = np.zeros(int(alphabet[-1]) + 2 if len(alphabet) else 1, dtype=np.int64)
        self.digits[alphabet] = np.arange(1, self.base)
        self.longest = int(lengths.max(initial=0))
        self._store(self.digits[characters], lengths, columns[chosen], n_nodes=len(_with_beginnings(counted)))
        # The nodes of all pairs of characters are listed if they are few, since a list is faster than a search.
        self.listed = [self._all_nodes(length) for length in (1, 2) if self.base**length <= MAX_PAIRS or length == 1]

    def count(self, chunks: Sequence[str], n_columns: int) -> csr_matrix:
        """Returns which n-grams each chunk has, shape (n_chunks, n_columns).

        Columns are not in order, and an n-gram that occurs twice in a chunk has two entries: a matrix for products.
        """
        lengths = np.fromiter(map(len, chunks), dtype=np.int64, count=len(chunks)) + 2
        characters = code_points(f" {'  '.join(chunks)} ") if len(chunks) else np.empty(0, dtype=np.int64)
        digits = np.zeros(len(characters) + self.high, dtype=np.int64)
        np.take(self.digits, characters, mode="clip", out=digits[: len(characters)])
        chunk_of = np.repeat(np.arange(len(chunks), dtype=np.int32), lengths)
        rows, columns = [chunk_of[:0]], [self.columns[:0]]
        for starts, nodes in self._lookups(digits, lengths):
            numbers = self.columns[nodes]
            is_counted = numbers >= 0
            if not is_counted.all():  # the beginning of an n-gram that is counted
                starts, numbers = starts[is_counted], numbers[is_counted]
            rows.append(chunk_of[starts])
            columns.append(numbers)
        return _rows_of(np.concatenate(rows), np.concatenate(columns), (len(chunks), n_columns))

    def _lookups(self, digits: Integers, lengths: Integers) -> Iterator[tuple[Integers, Integers]]:
        """Yields the start and the node of the n-grams of each length.

        Args:
            digits: digit of each character of all padded chunks, and of as many after them as the longest n-gram has.
            lengths: number of characters of each padded chunk.
        """
        n = len(digits) - self.high
        starts = np.arange(0)
        for length in range(1, self.longest + 1):
            if length <= len(self.listed):
                codes = digits[:n] if length == 1 else digits[:n] * self.base + digits[1 : n + 1]
                nodes = self.listed[length - 1][codes]
                starts = np.flatnonzero(nodes)
                nodes = nodes[starts]
            else:
                keys = nodes * self.base
                keys += digits[length - 1 :][starts]
                nodes, is_known = self._find(keys)
                starts, nodes = starts[is_known], nodes[is_known]
            if length >= self.low:
                yield starts, nodes
            elif (lengths == length).any():
                # A chunk shorter than every n-gram counts as a whole.
                is_whole = np.zeros(n, dtype=bool)
                is_whole[(np.cumsum(lengths) - lengths)[lengths == length]] = True
                whole = is_whole[starts]
                yield starts[whole], nodes[whole]

    def _store(self, digits: Integers, lengths: Integers, columns: Integers, n_nodes: int) -> None:
        """Makes the nodes of n-grams and of all their beginnings.

        Args:
            digits: digit of each character of all n-grams.
            lengths: number of characters of each n-gram.
            columns: column of each n-gram.
            n_nodes: number of nodes.
        """
        bits = max(4, int((n_nodes + 1) * SLOTS_PER_NODE - 1).bit_length())
        self.shift = np.uint64(64 - bits)
        self.keys = np.full(1 << bits, EMPTY, dtype=np.int64)
        self.keys[0] = np.iinfo(np.int64).max
        self.columns = np.full(1 << bits, -1, dtype=np.int32)
        nodes = np.zeros(len(lengths), dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        for place in range(self.longest):
            longer = np.flatnonzero(lengths > place)
            nodes[longer] = self._insert(nodes[longer] * self.base + digits[starts[longer] + place])
        self.columns[nodes] = columns

    def _all_nodes(self, length: int) -> Integers:
        """Returns the node of each sequence of one or two characters, by its code; 0: none."""
        first, is_known = self._find(np.arange(self.base))
        first = np.where(is_known, first, 0)
        if length == 1:
            return first
        pairs, is_known = self._find((first[:, np.newaxis] * self.base + np.arange(self.base)).ravel())
        return np.where(is_known & np.repeat(first > 0, self.base), pairs, 0)

    def _insert(self, keys: Integers) -> Integers:
        """Stores keys, which may repeat; returns their slots."""
        slots = self._slots(keys)
        waiting = np.arange(len(keys))
        while len(waiting):
            wanted = keys[waiting]
            is_free = self.keys[slots[waiting]] == EMPTY
            self.keys[slots[waiting[is_free]]] = wanted[is_free]
            # Of several keys with one free slot, the last one has it now; the others go on to the next slot.
            waiting = waiting[self.keys[slots[waiting]] != wanted]
            slots[waiting] = (slots[waiting] + 1) & (len(self.keys) - 1)
        return slots

    def _find(self, keys: Integers) -> tuple[Integers, Bools]:
        """Returns the slot of each key, and whether the key is there."""
        slots = self._slots(keys)
        stored = self.keys[slots]
        is_known: Bools = stored == keys
        searched = np.flatnonzero((stored != EMPTY) & ~is_known)
        places = slots[searched]
        while len(searched):
            places = (places + 1) & (len(self.keys) - 1)
            stored = self.keys[places]
            is_hit = stored == keys[searched]
            slots[searched[is_hit]] = places[is_hit]
            is_known[searched[is_hit]] = True
            goes_on = (stored != EMPTY) & ~is_hit
            searched, places = searched[goes_on], places[goes_on]
        return slots, is_known

    def _slots(self, keys: Integers) -> Integers:
        slots: Integers = ((keys.view(np.uint64) * np.uint64(MULTIPLIER)) >> self.shift).view(np.int64)
        return slots


def _with_beginnings(grams: Sequence[str]) -> set[str]:
    """Returns n-grams and all that they begin with."""
    beginnings = set(grams)
    for gram in grams:
        head = gram[:-1]
        while head and head not in beginnings:
            beginnings.add(head)
            head = head[:-1]
    return beginnings


def code_points(text: str) -> Integers:
    """The number of each character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)


def _rows_of(rows: Integers, columns: Integers, shape: tuple[int, int]) -> csr_matrix:
    """Returns a matrix with a 1 for each pair; pairs may repeat."""
    from scipy.sparse import csr_matrix

    order = np.argsort(rows, kind="stable")  # merges the few ascending runs
    ends = np.cumsum(np.bincount(rows, minlength=shape[0]))
    starts = np.concatenate([[0], ends]).astype(np.int32)
    return csr_matrix((np.ones(len(columns)), columns[order].astype(np.int32, copy=False), starts), shape=shape)
