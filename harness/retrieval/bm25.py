"""BM25, by the library bm25s."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Bools, Floats
from harness.data.corpora import Corpus
from harness.retrieval.base import Index, Rankings, Retriever, full_text, rank

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
        ids = [
            [vocabulary.setdefault(token, len(vocabulary)) for token in tokens_of(full_text(passage), self.tokens)]
            for passage in corpus.passages
        ]
        return Bm25Index(self._table(ids, vocabulary), vocabulary, len(corpus), self.tokens)

    def _table(self, ids: list[list[int]], vocabulary: dict[str, int]) -> Any:
        import bm25s

        # The scores of `okapi` are those of `lucene` with another weight per word, and without its division by k1 + 1.
        method = "lucene" if self.method == "okapi" else self.method
        table = bm25s.BM25(k1=self.k1, b=self.b, method=method, dtype="float64", backend="numpy")
        table.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        if self.method == "okapi":
            entries = np.diff(table.scores["indptr"]).astype(np.int64)
            factors = (self.k1 + 1) * _okapi_idf(entries, len(ids)) / _lucene_idf(entries, len(ids))
            table.scores["data"] = table.scores["data"] * np.repeat(factors, entries)
        return table


def _lucene_idf(frequencies: np.ndarray[Any, Any], n_passages: int) -> Floats:
    idf: Floats = np.log(1 + (n_passages - frequencies + 0.5) / (frequencies + 0.5))
    return idf


def _okapi_idf(frequencies: np.ndarray[Any, Any], n_passages: int) -> Floats:
    idf = np.log(n_passages - frequencies + 0.5) - np.log(frequencies + 0.5)
    raised: Floats = np.where(idf < 0, EPSILON * idf.mean(), idf)
    return raised


@dataclass(frozen=True)
class Bm25Index(Index):
    """A corpus indexed by its words."""

    table: Any
    """Scores of each word in each passage (`bm25s.BM25`)."""
    vocabulary: dict[str, int]
    """Column of each word."""
    n_passages: int
    tokens: Tokens

    def search(self, texts: Sequence[str], k: int, allowed: Bools | None = None) -> Rankings:
        """Returns the k best passages for each text; see `Index.search`."""
        return rank(self._scores, texts, k, self.n_passages, allowed)

    def _scores(self, text: str) -> Floats:
        # A word that the text repeats counts each time, as in Lucene and rank_bm25.
        columns = [self.vocabulary[token] for token in tokens_of(text, self.tokens) if token in self.vocabulary]
        if not columns:
            return np.zeros(self.n_passages)
        scores: Floats = self.table.get_scores_from_ids(columns)
        return scores


def tokens_of(text: str, rule: Tokens) -> list[str]:
    """The tokens of a text, in order."""
    return re.findall(r"\w+", text.lower()) if rule == "words" else text.split(" ")
