"""Groups of claims with equal scores, and what a ranking metric expects of a random order within them.

Source: McSherry and Najork 2008, Computing information retrieval performance measures efficiently in the presence of
tied scores.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats
from harness.errors import Undefined
from harness.metrics.base import Run

LONG = 64
"""Claims per list, on average, from which lists are sorted one by one."""


class TieGroups(NamedTuple):
    """Counts of tie groups, best group first. Integer arrays of equal shape, one entry per group."""

    before: Codes
    """Claims ranked above the group."""
    size: Codes
    positives_before: Codes
    positives: Codes


def ranking_scores(run: Run) -> Floats:
    """The scores that rank claims: those of the positive label; shape (n_claims,).

    Raises: Undefined: the system gives no scores.
    """
    if run.scores is None:
        raise Undefined("the system gives labels only, no scores to rank by")
    return run.scores[:, -1]


def ties_in_lists(positive: npt.NDArray[np.bool_], scores: Floats, lists: Codes) -> tuple[Codes, TieGroups]:
    """The tie groups of several lists at once that hold a positive claim, list by list.

    Args:
        positive, scores, lists: shape (n_claims,); the list of each claim by number.
    Returns: the list of each group, shape (n_groups,), and the groups' counts within their lists.
    """
    if (np.diff(lists) < 0).any():
        order = np.argsort(lists, kind="stable")
        positive, scores, lists = positive[order], scores[order], lists[order]
    starts = np.flatnonzero(is_run_start(lists))
    find = ties_of_short_lists if len(lists) < LONG * len(starts) else ties_of_long_lists
    return find(positive, scores, lists)


def ties_of_short_lists(positive: npt.NDArray[np.bool_], scores: Floats, lists: Codes) -> tuple[Codes, TieGroups]:
    """As `ties_in_lists`, for ascending lists; sorts all claims at once."""
    order = np.lexsort((-scores, lists))
    lists, scores = lists[order], scores[order]
    new_list = is_run_start(lists)
    starts = np.flatnonzero(new_list | is_run_start(scores))
    size = np.diff(starts, append=len(order))
    positives = np.add.reduceat(positive[order].astype(np.int64), starts) if len(starts) else starts
    first = new_list[starts]
    group_list = np.cumsum(first) - 1
    before, positives_before = np.cumsum(size) - size, np.cumsum(positives) - positives
    before -= before[first][group_list]
    positives_before -= positives_before[first][group_list]
    holding = positives > 0
    return lists[starts][holding], TieGroups(*(c[holding] for c in (before, size, positives_before, positives)))


def ties_of_long_lists(positive: npt.NDArray[np.bool_], scores: Floats, lists: Codes) -> tuple[Codes, TieGroups]:
    """As `ties_in_lists`, for ascending lists; sorts each list's scores, and looks its positive claims up in them.

    A loop over lists: sorting values is many times faster than sorting row numbers, and positive claims are few.
    """
    starts = np.flatnonzero(is_run_start(lists))
    ends = np.append(starts, len(lists))[1:]
    rows = np.flatnonzero(positive)
    first, last = np.searchsorted(rows, starts), np.searchsorted(rows, ends)
    wanted, before, size = scores[rows], np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    for start, end, low, high in zip(*(bounds.tolist() for bounds in (starts, ends, first, last)), strict=True):
        if low < high:
            ranked = np.sort(scores[start:end])
            above = ranked.searchsorted(wanted[low:high], side="right")
            before[low:high] = end - start - above
            size[low:high] = above - ranked.searchsorted(wanted[low:high], side="left")
    span = int(np.max(ends - starts, initial=0)) + 1
    place, group, positives = np.unique(lists[rows] * span + before, return_index=True, return_counts=True)
    of_list = place // span
    counted = np.cumsum(positives) - positives
    positives_before = counted - counted[np.searchsorted(of_list, of_list)]
    return of_list, TieGroups(before[group], size[group], positives_before, positives)


def is_run_start(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Whether each value differs from the one before it; the first does; shape as given."""
    return np.concatenate([np.ones(min(1, len(values)), dtype=np.bool_), values[1:] != values[:-1]])


def precision_sums(ties: TieGroups) -> Floats:
    """What each tie group adds to the sum, over positive claims, of the precision at the claim's rank, as expected.

    (r/n) sum over j = 1..n of [R + 1 + (j-1)(r-1)/(n-1)] / (N+j), with n claims and r positive ones in the group and
    N and R before it. The sum is c n + (R + 1 - c (N+1)) (H(N+n) - H(N)), where c = (r-1)/(n-1) and H are harmonic
    numbers. Empty groups add 0. Absolute error below 1e-9 for lists of up to a million claims.
    """
    before, size, positives_before, positives = ties
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1.0, 1 + np.max(before + size, initial=0)))])
    reciprocals = harmonic[before + size] - harmonic[before]
    # From table differences a single claim's 1 / (N+1) would lose digits, and single claims are the usual case.
    reciprocals[size == 1] = 1 / (before[size == 1] + 1)
    slope = (positives - 1) / np.maximum(size - 1, 1)
    expected = slope * size + (positives_before + 1 - slope * (before + 1)) * reciprocals
    return np.where(positives > 0, positives / np.maximum(size, 1) * expected, 0.0)


def expected_hits(ties: TieGroups, cutoffs: Codes) -> Floats:
    """The expected number of positive claims of each (non-empty) group above a cutoff; shape as the groups'.

    Args:
        cutoffs: the cutoff of each group's list; shape as the groups'.
    """
    above = np.minimum(np.maximum(cutoffs - ties.before, 0), ties.size)
    return np.asarray(ties.positives * above / ties.size, dtype=np.float64)


def expected_reciprocal_rank(before: int, size: int, positives: int) -> float:
    """The expectation of 1 / rank of the first positive claim, for the first group that holds one; in (0, 1]."""
    places = np.arange(1, size - positives + 1)
    # P(first positive at place x + 1) = P(at x) (n - x - r + 1) / (n - x).
    steps = np.concatenate([[positives / size], (size - places - positives + 1) / (size - places)])
    return float(np.sum(np.cumprod(steps) / (before + np.arange(1, len(steps) + 1))))
