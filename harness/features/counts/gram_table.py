"""Looks up all character n-grams of many chunks at once.

A chunk is a text without white space, padded with a space at both ends; its n-grams never cross into another chunk. An
n-gram of a vocabulary is one integer (the digits are its characters, in the base of the vocabulary's alphabet), and the
vocabulary is one hash table of these integers, so that a lookup of millions of n-grams takes a few NumPy calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Bools, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_CODE = 2**63
"""Codes are 64-bit integers; an alphabet and a length whose codes would not fit have no table."""
SLOTS_PER_GRAM = 4
"""Slots of the hash table per n-gram at least; most lookups then end at the first slot."""
MULTIPLIER = 0x9E3779B97F4A7C15
"""Odd multiplier of Fibonacci hashing: 2**64 divided by the golden ratio."""


class GramTable:
    """The columns of a vocabulary of character n-grams.

    Args:
        grams: n-grams, all different.
        columns: column of each n-gram; negative: it is not counted.
        low, high: minimum and maximum number of characters of an n-gram.
    """

    def __init__(self, grams: Sequence[str], columns: Integers, low: int, high: int) -> None:
        is_counted = columns >= 0
        counted = [gram for gram, counts in zip(grams, is_counted.tolist(), strict=True) if counts]
        lengths = np.fromiter(map(len, counted), dtype=np.int64, count=len(counted))
        characters = code_points("".join(counted))
        alphabet = np.unique(characters)
        self.low, self.high = low, high
        self.base = len(alphabet) + 1
        # Digit 0 is a character that no n-gram has; the last entry stands for all characters above the alphabet.
        self.digits = np.zeros(int(alphabet[-1]) + 2 if len(alphabet) else 1, dtype=np.int64)
        self.digits[alphabet] = np.arange(1, self.base)
        self.longest = int(lengths.max(initial=0))
        codes = np.zeros(len(counted), dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        if self.fits:
            for place in range(self.longest):
                longer = np.flatnonzero(lengths > place)
                codes[longer] = codes[longer] * self.base + self.digits[characters[starts[longer] + place]]
            self._store(codes, columns[is_counted])
            # Every n-gram of training texts begins with a shorter one of the same texts, as frequent at least. A
            # vocabulary from elsewhere may lack it.
            heads = codes[lengths > low] // self.base
            self.has_heads = bool((self._find(heads) >= 0).all())

    @property
    def fits(self) -> bool:
        """Whether the codes of the longest n-grams fit into 64 bits; if not, the table cannot be used."""
        return bool(self.base**self.longest < MAX_CODE)

    def count(self, chunks: Sequence[str], n_columns: int) -> csr_matrix:
        """Returns which n-grams each chunk has, shape (n_chunks, n_columns).

        Columns are not in order, and an n-gram that occurs twice in a chunk has two entries: a matrix for products.
        """
        lengths = np.fromiter(map(len, chunks), dtype=np.int64, count=len(chunks)) + 2
        characters = code_points(f" {'  '.join(chunks)} ") if len(chunks) else np.empty(0, dtype=np.int64)
        digits = self.digits[np.minimum(characters, len(self.digits) - 1)]
        chunk_of = np.repeat(np.arange(len(chunks), dtype=np.int32), lengths)
        ends = np.cumsum(lengths)
        left = np.repeat(ends, lengths) - np.arange(len(digits))
        rows, columns = [], []
        for starts, numbers in self._lookups(digits, left, np.repeat(lengths, lengths)):
            is_known = numbers >= 0
            rows.append(chunk_of[starts[is_known]])
            columns.append(numbers[is_known])
        return _rows_of(np.concatenate(rows), np.concatenate(columns), (len(chunks), n_columns))

    def _lookups(self, digits: Integers, left: Integers, lengths: Integers) -> list[tuple[Integers, Integers]]:
        """Returns the start and the column (-1: unknown) of the n-grams of each length.

        Args:
            digits: digit of each character of all padded chunks.
            left: number of characters from each one to the end of its chunk.
            lengths: number of characters of the chunk of each character.
        """
        starts = np.flatnonzero(digits)
        codes = digits[starts]
        lookups = [(starts[:0], starts[:0])]
        for length in range(1, self.high + 1):
            if length > 1:
                inside = left[starts] >= length
                starts, codes = starts[inside], codes[inside]
                last = digits[starts + (length - 1)]
                codes = codes * self.base + last
                if not last.all():
                    starts, codes = starts[last > 0], codes[last > 0]
            if length > self.longest:
                break
            if length < self.low:
                # A chunk shorter than every n-gram counts as a whole.
                whole = (left[starts] == length) & (lengths[starts] == length)
                lookups.append((starts[whole], self._find(codes[whole])))
                continue
            numbers = self._find(codes)
            lookups.append((starts, numbers))
            if self.has_heads:
                starts, codes = starts[numbers >= 0], codes[numbers >= 0]
        return lookups

    def _store(self, codes: Integers, columns: Integers) -> None:
        bits = max(4, int(len(codes) * SLOTS_PER_GRAM - 1).bit_length())
        self.shift = np.uint64(64 - bits)
        self.keys = np.zeros(1 << bits, dtype=np.int64)
        self.columns = np.full(1 << bits, -1, dtype=np.int32)
        slots = self._slots(codes)
        while len(codes):
            is_free = self.keys[slots] == 0
            self.keys[slots[is_free]] = codes[is_free]
            # Of several codes with one free slot, the last one has it now; the others go on to the next slot.
            has_slot = self.keys[slots] == codes
            self.columns[slots[has_slot]] = columns[has_slot]
            codes, columns = codes[~has_slot], columns[~has_slot]
            slots = (slots[~has_slot] + 1) & (len(self.keys) - 1)

    def _find(self, codes: Integers) -> Integers:
        """Returns the column of each code; -1: unknown."""
        slots = self._slots(codes)
        keys = self.keys[slots]
        columns = np.where(keys == codes, self.columns[slots], -1)
        searched = np.flatnonzero((keys != codes) & (keys != 0))
        slots = slots[searched]
        while len(searched):
            slots = slots + 1 & (len(self.keys) - 1)
            keys, wanted = self.keys[slots], codes[searched]
            is_hit: Bools = keys == wanted
            columns[searched[is_hit]] = self.columns[slots[is_hit]]
            goes_on = ~is_hit & (keys != 0)
            searched, slots = searched[goes_on], slots[goes_on]
        return columns

    def _slots(self, codes: Integers) -> Integers:
        slots: Integers = ((codes.view(np.uint64) * np.uint64(MULTIPLIER)) >> self.shift).view(np.int64)
        return slots


def code_points(text: str) -> Integers:
    """The number of each character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)


def _rows_of(rows: Integers, columns: Integers, shape: tuple[int, int]) -> csr_matrix:
    """Returns a matrix with a 1 for each pair; pairs may repeat."""
    from scipy.sparse import csr_matrix

    order = np.argsort(rows, kind="stable")  # merges the few ascending runs
    ends = np.cumsum(np.bincount(rows, minlength=shape[0]))
    starts = np.concatenate([[0], ends]).astype(np.int32)
    return csr_matrix((np.ones(len(columns)), columns[order].astype(np.int32), starts), shape=shape)
