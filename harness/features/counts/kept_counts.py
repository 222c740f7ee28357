"""Counts that a score leaves to the reasons for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_KEPT: ContextVar[dict[tuple[int, tuple[str, ...]], tuple[object, list[csr_matrix]]] | None] = ContextVar(
    "kept_counts", default=None
)


@contextmanager
def counts_kept() -> Iterator[None]:
    """Keeps counts inside the block, so that scores and reasons of the same texts are counted once."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept_or_counted(
    ngrams: object, texts: Sequence[str], count: Callable[[Sequence[str]], list[csr_matrix]]
) -> list[csr_matrix]:
    """The counts of texts, which the caller may change; those of an earlier call if they are kept.

    Args:
        ngrams: what is counted.
        texts: the texts.
        count: counts them.
    """
    kept = _KEPT.get()
    if kept is None:
        return count(texts)
    key = id(ngrams), tuple(texts)
    if key not in kept:
        kept[key] = ngrams, count(texts)  # the n-grams too, so that no other object gets their id
    return [block.copy() for block in kept[key][1]]
