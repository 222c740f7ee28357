"""Reciprocal rank fusion of several retrievers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from harness.arrays import Bools, Floats
from harness.data.corpora import Corpus
from harness.errors import HarnessError
from harness.records import Entries
from harness.retrieval.base import Arrays, Index, Rankings, Retriever, best_rows
from harness.retrieval.build import retriever_of_entry


class Fused(Retriever):
    """Reciprocal rank fusion: a passage scores the sum of weight / (constant + its rank) over several retrievers."""

    retrievers: Annotated[Entries, Field(min_length=2)] = ("bm25", "tfidf")
    """Names of the retrievers, or mappings with a name and settings."""
    constant: int = Field(default=60, ge=1)
    """Number added to each rank: the higher, the less the first ranks count."""
    weights: tuple[Annotated[float, Field(gt=0, strict=False)], ...] | None = None
    """Factor of each retriever's sum; default: 1 for all."""
    depth: int = Field(default=100, ge=1)
    """Number of passages of each retriever whose ranks count; at least as many as are asked for."""

    @field_validator("retrievers")
    @classmethod
    def _can_be_built(cls, entries: tuple[str | dict[str, Any], ...]) -> tuple[str | dict[str, Any], ...]:
        for entry in entries:
            try:
                retriever_of_entry(entry)
            except HarnessError as error:
                raise ValueError(str(error)) from None
        return entries

    @model_validator(mode="after")
    def _as_many_weights(self) -> Fused:
        if self.weights is not None and len(self.weights) != len(self.retrievers):
            raise ValueError(f"weights: expected {len(self.retrievers)} numbers, got {len(self.weights)}")
        return self

    def index(self, corpus: Corpus) -> FusedIndex:
        """Indexes a corpus with each retriever."""
        parts = tuple(retriever_of_entry(entry).index(corpus) for entry in self.retrievers)
        return self._of(parts, len(corpus))

    def from_arrays(self, arrays: Arrays, n_passages: int) -> FusedIndex:
        """Returns the index of stored arrays."""
        parts = []
        for number, entry in enumerate(self.retrievers):
            prefix = f"{number}."
            own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            parts.append(retriever_of_entry(entry).from_arrays(own, n_passages))
        return self._of(tuple(parts), n_passages)

    def _of(self, parts: tuple[Index, ...], n_passages: int) -> FusedIndex:
        return FusedIndex(parts, self.weights or (1.0,) * len(parts), self.constant, self.depth, n_passages)


@dataclass(frozen=True)
class FusedIndex(Index):
    """A corpus indexed by several retrievers."""

    parts: tuple[Index, ...]
    weights: tuple[float, ...]
    constant: int
    depth: int
    n_passages: int

    def search(self, texts: Sequence[str], k: int, allowed: Bools | None = None) -> Rankings:
        """Returns the k best passages for each text; see `Index.search`."""
        rankings = [part.search(texts, max(k, self.depth), allowed) for part in self.parts]
        fused = Rankings(np.full((len(texts), k), -1, dtype=np.int64), np.zeros((len(texts), k), dtype=np.float64))
        for i in range(len(texts)):
            scores: Floats = np.zeros(self.n_passages)
            for weight, ranking in zip(self.weights, rankings, strict=True):
                ranked = ranking.rows[i][ranking.rows[i] >= 0]
                scores[ranked] += weight / (self.constant + np.arange(1, len(ranked) + 1))
            rows = best_rows(scores, k)
            fused.rows[i, : len(rows)] = rows
            fused.scores[i, : len(rows)] = scores[rows]
        return fused

    def arrays(self) -> Arrays:
        """Returns the arrays of all parts, each name after the number of its part."""
        return {
            f"{number}.{name}": array for number, part in enumerate(self.parts) for name, array in part.arrays().items()
        }
