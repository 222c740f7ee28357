"""The official CheckThat! ranking conventions as metrics: what a published result is compared with.

They differ from ours: ties keep the order of the claims, so the order of the file matters; an article without a
positive claim counts 0; the mean is over all articles. Where each claim is an article of its own (tweets), the
official list is the whole file: score that with `checkthat_ranking.checkthat_ranking`, not with these.
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
    """The mean over all articles of an official number per article; ties keep the order of the claims.

    Returns: values in [0, 1]. Undefined: no claims; the system gives no scores.
    Source: the scorers published with CheckThat! 2018 to 2021; see `official`.
    """

    @abstractmethod
    def from_ranking(self, ranked: Bools) -> float:
        """The number of one article, from its gold by descending score; never undefined."""

    def undefined_reason(self, gold: Gold) -> str:
        """No claims."""
        return "there are no claims"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The official number of each article, 0 without a positive claim."""
        order = np.lexsort((-ranking_scores(run), article))
        ranked, article = gold.positive[order], article[order]
        values = np.full(int(np.max(article, initial=-1)) + 1, np.nan)
        starts = np.flatnonzero(is_run_start(article))
        ends = np.append(starts, len(article))[1:]
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            values[article[start]] = self.from_ranking(ranked[start:end])
        return values


class CheckThatAveragePrecision(CheckThatMetric):
    """The official MAP: average precision per article, 0 for one without a positive claim."""

    heading: ClassVar[str] = "CheckThat! MAP"

    def from_ranking(self, ranked: Bools) -> float:
        """The average precision."""
        return checkthat_ranking.average_precision(ranked)


class CheckThatReciprocalRank(CheckThatMetric):
    """The official reciprocal rank of the first positive claim, 0 for an article without one."""

    heading: ClassVar[str] = "CheckThat! MRR"

    def from_ranking(self, ranked: Bools) -> float:
        """The reciprocal rank."""
        return checkthat_ranking.reciprocal_rank(ranked)


class CheckThatRPrecision(CheckThatMetric):
    """The official R-precision, 0 for an article without a positive claim."""

    heading: ClassVar[str] = "CheckThat! R-Prec"

    def from_ranking(self, ranked: Bools) -> float:
        """The precision at the number of positive claims."""
        return checkthat_ranking.r_precision(ranked)


class CheckThatPrecisionAt(CheckThatMetric):
    """The official precision at k, divided by k whatever the length of the article."""

    heading: ClassVar[str] = "CheckThat! P@{k}"

    k: int = Field(default=10, ge=1)
    """How many claims of each article are read."""

    def from_ranking(self, ranked: Bools) -> float:
        """The precision at k."""
        return checkthat_ranking.precision_at(ranked, self.k)
