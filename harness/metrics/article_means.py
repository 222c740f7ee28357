"""Metrics that average one value per article over articles."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from harness.arrays import Codes, Floats, StoredWeights, Weights, safe_divide
from harness.data.claims import Gold
from harness.errors import HarnessError, Undefined
from harness.metrics.base import ByWeights, Metric, ResamplingGroups, Run
from harness.metrics.sums import unit_sums, weighted


class UnitsSplitArticles(HarnessError):
    """A mean over articles is undefined under weights that draw parts of articles."""


class ArticleMean(Metric):
    """The plain mean of a value per article, over the articles where it is defined.

    An article is drawn together with its unit; drawn w times, it counts as w articles. Units that split articles
    (claims, or speakers of a debate) are refused, because resampling them would change the articles themselves.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "scores"

    @abstractmethod
    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The value of each article code up to the highest; shape (n_articles,), NaN where undefined.

        Callers ignore the value of a code without claims.
        """

    def undefined_reason(self, gold: Gold) -> str:
        """The reason why no article has a value."""
        return f"no article has a claim with gold label '{gold.names[-1]}'" if len(gold) else "there are no claims"

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The mean under each weighting; shape (n_weightings,), NaN where no drawn article has a value.

        Raises:
            Undefined: no article has a value.
            UnitsSplitArticles: a weight is not 1, and the claims of an article belong to several units.
        """
        return self.by_weights(gold, run, groups)(weights)

    def by_weights(self, gold: Gold, run: Run, groups: ResamplingGroups) -> ByWeights:
        """`values` for many blocks of weightings; the values of the articles are computed once."""
        values = self._values(gold, run, groups.article)
        defined = ~np.isnan(values)
        if not defined.any():
            raise Undefined(self.undefined_reason(gold))
        unit, mean = unit_of_articles(groups), values[defined].mean()

        def of_whole_articles(weights: Weights | StoredWeights) -> Floats:
            # Weights of 1 draw every article whole, so the mean of the unweighted data exists whatever the units are.
            if not (weights == 1).all():
                raise UnitsSplitArticles("a mean over articles needs resampling units that contain whole articles")
            return np.full(len(weights), mean)

        if unit is None:
            return of_whole_articles
        columns = np.stack([values[defined], np.ones(np.count_nonzero(defined))], axis=1)
        per_unit = unit_sums(unit[defined], columns, int(groups.unit.max()) + 1)

        def under(weights: Weights | StoredWeights) -> Floats:
            # One matrix product yields numerator and denominator under all weightings; a weighting that draws no
            # article with a value has denominator 0, and thus NaN.
            total, n = weighted(weights, per_unit).T
            return safe_divide(total, n)

        return under

    def unit_values(self, gold: Gold, run: Run, groups: ResamplingGroups) -> Floats | None:
        """The value of each article, if every unit is one article; else None."""
        unit = unit_of_articles(groups)
        present = np.unique(groups.article)
        if unit is None or len(np.unique(groups.unit)) != len(present):
            return None
        per_unit = np.full(int(np.max(groups.unit, initial=-1)) + 1, np.nan)
        per_unit[unit[present]] = self._values(gold, run, groups.article)[present]
        return per_unit

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """The number of articles in the mean, if some articles have no value; else None."""
        defined = int(np.count_nonzero(~np.isnan(self._values(gold, run, groups.article))))
        n_articles = len(np.unique(groups.article))
        return f"over {defined} of {n_articles} articles" if defined < n_articles else None

    def _values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        values = self.article_values(gold, run, article)
        # Codes may have gaps; a code without claims is not an article, and must not count in the mean.
        return np.where(np.bincount(article, minlength=len(values)) > 0, values, np.nan)


class WholeArticles(ArticleMean):
    """The share of articles whose claims are all labeled right.

    For pairs of a right and a wrong claim, or other contrasts, with an article each: a system that always gives one
    label gets no article right.

    Returns: values in [0, 1]. Undefined: no claims.
    Source: the contrast consistency of Gardner et al. 2020.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "whole"

    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """1 for each article without an error, else 0; NaN for a code without claims."""
        wrong = np.bincount(article, weights=run.predicted != gold.codes)
        return np.where(np.bincount(article) > 0, (wrong == 0).astype(np.float64), np.nan)


def unit_of_articles(groups: ResamplingGroups) -> Codes | None:
    """The unit of each article, shape (n_articles,); None if the claims of an article belong to several units."""
    unit = np.zeros(int(np.max(groups.article, initial=-1)) + 1, dtype=np.int64)
    # The last claim of an article decides its unit; if reading the units back differs, another claim disagreed.
    unit[groups.article] = groups.unit
    return unit if np.array_equal(unit[groups.article], groups.unit) else None
