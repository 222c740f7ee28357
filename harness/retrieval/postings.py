"""Postings of a corpus: which passages have a token, and how often; gathered a part at a time."""

from __future__ import annotations

import tempfile
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import IO, Any, NamedTuple

import numpy as np

from harness.arrays import Floats, Integers

PASSAGES = 65_536
"""Passages of a part."""
ROW_BITS = 32


class Part(NamedTuple):
    """The postings of some passages, by token and then by passage."""

    tokens: Integers
    """Number of the token of each posting."""
    passages: Integers
    """Row of its passage."""
    counts: Integers
    """How often the passage has the token."""


class Postings:
    """The postings of a corpus, in a temporary file until the end of the block."""

    def __init__(self, token_lists: Iterable[list[str]]) -> None:
        numbers = defaultdict[str, int](count().__next__)
        lengths, frequencies = array("q"), np.zeros(0, dtype=np.int64)
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 # closed by `__exit__`
        self._n_parts, left = 0, iter(token_lists)
        while True:
            ids, first = array("q"), len(lengths)
            for tokens in islice(left, PASSAGES):
                ids.extend(map(numbers.__getitem__, tokens))
                lengths.append(len(tokens))
            if len(lengths) == first:
                break
            postings = _counted(np.frombuffer(ids, dtype=np.int64), np.array(lengths[first:]), first)
            for values in postings:
                np.save(self._file, values.astype(np.int32))
            more = np.bincount(postings.tokens, minlength=len(numbers))
            more[: len(frequencies)] += frequencies
            frequencies = more
            self._n_parts += 1
        self.vocabulary = dict(numbers)
        """Number of each token."""
        self.lengths: Integers = np.array(lengths, dtype=np.int64)
        """Number of tokens of each passage."""
        self.frequencies: Integers = frequencies
        """Number of passages that have each token."""

    def __enter__(self) -> Postings:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def by_token(self, weigh: Callable[[Part], Floats]) -> tuple[Floats, Integers, Integers]:
        """Orders the postings by token.

        Args:
            weigh: gives the weight of each posting of a part.
        Returns: the weights; the row of the passage of each; where each token begins, and where the last one ends. The
            first two are in files of their own, which the operating system need not keep in memory.
        """
        bounds: Integers = np.concatenate([[0], np.cumsum(self.frequencies)])
        if not bounds[-1]:
            return np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
        weights: Floats = _array_in_file(int(bounds[-1]), np.float64)
        passages: Integers = _array_in_file(int(bounds[-1]), np.int32)
        free = bounds[:-1].copy()
        for part in self._parts():
            starts = np.flatnonzero(np.diff(part.tokens, prepend=-1))
            counts = np.diff(starts, append=len(part.tokens))
            names = part.tokens[starts]
            places = np.arange(len(part.tokens)) + np.repeat(free[names] - starts, counts)
            weights[places], passages[places] = weigh(part), part.passages
            free[names] += counts
        return weights, passages, bounds

    def _parts(self) -> Iterator[Part]:
        self._file.seek(0)
        for _ in range(self._n_parts):
            yield Part(*(np.load(self._file) for _ in Part._fields))


def _counted(ids: Integers, lengths: Integers, first: int) -> Part:
    """The postings of passages.

    Args:
        ids: numbers of the tokens of all passages, one passage after the other.
        lengths: number of tokens of each passage.
        first: row of the first passage.
    """
    # Sorted, equal tokens of a passage are neighbors; a token and a row fit into one number of 64 bits.
    keys = (ids << ROW_BITS) | np.repeat(np.arange(first, first + len(lengths)), lengths)
    keys.sort()
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    distinct = keys[firsts]
    return Part(distinct >> ROW_BITS, distinct & ((1 << ROW_BITS) - 1), np.diff(firsts, append=len(keys)))


def _array_in_file(n: int, kind: type[np.generic]) -> Any:
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype=kind, mode="w+", shape=(n,))
