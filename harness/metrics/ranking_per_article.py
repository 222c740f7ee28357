"""Ranking metrics per article, averaged over articles. Ties count by their expectation over random orders."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Codes, Floats, safe_divide
from harness.data.claims import Gold
from harness.metrics.article_means import ArticleMean
from harness.metrics.base import Run
from harness.metrics.sums import group_sums
from harness.metrics.ties import (
    TieGroups,
    expected_hits,
    expected_reciprocal_rank,
    precision_sums,
    ranking_scores,
    ties_in_lists,
)


class MeanAveragePrecision(ArticleMean):
    """The mean over articles of the average precision within the article.

    Returns: values in (0, 1]. The mean excludes articles without a positive claim, and the note says so.
    Undefined: no article has a positive claim; the system outputs no scores.
    Source: McSherry and Najork 2008 for ties.
    """

    heading: ClassVar[str] = "MAP"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The average precision of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        sums = group_sums(lists, precision_sums(ties), n_lists(article))
        return safe_divide(sums, _positives(lists, ties, article))


class RPrecision(ArticleMean):
    """The mean over articles of the precision at R, where R is the article's number of positive claims.

    Returns: values in [0, 1]. The mean excludes articles without a positive claim, and the note says so.
    Undefined: no article has a positive claim; the system outputs no scores.
    """

    heading: ClassVar[str] = "R-Prec"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The R-precision of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        positives = _positives(lists, ties, article)
        # The cutoff R differs per list, so look it up for each group.
        hits = expected_hits(ties, positives[lists].astype(np.int64))
        return safe_divide(group_sums(lists, hits, len(positives)), positives)


class PrecisionAt(ArticleMean):
    """The mean over articles of the share of positive claims among the article's first k.

    The divisor is k even for an article with fewer claims (as in trec_eval). An article without a positive claim
    counts as 0, because every claim that is read there is a wasted read.

    Returns: values in [0, 1]. Undefined: no claims; the system outputs no scores.
    """

    heading: ClassVar[str] = "P@{k}"

    k: int = Field(default=10, ge=1)
    """Number of claims read per article."""

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The precision at k of each article."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        hits = expected_hits(ties, np.full_like(ties.before, self.k))
        return group_sums(lists, hits, n_lists(article)) / self.k


class RecallAt(ArticleMean):
    """The mean over articles of the share of the article's positive claims that rank among its first k.

    Returns: values in [0, 1]. The mean excludes articles without a positive claim, and the note says so.
    Undefined: no article has a positive claim; the system outputs no scores.
    """

    heading: ClassVar[str] = "R@{k}"

    k: int = Field(default=10, ge=1)
    """Number of claims read per article."""

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The recall at k of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        hits = expected_hits(ties, np.full_like(ties.before, self.k))
        return safe_divide(group_sums(lists, hits, n_lists(article)), _positives(lists, ties, article))


class Ndcg(ArticleMean):
    """The mean over articles of the discounted gain of the positive claims, divided by that of a perfect ranking.

    A positive claim at rank i gains 1 / log2(i + 1). The whole article is ranked.

    Returns: values in (0, 1]. The mean excludes articles without a positive claim, and the note says so.
    Undefined: no article has a positive claim; the system outputs no scores.
    Source: Jarvelin and Kekalainen 2002; ties as in McSherry and Najork 2008, and scikit-learn's ndcg_score.
    """

    heading: ClassVar[str] = "nDCG"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The nDCG of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        gains = cumulative_discounts(int(np.max(ties.before + ties.size, initial=0)))
        # In a random order, each claim of a group gains the group's mean discount.
        mean_discount = (gains[ties.before + ties.size] - gains[ties.before]) / ties.size
        positives = _positives(lists, ties, article)
        # A perfect ranking puts all positives first, so its gain is the sum of the first discounts.
        perfect_gain = gains[positives.astype(np.int64)]
        return safe_divide(group_sums(lists, ties.positives * mean_discount, len(positives)), perfect_gain)


def cumulative_discounts(n: int) -> Floats:
    """The sum of 1 / log2(rank + 1) over the first 0, 1, ..., n ranks; shape (n + 1,)."""
    return np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2.0, n + 2)))])


class ReciprocalRank(ArticleMean):
    """The mean over articles of 1 / rank of the article's first positive claim.

    Returns: values in (0, 1]. The mean excludes articles without a positive claim, and the note says so.
    Undefined: no article has a positive claim; the system outputs no scores.
    """

    heading: ClassVar[str] = "MRR"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The expected reciprocal rank of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        values = np.full(n_lists(article), np.nan)
        first_groups = np.flatnonzero((ties.positives > 0) & (ties.positives_before == 0))
        # Groups of one claim are usual and need no expectation; only real ties pay for the loop.
        single = first_groups[ties.size[first_groups] == 1]
        values[lists[single]] = 1 / (ties.before[single] + 1)
        for group in first_groups[ties.size[first_groups] > 1].tolist():
            counts = (int(ties.before[group]), int(ties.size[group]), int(ties.positives[group]))
            values[lists[group]] = expected_reciprocal_rank(*counts)
        return values


def n_lists(article: Codes) -> int:
    """The number of list codes: the highest code + 1."""
    return int(np.max(article, initial=-1)) + 1


def _positives(lists: Codes, ties: TieGroups, article: Codes) -> Floats:
    """The number of positive claims in each list; shape (n_lists,)."""
    return group_sums(lists, ties.positives, n_lists(article))
