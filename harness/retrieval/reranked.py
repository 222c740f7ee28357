"""A re-ranker: a first retriever finds passages, and a scorer of pairs puts them in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from harness.arrays import Bools, Floats, Integers
from harness.data.corpora import Corpus
from harness.errors import HarnessError
from harness.retrieval.base import Arrays, Index, Rankings, Retriever, full_texts
from harness.retrieval.build import name_and_settings, retriever_of_entry
from harness.retrieval.pair_scorers import PairScorer, build_pair_scorer

FIRST = "first."
"""Prefix of the arrays of the first retriever."""


class Reranked(Retriever):
    """The first passages of a retriever, put in order anew by a scorer that reads text and passage together.

    Source: Nogueira and Cho 2019, "Passage Re-ranking with BERT".
    """

    packages: ClassVar[tuple[str, ...]] = ("bm25s", "numpy", "scikit-learn", "torch", "transformers")

    retriever: str | dict[str, Any] = "bm25"
    """First retriever: a name, or a mapping with a name and settings."""
    scorer: str | dict[str, Any] = "cosine"
    """Scorer of pairs, by name or as a mapping with a name and settings: `cosine` (of the vectors of a frozen encoder),
    `cross_encoder` (a `model` by folder or name), or `module:Class` of a class with `score_pairs(pairs)`."""
    depth: int = Field(default=50, ge=1)
    """Number of passages of the first retriever that are scored again; at least as many as are asked for."""

    @field_validator("retriever")
    @classmethod
    def _can_be_built(cls, entry: str | dict[str, Any]) -> str | dict[str, Any]:
        try:
            retriever_of_entry(entry)
        except HarnessError as error:
            raise ValueError(str(error)) from None
        return entry

    @field_validator("scorer")
    @classmethod
    def _scorer_can_be_built(cls, entry: str | dict[str, Any]) -> str | dict[str, Any]:
        try:
            build_pair_scorer(*name_and_settings(entry))
        except HarnessError as error:
            raise ValueError(str(error)) from None
        return entry

    def index(self, corpus: Corpus) -> RerankedIndex:
        """Indexes a corpus with the first retriever, and keeps its texts."""
        texts = [text.encode("utf-8", "surrogatepass") for text in full_texts(corpus)]
        bounds = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        first = retriever_of_entry(self.retriever).index(corpus)
        return self._with(first, np.frombuffer(b"".join(texts), dtype=np.uint8), bounds)

    def from_arrays(self, arrays: Arrays, n_passages: int) -> RerankedIndex:
        """Returns the index of stored arrays."""
        own = {name.removeprefix(FIRST): array for name, array in arrays.items() if name.startswith(FIRST)}
        first = retriever_of_entry(self.retriever).from_arrays(own, n_passages)
        return self._with(first, arrays["texts"], arrays["bounds"])

    def _with(self, first: Index, texts: npt.NDArray[np.uint8], bounds: Integers) -> RerankedIndex:
        name, settings = name_and_settings(self.scorer)
        return RerankedIndex(first, build_pair_scorer(name, settings), name, self.depth, texts, bounds)


@dataclass(frozen=True)
class RerankedIndex(Index):
    """A corpus indexed by a first retriever, with its texts for the scorer."""

    first: Index
    scorer: PairScorer
    scorer_name: str
    depth: int
    texts: npt.NDArray[np.uint8]
    """UTF-8 bytes of title and text of all passages."""
    bounds: Integers
    """Where each passage begins in `texts`, and where the last one ends."""

    def search(self, texts: Sequence[str], k: int, allowed: Bools | None = None) -> Rankings:
        """Returns the k best passages for each text; scores are those of the scorer, which can be below 0."""
        candidates = self.first.search(texts, max(k, self.depth), allowed).rows
        pairs = [
            (text, self._text(row)) for text, rows in zip(texts, candidates, strict=True) for row in rows[rows >= 0]
        ]
        scores = self._scores(pairs)
        reranked = Rankings(np.full((len(texts), k), -1, dtype=np.int64), np.zeros((len(texts), k), dtype=np.float64))
        start = 0
        for i, with_gaps in enumerate(candidates):
            rows = with_gaps[with_gaps >= 0]
            own = scores[start : start + len(rows)]
            start += len(rows)
            # Equal scores stand in the order of the corpus, as those of every retriever.
            order = np.lexsort((rows, -own))[:k]
            reranked.rows[i, : len(order)] = rows[order]
            reranked.scores[i, : len(order)] = own[order]
        return reranked

    def arrays(self) -> Arrays:
        """Returns the texts, and the arrays of the first retriever."""
        first = {f"{FIRST}{name}": array for name, array in self.first.arrays().items()}
        return first | {"texts": self.texts, "bounds": self.bounds}

    def _text(self, row: int) -> str:
        start, end = self.bounds[row : row + 2]
        return self.texts[start:end].tobytes().decode("utf-8", "surrogatepass")

    def _scores(self, pairs: list[tuple[str, str]]) -> Floats:
        if not pairs:
            return np.zeros(0)
        try:
            scores: Floats = np.asarray(self.scorer.score_pairs(pairs), dtype=np.float64)
        except HarnessError:
            raise
        except Exception as error:  # the user's class can raise anything
            problem = f"{type(error).__name__}: {error}"
            raise HarnessError(f"scorer '{self.scorer_name}' raised {problem}") from error
        if scores.shape != (len(pairs),) or not np.isfinite(scores).all():
            problem = "numbers that are not finite" if scores.shape == (len(pairs),) else f"shape {scores.shape}"
            raise HarnessError(f"scorer '{self.scorer_name}': expected {len(pairs)} finite scores, got {problem}")
        return scores
