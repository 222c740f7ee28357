"""Near-duplicate detection: pairs of texts whose sets of words are similar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, arrow_texts
from harness.data.duplicate_key import MIN_WORDS as MIN_WORDS
from harness.data.duplicate_key import text_key as text_key

THRESHOLD = 0.8
"""Jaccard similarity from which two texts are near duplicates."""
KEYS = 50_000
"""Keys whose words are sorted at a time, which bounds memory."""
BATCH = 250_000
"""Pairs that share a rare word and are compared at a time, which bounds memory."""
FEW_KEYS = 40_000
"""Keys up to which their words are numbered sooner than what Arrow needs for it is imported."""
NUMBERED_KEYS = 10_000
"""Keys whose words Arrow numbers at a time."""
SIGNATURE_BITS = 64
"""Bits of a signature: each word of a key flips one of them."""


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
    words: npt.NDArray[np.int32]
    """Word numbers; the rarest word of all has number 0."""
    sizes: npt.NDArray[np.int32]
    """Number of distinct words of each key, shape (n_keys,)."""


def near_pairs(keys: Sequence[str], threshold: float = THRESHOLD, min_words: int = MIN_WORDS) -> NearPairs:
    """Returns all pairs of keys whose sets of words have at least the given Jaccard similarity. The result is exact.

    Two sets of that similarity share one of their rarest words, so only such pairs are compared: first by a signature
    that bounds how many words they differ in, then by the words themselves.
    Source: Xiao et al., Efficient Similarity Joins for Near Duplicate Detection, WWW 2008.

    Args:
        keys: distinct keys of `text_key`.
        threshold: minimum similarity, in (0, 1].
        min_words: minimum number of distinct words; shorter keys are in no pair.
    """
    ordered = _ordered_words(keys, min_words)
    # A pair that shares several rare words is a candidate several times.
    candidates = [np.zeros(0, dtype=np.int64), *_candidates(ordered, threshold)]
    left, right = np.divmod(np.unique(np.concatenate(candidates)), max(1, len(keys)))
    n_shared = _count_shared(ordered, left, right)
    similarity = n_shared / (ordered.sizes[left] + ordered.sizes[right] - n_shared)
    # The tolerance admits pairs exactly at the threshold, whose quotient can round to just below it.
    is_near = similarity >= threshold - 1e-12
    return NearPairs(left[is_near], right[is_near], similarity[is_near])


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
    words, lengths, n_words = _numbered_words(keys)
    # One number combines key and word, so that sorting groups the words by key and shows those that a key repeats.
    # Blocks bound the memory of these numbers, and what is left of a block takes the place of what was read.
    starts, sizes = _starts(lengths), np.zeros(len(keys), dtype=np.int64)
    frequency = np.zeros(n_words, dtype=np.int64)
    end = 0
    for block in _blocks(len(keys)):
        n_keys = block.stop - block.start
        cells = np.repeat(np.arange(n_keys) * n_words, lengths[block])
        cells += words[starts[block.start] : starts[block.stop]]
        cells.sort()  # no np.unique, which takes several times as long and as much memory for many different numbers
        is_first = np.ones(len(cells), dtype=bool)
        np.not_equal(cells[1:], cells[:-1], out=is_first[1:])
        key_of, word_of = np.divmod(cells[is_first], n_words)
        n_distinct = np.bincount(key_of, minlength=n_keys)
        is_long = n_distinct >= min_words
        word_of = word_of[is_long[key_of]]
        sizes[block] = np.where(is_long, n_distinct, 0)
        frequency += np.bincount(word_of, minlength=n_words)
        words[end : end + len(word_of)] = word_of
        end += len(word_of)
    words = words[:end]
    starts = _starts(sizes)
    _put_rarest_first(words, starts, frequency)
    return _OrderedWords(starts, words, sizes.astype(np.int32))


def _put_rarest_first(words: npt.NDArray[np.int32], starts: Codes, frequency: Codes) -> None:
    """Renumbers words by frequency and sorts those of each key, in place."""
    n_words = len(frequency)
    rank = np.empty(n_words, dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(n_words)
    for block in _blocks(len(starts) - 1):
        of_block = slice(starts[block.start], starts[block.stop])
        cells = np.repeat(np.arange(block.stop - block.start) * n_words, np.diff(starts[block.start : block.stop + 1]))
        cells += rank[words[of_block]]
        cells.sort()
        words[of_block] = cells % n_words


def _starts(lengths: npt.NDArray[np.signedinteger]) -> Codes:
    """Start of each part of the given lengths, and the end of the last."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])


def _blocks(n_keys: int) -> Iterator[slice]:
    return (slice(start, min(start + KEYS, n_keys)) for start in range(0, n_keys, KEYS))


def _numbered_words(keys: Sequence[str]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], int]:
    """The words of all keys as numbers, by first appearance; how many each key has; and one more than the last number.

    Arrow numbers words four times as fast as a dict does, but a few are numbered before it is imported.
    """
    if len(keys) < FEW_KEYS:
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        words = chain.from_iterable(map(str.split, keys))
        flat = np.fromiter(map(numbers.__getitem__, words), dtype=np.int32)
        lengths = np.fromiter((key.count(" ") + 1 if key else 0 for key in keys), dtype=np.int32, count=len(keys))
        return flat, lengths, max(1, len(numbers))
    import pyarrow as pa
    import pyarrow.compute as pc

    # Block by block, first with numbers of its own, so that the words of all keys are never in memory at once.
    lengths = np.fromiter((key.count(" ") + 1 for key in keys), dtype=np.int32, count=len(keys))
    flat, ends, different = np.empty(int(lengths.sum()), dtype=np.int32), [0], list[pa.Array]()
    for start in range(0, len(keys), NUMBERED_KEYS):
        encoded = pc.split_pattern(arrow_texts(keys[start : start + NUMBERED_KEYS]), " ").flatten().dictionary_encode()
        ends.append(ends[-1] + len(encoded))
        flat[ends[-2] : ends[-1]] = np.from_dlpack(encoded.indices)
        different.append(encoded.dictionary)
    of_all = pa.chunked_array(different).dictionary_encode()
    for begin, end, chunk in zip(ends[:-1], ends[1:], of_all.chunks, strict=True):
        flat[begin:end] = np.from_dlpack(chunk.indices)[flat[begin:end]]
    return flat, lengths, len(of_all.chunk(0).dictionary)


def _count_shared(ordered: _OrderedWords, left: Codes, right: Codes) -> Codes:
    """Number of words that the two keys of each pair share, shape (n_pairs,)."""
    from scipy.sparse import csr_matrix

    n_words = int(ordered.words.max(initial=0)) + 1
    ones = np.ones(len(ordered.words), dtype=np.int8)
    matrix = csr_matrix((ones, ordered.words, ordered.starts), shape=(len(ordered.sizes), n_words))
    shared = np.zeros(len(left), dtype=np.int64)
    for start in range(0, len(left), BATCH):
        batch = slice(start, start + BATCH)
        shared[batch] = np.asarray(matrix[left[batch]].multiply(matrix[right[batch]]).sum(axis=1)).ravel()
    return shared


class _Postings(NamedTuple):
    """An inverted index of the rare words: one entry per (word, key), ordered by word and then by size of the key."""

    key: npt.NDArray[np.int32]
    """Key of each entry."""
    size: npt.NDArray[np.int32]
    """Number of words of the key."""
    rest: npt.NDArray[np.int32]
    """Number of words of the key from this one on, in the order of their rarity."""
    signature: npt.NDArray[np.uint64]
    """Signature of the key."""
    n_partners: Codes
    """Number of entries after this one that can form a candidate pair with it."""


def _signatures(ordered: _OrderedWords) -> npt.NDArray[np.uint64]:
    """A number of each key in which two keys differ by at most as many bits as they have different words."""
    signatures = np.zeros(len(ordered.sizes), dtype=np.uint64)
    for block in _blocks(len(signatures)):
        starts = ordered.starts[block.start : block.stop + 1]
        words = ordered.words[starts[0] : starts[-1]]
        bits = np.left_shift(np.uint64(1), (words % SIGNATURE_BITS).astype(np.uint64))
        has_words = ordered.sizes[block] > 0
        if has_words.any():
            signatures[block][has_words] = np.bitwise_xor.reduceat(bits, starts[:-1][has_words] - starts[0])
    return signatures


def _postings(ordered: _OrderedWords, threshold: float) -> _Postings:
    sizes = ordered.sizes.astype(np.int64)
    # Prefix filter. Two sets of similarity t share at least ceil(t * size) words of either set. Without a shared word
    # among the size - ceil(t * size) + 1 rarest ones, too few words remain, so only these are indexed. The small
    # tolerances keep products that should be whole from being rounded up (here) or down (below).
    prefix = np.where(sizes > 0, sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1, 0)
    key = np.repeat(np.arange(len(sizes), dtype=np.int32), prefix)
    position = np.arange(len(key)) - np.repeat(np.cumsum(prefix) - prefix, prefix)
    word = ordered.words[ordered.starts[key] + position]
    # A word of one prefix makes no pair.
    is_shared = (np.bincount(word) > 1)[word]
    key, position, word = key[is_shared], position[is_shared].astype(np.int32), word[is_shared].astype(np.int64)
    # Length filter. The larger set has at most size / t words. One number combines word and size, so one binary search
    # per entry finds the last entry with the same word that is small enough.
    n_sizes = int(sizes.max(initial=0)) + 1
    word_and_size = np.multiply(word, n_sizes, out=word)
    word_and_size += ordered.sizes[key]
    order = np.argsort(word_and_size, kind="stable")
    key, position, word_and_size = key[order], position[order], word_and_size[order]
    del order, word, is_shared
    size = ordered.sizes[key]
    max_size = np.minimum(np.floor(np.arange(n_sizes) / threshold + 1e-9).astype(np.int64), n_sizes - 1)
    ends = np.searchsorted(word_and_size, word_and_size + (max_size - np.arange(n_sizes))[size], side="right")
    del word_and_size
    # The smaller set shares even more of its words, those that two sets of its size share, so its prefix is shorter.
    is_smaller = position < size - _min_shared(2 * np.arange(n_sizes), threshold)[size] + 1
    ends -= np.arange(1, len(key) + 1)
    return _Postings(key, size, size - position, _signatures(ordered)[key], np.where(is_smaller, ends, 0))


def _min_shared(sizes: Codes, threshold: float) -> Codes:
    """Number of words that two sets of at least the given similarity share, from the sum of their sizes."""
    shared: Codes = np.ceil(threshold / (1 + threshold) * sizes - 1e-9).astype(np.int64)
    return shared


def _candidates(ordered: _OrderedWords, threshold: float) -> Iterator[Codes]:
    """Pairs of keys that share a rare word and can reach the threshold, as left * n_keys + right, in batches."""
    postings = _postings(ordered, threshold)
    min_shared = _min_shared(np.arange(2 * int(ordered.sizes.max(initial=0)) + 1), threshold).astype(np.int32)
    entries = np.flatnonzero(postings.n_partners)
    total = np.cumsum(postings.n_partners[entries])
    begin = 0
    while begin < len(total):
        before = total[begin - 1] if begin else 0
        # At least one entry, even if its partners alone exceed the batch.
        end = max(begin + 1, int(np.searchsorted(total, before + BATCH, side="right")))
        left, right = _candidate_batch(postings, entries[begin:end], min_shared)
        yield left * np.int64(len(ordered.sizes)) + right
        begin = end


def _candidate_batch(postings: _Postings, entries: Codes, min_shared: npt.NDArray[np.int32]) -> tuple[Codes, Codes]:
    """The candidate pairs with the given first entries.

    Args:
        min_shared: number of words that the keys of a near pair share, by the sum of their sizes.
    """
    n_partners = postings.n_partners[entries]
    # Entry i is paired with the entries i + 1, i + 2, ...; subtracting the start of each run restarts the count at 0.
    first = np.repeat(entries, n_partners)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(n_partners) - n_partners, n_partners)
    sizes = np.repeat(postings.size[entries], n_partners) + postings.size[second]
    needed = min_shared[sizes]
    # Signature filter. Keys that share enough words differ in few words, and so in few bits of their signatures.
    differing = np.bitwise_count(np.repeat(postings.signature[entries], n_partners) ^ postings.signature[second])
    # Position filter. From the shared word on, no more words can be shared than the shorter rest has.
    rest = np.minimum(np.repeat(postings.rest[entries], n_partners), postings.rest[second])
    is_candidate = (differing <= sizes - 2 * needed) & (rest >= needed)
    a, b = postings.key[first[is_candidate]].astype(np.int64), postings.key[second[is_candidate]].astype(np.int64)
    return np.minimum(a, b), np.maximum(a, b)
