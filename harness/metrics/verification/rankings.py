"""Metrics of ranked passages: how well a system finds the gold evidence of each claim.

Tied scores count by their expectation over random orders. Without ties the values are those of trec_eval, over the
claims that have gold evidence; a claim for which nothing is returned counts as 0.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from math import comb
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Bools, Codes, Floats
from harness.data.claims import Gold
from harness.metrics.base import Run
from harness.metrics.ranking_per_article import cumulative_discounts
from harness.metrics.sums import SumMetric, group_sums
from harness.metrics.ties import expected_hits, precision_sums, ties_in_lists

MAX_OPEN_GROUPS = 12
"""Number of evidence groups whose completeness ties leave open, up to which their expectation is exact."""


class JudgedRankings:
    """The ranked passages of some claims, all of which have gold evidence."""

    def __init__(
        self,
        rankings: Sequence[Sequence[tuple[str, float]]],
        gold: Sequence[Sequence[frozenset[str]]],
        sources: Mapping[str, str] | None = None,
    ):
        """Judges passages by the gold evidence.

        Args:
            rankings: passage id and score of each returned passage, by claim.
            gold: groups of ids of gold passages, by claim; at least one group each.
            sources: the source of each passage, by its id; default: each passage is its own.
        """
        self.rankings, self.gold, self.sources = rankings, gold, sources or {}
        cited = [frozenset[str]().union(*groups) for groups in gold]
        self.n_relevant: Codes = np.fromiter(map(len, cited), dtype=np.int64, count=len(cited))
        """Number of gold passages of each claim, shape (n_claims,)."""
        sizes = np.fromiter(map(len, rankings), dtype=np.int64, count=len(rankings))
        lists = np.repeat(np.arange(len(rankings)), sizes)
        scores = np.array([score for ranking in rankings for _, score in ranking], dtype=np.float64)
        relevant: Bools = np.array(
            [name in names for names, ranking in zip(cited, rankings, strict=True) for name, _ in ranking], dtype=bool
        )
        self.lists, self.ties = ties_in_lists(relevant, scores, lists)
        """Claim of each group of ties that holds a gold passage, and the counts of these groups."""

    def __len__(self) -> int:
        return len(self.gold)

    def sums(self, of_ties: Floats) -> Floats:
        """The sum over the groups of ties of each claim; shape (n_claims,)."""
        return group_sums(self.lists, of_ties, len(self))

    @cached_property
    def places(self) -> list[dict[str, tuple[int, int]]]:
        """For each claim, by passage: how many passages score higher, and how many score the same."""
        places = []
        for ranking in self.rankings:
            scores = np.sort(np.array([score for _, score in ranking], dtype=np.float64))
            placed = {}
            for name, score in ranking:
                low, high = np.searchsorted(scores, score), np.searchsorted(scores, score, side="right")
                placed[name] = (len(scores) - int(high), int(high - low))
            places.append(placed)
        return places


class RankingMetric(SumMetric):
    """The mean over claims of a value of the ranking of each claim's passages."""

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "scores"
    yes_or_no_only: ClassVar[bool] = False
    name: ClassVar[str]
    """Name in the registry."""

    @abstractmethod
    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The value for each claim; shape (n_claims,), in [0, 1]."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """The value of each claim, which a run of the task `evidence` has in the column of the metric, and a 1."""
        scores = np.zeros((len(gold), len(gold.labels))) if run.scores is None else run.scores
        values = scores[:, gold.labels.index(self.key(self.name))]
        return np.column_stack([values, np.ones(len(gold))])

    def from_sums(self, sums: Floats) -> Floats:
        """The mean."""
        with np.errstate(invalid="ignore"):
            mean: Floats = sums[:, 0] / sums[:, 1]
        return mean


class MetricAtDepth(RankingMetric):
    """A metric of the first passages of each claim."""

    k: int = Field(default=10, ge=1)
    """Number of passages read per claim."""


class PassageRecallAt(MetricAtDepth):
    """The mean over claims of the share of the claim's gold passages that rank among the first k.

    Returns: values in [0, 1]. Source: recall_k of trec_eval.
    """

    name: ClassVar[str] = "recall_at"
    heading: ClassVar[str] = "R@{k}"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The recall at k of each claim."""
        return judged.sums(_hits(judged, self.k)) / judged.n_relevant


class SourceRecallAt(MetricAtDepth):
    """The mean over claims of the share of the sources of its gold passages that the first k passages are from.

    Documents of a corpus that share a sentence, directly or through others, are extracts of one source; any other
    document is a source of its own.

    Returns: values in [0, 1]. Not taken from a paper.
    """

    name: ClassVar[str] = "source_recall_at"
    heading: ClassVar[str] = "source R@{k}"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The recall of sources at k of each claim."""
        values = np.zeros(len(judged))
        for row, (groups, places) in enumerate(zip(judged.gold, judged.places, strict=True)):
            wanted = {judged.sources.get(name, name) for name in frozenset[str]().union(*groups)}
            places_of: dict[str, list[tuple[int, int]]] = {source: [] for source in wanted}
            for name, place in places.items():
                if (source := judged.sources.get(name, name)) in wanted:
                    places_of[source].append(place)
            values[row] = sum(_any_within(of_source, self.k) for of_source in places_of.values()) / len(wanted)
        return values


class PassagePrecisionAt(MetricAtDepth):
    """The mean over claims of the share of gold passages among the first k; the divisor is always k.

    Returns: values in [0, 1]. Source: P_k of trec_eval.
    """

    name: ClassVar[str] = "precision_at"
    heading: ClassVar[str] = "P@{k}"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The precision at k of each claim."""
        return judged.sums(_hits(judged, self.k)) / self.k


class PassageMeanAveragePrecision(RankingMetric):
    """The mean over claims of the average precision; a gold passage that is not returned counts as 0.

    Returns: values in [0, 1]. Source: map of trec_eval; McSherry and Najork 2008 for ties.
    """

    name: ClassVar[str] = "mean_average_precision"
    heading: ClassVar[str] = "MAP"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The average precision of each claim."""
        return judged.sums(precision_sums(judged.ties)) / judged.n_relevant


class PassageRPrecision(RankingMetric):
    """The mean over claims of the precision at R, where R is the claim's number of gold passages.

    Returns: values in [0, 1]. Source: Rprec of trec_eval.
    """

    name: ClassVar[str] = "r_precision"
    heading: ClassVar[str] = "R-Prec"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The R-precision of each claim."""
        hits = expected_hits(judged.ties, judged.n_relevant[judged.lists])
        return judged.sums(hits) / judged.n_relevant


class PassageReciprocalRankAt(MetricAtDepth):
    """The mean over claims of 1 / rank of the first gold passage; 0 if it is not among the first k.

    Returns: values in [0, 1]. Source: recip_rank of trec_eval, cut at k.
    """

    name: ClassVar[str] = "reciprocal_rank_at"
    heading: ClassVar[str] = "MRR@{k}"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The expected reciprocal rank of each claim."""
        values, ties = np.zeros(len(judged)), judged.ties
        for group in np.flatnonzero((ties.positives > 0) & (ties.positives_before == 0)).tolist():
            before, size, positives = (int(column[group]) for column in (ties.before, ties.size, ties.positives))
            values[judged.lists[group]] = _expected_reciprocal_rank(before, size, positives, self.k)
        return values


class PassageNdcgAt(MetricAtDepth):
    """The mean over claims of the discounted gain of the first k passages, divided by that of a perfect ranking.

    A gold passage at rank i gains 1 / log2(i + 1).

    Returns: values in [0, 1]. Source: ndcg_cut_k of trec_eval for grades 0 and 1; Jarvelin and Kekalainen 2002.
    """

    name: ClassVar[str] = "ndcg_at"
    heading: ClassVar[str] = "nDCG@{k}"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """The nDCG at k of each claim."""
        gains, ties = cumulative_discounts(self.k), judged.ties
        first, last = np.minimum(ties.before, self.k), np.minimum(ties.before + ties.size, self.k)
        # In a random order, each passage of a group gains the mean discount of the group, which is 0 after rank k.
        gained = ties.positives * (gains[last] - gains[first]) / np.maximum(ties.size, 1)
        return judged.sums(gained) / gains[np.minimum(judged.n_relevant, self.k)]


class WholeGroupAt(MetricAtDepth):
    """The share of claims for which all passages of an evidence group rank among the first k.

    The passages of a group settle the claim together, and the groups of a claim are alternatives.

    Returns: values in [0, 1].
    """

    name: ClassVar[str] = "whole_group_at"
    heading: ClassVar[str] = "group@{k}"

    def of_claims(self, judged: JudgedRankings) -> Floats:
        """For each claim, the probability that a whole group ranks among the first k."""
        return np.array(
            [_whole_group(groups, places, self.k) for groups, places in zip(judged.gold, judged.places, strict=True)],
            dtype=np.float64,
        )


def _hits(judged: JudgedRankings, k: int) -> Floats:
    return expected_hits(judged.ties, np.full_like(judged.ties.before, k))


def _any_within(places: Sequence[tuple[int, int]], k: int) -> float:
    """The probability that one of some passages ranks among the first k, over random orders of equal scores.

    Args:
        places: for each passage, how many passages score higher, and how many score the same.
        k: number of passages read.
    """
    if any(before + size <= k for before, size in places):
        return 1.0
    # Only one group of ties can reach beyond rank k and begin before it.
    tied = [(before, size) for before, size in places if before < k]
    if not tied:
        return 0.0
    before, size = tied[0]
    return 1 - comb(size - len(tied), k - before) / comb(size, k - before)


def _expected_reciprocal_rank(before: int, size: int, positives: int, k: int) -> float:
    """The expected value of 1 / rank of the first positive among equal scores, 0 after rank k.

    Args:
        before: number of passages above the group of ties.
        size: number of passages in it.
        positives: number of gold passages in it, at least 1.
    """
    expected, none_so_far = 0.0, 1.0
    for place in range(min(size - positives, k - before - 1) + 1):
        hit = positives / (size - place)
        expected += none_so_far * hit / (before + place + 1)
        none_so_far *= 1 - hit
    return expected


def _whole_group(groups: Sequence[frozenset[str]], places: dict[str, tuple[int, int]], k: int) -> float:
    """The probability that all passages of some group rank among the first k, over random orders of equal scores."""
    open_groups = set[frozenset[str]]()
    n_free = size = 0
    for group in groups:
        if not all(name in places and places[name][0] < k for name in group):
            continue
        # Only the ties that reach beyond rank k leave anything open, and all of them have the same score.
        tied = frozenset(name for name in group if sum(places[name]) > k)
        if not tied:
            return 1.0
        before, size = places[next(iter(tied))]
        n_free = k - before
        open_groups.add(tied)
    smallest = sorted(open_groups, key=lambda tied: (len(tied), sorted(tied)))[:MAX_OPEN_GROUPS]
    probability = 0.0
    for n_groups in range(1, len(smallest) + 1):
        for chosen in combinations(smallest, n_groups):
            needed = len(frozenset[str]().union(*chosen))
            if needed <= n_free:
                sign = 1 if n_groups % 2 else -1
                probability += sign * comb(size - needed, n_free - needed) / comb(size, n_free)
    return probability
