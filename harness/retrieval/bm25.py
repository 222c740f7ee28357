"""BM25, by the library bm25s."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Integers
from harness.data.corpora import Corpus
from harness.retrieval.base import Arrays, Retriever, ScoringIndex, full_text, text_array, texts_of

Tokens = Literal["words", "whitespace"]
EPSILON = 0.25
"""Share of the mean inverse document frequency that replaces a negative one in `okapi`."""


class Bm25(Retriever):
    """BM25 over the words of title and text."""

    packages: ClassVar[tuple[str, ...]] = ("bm25s", "numpy")

    k1: float = Field(default=1.5, ge=0)
    """Saturation of repeated words: 0 counts a word once."""
    b: float = Field(default=0.75, ge=0, le=1)
    """Share by which the score is normalized by length: 0 ignores length."""
    method: Literal["lucene", "robertson", "atire", "okapi"] = "lucene"
    """Variant of the formula; `okapi` gives the scores of rank_bm25's BM25Okapi, the CheckThat! lab's baseline."""
    tokens: Tokens = "words"
    """Rule that splits texts: lower-cased words of letters and digits, or verbatim at each space (`whitespace`)."""

    def index(self, corpus: Corpus) -> Bm25Index:
        """Indexes a corpus."""
        vocabulary: dict[str, int] = {}
        ids, bounds = array("i"), array("q", [0])
        for passage in corpus.passages:
            tokens = tokens_of(full_text(passage), self.tokens)
            ids.extend([vocabulary.setdefault(token, len(vocabulary)) for token in tokens])
            bounds.append(len(ids))
        return Bm25Index(*self._postings(_TokenIds(ids, bounds, vocabulary)), vocabulary, len(corpus), self.tokens)

    def from_arrays(self, arrays: Arrays, n_passages: int) -> Bm25Index:
        """Returns the index of stored arrays."""
        vocabulary = {token: column for column, token in enumerate(texts_of(arrays["vocabulary"]))}
        weights, passages, bounds = (arrays[name] for name in ("weights", "passages", "bounds"))
        return Bm25Index(weights, passages, bounds, vocabulary, n_passages, self.tokens)

    def _postings(self, tokens: _TokenIds) -> tuple[Floats, Integers, Integers]:
        """The weights of all tokens in their passages, the rows of these passages, and where each token begins."""
        import bm25s

        if not tokens.vocab:
            return np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
        # The scores of `okapi` are those of `lucene` with another weight per word, and without its division by k1 + 1.
        method = "lucene" if self.method == "okapi" else self.method
        table = bm25s.BM25(k1=self.k1, b=self.b, method=method, dtype="float64", backend="numpy")
        table.index(tokens, create_empty_token=False, show_progress=False)
        weights, bounds = table.scores["data"], table.scores["indptr"]
        if self.method == "okapi":
            counts = np.diff(bounds).astype(np.int64)
            factors = (self.k1 + 1) * _okapi_idf(counts, len(tokens)) / _lucene_idf(counts, len(tokens))
            weights = weights * np.repeat(factors, counts)
        return weights, table.scores["indices"], bounds


class _TokenIds:
    """The numbers of the tokens of all passages, in one array: lists of them would take many times the memory."""

    def __init__(self, ids: array[int], bounds: array[int], vocab: dict[str, int]) -> None:
        self.vocab = vocab
        """Number of each token."""
        self._ids, self._bounds = ids, bounds

    @property
    def ids(self) -> _TokenIds:
        """The passages, which bm25s reads by this name."""
        return self

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __iter__(self) -> Iterator[list[int]]:
        for start, end in pairwise(self._bounds):
            yield self._ids[start:end].tolist()


def _lucene_idf(frequencies: np.ndarray[Any, Any], n_passages: int) -> Floats:
    idf: Floats = np.log(1 + (n_passages - frequencies + 0.5) / (frequencies + 0.5))
    return idf


def _okapi_idf(frequencies: np.ndarray[Any, Any], n_passages: int) -> Floats:
    idf = np.log(n_passages - frequencies + 0.5) - np.log(frequencies + 0.5)
    raised: Floats = np.where(idf < 0, EPSILON * idf.mean(), idf)
    return raised


@dataclass(frozen=True)
class Bm25Index(ScoringIndex):
    """A corpus indexed by its words."""

    weights: Floats
    """Weight of each token in each passage that has it, token by token."""
    passages: Integers
    """Row of the passage of each weight."""
    bounds: Integers
    """Place of the first weight of each token; the last number is that of all weights."""
    vocabulary: dict[str, int]
    """Number of each token."""
    n_passages: int
    tokens: Tokens

    def arrays(self) -> Arrays:
        """Returns the weights and the vocabulary."""
        return {
            "weights": self.weights,
            "passages": self.passages,
            "bounds": self.bounds,
            "vocabulary": text_array(self.vocabulary),
        }

    def scores(self, texts: Sequence[str]) -> Floats:
        """Returns the score of each passage; see `ScoringIndex.scores`."""
        scores = np.zeros((len(texts), self.n_passages))
        for text, row in zip(texts, scores, strict=True):
            # A word that the text repeats counts each time, as in Lucene and rank_bm25.
            for token in tokens_of(text, self.tokens):
                if token in self.vocabulary:
                    start, end = self.bounds[self.vocabulary[token] : self.vocabulary[token] + 2]
                    row[self.passages[start:end]] += self.weights[start:end]
        return scores


def tokens_of(text: str, rule: Tokens) -> list[str]:
    """The tokens of a text, in order."""
    return re.findall(r"\w+", text.lower()) if rule == "words" else text.split(" ")
