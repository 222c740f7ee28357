"""The official CheckThat! ranking conventions as metrics, for comparison with published results.

They differ from our ranking metrics in three ways: ties keep the order of the claims, so file order matters; an article
without a positive claim counts as 0; and the mean is over all articles. If each claim is its own article (tweets), the
official list is the whole file: score that with `checkthat_ranking.checkthat_ranking` instead.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Bools, Codes, Floats
from harness.data.claims import Gold
from harness.metrics.article_means import ArticleMean
from harness.metrics.base import Run
from harness.metrics.official import checkthat_ranking
from harness.metrics.ties import is_run_start, ranking_scores


class CheckThatMetric(ArticleMean):
    """The mean over all articles of an official metric per article; ties keep the order of the claims.

    Returns: values in [0, 1]. Undefined: no claims; the system outputs no scores.
    Source: the scorers published with CheckThat! 2018 to 2021; see `checkthat_ranking`.
    """

    @abstractmethod
    def from_ranking(self, ranked: Bools) -> float:
        """The metric of one article; never undefined.

        Args:
            ranked: whether each claim is positive, by descending score; at least one claim.
        """

    def undefined_reason(self, gold: Gold) -> str:
        """The reason: no claims."""
        return "there are no claims"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The official metric of each article, 0 without a positive claim; shape (n_articles,)."""
        # lexsort is stable, so ties keep the order of the claims, as in the official program.
        order = np.lexsort((-ranking_scores(run), article))
        ranked = gold.positive[order]
        article = article[order]
        values = np.full(int(np.max(article, initial=-1)) + 1, np.nan)
        starts = np.flatnonzero(is_run_start(article))
        ends = np.append(starts, len(article))[1:]
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            values[article[start]] = self.from_ranking(ranked[start:end])
        return values


class CheckThatAveragePrecision(CheckThatMetric):
    """The official MAP: mean average precision, 0 for an article without a positive claim."""

    heading: ClassVar[str] = "CheckThat! MAP"

    def from_ranking(self, ranked: Bools) -> float:
        """The average precision of one article."""
        return checkthat_ranking.average_precision(ranked)


class CheckThatReciprocalRank(CheckThatMetric):
    """The official reciprocal rank of the first positive claim, 0 for an article without a positive claim."""

    heading: ClassVar[str] = "CheckThat! MRR"

    def from_ranking(self, ranked: Bools) -> float:
        """The reciprocal rank of the first positive claim of one article."""
        return checkthat_ranking.reciprocal_rank(ranked)


class CheckThatRPrecision(CheckThatMetric):
    """The official R-precision, 0 for an article without a positive claim."""

    heading: ClassVar[str] = "CheckThat! R-Prec"

    def from_ranking(self, ranked: Bools) -> float:
        """The precision of one article at its number of positive claims."""
        return checkthat_ranking.r_precision(ranked)


class CheckThatPrecisionAt(CheckThatMetric):
    """The official precision at k; the divisor is k even for an article with fewer claims."""

    heading: ClassVar[str] = "CheckThat! P@{k}"

    k: int = Field(default=10, ge=1)
    """Number of claims read per article."""

    def from_ranking(self, ranked: Bools) -> float:
        """The precision at k of one article."""
        return checkthat_ranking.precision_at(ranked, self.k)
