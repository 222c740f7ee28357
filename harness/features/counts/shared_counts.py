"""N-gram counts that the fits of an experiment share: each text is counted once, whatever folds it is in.

The vocabulary and the document frequencies of a fit come from its own texts alone: columns, their order and every
number are those of a fit that shares its counts with no other.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from operator import eq
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from harness.arrays import Integers
from harness.features.counts.chunks import stack_columns
from harness.features.counts.corpus_counts import Corpora, Corpus, Kind, numbered
from harness.features.counts.products import TfidfProducts
from harness.features.counts.sparse_rows import SparseRows
from harness.features.counts.text_counts import TextCounts
from harness.features.ngrams import CharNgrams, Counter, Ngrams, NgramSettings, WordNgrams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MEMORY = 256_000_000
"""Bytes of features that are kept for the next fit or score."""
Value = TypeVar("Value")


class SharedCounts:
    """Counts of texts, made when they are first needed, and the features of the last fits.

    Args:
        texts: the texts that will be fitted to or scored; others are counted each time.
        memory: bytes of features that are kept.
    """

    def __init__(self, texts: Iterable[str], memory: int = MEMORY) -> None:
        self._texts = list(dict.fromkeys(texts))
        self._memory = memory
        self._forget()

    def _forget(self) -> None:
        self._hashes: tuple[Integers, Integers] | None = None
        self._corpora = Corpora(self._texts)
        self._kept = OrderedDict[Hashable, tuple[Any, int]]()
        self._columns = dict[int, tuple[weakref.ref[Ngrams], list[npt.NDArray[np.int32]]]]()

    def __getstate__(self) -> dict[str, Any]:
        return {"_texts": self._texts, "_memory": self._memory}  # each process counts for itself

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Lets fits and scores inside the block share these counts."""
        token = _ACTIVE.set(self)
        try:
            yield
        finally:
            _ACTIVE.reset(token)

    def rows_of(self, texts: Sequence[str]) -> Integers | None:
        """The number of each text; None if one is not among the shared texts."""
        if self._hashes is None:
            hashes = _hashes(self._texts)
            order = np.argsort(hashes)
            self._hashes = hashes[order], order
        known, numbers = self._hashes
        if not len(known):
            return None if len(texts) else numbers
        rows: Integers = numbers[np.minimum(np.searchsorted(known, _hashes(texts)), len(known) - 1)]
        # Where two texts have one hash, only one of them is found.
        return rows if all(map(eq, map(self._texts.__getitem__, rows.tolist()), texts)) else None

    def knows(self, key: Hashable) -> bool:
        """Whether the value of a key is kept."""
        return key in self._kept

    def remember(
        self, key: Hashable, size: Callable[[Value], int], compute: Callable[[], Value], expected: int = 0
    ) -> Value:
        """The value of `compute`, which is kept as long as the memory suffices; the least recently used go first.

        Args:
            key: what the value is.
            size: how many bytes it takes.
            compute: makes it.
            expected: about how many bytes it will take; room for them is made before they are.
        """
        if key in self._kept:
            self._kept.move_to_end(key)
            value: Value = self._kept[key][0]
            return value
        self._make_room(expected, n_stay=0)
        value = compute()
        self._kept[key] = value, size(value)
        self._make_room(0, n_stay=1 if size(value) <= self._memory else 0)
        return value

    def _make_room(self, n_bytes: int, n_stay: int) -> None:
        while len(self._kept) > n_stay:
            if sum(size for _, size in self._kept.values()) + n_bytes <= self._memory:
                break
            self._kept.popitem(last=False)

    def size_of(self, settings: NgramSettings, rows: Integers) -> int:
        """At most how many bytes the matrix of counts of some rows takes."""
        return self._n_entries(self._corpora.of(_kinds(settings)), rows) * ENTRY_BYTES

    def fit(self, settings: NgramSettings, rows: Integers) -> tuple[Ngrams, csr_matrix]:
        """The n-grams of the texts of some rows, and their counts in these texts, shape (n_texts, n_ngrams)."""
        ngrams, _ = self._learn(settings, rows)
        return ngrams, self.count(ngrams, rows)

    def fit_counts(self, settings: NgramSettings, rows: Integers) -> tuple[Ngrams, Integers, list[TextCounts]]:
        """The n-grams of the texts of some rows, how many of these have each, and the counts of each kind."""
        ngrams, frequency = self._learn(settings, rows)
        return ngrams, frequency, self.text_counts(ngrams, rows)

    def _learn(self, settings: NgramSettings, rows: Integers) -> tuple[Ngrams, Integers]:
        """The n-grams of the texts of some rows, and how many of these texts have each."""
        counters, places, frequencies = list[Counter](), list[npt.NDArray[np.int32]](), list[Integers]()
        chunks, of_rows = self._chunks_of(rows)
        for corpus in self._corpora.of(_kinds(settings)):
            own_rows = self._own_rows(corpus, chunks, rows, of_rows)
            counts = TextCounts(own_rows, corpus.counts.pieces.take(chunks), corpus.counts.codes.take(rows))
            frequency = counts.frequency
            counter, place = corpus.restricted(chunks, frequency >= settings.min_df)
            counters.append(counter)
            places.append(place)
            frequencies.append(np.zeros(counter.n_columns, dtype=np.int64))
            frequencies[-1][place[place >= 0]] = frequency[place >= 0]
        sizes = [counter.n_columns for counter in counters]
        ngrams = Ngrams(tuple(counters), np.arange(sum(sizes)), sizes[0])
        # Known as long as somebody has the n-grams, whose vocabulary is large; no other object has their id before.
        # The counts are known weakly, so that they go when nobody has them, and do not wait for the garbage collector.
        key, shared = id(ngrams), weakref.ref(self)

        def forget(_: weakref.ref[Ngrams]) -> None:
            """Drops the columns of n-grams that nobody has any more."""
            if (counts := shared()) is not None:
                counts._columns.pop(key, None)

        self._columns[key] = weakref.ref(ngrams, forget), places
        return ngrams, np.concatenate(frequencies)

    def has(self, ngrams: Ngrams) -> bool:
        """Whether n-grams were fitted here."""
        return id(ngrams) in self._columns

    def text_counts(self, ngrams: Ngrams, rows: Integers) -> list[TextCounts]:
        """Counts of the texts of some rows, by kind; the n-grams must have been fitted here.

        The order of entries, and so the last bit of a product, does not depend on what else is counted here.
        """
        chunks, of_rows = self._chunks_of(rows)
        corpora = self._corpora.of([_kind(counter) for counter in ngrams.counters])
        sizes = [ngrams.edge, len(ngrams) - ngrams.edge]
        return [
            TextCounts(
                self._own_rows(corpus, chunks, rows, of_rows),
                corpus.counts.pieces.take(chunks, own, size),
                corpus.counts.codes.take(rows, own, size),
            )
            for corpus, own, size in zip(corpora, self._columns[id(ngrams)][1], sizes, strict=False)
        ]

    def _own_rows(self, corpus: Corpus, chunks: Integers, rows: Integers, of_rows: SparseRows) -> SparseRows:
        """The return value of `_chunks_of` for a kind of n-grams, which may lack the chunks of some texts."""
        all_rows = corpus.counts.chunks
        if all_rows is self._corpora.rows:
            return of_rows
        return all_rows.take(rows, numbered(chunks, all_rows.n_columns), len(chunks))

    def _chunks_of(self, rows: Integers) -> tuple[Integers, SparseRows]:
        """The chunks of some rows in order of first occurrence, and these rows, whose columns are in that order."""
        chunks = self._corpora.rows.first_seen(rows)
        places = numbered(chunks, self._corpora.rows.n_columns)
        return chunks, self._corpora.rows.take(rows, places, len(chunks))

    def count(self, ngrams: Ngrams, rows: Integers) -> csr_matrix:
        """The return value of `Ngrams.count` for the texts of some rows; the n-grams must have been fitted here."""
        from scipy.sparse import csr_matrix

        # Space that is not written to takes no memory, so the arrays may be too long.
        corpora = self._corpora.of([_kind(counter) for counter in ngrams.counters])
        most = self._n_entries(corpora, rows)
        data, indices = np.empty(most), np.empty(most, dtype=np.int32)
        starts, end = np.zeros(len(rows) + 1, dtype=np.int64), 0
        for first in range(0, len(rows), BLOCK_ROWS):  # in blocks, so that what is needed on the way stays small
            of_rows = rows[first : first + BLOCK_ROWS]
            block = stack_columns([counts.matrix() for counts in self.text_counts(ngrams, of_rows)])
            data[end : end + block.nnz], indices[end : end + block.nnz] = block.data, block.indices
            starts[first + 1 : first + 1 + len(of_rows)] = block.indptr[1:] + end
            end += block.nnz
        return csr_matrix((data[:end], indices[:end], starts), shape=(len(rows), len(ngrams)))

    def _n_entries(self, corpora: Iterable[Corpus], rows: Integers) -> int:
        """At most how many entries the counts of some rows have."""
        chunks = self._corpora.rows.take(rows).columns
        sizes = [(np.diff(corpus.counts.pieces.starts), np.diff(corpus.counts.codes.starts)) for corpus in corpora]
        return sum(int(of_chunks[chunks].sum() + of_texts[rows].sum()) for of_chunks, of_texts in sizes)


BLOCK_ROWS = 4_096
"""Number of texts whose counts are taken at once, which bounds memory."""
ENTRY_BYTES = 12
"""Bytes that an entry of a matrix of features takes."""
_ACTIVE: ContextVar[SharedCounts | None] = ContextVar("shared_counts", default=None)


@contextmanager
def sharing(texts: Iterable[str]) -> Iterator[None]:
    """Lets fits and scores of these texts inside the block share counts, those that are in use already if there are."""
    if _ACTIVE.get() is not None:
        yield
        return
    with SharedCounts(texts).used():
        yield


def fit_once(
    kind: type,
    settings: NgramSettings,
    texts: Sequence[str],
    weigh: Callable[[Ngrams, csr_matrix], tuple[Value, csr_matrix]],
) -> tuple[Value, csr_matrix]:
    """The features of training texts and their matrix, which nobody may change: other fits get the same.

    Args:
        kind: class of the features.
        settings: settings of the n-grams.
        texts: training texts.
        weigh: makes the features from n-grams and the counts of the texts, which it may change.
    """
    shared, rows = _active(texts) or (None, None)
    if shared is None or rows is None:
        with SharedCounts(texts).used():
            return fit_once(kind, settings, texts, weigh)
    key = _key(kind, settings, rows)
    expected = 0 if shared.knows(key) else shared.size_of(settings, rows)
    return shared.remember(key, lambda value: _size(value[1]), lambda: weigh(*shared.fit(settings, rows)), expected)


def fit_products_once(
    kind: type,
    settings: NgramSettings,
    texts: Sequence[str],
    weigh: Callable[[Ngrams, Integers, list[TextCounts]], tuple[Value, TfidfProducts]],
) -> tuple[Value, TfidfProducts]:
    """The features of training texts and products with them; other fits get the same.

    Args:
        kind, settings, texts: those of `fit_once`.
        weigh: makes them from n-grams, the number of texts with each, and the counts of each kind of n-grams.
    """
    shared, rows = _active(texts) or (None, None)
    if shared is None or rows is None:
        with SharedCounts(texts).used():
            return fit_products_once(kind, settings, texts, weigh)
    key = "products", *_key(kind, settings, rows)
    # They take less than half of the memory of the matrix.
    expected = 0 if shared.knows(key) else shared.size_of(settings, rows) // 2
    return shared.remember(
        key, lambda value: value[1].n_bytes, lambda: weigh(*shared.fit_counts(settings, rows)), expected
    )


def text_counts_once(ngrams: Ngrams, texts: Sequence[str]) -> list[TextCounts] | None:
    """The counts of texts by kind, if the texts and the n-grams are those of the counts in use; else None."""
    shared, rows = _active(texts) or (None, None)
    return shared.text_counts(ngrams, rows) if shared is not None and rows is not None and shared.has(ngrams) else None


def transform_once(
    features: object, ngrams: Ngrams, texts: Sequence[str], weigh: Callable[[csr_matrix], csr_matrix]
) -> csr_matrix:
    """The matrix of texts, which nobody may change.

    Args:
        features: fitted features.
        ngrams: their n-grams.
        texts: any texts.
        weigh: makes the matrix from counts, which it may change.
    """
    shared, rows = _active(texts) or (None, None)
    if shared is None or rows is None or not shared.has(ngrams):
        return weigh(ngrams.count(texts))
    key = id(features), rows.tobytes()
    # The features are kept with the matrix, so that no other object gets their id.
    return shared.remember(key, lambda value: _size(value[1]), lambda: (features, weigh(shared.count(ngrams, rows))))[1]


def _key(kind: type, settings: NgramSettings, rows: Integers) -> tuple[Hashable, ...]:
    return kind, settings.word_ngrams, settings.char_ngrams, settings.min_df, settings.sublinear_tf, rows.tobytes()


def _active(texts: Sequence[str]) -> tuple[SharedCounts, Integers] | None:
    """The counts in use and the rows of texts in them; None if there are none, or not of all texts."""
    shared = _ACTIVE.get()
    rows = shared.rows_of(texts) if shared is not None else None
    return None if shared is None or rows is None else (shared, rows)


def _size(matrix: csr_matrix) -> int:
    return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)


def _hashes(texts: Sequence[str]) -> Integers:
    return np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts))


def _kinds(settings: NgramSettings) -> list[Kind]:
    kinds: list[Kind] = []
    if settings.word_ngrams is not None:
        kinds.append((WordNgrams, *settings.word_ngrams))
    if settings.char_ngrams is not None:
        kinds.append((CharNgrams, *settings.char_ngrams))
    return kinds


def _kind(counter: Any) -> Kind:
    return type(counter), counter.low, counter.high
