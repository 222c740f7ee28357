"""Matches predicted claims with gold claims of an article by the characters that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Floats

MIN_JACCARD = 0.5
"""Least share of common characters among all characters of a predicted and a gold claim that are matched."""


class Span(NamedTuple):
    """The characters of a claim in its article."""

    start: int
    end: int


def match_spans(gold: Sequence[Span], predicted: Sequence[Span]) -> dict[int, int]:
    """Matches claims of one article one to one, so that the total number of shared characters is largest.

    Args:
        gold, predicted: spans in the text of the article.
    Returns: index of the predicted claim by index of the gold claim; pairs below `MIN_JACCARD` are no match.

    >>> match_spans([Span(0, 10), Span(20, 30)], [Span(2, 10), Span(26, 40)])  # shares of 8/10 and 4/20
    {0: 0}
    """
    from scipy.optimize import linear_sum_assignment

    if not gold or not predicted:
        return {}
    shared = _shared_characters(gold, predicted)
    # A pair below the threshold gains nothing, so that it never takes the place of a pair above it.
    rows, columns = linear_sum_assignment(shared, maximize=True)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if shared[row, column] > 0}


def _shared_characters(gold: Sequence[Span], predicted: Sequence[Span]) -> Floats:
    """Number of characters that each pair shares, 0 below `MIN_JACCARD`; shape (n_gold, n_predicted)."""
    a, b = np.array(gold, dtype=np.int64), np.array(predicted, dtype=np.int64)
    starts, ends = np.maximum(a[:, None, 0], b[None, :, 0]), np.minimum(a[:, None, 1], b[None, :, 1])
    shared = np.maximum(ends - starts, 0)
    union = (a[:, 1] - a[:, 0])[:, None] + (b[:, 1] - b[:, 0])[None, :] - shared
    eligible: Floats = np.where(shared >= MIN_JACCARD * union, shared, 0).astype(np.float64)
    return eligible
