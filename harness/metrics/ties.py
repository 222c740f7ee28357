"""Groups of claims with equal scores, and expected values of ranking metrics over random orders within them.

Source: McSherry and Najork 2008, Computing information retrieval performance measures efficiently in the presence of
tied scores.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats
from harness.errors import Undefined
from harness.metrics.base import Run

MIN_LONG_LIST = 64
"""Average number of claims per list from which lists are sorted one by one."""


class TieGroups(NamedTuple):
    """Counts of tie groups, best group first; integer arrays of equal shape, with one entry per group."""

    before: Codes
    """Number of claims ranked above the group."""
    size: Codes
    """Number of claims in the group."""
    positives_before: Codes
    """Number of positive claims ranked above the group."""
    positives: Codes
    """Number of positive claims in the group."""


def ranking_scores(run: Run) -> Floats:
    """The scores of the positive label, which rank the claims; shape (n_claims,).

    Raises: Undefined: the system outputs no scores.
    """
    if run.scores is None:
        raise Undefined("the system outputs only labels; a ranking needs scores")
    return run.scores[:, -1]


def ties_in_lists(positive: npt.NDArray[np.bool_], scores: Floats, lists: Codes) -> tuple[Codes, TieGroups]:
    """The tie groups with a positive claim, of several lists at once, in the order of the lists.

    Args:
        positive: whether each claim is positive, shape (n_claims,).
        scores: score of each claim, same shape.
        lists: number of the list of each claim, same shape.
    Returns: the list of each group, shape (n_groups,), and the counts of the groups within their lists.
    """
    if (np.diff(lists) < 0).any():
        order = np.argsort(lists, kind="stable")
        positive, scores, lists = positive[order], scores[order], lists[order]
    starts = np.flatnonzero(is_run_start(lists))
    # One sort of everything is fastest for many short lists, a loop over lists for few long ones; same counts.
    find_ties = ties_of_short_lists if len(lists) < MIN_LONG_LIST * len(starts) else ties_of_long_lists
    return find_ties(positive, scores, lists)


def ties_of_short_lists(positive: npt.NDArray[np.bool_], scores: Floats, lists: Codes) -> tuple[Codes, TieGroups]:
    """Same as `ties_in_lists` for ascending `lists`; sorts all claims at once."""
    order = np.lexsort((-scores, lists))
    lists, scores = lists[order], scores[order]
    is_list_start = is_run_start(lists)
    # A group ends where the score changes, and also where the list does: two lists may meet at equal scores.
    starts = np.flatnonzero(is_list_start | is_run_start(scores))
    size = np.diff(starts, append=len(order))
    # reduceat rejects an empty index array, which occurs only without claims.
    positives = np.add.reduceat(positive[order].astype(np.int64), starts) if len(starts) else starts
    is_first_of_list = is_list_start[starts]
    list_index = np.cumsum(is_first_of_list) - 1
    before = np.cumsum(size) - size
    positives_before = np.cumsum(positives) - positives
    # The sums run over all lists; subtracting the sum at the first group of each list restarts them per list.
    before -= before[is_first_of_list][list_index]
    positives_before -= positives_before[is_first_of_list][list_index]
    has_positive = positives > 0
    counts = (before, size, positives_before, positives)
    return lists[starts][has_positive], TieGroups(*(column[has_positive] for column in counts))


def ties_of_long_lists(positive: npt.NDArray[np.bool_], scores: Floats, lists: Codes) -> tuple[Codes, TieGroups]:
    """Same as `ties_in_lists` for ascending `lists`; sorts the scores of each list and looks up its positive claims.

    A Python loop over lists pays off: sorting values is many times faster than sorting row numbers, and positive claims
    are few.
    """
    starts = np.flatnonzero(is_run_start(lists))
    ends = np.append(starts, len(lists))[1:]
    rows = np.flatnonzero(positive)
    first = np.searchsorted(rows, starts)
    last = np.searchsorted(rows, ends)
    positive_scores = scores[rows]
    before = np.empty(len(rows), dtype=np.int64)
    size = np.empty(len(rows), dtype=np.int64)
    for start, end, low, high in zip(*(bounds.tolist() for bounds in (starts, ends, first, last)), strict=True):
        if low < high:
            # In ascending order, the scores from the right insertion point on are higher, and the scores between
            # both insertion points are equal.
            ascending = np.sort(scores[start:end])
            n_not_above = ascending.searchsorted(positive_scores[low:high], side="right")
            before[low:high] = end - start - n_not_above
            size[low:high] = n_not_above - ascending.searchsorted(positive_scores[low:high], side="left")
    # List and number of claims above identify a tie group. One integer holds both, so one sort finds the groups.
    span = int(np.max(ends - starts, initial=0)) + 1
    keys, first_rows, positives = np.unique(lists[rows] * span + before, return_index=True, return_counts=True)
    group_lists = keys // span
    cumulated = np.cumsum(positives) - positives
    # Restart the running sum at the first group of each list.
    positives_before = cumulated - cumulated[np.searchsorted(group_lists, group_lists)]
    return group_lists, TieGroups(before[first_rows], size[first_rows], positives_before, positives)


def is_run_start(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Whether each value starts a run of equal values; shape as given."""
    return np.concatenate([np.ones(min(1, len(values)), dtype=np.bool_), values[1:] != values[:-1]])


def precision_sums(ties: TieGroups) -> Floats:
    """The expected sum of the precision at the rank of each positive claim, for each tie group.

    For a group of n claims, r of them positive, with N claims and R positives above it, the expectation is (r/n) times
    the sum over j = 1..n of [R + 1 + (j-1)(r-1)/(n-1)] / (N+j). The inner sum equals
    c n + (R + 1 - c (N+1)) (H(N+n) - H(N)), where c = (r-1)/(n-1) and H are harmonic numbers.

    Returns: shape as the groups'; 0 for an empty group. The absolute error is below 1e-9 for lists of up to a million
        claims.
    """
    before, size, positives_before, positives = ties
    only_positives = size is positives or np.array_equal(size, positives)
    if only_positives and np.max(size, initial=0) <= 1:  # no ties, and no claim twice
        return (positives_before + 1) * (size / (before + 1))
    end = before + size
    # A power of two as the limit, so that the tables of many calls are one.
    harmonic = _harmonic_numbers(1 << int(np.max(end, initial=0)).bit_length())
    reciprocals = np.take(harmonic, end) - np.take(harmonic, before)
    # The difference of two table entries loses digits of a single claim's 1 / (N+1), and groups of one are usual.
    # Products with 0 and 1 choose between finite values several times as fast as masks do.
    is_single = (size == 1).astype(np.float64)
    of_one = is_single / (before + 1)
    several = 1 - is_single
    if only_positives:
        # Groups of nothing but positives, as always without ties: c is 1.
        sums: Floats = (size + (positives_before - before) * reciprocals) * several + (positives_before + 1) * of_one
        return sums
    reciprocals = reciprocals * several + of_one
    # A group of one claim has c = 0/0; any c is right there, as the terms with c cancel. Dividing by 1 avoids a NaN.
    slope = (positives - 1) / np.maximum(size - 1, 1)
    expected = slope * size + (positives_before + 1 - slope * (before + 1)) * reciprocals
    return np.where(positives > 0, positives / np.maximum(size, 1) * expected, 0.0)


@lru_cache(maxsize=1)
def _harmonic_numbers(limit: int) -> Floats:
    """The harmonic numbers from 0 to `limit`."""
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1.0, 1 + limit))])


def expected_hits(ties: TieGroups, cutoffs: Codes) -> Floats:
    """The expected number of positive claims of each non-empty group above a cutoff; shape as the groups'.

    Args:
        ties: tie groups.
        cutoffs: cutoff of the list of each group; shape as the groups'.
    """
    # In a random order, each of the group's claims is equally likely to be above a cutoff inside the group.
    above = np.minimum(np.maximum(cutoffs - ties.before, 0), ties.size)
    return np.asarray(ties.positives * above / ties.size, dtype=np.float64)


def expected_reciprocal_rank(before: int, size: int, positives: int) -> float:
    """The expected reciprocal rank of the first positive claim, if this tie group is the first that has one.

    Args:
        before: number of claims above the group.
        size: number of claims in the group.
        positives: number of positive claims in the group; at least 1.
    Returns: in (0, 1].
    """
    positions = np.arange(1, size - positives + 1)
    # P(first positive at position x + 1) = P(at x) (n - x - r + 1) / (n - x), with n claims and r positives.
    steps = np.concatenate([[positives / size], (size - positions - positives + 1) / (size - positions)])
    return float(np.sum(np.cumprod(steps) / (before + np.arange(1, len(steps) + 1))))
