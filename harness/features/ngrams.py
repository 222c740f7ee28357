"""Texts as counts of n-grams of words and of characters.

The counting is done in arrays: a word n-gram is a pair (n-gram without its last token, last token), and the character
n-grams of the texts are the sparse product (texts by chunks) x (chunks by n-grams), so that a chunk is cut up once
however often it occurs. That needs no cache, and what is fitted depends on the training texts alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Annotated, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.arrays import Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TOKEN = re.compile(r"\w+|[^\w\s]")
"""A word, or one punctuation mark: quotation marks, percent signs and question marks carry signal."""

NgramRange = Annotated[tuple[int, int], Field(strict=False)]


class NgramSettings(BaseModel):
    """Which n-grams are counted, and how a count becomes a weight. Texts are lower-cased; digits are kept."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    word_ngrams: NgramRange | None = (1, 2)
    """Shortest and longest run of tokens, a token being a word or one punctuation mark; null for none."""
    char_ngrams: NgramRange | None = (2, 5)
    """Shortest and longest run of characters in a chunk, a chunk being what stands between white space, with a space
    put at either end; null for none."""
    min_df: int = Field(default=2, ge=1)
    """An n-gram that fewer training claims have is left out; 2 halves the columns at no loss."""
    sublinear_tf: bool = True
    """Whether a count enters as 1 + ln(count)."""

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        for name, span in (("word_ngrams", self.word_ngrams), ("char_ngrams", self.char_ngrams)):
            if span is not None and not 1 <= span[0] <= span[1]:
                raise ValueError(f"{name} must be the shortest and the longest length, from 1; got {list(span)}")
        if self.word_ngrams is None and self.char_ngrams is None:
            raise ValueError("word_ngrams and char_ngrams are both null; give at least one")
        return self


class Counter(Protocol):
    """Counts one kind of n-gram."""

    def count(self, texts: Sequence[str], *, learn: bool) -> csr_matrix:
        """Counts, shape (n_texts, n_ngrams); `learn` makes the n-grams of these texts the known ones."""

    def names(self) -> list[str]:
        """The n-gram of each column."""


@dataclass
class WordNgrams:
    """Runs of tokens; columns by length, single tokens in the order of first sight."""

    low: int
    high: int
    tokens: dict[str, int] = field(default_factory=dict)
    runs: list[Integers] = field(default_factory=list)
    """For each length from 2, the known n-grams, ascending: number of the n-gram without its last token * n_tokens +
    last token."""

    def count(self, texts: Sequence[str], *, learn: bool) -> csr_matrix:
        """Counts, shape (n_texts, n_ngrams)."""
        pieces = [TOKEN.findall(text.lower()) for text in texts]
        tokens, rows = _numbered(pieces, self.tokens, learn=learn)
        known, blocks = tokens, []
        for length in range(1, self.high + 1):
            if length > 1:
                known = self._longer(known, tokens, rows, length, learn=learn)
            if length >= self.low:
                size = len(self.tokens) if length == 1 else len(self.runs[length - 2])
                blocks.append(_matrix(rows[: len(known)], known, (len(texts), size)))
        return _beside(blocks)

    def _longer(self, shorter: Integers, tokens: Integers, rows: Integers, length: int, *, learn: bool) -> Integers:
        """The number of the n-gram of `length` that starts at each place, -1 where none is known."""
        ends = slice(length - 1, None)
        n_places = max(0, len(tokens) - length + 1)
        shorter = shorter[:n_places]
        codes = shorter * max(1, len(self.tokens)) + tokens[ends]
        codes[(shorter < 0) | (tokens[ends] < 0) | (rows[:n_places] != rows[ends])] = -1
        if learn:
            self.runs.append(np.unique(codes[codes >= 0]))
        run = self.runs[length - 2]
        if not len(run):
            return np.full(n_places, -1, dtype=np.int64)
        found = np.minimum(np.searchsorted(run, codes), len(run) - 1)
        return np.where(run[found] == codes, found, -1)

    def names(self) -> list[str]:
        """The n-gram of each column, its tokens with a space between."""
        tokens = list(self.tokens)
        last, every = tokens, tokens if self.low == 1 else []
        for length, run in enumerate(self.runs, start=2):
            last = [f"{last[code // len(tokens)]} {tokens[code % len(tokens)]}" for code in run.tolist()]
            every = every + last if length >= self.low else every
        return [f"word:{name}" for name in every]


@dataclass
class CharNgrams:
    """Runs of characters that do not cross white space; columns in the order of first sight."""

    low: int
    high: int
    grams: dict[str, int] = field(default_factory=dict)

    def count(self, texts: Sequence[str], *, learn: bool) -> csr_matrix:
        """Counts, shape (n_texts, n_ngrams)."""
        chunks: dict[str, int] = {}
        numbers, rows = _numbered([text.lower().split() for text in texts], chunks, learn=True)
        cut = [self._cut(chunk) for chunk in chunks]
        grams, owners = _numbered(cut, self.grams, learn=learn)
        texts_by_chunks = _matrix(rows, numbers, (len(texts), len(chunks)))
        counts: csr_matrix = texts_by_chunks @ _matrix(owners, grams, (len(chunks), len(self.grams)))
        counts.sort_indices()
        return counts

    def _cut(self, chunk: str) -> list[str]:
        padded = f" {chunk} "
        spans = range(self.low, min(self.high, len(padded)) + 1)
        whole = [padded] if self.low > len(padded) else []
        return [padded[start : start + n] for n in spans for start in range(len(padded) - n + 1)] + whole

    def names(self) -> list[str]:
        """The n-gram of each column; a space in it is the edge of a chunk."""
        return [f"char:{gram}" for gram in self.grams]


@dataclass
class Ngrams:
    """The n-grams of some training texts; columns: those of words, then those of characters."""

    counters: tuple[Counter, ...]
    kept: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Which of the counters' columns `min_df` left, ascending."""
    edge: int = 0
    """The column at which the second counter's begin."""

    @classmethod
    def fit(cls, settings: NgramSettings, texts: Sequence[str]) -> tuple[Self, csr_matrix]:
        """The n-grams of training texts, and these texts' counts, shape (n_texts, n_ngrams)."""
        counters: list[Counter] = []
        if settings.word_ngrams is not None:
            counters.append(WordNgrams(*settings.word_ngrams))
        if settings.char_ngrams is not None:
            counters.append(CharNgrams(*settings.char_ngrams))
        ngrams = cls(tuple(counters))
        blocks = [counter.count(texts, learn=True) for counter in ngrams.counters]
        counts = _beside(blocks)
        ngrams.kept = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= settings.min_df)
        ngrams.edge = int(np.searchsorted(ngrams.kept, blocks[0].shape[1]))
        return ngrams, ngrams._keep(counts)

    def __len__(self) -> int:
        return len(self.kept)

    def count(self, texts: Sequence[str]) -> csr_matrix:
        """How often each text has each n-gram, shape (n_texts, n_ngrams)."""
        return self._keep(_beside([counter.count(texts, learn=False) for counter in self.counters]))

    def names(self) -> list[str]:
        """What each column counts: "word:per cent", "char:cent "."""
        every = [name for counter in self.counters for name in counter.names()]
        return [every[column] for column in self.kept]

    def _keep(self, counts: csr_matrix) -> csr_matrix:
        return counts if len(self.kept) == counts.shape[1] else counts[:, self.kept]


def place_of(name: str, text: str) -> str:
    """The characters of a text in which an n-gram first stands, as written there; empty where it does not stand."""
    found = _pattern(name).search(text)
    return found.group() if found else ""


@lru_cache(maxsize=1 << 16)
def _pattern(name: str) -> re.Pattern[str]:
    kind, _, gram = name.partition(":")
    if kind == "word":
        inner = r"\s*".join(map(re.escape, gram.split(" ")))
        edges = [r"\b" if re.match(r"\w", end) else "" for end in (gram[0], gram[-1])]
    else:
        inner = re.escape(gram.strip(" "))
        edges = [r"(?<!\S)" if gram[0] == " " else "", r"(?!\S)" if gram[-1] == " " else ""]
    return re.compile(edges[0] + inner + edges[1], re.IGNORECASE)


def _numbered(pieces: list[list[str]], numbers: dict[str, int], *, learn: bool) -> tuple[Integers, Integers]:
    """The number of each piece (-1: not known) and the row it stands in, all rows one after another.

    `learn` adds the pieces to `numbers`, which is empty before, in the order of first sight.
    """
    sizes = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    rows = np.repeat(np.arange(len(pieces)), sizes)
    flat = chain.from_iterable(pieces)
    if not learn:
        return np.fromiter(map(numbers.get, flat, repeat(-1)), dtype=np.int64, count=len(rows)), rows
    growing: dict[str, int] = defaultdict(count().__next__)
    found = np.fromiter(map(growing.__getitem__, flat), dtype=np.int64, count=len(rows))
    numbers.update(growing)
    return found, rows


def _matrix(rows: Integers, columns: Integers, shape: tuple[int, int]) -> csr_matrix:
    """How often each (row, column) pair occurs; columns below 0 are passed over."""
    from scipy.sparse import coo_matrix

    known = columns >= 0
    pairs = rows[known], columns[known]
    matrix = coo_matrix((np.ones(len(pairs[0])), pairs), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix


def _beside(blocks: list[csr_matrix]) -> csr_matrix:
    from scipy.sparse import hstack

    return blocks[0] if len(blocks) == 1 else hstack(blocks, format="csr")
