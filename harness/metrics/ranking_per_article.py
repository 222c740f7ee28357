"""Ranking metrics per article, averaged over articles. Ties count as their expectation over random orders."""

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

    Returns: values in (0, 1]. An article without a positive claim has no value and is left out; the note says so.
    Undefined: no article has a positive claim; the system gives no scores.
    Source: McSherry and Najork 2008 for ties.
    """

    heading: ClassVar[str] = "MAP"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The average precision of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        return safe_divide(group_sums(lists, precision_sums(ties), n_lists(article)), _positives(lists, ties, article))


class RPrecision(ArticleMean):
    """The mean over articles of the precision at R, where R is the article's number of positive claims.

    Returns: values in [0, 1]. An article without a positive claim has no value and is left out; the note says so.
    Undefined: no article has a positive claim; the system gives no scores.
    """

    heading: ClassVar[str] = "R-Prec"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The R-precision of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        positives = _positives(lists, ties, article)
        hits = expected_hits(ties, positives[lists].astype(np.int64))
        return safe_divide(group_sums(lists, hits, len(positives)), positives)


class PrecisionAt(ArticleMean):
    """The mean over articles of the share of positive claims among the article's first k.

    Divided by k also where the article has fewer claims (as trec_eval does). An article without a positive claim
    counts 0: none of what a desk reads there is worth its time.

    Returns: values in [0, 1]. Undefined: no claims; the system gives no scores.
    """

    heading: ClassVar[str] = "P@{k}"

    k: int = Field(default=10, ge=1)
    """How many claims of each article are read."""

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The precision at k of each article."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        return group_sums(lists, expected_hits(ties, np.full_like(ties.before, self.k)), n_lists(article)) / self.k


class RecallAt(ArticleMean):
    """The mean over articles of the share of an article's positive claims that stand among its first k.

    Returns: values in [0, 1]. An article without a positive claim has no value and is left out; the note says so.
    Undefined: no article has a positive claim; the system gives no scores.
    """

    heading: ClassVar[str] = "R@{k}"

    k: int = Field(default=10, ge=1)
    """How many claims of each article are read."""

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The recall at k of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        hits = group_sums(lists, expected_hits(ties, np.full_like(ties.before, self.k)), n_lists(article))
        return safe_divide(hits, _positives(lists, ties, article))


class Ndcg(ArticleMean):
    """The mean over articles of the discounted gain of its positive claims, by the gain of a perfect ranking.

    A positive claim at rank i gains 1 / log2(i + 1). The whole article is ranked.

    Returns: values in (0, 1]. An article without a positive claim has no value and is left out; the note says so.
    Undefined: no article has a positive claim; the system gives no scores.
    Source: Jarvelin and Kekalainen 2002; ties as in McSherry and Najork 2008, and scikit-learn's ndcg_score.
    """

    heading: ClassVar[str] = "nDCG"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The nDCG of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        gains = discounts_before(int(np.max(ties.before + ties.size, initial=0)))
        per_claim = (gains[ties.before + ties.size] - gains[ties.before]) / ties.size
        positives = _positives(lists, ties, article)
        return safe_divide(
            group_sums(lists, ties.positives * per_claim, len(positives)), gains[positives.astype(np.int64)]
        )


def discounts_before(n: int) -> Floats:
    """The sum of 1 / log2(rank + 1) over the first ranks; shape (n + 1,), from no rank to n of them."""
    return np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2.0, n + 2)))])


class ReciprocalRank(ArticleMean):
    """The mean over articles of 1 / rank of the article's first positive claim.

    Returns: values in (0, 1]. An article without a positive claim has no value and is left out; the note says so.
    Undefined: no article has a positive claim; the system gives no scores.
    """

    heading: ClassVar[str] = "MRR"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The expected reciprocal rank of each article; NaN without a positive claim."""
        lists, ties = ties_in_lists(gold.positive, ranking_scores(run), article)
        values = np.full(n_lists(article), np.nan)
        first = np.flatnonzero((ties.positives > 0) & (ties.positives_before == 0))
        single = first[ties.size[first] == 1]
        values[lists[single]] = 1 / (ties.before[single] + 1)
        for group in first[ties.size[first] > 1].tolist():
            counts = (int(ties.before[group]), int(ties.size[group]), int(ties.positives[group]))
            values[lists[group]] = expected_reciprocal_rank(*counts)
        return values


def n_lists(article: Codes) -> int:
    """How many lists there are, by the highest code."""
    return int(np.max(article, initial=-1)) + 1


def _positives(lists: Codes, ties: TieGroups, article: Codes) -> Floats:
    """The number of positive claims of each list; shape (n_lists,)."""
    return group_sums(lists, ties.positives, n_lists(article))
