"""Base classes of retrievers (settings that index a corpus) and indexes (which rank its passages for texts)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Floats, Integers
from harness.data.corpora import Corpus, Passage
from harness.errors import HarnessError
from harness.records import Record


class Rankings(NamedTuple):
    """The best passages for each text, best first; equal scores in the order of the corpus."""

    rows: Integers
    """Rows of the passages in the corpus, shape (n_texts, k); -1 where there are fewer than k."""
    scores: Floats
    """Score of each passage, same shape; 0 where there is none."""


Arrays = dict[str, npt.NDArray[Any]]
"""Arrays of an index by name: what is stored of it."""
MAX_CELLS = 4_000_000
"""Number of scores, of some texts and all passages, that are in memory at once."""
PART = 512
"""Number of scores whose maximum is taken at once, so that few are left to be sorted."""


class Index(ABC):
    """An indexed corpus."""

    @abstractmethod
    def search(self, texts: Sequence[str], k: int, allowed: Bools | None = None) -> Rankings:
        """Returns the k best passages for each text, or fewer where fewer match.

        Args:
            texts: texts to look for.
            k: maximum number of passages per text.
            allowed: which passages may be returned for which text, shape (n_texts, n_passages); default: all.
        """

    def arrays(self) -> Arrays:
        """Returns what to store of the index; `Retriever.from_arrays` makes the same index of it."""
        raise HarnessError(f"{type(self).__name__} cannot be stored: it has no method `arrays`")


class ScoringIndex(Index):
    """An index that scores every passage for a text."""

    n_passages: int

    def search(self, texts: Sequence[str], k: int, allowed: Bools | None = None) -> Rankings:
        """Returns the k best passages for each text; a passage with a score of 0 or less is never returned."""
        return rank(self.scores, texts, k, self.n_passages, allowed)

    @abstractmethod
    def scores(self, texts: Sequence[str]) -> Floats:
        """Returns the score of each passage for some texts, shape (n_texts, n_passages)."""


class Retriever(Record, ABC):
    """A way to rank passages; its fields are its settings."""

    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions that compute the ranking; their versions belong to a result."""

    @abstractmethod
    def index(self, corpus: Corpus) -> Index:
        """Indexes a corpus."""

    def from_arrays(self, arrays: Arrays, n_passages: int) -> Index:
        """Returns the index of stored arrays, which may be memory-mapped.

        Args:
            arrays: arrays of the index, as `Index.arrays` gave them.
            n_passages: number of passages of the corpus.
        """
        raise HarnessError(f"{type(self).__name__} cannot be stored: it has no method `from_arrays`")


def full_text(passage: Passage) -> str:
    """The text of a passage that is indexed: its title, if it has one, and its text."""
    return f"{passage.title} {passage.text}" if passage.title else passage.text


def full_texts(corpus: Corpus) -> Iterator[str]:
    """The text of each passage that is indexed, in order; see `full_text`."""
    for title, text in zip(corpus.values("title"), corpus.values("text"), strict=True):
        yield f"{title} {text}" if title else text


def rank(
    score: Callable[[Sequence[str]], Floats], texts: Sequence[str], k: int, n_passages: int, allowed: Bools | None
) -> Rankings:
    """Ranks the passages by a score, some texts at a time.

    Args:
        score: gives the score of each passage for some texts, shape (n_texts, n_passages).
        texts: texts to look for.
        k: maximum number of passages per text.
        n_passages: number of passages.
        allowed: which passages may be returned for which text; default: all.
    """
    if allowed is not None and allowed.shape != (len(texts), n_passages):
        raise ValueError(f"allowed: expected shape {(len(texts), n_passages)}, got {allowed.shape}")
    rankings = Rankings(np.full((len(texts), k), -1, dtype=np.int64), np.zeros((len(texts), k), dtype=np.float64))
    step = max(1, MAX_CELLS // max(1, n_passages))
    for start in range(0, len(texts), step):
        for i, scores in enumerate(score(texts[start : start + step]), start=start):
            rows = best_rows(scores if allowed is None else np.where(allowed[i], scores, 0.0), k)
            rankings.rows[i, : len(rows)] = rows
            rankings.scores[i, : len(rows)] = scores[rows]
    return rankings


def text_array(texts: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Texts as an array of bytes, to store them beside numbers; see `texts_of`."""
    return np.frombuffer(json.dumps(list(texts)).encode(), dtype=np.uint8)


def texts_of(array: npt.NDArray[Any]) -> list[str]:
    """The texts of an array by `text_array`."""
    texts: list[str] = json.loads(array.tobytes())
    return texts


def best_rows(scores: Floats, k: int) -> Integers:
    """The rows of the k highest scores above 0, best first; equal scores in the order of rows."""
    rows = np.flatnonzero((scores >= _lower_bound(scores, k)) & (scores > 0))
    if len(rows) > k:
        # Sorting only the candidates keeps a search linear; of equal scores at the limit the first ones stay.
        lowest = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
        above = rows[scores[rows] > lowest]
        equal = rows[scores[rows] == lowest][: k - len(above)]
        rows = np.sort(np.concatenate([above, equal]))
    ranked: Integers = rows[np.argsort(-scores[rows], kind="stable")].astype(np.int64)
    return ranked


def _lower_bound(scores: Floats, k: int) -> float:
    """A number that at least k scores reach: the k-th highest of the maxima of equal parts."""
    n_parts = len(scores) // PART
    if n_parts < k:
        return -np.inf
    maxima = scores[: n_parts * PART].reshape(n_parts, PART).max(axis=1)
    return float(np.partition(maxima, n_parts - k)[n_parts - k])
