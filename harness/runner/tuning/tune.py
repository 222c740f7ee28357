"""Settings chosen inside the training data: by grouped cross-validation of candidates, never with a test claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import SerializeAsAny

from harness.classifiers import build
from harness.classifiers.base import Classifier, Question, Scorer
from harness.classifiers.composite.wrapped import WrappedScorer
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import By, Fold, group_codes, grouped_folds
from harness.errors import Undefined
from harness.metrics.base import Groups, Metric, Run

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


class Tuned(Classifier):
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

    @property
    def yes_or_no_only(self) -> bool:  # type: ignore[override]
        """As the candidates."""
        return self.candidates[0].yes_or_no_only

    @property
    def reads(self) -> Literal["claim", "article"]:  # type: ignore[override]
        """The most that a candidate reads."""
        return "article" if any(candidate.reads == "article" for candidate in self.candidates) else "claim"

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the candidates."""
        return self.candidates[0].packages

    @property
    def languages(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the candidates."""
        return self.candidates[0].languages

    def check(self) -> None:
        """Checks every candidate."""
        for candidate in self.candidates:
            candidate.check()

    def inputs(self) -> str:
        """What the candidates read."""
        return "".join(candidate.inputs() for candidate in self.candidates)

    def placed(self, texts: list[str], root: str | Path | None) -> Self:
        """With each candidate placed."""
        candidates = tuple(candidate.placed(texts, root) for candidate in self.candidates)
        return self.model_copy(update={"candidates": candidates})

    def downloads(self) -> tuple[str, ...]:
        """Those of the candidates."""
        return tuple(dict.fromkeys(host for candidate in self.candidates for host in candidate.downloads()))

    def trained_before(self, texts: list[str]) -> tuple[npt.NDArray[np.bool_], str]:
        """What any candidate was trained on."""
        found = [candidate.trained_before(texts) for candidate in self.candidates]
        said = "; ".join(dict.fromkeys(what for seen, what in found if seen.any()))
        return np.any([seen for seen, _ in found], axis=0), said

    def for_question(self, question: Question) -> Self:
        """Tells every candidate."""
        return self.model_copy(update={"candidates": tuple(each.for_question(question) for each in self.candidates)})

    def hosts(self) -> tuple[str, ...]:
        """Those that every candidate may contact."""
        return tuple(dict.fromkeys(host for each in self.candidates for host in each.hosts()))

    @property
    def never_kept(self) -> str | None:  # type: ignore[override]
        """As the candidates."""
        return self.candidates[0].never_kept

    def attachments(self) -> Mapping[str, bytes]:
        """Those of every candidate."""
        return {name: data for each in self.candidates for name, data in each.attachments().items()}

    def forecast(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, int]:
        """The calls of every candidate on the inner folds, and on the claims to score."""
        calls: dict[str, int] = {}
        for candidate in self.candidates:
            calls |= candidate.forecast(claims, gold, test, seed)
            for fold in inner_folds(claims, self.folds, seed):
                train, rest = claims.take(fold.train), claims.take(fold.test)
                calls |= candidate.forecast(train, gold.take(fold.train), rest, seed)
        return calls

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Chooses a candidate and fits it to all training claims."""
        best, inner = 0, inner_folds(claims, self.folds, seed)
        if inner:
            values = [self._value(candidate, claims, gold, seed, inner) for candidate in self.candidates]
            best = int(np.argmax(values))
        scorer = self.candidates[best].fit(claims, gold, seed)
        n = len(self.candidates)
        where = f"in {len(inner)} folds" if inner else "untried, there being one training group only"
        return TunedScorer(scorer, f"{self.titles[best]} of {n} candidates {where}", n * len(inner) + 1)

    def _value(self, candidate: Classifier, claims: Claims, gold: Gold, seed: int, inner: list[Fold]) -> float:
        scores = np.zeros((len(claims), len(gold.labels)))
        predicted = np.zeros(len(claims), dtype=np.int64)
        probabilities = True
        for fold in inner:
            scorer = candidate.fit(claims.take(fold.train), gold.take(fold.train), seed)
            scores[fold.test] = scorer.score(claims.take(fold.test))
            predicted[fold.test] = scorer.predict(claims.take(fold.test), scores[fold.test])
            probabilities = probabilities and scorer.probabilities
        groups = Groups(claims.article_codes(), claims.article_codes())
        try:
            ones = np.ones((1, int(groups.unit.max()) + 1), dtype=np.int64)
            value = float(self.metric.values(gold, Run(scores, predicted, probabilities), groups, ones)[0])
        except Undefined:
            return -np.inf
        return value if self.metric.higher_is_better else -value


@dataclass(frozen=True)
class TunedScorer(WrappedScorer):
    """The scorer of the chosen candidate, which says what was chosen."""

    chosen: str
    fits: int = 1


def tuned(
    name: str, settings: dict[str, Any], choices: Sequence[Mapping[str, Any]], metric: Metric, folds: InnerFolds
) -> Tuned:
    """A classifier tuned over candidates.

    Args:
        name: a classifier's name, or `module:Class`.
        settings: the fixed settings.
        choices: what each candidate sets beside them.
        metric: what the best candidate is best at.
        folds: inside the training claims, on which the candidates are compared.
    Raises: as `harness.classifiers.build`.
    """
    return Tuned(
        candidates=tuple(build(name, {**settings, **choice}) for choice in choices),
        titles=tuple(", ".join(f"{key}={json.dumps(value)}" for key, value in choice.items()) for choice in choices),
        metric=metric,
        folds=folds,
    )
