"""BM25, by the library bm25s."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Integers
from harness.data.corpora import Corpus
from harness.retrieval.base import Arrays, Retriever, ScoringIndex, full_texts, text_array, texts_of
from harness.retrieval.postings import Part, Postings

Tokens = Literal["words", "stems", "whitespace"]
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
    """Rule that splits texts: lower-cased words of letters and digits; their English stems (`stems`, by Snowball); or
    verbatim at each space (`whitespace`)."""

    def index(self, corpus: Corpus) -> Bm25Index:
        """Indexes a corpus."""
        with Postings(tokens_of(text, self.tokens) for text in full_texts(corpus)) as postings:
            parts = postings.by_token(self._weigh(postings))
        return Bm25Index(*parts, postings.vocabulary, len(corpus), self.tokens)

    def from_arrays(self, arrays: Arrays, n_passages: int) -> Bm25Index:
        """Returns the index of stored arrays."""
        vocabulary = {token: column for column, token in enumerate(texts_of(arrays["vocabulary"]))}
        weights, passages, bounds = (arrays[name] for name in ("weights", "passages", "bounds"))
        return Bm25Index(weights, passages, bounds, vocabulary, n_passages, self.tokens)

    def _weigh(self, postings: Postings) -> Callable[[Part], Floats]:
        """The function that weighs postings by the formulas of bm25s, whose own index takes a list for each passage."""
        from bm25s import scoring

        n_passages, frequencies = len(postings.lengths), postings.frequencies
        mean = postings.lengths.mean() if n_passages else 0.0
        if self.method == "okapi":
            # The scores of `okapi` are those of `lucene` with another weight per word, times k1 + 1.
            idf, method = (self.k1 + 1) * _okapi_idf(frequencies, n_passages), "lucene"
        else:
            method = self.method
            distinct, places = np.unique(frequencies, return_inverse=True)
            formula = scoring._select_idf_scorer(method)
            idf = np.array([formula(frequency, n_passages) for frequency in distinct.tolist()])[places]
        share = scoring._select_tfc_scorer(method)

        def weigh(part: Part) -> Floats:
            lengths = postings.lengths[part.passages]
            weights: Floats = idf[part.tokens] * share(part.counts.astype(np.float64), lengths, mean, self.k1, self.b)
            return weights

        return weigh


def _okapi_idf(frequencies: np.ndarray[Any, Any], n_passages: int) -> Floats:
    if not len(frequencies):
        return np.zeros(0)
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
    if rule == "whitespace":
        return text.split(" ")
    words = re.findall(r"\w+", text.lower())
    return list(map(_stem(), words)) if rule == "stems" else words


@cache
def _stem() -> Callable[[str], str]:
    """The function that gives the stem of an English word, and remembers it."""
    from nltk.stem.snowball import SnowballStemmer

    return cache(SnowballStemmer("english").stem)
