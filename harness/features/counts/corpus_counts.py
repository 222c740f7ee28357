"""All n-grams of one kind in many texts, as a cache keeps them, and as a part of the texts has them."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Integers
from harness.features.checked_cache import CheckedCache
from harness.features.counts.chunks import Chunks, chunk_matrix
from harness.features.counts.sparse_rows import SparseRows, starts_of
from harness.features.counts.text_counts import TextCounts
from harness.features.ngrams import CharNgrams, Counter, WordNgrams
from harness.files import fingerprint
from harness.folders import cache_folder
from harness.memory import return_freed_memory

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Kind = tuple[type, int, int]
"""Class of a counter, and the minimum and maximum length of its n-grams."""
MANY_TEXTS = 2_000
"""Number of texts from which on reading their counts is faster than counting."""
MAX_STORED = 500_000_000
"""Size of the file of counts in bytes above which the oldest are deleted."""
MAX_ENTRY = MAX_STORED // 4
"""Bytes up to which counts are stored; larger ones would drive out others, and what is written takes memory."""
FORMAT = 5
"""Version of what is stored; another one is counted again."""
PARTS = ("pieces", "codes")
"""Parts of the counts of one kind."""
MOST_OF_ONE = 100
"""How often a text may have an n-gram; if it has one more often, its counts are no sums over chunks. What such a sum is
worth has a rounding error in proportion to the count."""
Value = TypeVar("Value")


class Names(NamedTuple):
    """Many short texts, in one text."""

    text: str
    ends: Integers
    """Place in `text` behind each."""

    @classmethod
    def of(cls, names: Collection[str]) -> Names:
        """Joins texts."""
        lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))
        return cls("".join(names), np.cumsum(lengths))

    def at(self, places: Integers) -> list[str]:
        """The texts at some places."""
        starts = np.where(places > 0, self.ends[places - 1], 0)
        return [self.text[start:end] for start, end in zip(starts.tolist(), self.ends[places].tolist(), strict=True)]


class Corpus(NamedTuple):
    """All n-grams of one kind in all texts; of words, the shorter ones too, which come first."""

    kind: Kind
    names: Names
    """Tokens of words, or n-grams of characters, by their number, which is that of their column too."""
    runs: list[Integers]
    """The longer n-grams of words, see `WordNgrams`."""
    counts: TextCounts
    """Counts of all n-grams. The order of a row's entries depends on its own text only."""

    @classmethod
    def of(cls, chunks: Chunks, rows: SparseRows, kind: Kind) -> Corpus:
        """Counts texts.

        Args:
            chunks: the texts.
            rows: the same as a matrix, shape (n_texts, number of distinct chunks).
            kind: the kind of n-grams.
        """
        counter = WordNgrams(1, kind[2]) if kind[0] is WordNgrams else CharNgrams(*kind[1:])
        learned = counter.learn(chunks)
        vocabulary = counter.tokens if isinstance(counter, WordNgrams) else counter.grams
        pieces = SparseRows.of_sizes(*learned, len(vocabulary))
        own_rows, codes = _counted(chunks, rows, pieces, partial(counter.longer, learned))
        counts = TextCounts(own_rows, pieces._replace(n_columns=counter.n_columns), codes)
        runs = counter.runs if isinstance(counter, WordNgrams) else []
        return cls(kind, Names.of(vocabulary), runs, counts)

    @property
    def n_bytes(self) -> int:
        """Size of the arrays of this kind alone."""
        return self.counts.pieces.n_bytes + self.counts.codes.n_bytes

    def restricted(self, chunks: Integers, is_kept: Bools) -> tuple[Counter, npt.NDArray[np.int32]]:
        """The counter of the n-grams of some texts that are kept, and the column there of each column here (-1: none).

        Args:
            chunks: the chunks of these texts, in order of first occurrence.
            is_kept: whether each column is kept; with a longer n-gram its shorter ones are.
        """
        order = self.counts.pieces.first_seen(chunks)
        order = order[is_kept[order]]
        numbers = numbered(order, len(self.names.ends))
        vocabulary = {name: number for number, name in enumerate(self.names.at(order))}
        if self.kind[0] is CharNgrams:
            return CharNgrams(*self.kind[1:], vocabulary), numbers
        counter = WordNgrams(*self.kind[1:], vocabulary)
        return counter, self._restricted_runs(counter, numbers, is_kept)

    def _restricted_runs(
        self, counter: WordNgrams, tokens: npt.NDArray[np.int32], is_kept: Bools
    ) -> npt.NDArray[np.int32]:
        """Sets the longer n-grams of a counter; returns the column there of each column here."""
        shorter, start = tokens, len(tokens)
        by_length, sizes = [tokens], [len(counter.tokens)]
        for run in self.runs:
            kept = np.flatnonzero(is_kept[start : start + len(run)])
            heads, tails = np.divmod(run[kept], max(1, len(tokens)))
            codes = shorter[heads].astype(np.int64) * max(1, len(counter.tokens)) + tokens[tails]
            order = np.argsort(codes)
            counter.runs.append(codes[order])
            shorter = numbered(kept[order], len(run))
            by_length.append(shorter)
            sizes.append(len(kept))
            start += len(run)
        for length in range(1, counter.low):
            by_length[length - 1] = np.full_like(by_length[length - 1], -1)
            sizes[length - 1] = 0
        edges = starts_of(np.array(sizes)).astype(np.int32)
        parts = zip(by_length, edges, strict=False)
        return np.concatenate([np.where(numbers >= 0, numbers + edge, np.int32(-1)) for numbers, edge in parts])


def stored_counts() -> CheckedCache:
    """The cache of the counts of many texts, which runs and their processes share."""
    return CheckedCache(cache_folder() / "counts.sqlite", MAX_STORED)


class Corpora:
    """The n-grams of texts by kind, from the cache, or counted when they are first needed.

    Args:
        texts: the texts, all different.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._of_kind = dict[Kind, Corpus]()
        self._chunks: Chunks | None = None

    def of(self, kinds: Iterable[Kind]) -> list[Corpus]:
        """The n-grams of each kind."""
        found = [self._of_kind.get(kind) or self._of_kind.setdefault(kind, self._made(kind)) for kind in kinds]
        if self._chunks is not None:
            self._chunks = None  # all kinds are counted from them, and then nobody needs them
            return_freed_memory(len(self._texts))
        return found

    @cached_property
    def rows(self) -> SparseRows:
        """The chunks of each text, shape (n_texts, number of distinct chunks)."""

        def split() -> SparseRows:
            """Makes them of the texts."""
            chunks = self._split()
            sizes = np.bincount(chunks.rows, minlength=chunks.n_texts)
            return SparseRows.of_sizes(chunks.numbers, sizes, len(chunks.distinct))

        return self._stored("chunks", split, lambda rows: rows.n_bytes, _arrays_of_rows, _rows_of_arrays)

    def _made(self, kind: Kind) -> Corpus:
        name = " ".join([kind[0].__name__, *map(str, kind[1:])])
        return self._stored(
            name,
            lambda: Corpus.of(self._split(), self.rows, kind),
            lambda corpus: corpus.n_bytes,
            _arrays_of_corpus,
            lambda arrays: _corpus_of_arrays(arrays, self.rows, kind),
        )

    def _split(self) -> Chunks:
        if self._chunks is None:
            self._chunks = Chunks.of(self._texts)
        return self._chunks

    @cached_property
    def _digest(self) -> str:
        # Python decides what is a letter, and what its lower case is.
        return fingerprint([FORMAT, unicodedata.unidata_version, *self._texts])

    def _stored(
        self,
        name: str,
        make: Callable[[], Value],
        size: Callable[[Value], int],
        arrays_of: Callable[[Value], dict[str, Any]],
        of_arrays: Callable[[Mapping[str, Any]], Value],
    ) -> Value:
        """What is made of the texts, from the cache if it is there."""
        if len(self._texts) < MANY_TEXTS:
            return make()
        store, key = stored_counts(), f"{self._digest} {name}"
        stored = store.get_bytes([key])
        if key in stored:
            with np.load(io.BytesIO(stored[key])) as file:
                return of_arrays(dict(file))
        value = make()
        if size(value) <= MAX_ENTRY:
            file = io.BytesIO()
            np.savez(file, **arrays_of(value))
            store.put_bytes({key: file.getbuffer()})
        return value


def _counted(
    chunks: Chunks, rows: SparseRows, pieces: SparseRows, longer: Callable[[Chunks], csr_matrix]
) -> tuple[SparseRows, SparseRows]:
    """The chunks and the codes of texts, see `TextCounts`.

    Args:
        chunks, rows: see `Corpus.of`.
        pieces: n-grams that each distinct chunk has alone, each as often as the chunk has it.
        longer: counts the other n-grams of a block of texts, in columns of their own.
    """
    from scipy.sparse import csr_matrix

    n_pieces = np.diff(pieces.starts)[chunks.numbers]
    dtype = np.min_scalar_type(int(np.bincount(chunks.rows, weights=n_pieces).max(initial=0)))
    ones = csr_matrix((np.ones(len(pieces.columns), dtype=dtype), pieces.columns, pieces.starts), shape=pieces.shape)
    blocks, repetitive = list[SparseRows](), [np.empty(0, dtype=bool)]
    for block in chunks.blocks():
        counts = chunk_matrix(block, dtype) @ ones
        repeats = np.zeros(block.n_texts, dtype=bool)
        repeats[np.searchsorted(counts.indptr, np.flatnonzero(counts.data > MOST_OF_ONE), side="right") - 1] = True
        is_other = np.repeat(repeats, np.diff(counts.indptr))
        is_coded = is_other | (counts.data > 1)
        codes = np.where(is_other, counts.data, -counts.data.astype(np.int64))[is_coded]
        starts = starts_of(is_coded)[counts.indptr]
        coded = SparseRows(counts.indices[is_coded], starts, pieces.n_columns, codes)
        others = longer(block)
        blocks.append(coded.beside(SparseRows.of_matrix(others)))
        repetitive.append(repeats)
    return rows.without(np.flatnonzero(np.concatenate(repetitive))), SparseRows.of_blocks(blocks)


def _arrays_of_rows(rows: SparseRows) -> dict[str, Any]:
    arrays = {"columns": rows.columns, "starts": rows.starts, "n_columns": np.array(rows.n_columns)}
    return arrays if rows.values is None else arrays | {"values": rows.values}


def _rows_of_arrays(arrays: Mapping[str, Any]) -> SparseRows:
    return SparseRows(arrays["columns"], arrays["starts"], int(arrays["n_columns"]), arrays.get("values"))


def _arrays_of_corpus(corpus: Corpus) -> dict[str, Any]:
    text = np.frombuffer(corpus.names.text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    arrays: dict[str, Any] = {"names": text, "ends": corpus.names.ends}
    arrays |= {f"run{n}": run for n, run in enumerate(corpus.runs)}
    arrays["repetitive"] = np.flatnonzero(np.diff(corpus.counts.chunks.starts) == 0)
    for part in PARTS:
        arrays |= {f"{part}_{name}": array for name, array in _arrays_of_rows(getattr(corpus.counts, part)).items()}
    return arrays


def _corpus_of_arrays(arrays: Mapping[str, Any], rows: SparseRows, kind: Kind) -> Corpus:
    names = Names(arrays["names"].tobytes().decode("utf-8", "surrogatepass"), arrays["ends"])
    runs = [arrays[f"run{n}"] for n in range(kind[2] - 1)] if kind[0] is WordNgrams else []
    pieces, codes = (
        _rows_of_arrays({name.removeprefix(part): array for name, array in arrays.items() if name.startswith(part)})
        for part in (f"{name}_" for name in PARTS)
    )
    return Corpus(kind, names, runs, TextCounts(rows.without(arrays["repetitive"]), pieces, codes))


def numbered(order: Integers, n: int) -> npt.NDArray[np.int32]:
    """The place of each number below n in an order; -1 for those that it lacks."""
    numbers = np.full(n, -1, dtype=np.int32)
    numbers[order] = np.arange(len(order), dtype=np.int32)
    return numbers
