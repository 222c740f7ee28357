"""chrF as sacrebleu computes it: F2 of character n-grams from 1 to 6, without white space and without words.

Source: Popović 2015; sacrebleu 2.6 with its defaults (`nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no`). Values are
shares: sacrebleu prints 100 times as much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from harness.arrays import Codes

MAX_ORDER = 6
"""Longest n-gram, in characters."""
BETA = 2
"""Weight of recall against precision."""


def chrf(candidate: str, reference: str) -> float:
    """The chrF of a candidate text against a reference text, in [0, 1].

    >>> round(chrf("the cat sat", "the cat sat down"), 4)
    0.6602
    """
    return _f_score(_counts(candidate, reference))


def corpus_chrf(pairs: Iterable[tuple[str, str]]) -> float:
    """The chrF of n-grams pooled over all pairs of candidate and reference, in [0, 1]; 0 without a pair."""
    counts = (_counts(candidate, reference) for candidate, reference in pairs)
    return _f_score(sum(counts, np.zeros((MAX_ORDER, 3), dtype=np.int64)))


def _counts(candidate: str, reference: str) -> Codes:
    """Number of n-grams of the candidate, of the reference, and of both, by order; shape (MAX_ORDER, 3)."""
    own, other = "".join(candidate.split()), "".join(reference.split())
    counts = np.zeros((MAX_ORDER, 3), dtype=np.int64)
    for order in range(1, MAX_ORDER + 1):
        a, b = _ngrams(own, order), _ngrams(other, order)
        # An order that the reference is too short for counts for nothing.
        counts[order - 1] = (a.total() if b else 0, b.total(), (a & b).total())
    return counts


def _ngrams(text: str, order: int) -> Counter[str]:
    return Counter(text[start : start + order] for start in range(len(text) - order + 1))


def _f_score(counts: Codes) -> float:
    """The F-score of mean precision and mean recall over the orders that both sides have."""
    both = counts[(counts[:, 0] > 0) & (counts[:, 1] > 0)]
    if not len(both):
        return 0.0
    precision, recall = float((both[:, 2] / both[:, 0]).mean()), float((both[:, 2] / both[:, 1]).mean())
    if not precision + recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
