"""Numbers all character n-grams of many chunks at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Integers
from harness.features.counts.gram_table import code_points

MAX_CODE = 2**63
"""Codes are 64-bit integers."""


class LearnedGrams(NamedTuple):
    """The character n-grams of chunks."""

    names: list[str]
    """Distinct n-grams, in order of first occurrence."""
    numbers: npt.NDArray[np.int32]
    """Index of each n-gram of the chunks into `names`: chunk by chunk, by length, then by place."""
    sizes: Integers
    """Number of n-grams of each chunk."""


def learned_grams(chunks: Sequence[str], low: int, high: int) -> LearnedGrams | None:
    """Numbers the n-grams of chunks, each of which is padded with a space at both ends; None if they have no codes.

    An n-gram is one integer, whose digits are its characters. Its codes have 64 bits, which may be too few for a large
    alphabet and long n-grams.

    Args:
        chunks: texts without white space, not empty.
        low, high: minimum and maximum number of characters; a chunk shorter than all n-grams counts as a whole.
    """
    if not chunks:
        return LearnedGrams([], np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))
    text = f" {'  '.join(chunks)} "
    alphabet, digits = np.unique(code_points(text), return_inverse=True)
    base = len(alphabet) + 1
    lengths = np.fromiter(map(len, chunks), dtype=np.int64, count=len(chunks)) + 2
    longest = min(high, int(lengths.max()))
    if base**longest >= MAX_CODE:
        return None
    # Of n-grams of n characters, a chunk of m characters has m - n + 1.
    spans = np.arange(low, longest + 1)[:, np.newaxis]
    sizes_by_length = np.maximum(lengths - spans + 1, 0)
    sizes = np.maximum(sizes_by_length.sum(axis=0), 1)
    places = np.cumsum(sizes) - sizes
    firsts = np.cumsum(lengths) - lengths
    codes = np.empty(int(sizes.sum()), dtype=np.int64)
    starts, ends = np.empty(len(codes), dtype=np.int32), np.empty(len(codes), dtype=np.int32)
    digits += 1  # without a digit 0, n-grams of different lengths have different codes
    chunk_of = np.repeat(np.arange(len(chunks), dtype=np.int32), lengths)
    at = np.arange(len(digits))
    code = np.zeros(len(digits), dtype=np.int64)
    for length in range(1, longest + 1):
        inside = at + length <= (firsts + lengths)[chunk_of]
        at, chunk_of, code = at[inside], chunk_of[inside], code[inside]
        code = code * base + digits[at + (length - 1)]
        if length < low:
            chosen = lengths[chunk_of] == length
            to, of = places[chunk_of[chosen]], chosen
        else:
            to, of = places[chunk_of] + (at - firsts[chunk_of]), slice(None)
            places = places + sizes_by_length[length - low]
        codes[to], starts[to], ends[to] = code[of], at[of], at[of] + length
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    numbers = np.empty(len(order), dtype=np.int32)
    numbers[order] = np.arange(len(order))
    spots = zip(starts[first[order]].tolist(), ends[first[order]].tolist(), strict=True)
    names = [text[start:end] for start, end in spots]
    return LearnedGrams(names, numbers[inverse], sizes)
