"""Settings chosen inside the training data: by grouped cross-validation of candidates, never with a test claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from pydantic import SerializeAsAny

from harness.classifiers import build
from harness.classifiers.base import Classifier, Scorer
from harness.classifiers.composite.wrapped import WrappedScorer, WrappingClassifier
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import By, Fold, group_codes, grouped_folds
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run

INNER_FOLDS = 3


class InnerFolds(NamedTuple):
    """The folds inside the training claims of each fit."""

    k: int = INNER_FOLDS
    """As many as there are groups, where those are fewer."""
    by: By = "article"
    """What stays whole."""


def inner_folds(claims: Claims, folds: InnerFolds, seed: int) -> list[Fold]:
    """The folds inside training claims; none where these are one group."""
    groups = len(np.unique(group_codes(claims, folds.by)))
    return grouped_folds(claims, k=min(folds.k, groups), by=folds.by, seed=seed) if groups > 1 else []


class SettingsSearch(WrappingClassifier):
    """A classifier whose settings are chosen from candidates, inside the training claims of each fit.

    The candidate with the best value of the metric over grouped folds of the training claims is fitted to all of them;
    the first of equals. It is the first candidate where there is one training group only, or where the metric is
    undefined for all.
    """

    candidates: tuple[SerializeAsAny[Classifier], ...]
    titles: tuple[str, ...]
    """What each candidate sets, for the result: `C=10`."""
    metric: SerializeAsAny[Metric]
    folds: InnerFolds = InnerFolds()

    def inner(self) -> tuple[Classifier, ...]:
        """The candidates."""
        return self.candidates

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """The folds of the training claims on which the candidates are compared."""
        return inner_folds(claims, self.folds, seed)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Chooses a candidate and fits it to all training claims."""
        best, inner = 0, inner_folds(claims, self.folds, seed)
        if inner:
            values = [self._value(candidate, claims, gold, seed, inner) for candidate in self.candidates]
            best = int(np.argmax(values))
        scorer = self.candidates[best].fit(claims, gold, seed)
        n = len(self.candidates)
        where = f"in {len(inner)} folds" if inner else "untried, there being one training group only"
        return SettingsSearchScorer(scorer, f"{self.titles[best]} of {n} candidates {where}", n * len(inner) + 1)

    def _value(self, candidate: Classifier, claims: Claims, gold: Gold, seed: int, inner: list[Fold]) -> float:
        scores = np.zeros((len(claims), len(gold.labels)))
        predicted = np.zeros(len(claims), dtype=np.int64)
        probabilities = True
        for fold in inner:
            scorer = candidate.fit(claims.take(fold.train), gold.take(fold.train), seed)
            scores[fold.test] = scorer.score(claims.take(fold.test))
            predicted[fold.test] = scorer.predict(claims.take(fold.test), scores[fold.test])
            probabilities = probabilities and scorer.probabilities
        groups = ResamplingGroups(claims.article_codes(), claims.article_codes())
        try:
            ones = np.ones((1, int(groups.unit.max()) + 1), dtype=np.int64)
            value = float(self.metric.values(gold, Run(scores, predicted, probabilities), groups, ones)[0])
        except Undefined:
            return -np.inf
        return value if self.metric.higher_is_better else -value


@dataclass(frozen=True)
class SettingsSearchScorer(WrappedScorer):
    """The scorer of the chosen candidate, which says what was chosen."""

    chosen: str
    fits: int = 1


def with_settings_search(
    name: str, settings: dict[str, Any], choices: Sequence[Mapping[str, Any]], metric: Metric, folds: InnerFolds
) -> SettingsSearch:
    """A classifier tuned over candidates.

    Args:
        name: a classifier's name, or `module:Class`.
        settings: the fixed settings.
        choices: what each candidate sets beside them.
        metric: what the best candidate is best at.
        folds: inside the training claims, on which the candidates are compared.
    Raises: as `harness.classifiers.build`.
    """
    return SettingsSearch(
        candidates=tuple(build(name, {**settings, **choice}) for choice in choices),
        titles=tuple(", ".join(f"{key}={json.dumps(value)}" for key, value in choice.items()) for choice in choices),
        metric=metric,
        folds=folds,
    )
