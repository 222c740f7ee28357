"""Base classes of retrievers (settings that index a corpus) and indexes (which rank its passages for texts)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from harness.arrays import Bools, Floats, Integers
from harness.data.corpora import Corpus, Passage
from harness.records import Record


class Rankings(NamedTuple):
    """The best passages for each text, best first; equal scores in the order of the corpus."""

    rows: Integers
    """Rows of the passages in the corpus, shape (n_texts, k); -1 where there are fewer than k."""
    scores: Floats
    """Score of each passage, same shape; 0 where there is none."""


class Index(ABC):
    """An indexed corpus."""

    @abstractmethod
    def search(self, texts: Sequence[str], k: int, allowed: Bools | None = None) -> Rankings:
        """Returns the k best passages for each text. A passage with a score of 0 or less is never returned.

        Args:
            texts: texts to look for.
            k: maximum number of passages per text.
            allowed: which passages may be returned for which text, shape (n_texts, n_passages); default: all.
        """


class Retriever(Record, ABC):
    """A way to rank passages; its fields are its settings."""

    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions that compute the ranking; their versions belong to a result."""

    @abstractmethod
    def index(self, corpus: Corpus) -> Index:
        """Indexes a corpus."""


def full_text(passage: Passage) -> str:
    """The text of a passage that is indexed: its title, if it has one, and its text."""
    return f"{passage.title} {passage.text}" if passage.title else passage.text


def rank(
    score: Callable[[str], Floats], texts: Sequence[str], k: int, n_passages: int, allowed: Bools | None
) -> Rankings:
    """Ranks the passages by a score, text by text.

    Args:
        score: gives the score of each passage for a text, shape (n_passages,).
        texts: texts to look for.
        k: maximum number of passages per text.
        n_passages: number of passages.
        allowed: which passages may be returned for which text; default: all.
    """
    if allowed is not None and allowed.shape != (len(texts), n_passages):
        raise ValueError(f"allowed: expected shape {(len(texts), n_passages)}, got {allowed.shape}")
    rankings = Rankings(np.full((len(texts), k), -1, dtype=np.int64), np.zeros((len(texts), k), dtype=np.float64))
    for i, text in enumerate(texts):
        scores = np.asarray(score(text), dtype=np.float64)
        if allowed is not None:
            scores = np.where(allowed[i], scores, 0.0)
        rows = best_rows(scores, k)
        rankings.rows[i, : len(rows)] = rows
        rankings.scores[i, : len(rows)] = scores[rows]
    return rankings


def best_rows(scores: Floats, k: int) -> Integers:
    """The rows of the k highest scores above 0, best first; equal scores in the order of rows."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > k:
        # Sorting only the candidates keeps a search linear; of equal scores at the limit the first ones stay.
        lowest = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
        above = rows[scores[rows] > lowest]
        equal = rows[scores[rows] == lowest][: k - len(above)]
        rows = np.sort(np.concatenate([above, equal]))
    ranked: Integers = rows[np.argsort(-scores[rows], kind="stable")].astype(np.int64)
    return ranked
