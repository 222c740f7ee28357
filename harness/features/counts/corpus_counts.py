"""All n-grams of one kind in many texts, as a cache keeps them, and as a part of the texts has them."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness.arrays import Integers
from harness.features.checked_cache import CheckedCache
from harness.features.counts.chunks import Chunks
from harness.features.ngrams import CharNgrams, Counter, WordNgrams
from harness.files import fingerprint
from harness.folders import cache_folder

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Kind = tuple[type, int, int]
"""Class of a counter, and the minimum and maximum length of its n-grams."""
MANY_TEXTS = 2_000
"""Number of texts from which on reading their counts is faster than counting."""
MAX_STORED = 500_000_000
"""Size of the file of counts in bytes above which the oldest are deleted."""
AT_ONCE = 32_768
"""Number of texts or chunks that are gone through at once, which bounds memory."""
FORMAT = 3
"""Version of what is stored; another one is counted again."""
ARRAYS = ("pieces", "starts", "chunks", "text_starts")
"""Arrays of a corpus beside its counts."""


class Corpus(NamedTuple):
    """All n-grams of one kind in all texts."""

    counter: WordNgrams | CharNgrams
    low: int
    """Minimum length that is asked for; a counter of words counts all shorter ones too."""
    names: list[str]
    """Tokens of words, or n-grams of characters, by their number."""
    counts: csr_matrix
    """Counts of the columns of `counter`, shape (n_texts, n_columns), whose order in a row depends on its own text."""
    pieces: Integers
    """Numbers of the pieces (tokens, or n-grams of characters) of each distinct chunk, one chunk after the other."""
    starts: Integers
    """Place in `pieces` where each distinct chunk begins; the last entry is the end."""
    chunks: Integers
    """Numbers of the chunks of each text, one text after the other."""
    text_starts: Integers
    """Place in `chunks` where each text begins; the last entry is the end."""

    @classmethod
    def of(cls, chunks: Chunks, kind: Kind) -> Corpus:
        """Counts texts."""
        is_word, low, high = kind[0] is WordNgrams, kind[1], kind[2]
        counter = WordNgrams(1, high) if is_word else CharNgrams(low, high)
        counts, pieces = counter.learn(chunks)
        counts.data = counts.data.astype(np.min_scalar_type(int(counts.data.max(initial=0))))
        vocabulary = counter.tokens if isinstance(counter, WordNgrams) else counter.grams
        return cls(
            counter=counter,
            low=low,
            names=list(vocabulary),
            counts=counts,
            pieces=pieces.numbers.astype(np.int32, copy=False),
            starts=starts_of(pieces.sizes),
            chunks=chunks.numbers.astype(np.int32, copy=False),
            text_starts=starts_of(np.bincount(chunks.rows, minlength=chunks.n_texts)),
        )

    @property
    def n_bytes(self) -> int:
        """Size of the arrays."""
        counts = self.counts
        arrays = [counts.data, counts.indices, counts.indptr, *(getattr(self, name) for name in ARRAYS)]
        return sum(array.nbytes for array in arrays)

    def restricted(self, rows: Integers, frequency: Integers) -> tuple[Counter, Integers]:
        """The counter that learns the texts of some rows, and the column there of each column here (-1: none).

        Args:
            frequency: number of these texts with each column.
        """
        chunks = _first_seen(self.chunks, self.text_starts, rows, len(self.starts) - 1)
        order = _first_seen(self.pieces, self.starts, chunks, len(self.names))
        numbers = _numbered(order, len(self.names))
        vocabulary = {self.names[old]: new for new, old in enumerate(order.tolist())}
        if isinstance(self.counter, CharNgrams):
            return CharNgrams(self.low, self.counter.high, vocabulary), numbers
        counter = WordNgrams(self.low, self.counter.high, vocabulary)
        return counter, self._restricted_runs(self.counter, counter, numbers, frequency)

    def _restricted_runs(
        self, whole: WordNgrams, counter: WordNgrams, tokens: Integers, frequency: Integers
    ) -> Integers:
        """Sets the longer n-grams of a counter; returns the column there of each column of the whole."""
        shorter, start = tokens, len(tokens)
        by_length = [tokens]
        for run in whole.runs:
            present = np.flatnonzero(frequency[start : start + len(run)])
            heads, tails = np.divmod(run[present], max(1, len(tokens)))
            codes = shorter[heads] * max(1, len(counter.tokens)) + tokens[tails]
            order = np.argsort(codes)
            counter.runs.append(codes[order])
            shorter = _numbered(present[order], len(run))
            by_length.append(shorter)
            start += len(run)
        edge = 0
        sizes = [len(counter.tokens), *map(len, counter.runs)]
        for length, numbers in enumerate(by_length, start=1):
            by_length[length - 1] = (
                np.where(numbers >= 0, numbers + edge, -1) if length >= self.low else numbers * 0 - 1
            )
            edge += sizes[length - 1] if length >= self.low else 0
        return np.concatenate(by_length)


def stored_counts() -> CheckedCache:
    """The cache of the counts of many texts, which runs and their processes share."""
    return CheckedCache(cache_folder() / "counts.sqlite", MAX_STORED)


def corpora_of(texts: Sequence[str], kinds: Iterable[Kind]) -> dict[Kind, Corpus]:
    """The n-grams of texts, from the cache if they are there."""
    split = cache(lambda: Chunks.of(texts))  # once for all kinds that are counted
    return {kind: _corpus_of(texts, kind, split) for kind in kinds}


def _corpus_of(texts: Sequence[str], kind: Kind, split: Callable[[], Chunks]) -> Corpus:
    if len(texts) < MANY_TEXTS:
        return Corpus.of(split(), kind)
    # Python decides what is a letter, and what its lower case is.
    key = fingerprint([FORMAT, kind[0].__name__, *kind[1:], unicodedata.unidata_version, *texts])
    store = stored_counts()
    stored = store.get_bytes([key])
    if key in stored:
        return _decoded(stored[key], kind)
    corpus = Corpus.of(split(), kind)
    if corpus.n_bytes <= MAX_STORED:  # a larger one would not stay, and what is written takes memory
        store.put_bytes({key: _encoded(corpus)})
    return corpus


def _encoded(corpus: Corpus) -> memoryview:
    # No piece contains white space.
    names = np.frombuffer("\n".join(corpus.names).encode("utf-8", "surrogatepass"), dtype=np.uint8)
    runs = corpus.counter.runs if isinstance(corpus.counter, WordNgrams) else []
    counts = corpus.counts
    arrays: dict[str, Any] = {"names": names, "data": counts.data, "indices": counts.indices, "indptr": counts.indptr}
    arrays |= {name: getattr(corpus, name) for name in ARRAYS} | {f"run{n}": run for n, run in enumerate(runs)}
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getbuffer()


def _decoded(data: bytes, kind: Kind) -> Corpus:
    from scipy.sparse import csr_matrix

    is_word, low, high = kind[0] is WordNgrams, kind[1], kind[2]
    with np.load(io.BytesIO(data)) as file:
        arrays = dict(file)
    text = arrays["names"].tobytes().decode("utf-8", "surrogatepass")
    names = text.split("\n") if text else []
    vocabulary = {name: number for number, name in enumerate(names)}
    runs = [arrays[f"run{n}"] for n in range(high - 1)] if is_word else []
    counter = WordNgrams(1, high, vocabulary, runs) if is_word else CharNgrams(low, high, vocabulary)
    shape = (len(arrays["indptr"]) - 1, counter.n_columns)
    counts = csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    return Corpus(counter, low, names, counts, **{name: arrays[name] for name in ARRAYS})


def starts_of(sizes: Integers) -> Integers:
    """Where slices of some sizes begin, one after the other; the last entry is the end."""
    return np.concatenate([[0], np.cumsum(sizes)])


def _slices(values: Integers, starts: Integers, chosen: Integers) -> Integers:
    """The values of the chosen slices, one after the other."""
    sizes = starts[chosen + 1] - starts[chosen]
    firsts = np.cumsum(sizes) - sizes
    chosen_values: Integers = values[np.repeat(starts[chosen] - firsts, sizes) + np.arange(sizes.sum())]
    return chosen_values


def _first_seen(values: Integers, starts: Integers, chosen: Integers, n: int) -> Integers:
    """The distinct values below n of the chosen slices, in the order in which they occur first."""
    is_new = np.ones(n, dtype=bool)
    order = [np.empty(0, dtype=np.int64)]
    for first in range(0, len(chosen), AT_ONCE):
        numbers = _slices(values, starts, chosen[first : first + AT_ONCE])
        numbers = numbers[is_new[numbers]]
        _, places = np.unique(numbers, return_index=True)
        order.append(numbers[np.sort(places)])
        is_new[order[-1]] = False
    return np.concatenate(order)


def _numbered(order: Integers, n: int) -> Integers:
    """The place of each number below n in an order; -1 for those that it lacks."""
    numbers = np.full(n, -1, dtype=np.int64)
    numbers[order] = np.arange(len(order))
    return numbers
