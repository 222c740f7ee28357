"""TF-IDF, by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.corpora import Corpus
from harness.retrieval.base import Arrays, Retriever, ScoringIndex, full_texts, text_array, texts_of
from harness.retrieval.bm25 import tokens_of


class Tfidf(Retriever):
    """Cosine of the TF-IDF vectors of words, over title and text."""

    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)

    ngrams: int = Field(default=1, ge=1, le=3)
    """Maximum number of words in a sequence that counts as one feature."""
    sublinear: bool = True
    """Whether a word that occurs n times counts 1 + log(n) instead of n."""

    def index(self, corpus: Corpus) -> TfidfIndex:
        """Indexes a corpus."""
        vectorizer = self._vectorizer(None)
        texts = list(full_texts(corpus))
        if not any(vectorizer.build_analyzer()(text) for text in texts):
            return self.from_arrays({"vocabulary": text_array(["\0"]), "idf": np.ones(1)}, len(corpus))
        vectors = vectorizer.fit_transform(texts)
        return TfidfIndex(vectorizer, vectors.T.tocsr(), len(corpus))

    def from_arrays(self, arrays: Arrays, n_passages: int) -> TfidfIndex:
        """Returns the index of stored arrays."""
        from scipy.sparse import csr_matrix

        vectorizer = self._vectorizer(texts_of(arrays["vocabulary"]))
        vectorizer.idf_ = np.array(arrays["idf"])
        shape = (len(arrays["idf"]), n_passages)
        if "weights" not in arrays:
            return TfidfIndex(vectorizer, csr_matrix(shape), n_passages)
        parts = (arrays["weights"], arrays["passages"], arrays["bounds"])
        return TfidfIndex(vectorizer, csr_matrix(parts, shape=shape, copy=False), n_passages)

    def _vectorizer(self, vocabulary: list[str] | None) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            ngram_range=(1, self.ngrams),
            sublinear_tf=self.sublinear,
            # scikit-learn's own pattern drops words of one character, and so single digits.
            tokenizer=partial(tokens_of, rule="words"),
            token_pattern=None,
            vocabulary=vocabulary,
        )


@dataclass(frozen=True)
class TfidfIndex(ScoringIndex):
    """A corpus as TF-IDF vectors."""

    vectorizer: Any
    """Turns texts into vectors (`TfidfVectorizer`)."""
    weights: Any
    """Weight of each word in each passage, a sparse matrix of shape (n_words, n_passages)."""
    n_passages: int

    def arrays(self) -> Arrays:
        """Returns the weights and the vocabulary."""
        return {
            "weights": self.weights.data,
            "passages": self.weights.indices,
            "bounds": self.weights.indptr,
            "idf": self.vectorizer.idf_,
            "vocabulary": text_array(self.vectorizer.get_feature_names_out().tolist()),
        }

    def scores(self, texts: Sequence[str]) -> Floats:
        """Returns the score of each passage; see `ScoringIndex.scores`."""
        scores: Floats = (self.vectorizer.transform(texts) @ self.weights).toarray()
        return scores
