"""Counts of word and character n-grams.

Counting is vectorized. No token and no character n-gram crosses white space, so each distinct chunk between white space
is processed once: the character n-grams of the texts are the sparse product (texts x chunks) @ (chunks x n-grams). A
word n-gram is encoded as the pair (n-gram without its last token, last token). Neither method needs a cache, and the
fitted n-grams depend on the training texts alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.arrays import Integers
from harness.display import displayed
from harness.features.counts.chunks import (
    Chunks,
    Pieces,
    Selection,
    chunk_matrix,
    count_in_order,
    count_matrix,
    count_type,
    distinct_codes,
    stack_columns,
)
from harness.features.counts.gram_table import GramTable
from harness.features.counts.kept_counts import kept_or_counted
from harness.features.counts.learned_grams import learned_grams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TOKEN = re.compile(r"\w+|[^\w\s]")
"""A word or one punctuation mark; quotation marks, percent signs, and question marks carry signal."""

NgramRange = Annotated[tuple[int, int], Field(strict=False)]


@displayed
class NgramSettings(BaseModel):
    """Settings of the n-grams and of their weights. Texts are lowercased; digits are unchanged."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    word_ngrams: NgramRange | None = (1, 2)
    """Minimum and maximum number of tokens in a word n-gram; a token is a word or one punctuation mark. null: no word
    n-grams."""
    char_ngrams: NgramRange | None = (2, 5)
    """Minimum and maximum number of characters in a character n-gram. N-grams do not cross white space; each word is
    padded with a space at both ends. null: no character n-grams."""
    min_df: int = Field(default=2, ge=1)
    """Minimum number of training claims that contain an n-gram; rarer n-grams are ignored. 2 halves the columns without
    a loss of quality."""
    sublinear_tf: bool = True
    """Whether to replace a count by 1 + ln(count)."""

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        for name, span in (("word_ngrams", self.word_ngrams), ("char_ngrams", self.char_ngrams)):
            if span is not None and not 1 <= span[0] <= span[1]:
                raise ValueError(f"{name} must be [minimum, maximum] with 1 <= minimum <= maximum; got {list(span)}")
        if self.word_ngrams is None and self.char_ngrams is None:
            raise ValueError("word_ngrams and char_ngrams are both null; set at least one")
        return self


class Counter(Protocol):
    """Interface of a counter of one kind of n-gram."""

    @property
    def n_columns(self) -> int:
        """Number of n-grams of the vocabulary."""

    def learn(self, chunks: Chunks) -> Pieces:
        """Sets the vocabulary from texts; returns the n-grams that each distinct chunk has alone: the first columns."""

    def longer(self, pieces: Pieces, chunks: Chunks) -> csr_matrix:
        """Returns the counts of the other n-grams, which are the columns after those.

        They are small integers. The order of a row's entries depends on its own text only.

        Args:
            pieces: what `learn` returned.
            chunks: texts that were learned.
        """

    def count(self, chunks: Chunks, selection: Selection) -> csr_matrix:
        """Returns the counts of the selected n-grams, shape (n_texts, number selected); columns may be unordered."""

    def names(self) -> list[str]:
        """Returns the n-gram of each column."""


@displayed
@dataclass
class WordNgrams:
    """Word n-grams. Columns are ordered by length; single tokens are in order of first occurrence."""

    low: int
    """Minimum number of tokens."""
    high: int
    """Maximum number of tokens."""
    tokens: dict[str, int] = field(default_factory=dict)
    """Vocabulary: token to its number."""
    runs: list[Integers] = field(default_factory=list)
    """Vocabulary of each length from 2, ascending. An n-gram is encoded as (number of the n-gram without its last
    token) * n_tokens + (number of the last token)."""

    def learn(self, chunks: Chunks) -> Pieces:
        """Sets the vocabulary; returns the tokens of the distinct chunks."""
        pieces = self._pieces(chunks, learn=True)
        for length in range(2, self.high + 1):
            of_blocks = [distinct_codes(self._codes(block, pieces, length)) for block in chunks.blocks()]
            self.runs.append(distinct_codes(np.concatenate(of_blocks)))
        return pieces

    def longer(self, pieces: Pieces, chunks: Chunks) -> csr_matrix:
        """Returns the counts of the n-grams of two tokens or more; see `Counter`."""
        rows, columns = self._places(chunks, pieces, 2)
        return count_in_order(rows, columns, (chunks.n_texts, sum(map(len, self.runs))), count_type(rows))

    def count(self, chunks: Chunks, selection: Selection) -> csr_matrix:
        """Returns the counts of the selected n-grams, shape (n_texts, number selected)."""
        rows, columns = self._places(chunks, self._pieces(chunks, learn=False), self.low)
        return count_matrix(rows, selection.of(columns), (chunks.n_texts, selection.size))

    @property
    def n_columns(self) -> int:
        """Number of n-grams of the vocabulary."""
        sizes = [len(self.tokens), *map(len, self.runs)]
        return sum(sizes[self.low - 1 :])

    def _pieces(self, chunks: Chunks, *, learn: bool) -> Pieces:
        """The tokens of the distinct chunks. No token crosses white space."""
        return Pieces.of(map(TOKEN.findall, chunks.distinct), self.tokens, learn=learn)

    def _places(self, chunks: Chunks, pieces: Pieces, low: int) -> tuple[Integers, Integers]:
        """The text of each n-gram of `low` tokens or more, and its column among these (-1: unknown)."""
        tokens, rows = self._tokens(chunks, pieces)
        ngrams, edge = tokens, 0
        texts, columns = [rows[:0]], [tokens[:0]]
        for length in range(1, self.high + 1):
            if length > 1:
                ngrams = self._extend_by_one_token(ngrams, tokens, rows, length)
            if length >= low:
                texts.append(rows[: len(ngrams)])
                columns.append(np.where(ngrams >= 0, ngrams + edge, -1))
                edge += len(self.tokens) if length == 1 else len(self.runs[length - 2])
        return np.concatenate(texts), np.concatenate(columns)

    def _codes(self, chunks: Chunks, pieces: Pieces, length: int) -> Integers:
        """The codes of the n-grams of `length` (-1: unknown); the runs of all shorter ones must be known."""
        tokens, rows = self._tokens(chunks, pieces)
        shorter = tokens
        for each in range(2, length):
            shorter = self._extend_by_one_token(shorter, tokens, rows, each)
        return self._extended_codes(shorter, tokens, rows, length)

    @staticmethod
    def _tokens(chunks: Chunks, pieces: Pieces) -> tuple[Integers, Integers]:
        """The number (-1: unknown) and the text of each token."""
        # Each occurrence of a chunk repeats the tokens of the chunk.
        repeats = pieces.sizes[chunks.numbers]
        starts = np.cumsum(pieces.sizes) - pieces.sizes
        firsts = np.cumsum(repeats) - repeats
        places = np.repeat(starts[chunks.numbers] - firsts, repeats) + np.arange(repeats.sum())
        return pieces.numbers[places], np.repeat(chunks.rows, repeats)

    def _extend_by_one_token(self, shorter: Integers, tokens: Integers, rows: Integers, length: int) -> Integers:
        """The number of the n-gram of `length` that starts at each position; -1 if it is not in the vocabulary.

        Args:
            shorter: number of the n-gram of `length` - 1 that starts at each position, -1 if unknown.
            tokens, rows: number and text of the token at each position.
            length: tokens of an n-gram, at least 2.
        """
        codes, run = self._extended_codes(shorter, tokens, rows, length), self.runs[length - 2]
        if not len(run):
            return np.full(len(codes), -1, dtype=np.int64)
        # `searchsorted` gives an insertion point for unknown codes too, one past the end at most; the comparison
        # below tells known codes from unknown ones.
        candidates = np.minimum(np.searchsorted(run, codes), len(run) - 1)
        return np.where(run[candidates] == codes, candidates, -1)

    def _extended_codes(self, shorter: Integers, tokens: Integers, rows: Integers, length: int) -> Integers:
        """The code of the n-gram of `length` that starts at each position, -1 if unknown; see above."""
        ends = slice(length - 1, None)
        n_starts = max(0, len(tokens) - length + 1)
        shorter = shorter[:n_starts]
        codes: Integers = shorter * max(1, len(self.tokens)) + tokens[ends]
        # All texts are one flat array of tokens, so an n-gram counts only if its first and last token share a row.
        codes[(shorter < 0) | (tokens[ends] < 0) | (rows[:n_starts] != rows[ends])] = -1
        return codes

    def names(self) -> list[str]:
        """Returns the n-gram of each column, with a space between tokens."""
        tokens = list(self.tokens)
        names = tokens if self.low == 1 else []
        shorter = tokens
        for length, run in enumerate(self.runs, start=2):
            # The inverse of the encoding: the quotient is the shorter n-gram, the remainder the last token.
            shorter = [f"{shorter[code // len(tokens)]} {tokens[code % len(tokens)]}" for code in run.tolist()]
            if length >= self.low:
                names = names + shorter
        return [f"word:{name}" for name in names]


BLOCK_CHUNKS = 65_536
"""Number of chunks whose character n-grams are learned at once, which bounds memory."""


@displayed
@dataclass
class CharNgrams:
    """Character n-grams that do not cross white space. Columns are in order of first occurrence."""

    low: int
    """Minimum number of characters."""
    high: int
    """Maximum number of characters."""
    grams: dict[str, int] = field(default_factory=dict)
    """Vocabulary: n-gram to its column."""

    def learn(self, chunks: Chunks) -> Pieces:
        """Sets the vocabulary; returns the n-grams of the distinct chunks."""
        numbers, sizes = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int64)]
        for start in range(0, len(chunks.distinct), BLOCK_CHUNKS):
            block = learned_grams(chunks.distinct[start : start + BLOCK_CHUNKS], self.low, self.high)
            if block is None:
                self.grams.clear()
                return Pieces.of(map(self.ngrams_of, chunks.distinct), self.grams, learn=True)
            known = [self.grams.setdefault(name, len(self.grams)) for name in block.names]
            numbers.append(np.array(known, dtype=np.int32)[block.numbers])
            sizes.append(block.sizes)
        return Pieces(np.concatenate(numbers), np.concatenate(sizes))

    def longer(self, pieces: Pieces, chunks: Chunks) -> csr_matrix:
        """Returns no columns: every n-gram is in a chunk."""
        from scipy.sparse import csr_matrix

        none: npt.NDArray[np.uint8] = np.empty((chunks.n_texts, 0), dtype=np.uint8)
        return csr_matrix(none)

    def count(self, chunks: Chunks, selection: Selection) -> csr_matrix:
        """Returns the counts of the selected n-grams, shape (n_texts, number selected); columns are unordered."""
        if selection.table is None:
            selection.table = GramTable(list(self.grams), selection.places, self.low, self.high)
        counts: csr_matrix = chunk_matrix(chunks) @ selection.table.count(chunks.distinct, selection.size)
        return counts

    @property
    def n_columns(self) -> int:
        """Number of n-grams of the vocabulary."""
        return len(self.grams)

    def ngrams_of(self, chunk: str) -> list[str]:
        """Returns the n-grams of a chunk, by length, then by place."""
        padded = f" {chunk} "
        if self.low > len(padded):
            return [padded]  # a chunk shorter than every n-gram counts as a whole
        lengths = range(self.low, min(self.high, len(padded)) + 1)
        return [padded[start : start + n] for n in lengths for start in range(len(padded) - n + 1)]

    def names(self) -> list[str]:
        """Returns the n-gram of each column; a space marks the edge of a chunk."""
        return [f"char:{gram}" for gram in self.grams]


@displayed
@dataclass
class Ngrams:
    """The n-grams of training texts. Columns: word n-grams, then character n-grams."""

    counters: tuple[Counter, ...]
    """Counters of word and character n-grams; at least one."""
    columns: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Columns of the counters that are counted, ascending; saved models of older versions leave out some."""
    edge: int = 0
    """First column of the second counter."""

    def __len__(self) -> int:
        return len(self.columns)

    def count(self, texts: Sequence[str]) -> csr_matrix:
        """Returns how often each n-gram occurs in each text, shape (n_texts, n_ngrams)."""
        counts = stack_columns(self.count_blocks(texts))
        counts.sort_indices()  # fixes the order of later sums, and so their last bit
        return counts

    def count_blocks(self, texts: Sequence[str]) -> list[csr_matrix]:
        """Returns the counts of each counter's n-grams: together the columns of `count`, unordered in each block.

        The order of a row's entries depends on its own text only.
        """
        return kept_or_counted(self, texts, self._count_blocks)

    def _count_blocks(self, texts: Sequence[str]) -> list[csr_matrix]:
        chunks = Chunks.of(texts)
        return [counter.count(chunks, chosen) for counter, chosen in zip(self.counters, self._selections, strict=True)]

    @cached_property
    def _selections(self) -> list[Selection]:
        """What is counted of each counter. Not a field: a saved model does not contain it."""
        first = self.counters[0].n_columns
        if len(self.counters) == 1:
            return [Selection(self.columns, first)]
        second = Selection(self.columns[self.edge :] - first, self.counters[1].n_columns)
        return [Selection(self.columns[: self.edge], first), second]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_selections"}

    def names(self) -> list[str]:
        """Returns the name of each column, such as "word:per cent" or "char:cent "."""
        names = [name for counter in self.counters for name in counter.names()]
        return [names[column] for column in self.columns]


def place_of(name: str, text: str) -> str:
    """Returns the first occurrence of an n-gram in a text, as written there; empty if there is none.

    Args:
        name: as `Ngrams.names` returns it.
        text: any text.
    """
    match = _pattern(name).search(text)
    return match.group() if match else ""


@lru_cache(maxsize=1 << 16)
def _pattern(name: str) -> re.Pattern[str]:
    kind, _, gram = name.partition(":")
    if kind == "word":
        # Tokens may be adjacent in the text ("10%") although the name separates them with a space.
        inner = r"\s*".join(map(re.escape, gram.split(" ")))
        edges = [r"\b" if re.match(r"\w", end) else "" for end in (gram[0], gram[-1])]
    else:
        inner = re.escape(gram.strip(" "))
        edges = [r"(?<!\S)" if gram[0] == " " else "", r"(?!\S)" if gram[-1] == " " else ""]
    return re.compile(edges[0] + inner + edges[1], re.IGNORECASE)
