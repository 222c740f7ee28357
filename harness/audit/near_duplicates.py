"""Which texts are the same but for case, punctuation and addresses, and which nearly are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes
from harness.data.duplicate_key import MIN_WORDS as MIN_WORDS
from harness.data.duplicate_key import text_key as text_key

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


THRESHOLD = 0.8
BATCH = 2_000_000


class NearPairs(NamedTuple):
    """Pairs of different keys that are near duplicates, each once, as indices into the keys."""

    left: Codes
    right: Codes
    similarity: npt.NDArray[np.float64]
    """Jaccard similarity of the sets of words, from the threshold to 1."""


class _OrderedWords(NamedTuple):
    """The words of all keys, flat: each key's distinct words from the rarest to the most frequent."""

    starts: Codes
    """Shape (n_keys + 1,)."""
    words: Codes

    @property
    def sizes(self) -> Codes:
        return np.diff(self.starts)


def near_pairs(keys: Sequence[str], threshold: float = THRESHOLD, fewest_words: int = MIN_WORDS) -> NearPairs:
    """All pairs of keys whose sets of words have at least a Jaccard similarity, found exactly.

    Two sets as similar as that share one of their rarest words, so only such pairs are compared.
    Source: Xiao et al., Efficient Similarity Joins for Near Duplicate Detection, WWW 2008.

    Args:
        keys: different keys of `text_key`.
        threshold: above 0, at most 1.
        fewest_words: keys with fewer distinct words are in no pair.
    """
    ordered = _ordered_words(keys, fewest_words)
    matrix = _matrix(ordered)
    lefts, rights, values = [], [], []
    for left, right in _candidates(ordered, threshold):
        shared = np.asarray(matrix[left].multiply(matrix[right]).sum(axis=1)).ravel()
        similarity = shared / (ordered.sizes[left] + ordered.sizes[right] - shared)
        kept = similarity >= threshold - 1e-12
        lefts.append(left[kept])
        rights.append(right[kept])
        values.append(similarity[kept])
    if not lefts:
        empty = np.zeros(0, dtype=np.int64)
        return NearPairs(empty, empty, np.zeros(0))
    left, right, value = np.concatenate(lefts), np.concatenate(rights), np.concatenate(values)
    first = np.unique(left * np.int64(len(keys)) + right, return_index=True)[1]
    return NearPairs(left[first], right[first], value[first])


def match_near_duplicates(
    keys: Sequence[str], few: Sequence[str], threshold: float = THRESHOLD
) -> Iterator[tuple[int, int]]:
    """Index of a key and of one of a few others that it equals or nearly does; for a few hundred others at most."""
    from scipy.sparse import csr_matrix

    numbers = {word: number for number, word in enumerate(dict.fromkeys(w for key in few for w in key.split()))}
    sides = []
    for side in (keys, few):
        found = [{numbers[word] for word in key.split() if word in numbers} for key in side]
        starts = np.cumsum([0, *map(len, found)])
        flat = np.fromiter((number for words in found for number in words), dtype=np.int64)
        sides.append(csr_matrix((np.ones(len(flat), dtype=np.int32), flat, starts), shape=(len(side), len(numbers))))
    shared = (sides[0] @ sides[1].T).tocoo()
    sizes, few_sizes = (np.array([len(set(key.split())) for key in side], dtype=np.int64) for side in (keys, few))
    either = sizes[shared.row] + few_sizes[shared.col] - shared.data
    near = (shared.data >= threshold * either - 1e-9) & (few_sizes[shared.col] >= MIN_WORDS)
    yield from zip(shared.row[near].tolist(), shared.col[near].tolist(), strict=True)


def _ordered_words(keys: Sequence[str], fewest: int) -> _OrderedWords:
    numbers: dict[str, int] = {}
    sets = [{numbers.setdefault(word, len(numbers)) for word in key.split()} for key in keys]
    sizes = np.array([len(found) if len(found) >= fewest else 0 for found in sets], dtype=np.int64)
    flat = np.fromiter((word for found in sets if len(found) >= fewest for word in found), dtype=np.int64)
    owner = np.repeat(np.arange(len(keys)), sizes)
    frequency = np.bincount(flat, minlength=len(numbers))
    rank = np.empty(len(numbers), dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(numbers))
    order = np.lexsort((rank[flat], owner))
    return _OrderedWords(np.concatenate([[0], np.cumsum(sizes)]), rank[flat][order])


def _matrix(ordered: _OrderedWords) -> csr_matrix:
    from scipy.sparse import csr_matrix

    columns = int(ordered.words.max()) + 1 if len(ordered.words) else 1
    ones = np.ones(len(ordered.words), dtype=np.int32)
    return csr_matrix((ones, ordered.words, ordered.starts), shape=(len(ordered.sizes), columns))


def _candidates(ordered: _OrderedWords, threshold: float) -> Iterator[tuple[Codes, Codes]]:
    """Pairs that share one of their rarest words and may be as similar as that, in batches; some more than once."""
    sizes = ordered.sizes
    prefix = np.where(sizes > 0, sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1, 0)
    owner = np.repeat(np.arange(len(sizes)), prefix)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(prefix) - prefix, prefix)
    word = ordered.words[ordered.starts[owner] + place]
    order = np.lexsort((sizes[owner], word))
    owner, place, word = owner[order], place[order], word[order]
    longest = int(sizes.max(initial=0)) + 1
    key = word * longest + sizes[owner]
    reach = np.minimum(np.floor(sizes[owner] / threshold + 1e-9).astype(np.int64), longest - 1)
    ends = np.searchsorted(key, word * longest + reach, side="right")
    counts = ends - np.arange(len(owner)) - 1
    total = np.cumsum(counts)
    begin = 0
    while begin < len(owner):
        before = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, before + BATCH, side="right")))
        yield _batch(owner, place, sizes, counts, begin, end, threshold)
        begin = end


def _batch(
    owner: Codes, place: Codes, sizes: Codes, counts: Codes, begin: int, end: int, threshold: float
) -> tuple[Codes, Codes]:
    here = counts[begin:end]
    first = np.repeat(np.arange(begin, end), here)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(here) - here, here)
    a, b = owner[first], owner[second]
    most = np.minimum(sizes[a] - place[first], sizes[b] - place[second])
    share = threshold / (1 + threshold)
    kept = most >= np.ceil(share * (sizes[a] + sizes[b]) - 1e-9)
    a, b = a[kept], b[kept]
    left, right = np.minimum(a, b), np.maximum(a, b)
    unique = np.unique(left * np.int64(len(sizes)) + right)
    return unique // len(sizes), unique % len(sizes)
