"""Means over articles of a value per article."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from harness.arrays import Codes, Floats, Weights, safe_divide
from harness.data.claims import Gold
from harness.errors import HarnessError, Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.sums import weighted_sums


class UnitsSplitArticles(HarnessError):
    """A mean over articles was asked for under weights that draw parts of articles."""


class ArticleMean(Metric):
    """The plain mean of a value per article, over the articles where it is defined.

    An article is drawn with the unit that holds it; drawn w times, it counts as w articles. Units that split
    articles (claims, or speakers of a debate) are refused: resampling them would change the articles themselves.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "scores"

    @abstractmethod
    def article_values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        """The value of each article code up to the highest; shape (n_articles,), NaN where undefined.

        What it gives for a code without claims does not matter.
        """

    def undefined_reason(self, gold: Gold) -> str:
        """Why no article has a value."""
        return f"no article has a claim that is '{gold.labels[-1]}' in gold" if len(gold) else "there are no claims"

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The mean under each weighting; shape (n_weightings,), NaN where no drawn article has a value.

        Raises:
            Undefined: no article has a value.
            UnitsSplitArticles: a weight is not 1, and some article's claims belong to several units.
        """
        values = self._values(gold, run, groups.article)
        defined = ~np.isnan(values)
        if not defined.any():
            raise Undefined(self.undefined_reason(gold))
        unit = unit_of_articles(groups)
        if unit is None:
            if not (weights == 1).all():
                raise UnitsSplitArticles("a mean over articles needs units that hold whole articles")
            return np.full(len(weights), values[defined].mean())
        columns = np.stack([values[defined], np.ones(np.count_nonzero(defined))], axis=1)
        total, n = weighted_sums(weights, unit[defined], columns).T
        return safe_divide(total, n)

    def unit_values(self, gold: Gold, run: Run, groups: ResamplingGroups) -> Floats | None:
        """The articles' values where each unit is one article; else None."""
        unit = unit_of_articles(groups)
        present = np.unique(groups.article)
        if unit is None or len(np.unique(groups.unit)) != len(present):
            return None
        per_unit = np.full(int(np.max(groups.unit, initial=-1)) + 1, np.nan)
        per_unit[unit[present]] = self._values(gold, run, groups.article)[present]
        return per_unit

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """Over how many articles the mean is taken, where some have no value."""
        defined = int(np.count_nonzero(~np.isnan(self._values(gold, run, groups.article))))
        n_articles = len(np.unique(groups.article))
        return f"over {defined} of {n_articles} articles" if defined < n_articles else None

    def _values(self, gold: Gold, run: Run, article: Codes) -> Floats:
        values = self.article_values(gold, run, article)
        return np.where(np.bincount(article, minlength=len(values)) > 0, values, np.nan)


def unit_of_articles(groups: ResamplingGroups) -> Codes | None:
    """The unit that holds each article, shape (n_articles,); None where some article's claims are in several."""
    unit = np.zeros(int(np.max(groups.article, initial=-1)) + 1, dtype=np.int64)
    unit[groups.article] = groups.unit
    return unit if np.array_equal(unit[groups.article], groups.unit) else None
