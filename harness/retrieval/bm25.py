"""BM25: the scores of the libraries bm25s and rank_bm25, from postings that NumPy makes and can memory-map."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.arrays import Floats, Integers
from harness.data.corpora import Corpus
from harness.retrieval.base import Arrays, Retriever, ScoringIndex, full_text, text_array, texts_of

Tokens = Literal["words", "whitespace"]
Rows = npt.NDArray[np.signedinteger[Any]]
EPSILON = 0.25
"""Share of the mean inverse document frequency that replaces a negative one in `okapi`."""
ROW_BITS = 32
"""Bits of the row of a passage in the number that is made of a token and a row."""


class Bm25(Retriever):
    """BM25 over the words of title and text."""

    packages: ClassVar[tuple[str, ...]] = ("numpy",)

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
        vocabulary = defaultdict[str, int](count().__next__)
        ids, lengths = array("i"), np.zeros(len(corpus), dtype=np.int64)
        for row, passage in enumerate(corpus.passages):
            n_before = len(ids)
            ids.extend(map(vocabulary.__getitem__, tokens_of(full_text(passage), self.tokens)))
            lengths[row] = len(ids) - n_before
        parts = self._postings(np.frombuffer(ids, dtype=np.int32), lengths, len(vocabulary))
        return Bm25Index(*parts, dict(vocabulary), len(corpus), self.tokens)

    def from_arrays(self, arrays: Arrays, n_passages: int) -> Bm25Index:
        """Returns the index of stored arrays."""
        vocabulary = {token: column for column, token in enumerate(texts_of(arrays["vocabulary"]))}
        weights, passages, bounds = (arrays[name] for name in ("weights", "passages", "bounds"))
        return Bm25Index(weights, passages, bounds, vocabulary, n_passages, self.tokens)

    def _postings(self, ids: Integers, lengths: Integers, n_tokens: int) -> tuple[Floats, Rows, Integers]:
        """The weights of all tokens in their passages, the rows of these passages, and where each token begins.

        Args:
            ids: numbers of the tokens of all passages, one passage after the other.
            lengths: number of tokens of each passage.
            n_tokens: number of different tokens.
        """
        # Sorted, equal tokens of a passage are neighbors; a token and a row fit into one number of 64 bits.
        keys = ids.astype(np.int64) << ROW_BITS
        keys |= np.repeat(np.arange(len(lengths)), lengths)
        keys.sort()
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.diff(firsts, append=len(keys))
        keys = keys[firsts]
        passages = (keys & ((1 << ROW_BITS) - 1)).astype(np.int32)
        frequencies = np.bincount(keys >> ROW_BITS, minlength=n_tokens)
        relative = lengths / max(1.0, float(lengths.mean())) if len(lengths) else lengths.astype(np.float64)
        weights = counts / (counts + (self.k1 * (1 - self.b + self.b * relative))[passages])
        weights *= np.repeat(self._token_weights(frequencies, len(lengths)), frequencies)
        return weights, passages, np.concatenate([[0], np.cumsum(frequencies)])

    def _token_weights(self, frequencies: Integers, n_passages: int) -> Floats:
        """The inverse document frequency of each token, times the constant of the variant."""
        rest = n_passages - frequencies
        if self.method == "lucene":
            idf = np.log(1 + (rest + 0.5) / (frequencies + 0.5))
        elif self.method == "robertson":
            idf = np.log(np.maximum((rest + 0.5) / (frequencies + 0.5), 1.0))
        elif self.method == "atire":
            idf = (self.k1 + 1) * np.log(n_passages / frequencies)
        else:
            idf = np.log(rest + 0.5) - np.log(frequencies + 0.5)
            idf = (self.k1 + 1) * np.where(idf < 0, EPSILON * idf.mean(), idf) if len(idf) else idf
        weights: Floats = idf
        return weights


@dataclass(frozen=True)
class Bm25Index(ScoringIndex):
    """A corpus indexed by its words."""

    weights: Floats
    """Weight of each token in each passage that has it, token by token."""
    passages: Rows
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
