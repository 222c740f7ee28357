"""N-gram counts that the fits of an experiment share: each text is counted once, whatever folds it is in.

The vocabulary and the document frequencies of a fit come from its own texts alone: columns, their order and every
number are those of `Ngrams.fit` on these texts.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from harness.arrays import Integers
from harness.features.counts.chunks import stack_columns
from harness.features.counts.corpus_counts import Corpus, Kind, corpora_of, starts_of
from harness.features.counts.products import TfidfProducts, TfOfRows
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
        self._numbers = dict[str, int]()
        self._corpora = dict[Kind, Corpus]()
        self._kept = OrderedDict[Hashable, tuple[Any, int]]()
        self._columns = dict[int, tuple[weakref.ref[Ngrams], list[Integers]]]()

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
        if not self._numbers:
            self._numbers = {text: number for number, text in enumerate(self._texts)}
        try:
            return np.fromiter(map(self._numbers.__getitem__, texts), dtype=np.int64, count=len(texts))
        except KeyError:
            return None

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
        """At most how many bytes the counts of some rows take in a fit."""
        n_entries = sum(int(np.diff(corpus.counts.indptr)[rows].sum()) for corpus in self._corpora_of(settings))
        return n_entries * ENTRY_BYTES

    def fit(self, settings: NgramSettings, rows: Integers) -> tuple[Ngrams, csr_matrix]:
        """The return value of `Ngrams.fit` for the texts of some rows."""
        ngrams, _ = self._learn(settings, rows)
        return ngrams, self.count(ngrams, rows)

    def fit_tf(self, settings: NgramSettings, rows: Integers) -> tuple[Ngrams, Integers, list[TfOfRows]]:
        """The n-grams of the texts of some rows, how many of these have each, and the tf of each kind of n-grams."""
        ngrams, frequencies = self._learn(settings, rows)
        return ngrams, np.concatenate(frequencies), self._tf(ngrams, rows, sublinear=settings.sublinear_tf)

    def _learn(self, settings: NgramSettings, rows: Integers) -> tuple[Ngrams, list[Integers]]:
        """The n-grams of the texts of some rows, and how many of these texts have each, by kind."""
        counters, places, frequencies = list[Counter](), list[Integers](), list[Integers]()
        edge = 0
        for corpus in self._corpora_of(settings):
            frequency = _frequency(corpus.counts, rows)
            counter, place = corpus.restricted(rows, frequency)
            counters.append(counter)
            places.append(np.where(place >= 0, place + edge, -1))
            frequencies.append(frequency)
            edge += counter.n_columns
        frequent = [
            place[(place >= 0) & (frequency >= settings.min_df)]
            for place, frequency in zip(places, frequencies, strict=True)
        ]
        columns = np.sort(np.concatenate(frequent))
        ngrams = Ngrams(tuple(counters), columns, len(frequent[0]))
        rank = np.full(edge + 1, -1, dtype=np.int32)  # the last entry is that of place -1
        rank[columns] = np.arange(len(columns))
        starts = [0, len(frequent[0])]
        own = [
            np.where(rank[place] >= 0, rank[place] - start, -1) for place, start in zip(places, starts, strict=False)
        ]
        # Known as long as somebody has the n-grams, whose vocabulary is large; no other object has their id before.
        key, columns_of = id(ngrams), self._columns
        columns_of[key] = weakref.ref(ngrams, lambda _: columns_of.pop(key, None)), own
        of_ngrams = [np.zeros(len(each), dtype=np.int64) for each in frequent]
        for each, of_kind, frequency in zip(of_ngrams, own, frequencies, strict=True):
            each[of_kind[of_kind >= 0]] = frequency[of_kind >= 0]
        return ngrams, of_ngrams

    def has(self, ngrams: Ngrams) -> bool:
        """Whether n-grams were fitted here."""
        return id(ngrams) in self._columns

    def count(self, ngrams: Ngrams, rows: Integers) -> csr_matrix:
        """The return value of `Ngrams.count` for the texts of some rows; the n-grams must have been fitted here."""
        counts, own, sizes = zip(*self._kinds_of(ngrams), strict=True)
        return _stack(counts, rows, own, sizes)

    def count_blocks(self, ngrams: Ngrams, rows: Integers) -> list[csr_matrix]:
        """The return value of `Ngrams.count_blocks` for the texts of some rows; see `count`."""
        return [_restricted(counts[rows], own, size) for counts, own, size in self._kinds_of(ngrams)]

    def _tf(self, ngrams: Ngrams, rows: Integers, *, sublinear: bool) -> list[TfOfRows]:
        return [TfOfRows(counts, rows, own, size, sublinear=sublinear) for counts, own, size in self._kinds_of(ngrams)]

    def _kinds_of(self, ngrams: Ngrams) -> list[tuple[csr_matrix, Integers, int]]:
        """Of each kind: counts of all texts, where each of their columns is in the n-grams, and how many these are."""
        own = self._columns[id(ngrams)][1]
        sizes = [ngrams.edge, len(ngrams) - ngrams.edge]
        corpora = [self._corpora[_kind(counter)] for counter in ngrams.counters]
        return [(corpus.counts, places, size) for corpus, places, size in zip(corpora, own, sizes, strict=False)]

    def _corpora_of(self, settings: NgramSettings) -> list[Corpus]:
        kinds: list[Kind] = []
        if settings.word_ngrams is not None:
            kinds.append((WordNgrams, *settings.word_ngrams))
        if settings.char_ngrams is not None:
            kinds.append((CharNgrams, *settings.char_ngrams))
        self._corpora |= corpora_of(self._texts, [kind for kind in kinds if kind not in self._corpora])
        return [self._corpora[kind] for kind in kinds]


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
        return weigh(*Ngrams.fit(settings, texts))
    key = _key(kind, settings, rows)
    expected = 0 if shared.knows(key) else shared.size_of(settings, rows)
    return shared.remember(key, lambda value: _size(value[1]), lambda: weigh(*shared.fit(settings, rows)), expected)


def fit_products_once(
    kind: type,
    settings: NgramSettings,
    texts: Sequence[str],
    weigh: Callable[[Ngrams, Integers, list[TfOfRows]], tuple[Value, TfidfProducts]],
) -> tuple[Value, TfidfProducts]:
    """The features of training texts and products with them; other fits get the same.

    Args:
        kind, settings, texts: those of `fit_once`.
        weigh: makes them from n-grams, the number of texts with each, and the tf of each kind of n-grams.
    """
    shared, rows = _active(texts) or (None, None)
    if shared is None or rows is None:
        with SharedCounts(texts).used():
            return fit_products_once(kind, settings, texts, weigh)
    key = "products", *_key(kind, settings, rows)
    expected = 0 if shared.knows(key) else shared.size_of(settings, rows)
    return shared.remember(key, lambda value: value[1].n_bytes, lambda: weigh(*shared.fit_tf(settings, rows)), expected)


def count_blocks_once(ngrams: Ngrams, texts: Sequence[str]) -> list[csr_matrix]:
    """The return value of `Ngrams.count_blocks`, from the counts in use if the texts and the n-grams are theirs."""
    shared, rows = _active(texts) or (None, None)
    if shared is None or rows is None or not shared.has(ngrams):
        return ngrams.count_blocks(texts)
    return shared.count_blocks(ngrams, rows)


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


def _frequency(counts: csr_matrix, rows: Integers) -> Integers:
    """How many of some rows have each column."""
    frequency = np.zeros(counts.shape[1], dtype=np.int64)
    for start in range(0, len(rows), BLOCK_ROWS):
        frequency += np.bincount(counts[rows[start : start + BLOCK_ROWS]].indices, minlength=len(frequency))
    return frequency


def _stack(
    counts: Sequence[csr_matrix], rows: Integers, columns: Sequence[Integers], sizes: Sequence[int]
) -> csr_matrix:
    """Counts in some rows of the columns that a fit has, in its order.

    Args:
        counts: those of each kind of n-gram, for all texts.
        columns: for each kind, the column in the fit of each column of its counts; -1: none.
        sizes: number of columns of each kind in the fit.
    """
    from scipy.sparse import csr_matrix

    # Space that is not written to takes no memory, so the arrays may be too long.
    most = sum(int(np.diff(of_kind.indptr)[rows].sum()) for of_kind in counts)
    data, indices = np.empty(most), np.empty(most, dtype=np.int32)
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    end = 0
    for first in range(0, len(rows), BLOCK_ROWS):  # in blocks, so that what is needed on the way stays small
        of_rows = rows[first : first + BLOCK_ROWS]
        restricted = [
            _restricted(of_kind[of_rows], of_columns, size)
            for of_kind, of_columns, size in zip(counts, columns, sizes, strict=False)
        ]
        for each in restricted:
            each.sort_indices()  # fixes the order of later sums, and so their last bit
        block = stack_columns(restricted)
        data[end : end + block.nnz], indices[end : end + block.nnz] = block.data, block.indices
        starts[first + 1 : first + 1 + len(of_rows)] = block.indptr[1:] + end
        end += block.nnz
    return csr_matrix((data[:end], indices[:end], starts), shape=(len(rows), sum(sizes)))


def _restricted(counts: csr_matrix, columns: Integers, size: int) -> csr_matrix:
    """The counts of the columns that a fit has; see `_stack`."""
    from scipy.sparse import csr_matrix

    places = columns[counts.indices]
    is_known = places >= 0
    starts = starts_of(is_known.astype(np.int64))[counts.indptr].astype(counts.indptr.dtype)
    known = counts.data[is_known].astype(np.float64)
    return csr_matrix((known, places[is_known], starts), shape=(counts.shape[0], size))


def _kind(counter: Any) -> Kind:
    return type(counter), counter.low, counter.high
