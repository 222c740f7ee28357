"""Choice of settings by grouped cross-validation inside the training data, never with test claims."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import SerializeAsAny

from harness.classifiers import build
from harness.classifiers.base import Classifier, Scorer
from harness.classifiers.composite.wrapped import WrappedScorer, WrappingClassifier
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import Fold
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.runner.tuning.inner_folds import ONE_ARTICLE, InnerFolds, training_folds
from harness.runner.tuning.shared_fits import Fitted, SharedFits, path_order, shared_fits


class SettingsSearch(WrappingClassifier):
    """A classifier whose settings are chosen from candidates, inside the training claims of each fit.

    The candidate with the best metric value over grouped folds of the training claims is fitted to all of them. Of
    several equal candidates, the first is chosen; likewise if there is only one training article, or if the metric is
    undefined for all candidates.
    """

    candidates: tuple[SerializeAsAny[Classifier], ...]
    """Classifiers to choose from."""
    titles: tuple[str, ...]
    """Settings of each candidate, for the result: `C=10`."""
    metric: SerializeAsAny[Metric]
    """Metric that ranks the candidates."""
    folds: InnerFolds = InnerFolds()
    """Folds inside the training claims."""

    def inner(self) -> tuple[Classifier, ...]:
        """Returns the candidates."""
        return self.candidates

    def code_modules(self) -> tuple[str, ...]:
        """The modules of the candidates and of the metric that ranks them."""
        return tuple(dict.fromkeys((*super().code_modules(), *self.metric.code_modules())))

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """Returns the folds of the training claims on which the candidates are compared."""
        return training_folds(claims, self.folds, seed).folds

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Chooses a candidate and fits it to all training claims."""
        best = 0
        folds, note = training_folds(claims, self.folds, seed)
        with shared_fits(claims) as fits:
            before = fits.n
            if folds:
                best = int(np.argmax(self._values(fits, claims, gold, seed, folds)))
            scorer = fits.fit_once(self.candidates[best], claims, gold, seed)
        n = len(self.candidates)
        where = f"in {len(folds)} folds{note}" if folds else f"(not tuned: {ONE_ARTICLE})"
        return SettingsSearchScorer(scorer, f"{self.titles[best]} of {n} candidates {where}", fits.n - before)

    def _values(self, fits: SharedFits, claims: Claims, gold: Gold, seed: int, folds: list[Fold]) -> list[float]:
        """The metric of each candidate over all folds; higher is better, -inf if undefined."""
        n = len(self.candidates)
        scores = np.zeros((n, len(claims), len(gold.labels)))
        predicted = np.zeros((n, len(claims)), dtype=np.int64)
        probabilities = np.ones(n, dtype=bool)
        for fold in folds:
            train, train_gold, test = claims.take(fold.train), gold.take(fold.train), claims.take(fold.test)
            near: Fitted | None = None
            for number in path_order(self.candidates):
                candidate = self.candidates[number]
                scorer = fits.fit_once(candidate, train, train_gold, seed, near)
                near = candidate, scorer
                scores[number, fold.test] = scorer.score(test)
                predicted[number, fold.test] = scorer.predict(test, scores[number, fold.test])
                probabilities[number] &= scorer.probabilities
        runs = [Run(*each) for each in zip(scores, predicted, probabilities.tolist(), strict=True)]
        return [self._value(run, claims, gold) for run in runs]

    def _value(self, run: Run, claims: Claims, gold: Gold) -> float:
        groups = ResamplingGroups(claims.article_codes(), claims.article_codes())
        try:
            # One weighting in which every resampling unit counts once gives the plain value, without intervals.
            weights = np.ones((1, int(groups.unit.max()) + 1), dtype=np.int64)
            value = float(self.metric.values(gold, run, groups, weights)[0])
        except Undefined:
            return -np.inf
        return value if self.metric.higher_is_better else -value


@dataclass(frozen=True)
class SettingsSearchScorer(WrappedScorer):
    """The scorer of the chosen candidate."""

    chosen: str
    """Description of the choice, for the result."""
    fits: int = 1
    """Number of fits, including those in the folds."""


def with_settings_search(
    name: str, settings: dict[str, Any], choices: Sequence[Mapping[str, Any]], metric: Metric, folds: InnerFolds
) -> SettingsSearch:
    """Returns a classifier that chooses its settings from candidates.

    Args:
        name: name of the classifier, or `module:Class`.
        settings: fixed settings.
        choices: settings of each candidate, in addition to the fixed ones.
        metric: metric that ranks the candidates.
        folds: folds inside the training claims, on which the candidates are compared.
    Raises: the errors of `harness.classifiers.build`.
    """
    return SettingsSearch(
        candidates=tuple(build(name, {**settings, **choice}) for choice in choices),
        titles=tuple(", ".join(f"{key}={json.dumps(value)}" for key, value in choice.items()) for choice in choices),
        metric=metric,
        folds=folds,
    )
