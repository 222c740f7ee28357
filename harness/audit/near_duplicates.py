"""Near-duplicate detection: pairs of texts whose sets of words are similar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.arrays import Codes, Floats
from harness.data.duplicate_key import MIN_WORDS as MIN_WORDS
from harness.data.duplicate_key import text_key as text_key

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


THRESHOLD = 0.8
"""Jaccard similarity from which two texts are near duplicates."""
BATCH = 2_000_000
"""Candidate pairs that are compared at a time, which bounds memory."""


class NearPairs(NamedTuple):
    """Pairs of different keys that are near duplicates, each once, as indices into the keys."""

    left: Codes
    """First key of each pair, shape (n_pairs,)."""
    right: Codes
    """Second key of each pair, shape (n_pairs,)."""
    similarity: Floats
    """Jaccard similarity of the sets of words, shape (n_pairs,), from the threshold to 1."""


class _OrderedWords(NamedTuple):
    """The distinct words of all keys in one flat array, per key from the rarest to the most frequent."""

    starts: Codes
    """First position of each key in `words`, shape (n_keys + 1,)."""
    words: Codes
    """Word numbers; the rarest word of all has number 0."""

    @property
    def sizes(self) -> Codes:
        """Number of distinct words of each key."""
        return np.diff(self.starts)


def near_pairs(keys: Sequence[str], threshold: float = THRESHOLD, min_words: int = MIN_WORDS) -> NearPairs:
    """Returns all pairs of keys whose sets of words have at least the given Jaccard similarity. The result is exact.

    Two sets of that similarity share one of their rarest words, so only such pairs are compared.
    Source: Xiao et al., Efficient Similarity Joins for Near Duplicate Detection, WWW 2008.

    Args:
        keys: distinct keys of `text_key`.
        threshold: minimum similarity, in (0, 1].
        min_words: minimum number of distinct words; shorter keys are in no pair.
    """
    ordered = _ordered_words(keys, min_words)
    matrix = _word_matrix(ordered)
    lefts, rights, similarities = [], [], []
    for left, right in _candidates(ordered, threshold):
        n_shared = np.asarray(matrix[left].multiply(matrix[right]).sum(axis=1)).ravel()
        similarity = n_shared / (ordered.sizes[left] + ordered.sizes[right] - n_shared)
        # The tolerance admits pairs exactly at the threshold, whose quotient can round to just below it.
        is_near = similarity >= threshold - 1e-12
        lefts.append(left[is_near])
        rights.append(right[is_near])
        similarities.append(similarity[is_near])
    if not lefts:
        empty = np.zeros(0, dtype=np.int64)
        return NearPairs(empty, empty, np.zeros(0))
    left, right, similarity = np.concatenate(lefts), np.concatenate(rights), np.concatenate(similarities)
    # A pair that shares several rare words is a candidate in several batches.
    first = np.unique(left * np.int64(len(keys)) + right, return_index=True)[1]
    return NearPairs(left[first], right[first], similarity[first])


def match_near_duplicates(
    keys: Sequence[str], queries: Sequence[str], threshold: float = THRESHOLD
) -> Iterator[tuple[int, int]]:
    """Yields pairs of a key and a query that are equal or near duplicates, as (index of key, index of query).

    The method compares every key with every query, which suits a few hundred queries.

    Args:
        keys: keys of `text_key`.
        queries: keys of `text_key`; those of fewer than `MIN_WORDS` distinct words match nothing.
        threshold: minimum Jaccard similarity, in (0, 1].
    """
    from scipy.sparse import csr_matrix

    query_words = dict.fromkeys(word for query in queries for word in query.split())
    word_numbers = {word: number for number, word in enumerate(query_words)}
    matrices = []
    for texts in (keys, queries):
        # Only words of the queries can be shared, so other words need no column.
        word_sets = [{word_numbers[word] for word in text.split() if word in word_numbers} for text in texts]
        starts = np.cumsum([0, *map(len, word_sets)])
        flat = np.fromiter((number for words in word_sets for number in words), dtype=np.int64)
        ones = np.ones(len(flat), dtype=np.int32)
        matrices.append(csr_matrix((ones, flat, starts), shape=(len(texts), len(word_numbers))))
    shared = (matrices[0] @ matrices[1].T).tocoo()
    sizes, query_sizes = (
        np.array([len(set(text.split())) for text in texts], dtype=np.int64) for texts in (keys, queries)
    )
    union = sizes[shared.row] + query_sizes[shared.col] - shared.data
    # The tolerance admits pairs exactly at the threshold, whose product can round to just above the count.
    is_near = (shared.data >= threshold * union - 1e-9) & (query_sizes[shared.col] >= MIN_WORDS)
    yield from zip(shared.row[is_near].tolist(), shared.col[is_near].tolist(), strict=True)


def _ordered_words(keys: Sequence[str], min_words: int) -> _OrderedWords:
    """The words of keys with at least `min_words` distinct words; other keys get none."""
    word_numbers: dict[str, int] = {}
    word_sets = [{word_numbers.setdefault(word, len(word_numbers)) for word in key.split()} for key in keys]
    sizes = np.array([len(words) if len(words) >= min_words else 0 for words in word_sets], dtype=np.int64)
    flat = np.fromiter((word for words in word_sets if len(words) >= min_words for word in words), dtype=np.int64)
    key_of_word = np.repeat(np.arange(len(keys)), sizes)
    # Words are renumbered by frequency, so that sorting the numbers of a key puts its rarest words first.
    frequency = np.bincount(flat, minlength=len(word_numbers))
    rank = np.empty(len(word_numbers), dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(word_numbers))
    order = np.lexsort((rank[flat], key_of_word))
    return _OrderedWords(np.concatenate([[0], np.cumsum(sizes)]), rank[flat][order])


def _word_matrix(ordered: _OrderedWords) -> csr_matrix:
    """Whether each key has each word, shape (n_keys, n_words)."""
    from scipy.sparse import csr_matrix

    n_words = int(ordered.words.max()) + 1 if len(ordered.words) else 1
    ones = np.ones(len(ordered.words), dtype=np.int32)
    return csr_matrix((ones, ordered.words, ordered.starts), shape=(len(ordered.sizes), n_words))


class _Postings(NamedTuple):
    """An inverted index of the rare words: one entry per (word, key), ordered by word and then by size of the key."""

    key: Codes
    """Key of each entry."""
    position: Codes
    """Number of rarer words that the key has."""
    n_partners: Codes
    """Number of entries after this one that can form a candidate pair with it."""


def _postings(ordered: _OrderedWords, threshold: float) -> _Postings:
    sizes = ordered.sizes
    # Prefix filter. Two sets of similarity t share at least ceil(t * size) words of either set. Without a shared word
    # among the size - ceil(t * size) + 1 rarest ones, too few words remain, so only these are indexed. The small
    # tolerances keep products that should be whole from being rounded up (here) or down (below).
    prefix = np.where(sizes > 0, sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1, 0)
    key = np.repeat(np.arange(len(sizes)), prefix)
    position = np.arange(len(key)) - np.repeat(np.cumsum(prefix) - prefix, prefix)
    word = ordered.words[ordered.starts[key] + position]
    order = np.lexsort((sizes[key], word))
    key, position, word = key[order], position[order], word[order]
    # Length filter. The larger set has at most size / t words. One number combines word and size, so one binary search
    # per entry finds the last entry with the same word that is small enough.
    n_sizes = int(sizes.max(initial=0)) + 1
    word_and_size = word * n_sizes + sizes[key]
    max_size = np.minimum(np.floor(sizes[key] / threshold + 1e-9).astype(np.int64), n_sizes - 1)
    ends = np.searchsorted(word_and_size, word * n_sizes + max_size, side="right")
    return _Postings(key, position, ends - np.arange(len(key)) - 1)


def _candidates(ordered: _OrderedWords, threshold: float) -> Iterator[tuple[Codes, Codes]]:
    """Pairs of keys that share a rare word and can reach the threshold, in batches; a pair can occur in several."""
    postings = _postings(ordered, threshold)
    total = np.cumsum(postings.n_partners)
    begin = 0
    while begin < len(total):
        before = total[begin - 1] if begin else 0
        # At least one entry, even if its partners alone exceed the batch.
        end = max(begin + 1, int(np.searchsorted(total, before + BATCH, side="right")))
        yield _candidate_batch(postings, ordered.sizes, slice(begin, end), threshold)
        begin = end


def _candidate_batch(postings: _Postings, sizes: Codes, entries: slice, threshold: float) -> tuple[Codes, Codes]:
    """The candidate pairs whose first entry is in a slice of the postings, each once."""
    n_partners = postings.n_partners[entries]
    # Entry i is paired with the entries i + 1, i + 2, ...; subtracting the start of each run restarts the count at 0.
    first = np.repeat(np.arange(entries.start, entries.stop), n_partners)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(n_partners) - n_partners, n_partners)
    second = first + 1 + offset
    a, b = postings.key[first], postings.key[second]
    # Position filter. From the shared word on, no more words can be shared than the shorter rest has; similarity t
    # requires t / (1 + t) * (size a + size b) shared words.
    max_shared = np.minimum(sizes[a] - postings.position[first], sizes[b] - postings.position[second])
    min_shared = np.ceil(threshold / (1 + threshold) * (sizes[a] + sizes[b]) - 1e-9)
    is_candidate = max_shared >= min_shared
    a, b = a[is_candidate], b[is_candidate]
    left, right = np.minimum(a, b), np.maximum(a, b)
    unique = np.unique(left * np.int64(len(sizes)) + right)
    return unique // len(sizes), unique % len(sizes)
