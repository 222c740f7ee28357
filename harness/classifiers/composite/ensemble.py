"""Several classifiers as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from harness.arrays import Codes, Floats
from harness.classifiers.base import (
    ApiUsage,
    Classifier,
    Reason,
    ScoreMatrix,
    Scorer,
    as_two_columns,
    class_priors,
    computed,
)
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.composite.nested import NestedClassifierField
from harness.classifiers.composite.wrapped import WrappingClassifier
from harness.classifiers.storage.fit_cache import fit_or_load
from harness.classifiers.thresholds import best_cutoff
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import Fold, grouped_folds
from harness.errors import HarnessError

PROBABILITY_EPSILON = 1e-6


@dataclass(frozen=True)
class EnsembleScorer(Scorer):
    """The weighted sum of members' standardized scores or ranks, or as a probability of learned weights or log-odds."""

    members: tuple[Scorer, ...]
    centers: Floats
    """The mean of each member's scores of training claims that it was not fitted to; shape (n_members,)."""
    spreads: Floats
    weights: Floats
    intercept: float
    log_odds: bool
    ladders: Floats | None
    """With ranks, those scores of each member, ascending; shape (n_members, n_training_claims)."""
    cutoff: float | None
    chosen: str | None = None

    @computed
    def probabilities(self) -> bool:
        """Whether the sum is of log-odds, by the members or by what was learned."""
        return self.log_odds

    @computed
    def unsavable_reason(self) -> str | None:
        """Why a member cannot be kept, if so."""
        return next((member.unsavable_reason for member in self.members if member.unsavable_reason), None)

    def score(self, claims: Claims) -> ScoreMatrix:
        """Each member's score, standardized or ranked, weighted and added."""
        from scipy.special import expit

        columns = np.column_stack([_line(member, claims) for member in self.members])
        scaled = (columns - self.centers) / self.spreads if self.ladders is None else _ranks(columns, self.ladders)
        total = (scaled * self.weights).sum(axis=1) + self.intercept
        return as_two_columns(expit(total)) if self.log_odds else np.column_stack([-total, total])

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """By the cutoff, else the label with the higher score; -1 where no member has an answer."""
        return np.where(self._is_silent(claims), -1, super().predict(claims, scores))

    def n_unanswered(self, claims: Claims) -> int:
        """How many of the claims no member has an answer for."""
        return int(self._is_silent(claims).sum())

    def api_usage(self, claims: Claims) -> ApiUsage | None:
        """The calls and tokens of all members together; None where no member asks a service."""
        bills = [bill for bill in (member.api_usage(claims) for member in self.members) if bill is not None]
        return ApiUsage(sum(bill.calls for bill in bills), sum(bill.tokens for bill in bills)) if bills else None

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The members' reasons, each as far as it moves the sum of scores; None where no member has any."""
        found = [member.explain(claims) for member in self.members]
        if all(reasons is None for reasons in found):
            return None
        factors = self.weights / self.spreads
        merged = []
        for row in range(len(claims)):
            said: dict[tuple[str, str], float] = {}
            for reasons, factor in zip(found, factors.tolist(), strict=True):
                for name, text, weight in reasons[row] if reasons else ():
                    said[name, text] = said.get((name, text), 0.0) + weight * factor
            listed = sorted(said.items(), key=lambda item: (-abs(item[1]), item[0]))
            merged.append(tuple(Reason(*place, weight) for place, weight in listed[:10]))
        return merged

    def _is_silent(self, claims: Claims) -> npt.NDArray[np.bool_]:
        """Whether no member has an answer, shape (n_claims,); a member that gives scores only has one."""
        silent = np.ones(len(claims), dtype=np.bool_)
        for member in self.members:
            if not member.n_unanswered(claims) or not member.gives_labels:
                return np.zeros(len(claims), dtype=np.bool_)
            silent &= member.predict(claims, member.score(claims)) < 0
        return silent


class Ensemble(WrappingClassifier):
    """Members' scores, standardized or ranked, and added; weighted equally, or as a logistic regression learns it.

    Each member is fitted in folds of whole training articles too, so that the scale of its scores, and its weight, come
    from claims that it was not fitted to. Sees what its members see; costs as much as all of them, folds + 1 times.
    `log_odds` adds up the log-odds of members that give probabilities, and needs no folds.
    Made for yes-or-no tasks. Training claims of one label (and but for `log_odds` of one article) give the shares of
    the labels. A rank is the share of those training claims that score lower (equals count half), so that no claim's
    depends on what else is scored.
    Source: Wolpert 1992, "Stacked generalization"; Breiman 1996, "Stacked regressions" (weights not below 0); Dwork et
    al. 2001, "Rank aggregation methods for the Web" (mean ranks); Genest and Zidek 1986, "Combining probability
    distributions" (the logarithmic pool, which is the mean of log-odds).
    """

    yes_or_no_only = True
    own_packages = ("scikit-learn", "scipy")
    saved_types = (EnsembleScorer,)

    members: Annotated[tuple[NestedClassifierField, ...], Field(min_length=1)]
    """Each a classifier's name, or a mapping with a name and settings."""
    repeats: int = Field(default=1, ge=1, le=100)
    """Fits of each member, each from a random seed of its own; a lone member needs two or more. For members that
    chance moves, such as fine-tuned encoders (Lakshminarayanan et al. 2017)."""
    method: Literal["mean", "ranks", "log_odds", "stacking"] = "mean"
    """What is added up: standardized scores, ranks or log-odds with equal weights, or scores with learned weights."""
    weights: tuple[float, ...] | None = None
    """One above 0 for each member, but for stacking; null: all alike."""
    folds: int = Field(default=3, ge=2)

    @model_validator(mode="after")
    def _adds_something_up(self) -> Self:
        if len(self.members) * self.repeats < 2:
            raise ValueError("members: expected two or more, or repeats of 2 or more; there is nothing to add up")
        return self

    @model_validator(mode="after")
    def _weighs_each_member(self) -> Self:
        if self.weights is None:
            return self
        if self.method == "stacking":
            raise ValueError("weights: stacking learns them; give none")
        if len(self.weights) != len(self.members) or min(self.weights) <= 0:
            raise ValueError(f"weights: expected {len(self.members)} numbers above 0, one for each member")
        return self

    def inner(self) -> tuple[Classifier, ...]:
        """The members."""
        return tuple(member.classifier for member in self.members)

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """The folds of whole training articles in which members are fitted, to be weighed; none for log-odds."""
        k = self._n_folds(claims)
        return grouped_folds(claims, k=k, by="article", seed=seed) if k > 1 else ()

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, int]:
        """The calls of every member, for each of its repeats; none where the members are not fitted."""
        calls: dict[str, int] = {}
        if self._can_learn(claims, gold):
            for each in self._seeds(seed):
                calls |= super().planned_requests(claims, gold, test, each)
        return calls

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the members, in folds (but for log-odds) and then to all training claims.

        Raises: HarnessError: log-odds are asked of a member without probabilities.
        """
        if not self._can_learn(claims, gold):
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        if self.method == "log_odds":
            return self._pooled(self._fitted(claims, gold, seed))
        folds = self.rehearsals(claims, seed)
        columns = np.empty((len(claims), len(self.members) * self.repeats))
        for fold in folds:
            train, held_out = claims.take(fold.train), claims.take(fold.test)
            for column, scorer in enumerate(self._fitted(train, gold.take(fold.train), seed)):
                columns[fold.test, column] = _line(scorer, held_out)
        spreads = columns.std(axis=0)
        spreads[spreads == 0] = 1.0
        fitted = self._fitted(claims, gold, seed)
        scaled, ladders = (columns - columns.mean(axis=0)) / spreads, None
        if self.method == "ranks":
            ladders = np.sort(columns, axis=0).T
            scaled = _ranks(columns, ladders)
        if self.method == "stacking":
            weights, intercept = _stacked(scaled, gold)
            cutoff, said = None, ", ".join(f"{w:.2f}" for w in weights)
        else:
            weights, intercept = self._shares(), 0.0
            cutoff = best_cutoff(scaled @ weights, gold.positive)
            said = ", ".join(f"{w:.2f}" for w in weights) if self.weights else "equal"
        chosen = f"weights {said} from {len(folds)} folds of training articles"
        return EnsembleScorer(
            fitted, columns.mean(axis=0), spreads, weights, intercept, cutoff is None, ladders, cutoff, chosen
        )

    def _can_learn(self, claims: Claims, gold: Gold) -> bool:
        """Whether there are two labels, and articles enough to weigh the members."""
        return len(np.unique(gold.codes)) > 1 and (self.method == "log_odds" or self._n_folds(claims) > 1)

    def _n_folds(self, claims: Claims) -> int:
        return 0 if self.method == "log_odds" else min(self.folds, len(np.unique(claims.article_codes())))

    def _seeds(self, seed: int) -> list[int]:
        """The random seed of each repeat, the given one first."""
        return [seed, *(_another(seed, number) for number in range(1, self.repeats))]

    def _fitted(self, claims: Claims, gold: Gold, seed: int) -> tuple[Scorer, ...]:
        """Every member, fitted as often as is asked for; the repeats of one stand together."""
        return tuple(_fit(member, claims, gold, each) for member in self.inner() for each in self._seeds(seed))

    def _shares(self) -> Floats:
        """Each fit's share of the weights, shape (n_members x repeats,)."""
        given = np.repeat(self.weights or [1.0] * len(self.members), self.repeats)
        found: Floats = given / given.sum()
        return found

    def _pooled(self, fitted: tuple[Scorer, ...]) -> EnsembleScorer:
        for place, scorer in enumerate(fitted):
            if not scorer.probabilities:
                name = self.members[place // self.repeats].name
                raise HarnessError(f"ensemble: method: log_odds needs probabilities; '{name}' gives none")
        none = np.zeros(len(fitted))
        return EnsembleScorer(fitted, none, none + 1.0, self._shares(), 0.0, True, None, None)


def _ranks(columns: Floats, ladders: Floats) -> Floats:
    """The share of each ladder's scores that are lower, equals counting half; shape as `columns`."""
    ranks = np.empty(columns.shape)
    for place, ladder in enumerate(ladders):
        lower = np.searchsorted(ladder, columns[:, place], side="left")
        ranks[:, place] = (lower + np.searchsorted(ladder, columns[:, place], side="right")) / (2 * len(ladder))
    return ranks


def _another(seed: int, number: int) -> int:
    """A random seed for another fit, which no seed that is counted on from this one meets."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)


def _fit(member: Classifier, claims: Claims, gold: Gold, seed: int) -> Scorer:
    return fit_or_load(member, claims, gold, seed) if member.slow_to_fit else member.fit(claims, gold, seed)


def _line(scorer: Scorer, claims: Claims) -> Floats:
    """A member's scores of the positive label as its reasons add up to them: log-odds, of what is on their scale."""
    from scipy.special import logit

    scores = np.asarray(scorer.score(claims), dtype=np.float64)[:, -1]
    if not (scorer.probabilities or scorer.logistic):
        return scores
    odds: Floats = logit(np.clip(scores, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON))
    return odds


def _stacked(columns: Floats, gold: Gold) -> tuple[Floats, float]:
    """Weights of a logistic regression, and its intercept; a member with one below 0 is left out, the rest refitted."""
    from sklearn.linear_model import LogisticRegression

    used = np.ones(columns.shape[1], dtype=bool)
    while used.any():
        model = LogisticRegression(C=1.0, max_iter=1000, tol=1e-8).fit(columns[:, used], gold.positive)
        if (model.coef_[0] >= 0).all():
            weights = np.zeros(columns.shape[1])
            weights[used] = model.coef_[0]
            return weights, float(model.intercept_[0])
        used[np.flatnonzero(used)[model.coef_[0] < 0]] = False
    raise HarnessError("ensemble: no member's score rises with the positive label; there is nothing to add up")
