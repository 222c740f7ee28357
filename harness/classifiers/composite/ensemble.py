"""Ensembles of classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from harness.arrays import Bools, Codes, Floats
from harness.classifiers.base import (
    N_REASONS,
    ApiUsage,
    Classifier,
    Reason,
    ScoreMatrix,
    Scorer,
    class_priors,
    computed,
    to_log_odds,
    total_usage,
    two_columns,
)
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.composite.nested import NestedClassifierField
from harness.classifiers.composite.wrapped import WrappingClassifier
from harness.classifiers.storage.fit_cache import fit_or_load
from harness.classifiers.thresholds import best_cutoff
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import Fold, grouped_folds
from harness.endpoints.calls import Estimate
from harness.errors import HarnessError


@dataclass(frozen=True)
class EnsembleScorer(Scorer):
    """Scores by the weighted sum of the members' standardized scores, ranks or log-odds."""

    members: tuple[Scorer, ...]
    centers: Floats
    """Mean of each member's out-of-fold scores of the training claims, shape (n_members,)."""
    spreads: Floats
    """Standard deviation of these scores, 1 if they are constant; shape (n_members,)."""
    weights: Floats
    """Weight of each member, shape (n_members,)."""
    intercept: float
    """Constant added to the sum."""
    log_odds: bool
    """Whether the sum is a log-odds, so that scores are probabilities."""
    ladders: Floats | None
    """Each member's out-of-fold scores in ascending order, shape (n_members, n_training_claims); None: no ranks."""
    cutoff: float | None
    chosen: str | None = None

    @computed
    def probabilities(self) -> bool:
        """Whether the sum is a log-odds, either of the members or of the stacked regression."""
        return self.log_odds

    @computed
    def unsavable_reason(self) -> str | None:
        """The first reason among the members; None: all can be saved."""
        return next((member.unsavable_reason for member in self.members if member.unsavable_reason), None)

    def score(self, claims: Claims) -> ScoreMatrix:
        """The weighted sum of the members' scaled scores; as a probability if the sum is a log-odds."""
        from scipy.special import expit

        scores = np.column_stack([_additive_scores(member, claims) for member in self.members])
        scaled = (scores - self.centers) / self.spreads if self.ladders is None else _ranks(scores, self.ladders)
        total = (scaled * self.weights).sum(axis=1) + self.intercept
        return two_columns(expit(total)) if self.log_odds else np.column_stack([-total, total])

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """Predicts by the cutoff, or else the label with the higher score; -1 if no member has an answer."""
        return np.where(self._is_unanswered(claims), -1, super().predict(claims, scores))

    def n_unanswered(self, claims: Claims) -> int:
        """The number of claims without an answer of any member."""
        return int(self._is_unanswered(claims).sum())

    def api_usage(self, claims: Claims) -> ApiUsage | None:
        """The total API usage of the members; None if no member calls an API."""
        usages = [usage for usage in (member.api_usage(claims) for member in self.members) if usage is not None]
        return total_usage(usages)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The members' reasons, weighted by their effect on the sum of scores; None if no member can explain."""
        member_reasons = [member.explain(claims) for member in self.members]
        if all(reasons is None for reasons in member_reasons):
            return None
        # A score enters the sum as weight * (score - center) / spread, so a reason that moves it by w moves the sum by
        # w * weight / spread.
        factors = (self.weights / self.spreads).tolist()
        explained = [
            (reasons, factor) for reasons, factor in zip(member_reasons, factors, strict=True) if reasons is not None
        ]
        return [_merge_reasons([(reasons[row], factor) for reasons, factor in explained]) for row in range(len(claims))]

    def _is_unanswered(self, claims: Claims) -> Bools:
        """Whether no member has an answer, shape (n_claims,); scores without labels count as an answer."""
        unanswered = np.ones(len(claims), dtype=np.bool_)
        for member in self.members:
            if not member.n_unanswered(claims) or not member.gives_labels:
                return np.zeros(len(claims), dtype=np.bool_)
            unanswered &= member.predict(claims, member.score(claims)) < 0
        return unanswered


class Ensemble(WrappingClassifier):
    """Sum of the members' standardized scores, ranks or log-odds, with equal, given or learned weights.

    Each member is also fitted in folds of whole training articles, so that the scale of its scores and its weight come
    from claims outside its training data. Sees what its members see. Cost: folds + 1 times the cost of the members.
    `log_odds` adds up the log-odds of members with probabilities, and needs no folds. A rank is the share of the
    training claims with a lower score (equal scores count half), so it does not depend on which claims are scored.
    For yes-or-no tasks. If the training claims have one label only (or one article only, except with `log_odds`),
    scores are the label shares.
    Source: Wolpert 1992, "Stacked generalization"; Breiman 1996, "Stacked regressions" (weights not below 0); Dwork et
    al. 2001, "Rank aggregation methods for the Web" (mean ranks); Genest and Zidek 1986, "Combining probability
    distributions" (the logarithmic pool, which is the mean of log-odds).
    """

    yes_or_no_only = True
    own_packages = ("scikit-learn", "scipy")
    saved_types = (EnsembleScorer,)

    members: Annotated[tuple[NestedClassifierField, ...], Field(min_length=1)]
    """Members; each is a classifier's name, or a mapping with a name and settings."""
    repeats: int = Field(default=1, ge=1, le=100)
    """Number of fits of each member, each with its own random seed; one member alone requires two or more. For members
    that depend on the seed, such as fine-tuned encoders (Lakshminarayanan et al. 2017)."""
    method: Literal["mean", "ranks", "log_odds", "stacking"] = "mean"
    """Values to add up: "mean" adds standardized scores, "ranks" ranks, "log_odds" log-odds, all with `weights`;
    "stacking" adds standardized scores with learned weights."""
    weights: tuple[float, ...] | None = None
    """Weight of each member, above 0; not allowed with stacking. null: equal weights."""
    folds: int = Field(default=3, ge=2)
    """Number of folds of training articles in which members are fitted to scale and weigh their scores."""

    @model_validator(mode="after")
    def _check_members(self) -> Self:
        if len(self.members) * self.repeats < 2:
            raise ValueError("members: expected two or more, or repeats of 2 or more; got one member with one fit")
        return self

    @model_validator(mode="after")
    def _check_weights(self) -> Self:
        if self.weights is None:
            return self
        if self.method == "stacking":
            raise ValueError("weights: not allowed with method: stacking, which learns them; remove weights")
        if len(self.weights) != len(self.members) or min(self.weights) <= 0:
            raise ValueError(f"weights: expected {len(self.members)} numbers above 0, one per member")
        return self

    @computed
    def draws_by_seed(self) -> bool:
        """Whether folds of the training articles are drawn; `log_odds` needs none."""
        return self.method != "log_odds"

    def inner(self) -> tuple[Classifier, ...]:
        """The members."""
        return tuple(member.classifier for member in self.members)

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """The folds of whole training articles in which members are fitted to weigh their scores; none for log-odds."""
        k = self._n_folds(claims)
        return grouped_folds(claims, k=k, by="article", seed=seed) if k > 1 else ()

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, Estimate]:
        """The requests of every member for each of its repeats; none if the members are not fitted."""
        requests: dict[str, Estimate] = {}
        if self._can_learn(claims, gold):
            for repeat_seed in self._repeat_seeds(seed):
                for member in self.inner():
                    requests |= member.planned_requests(claims, gold, test, repeat_seed)
                    for fold in self.rehearsals(claims, seed):  # the folds are the same for every repeat
                        train, held_out = claims.take(fold.train), claims.take(fold.test)
                        requests |= member.planned_requests(train, gold.take(fold.train), held_out, repeat_seed)
        return requests

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the members in folds (except for log-odds), and then to all training claims.

        Raises: HarnessError: the method is log_odds and a member has no probabilities, or no member's score rises with
            the positive label.
        """
        if not self._can_learn(claims, gold):
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        if self.method == "log_odds":
            return self._add_log_odds(self._fit_members(claims, gold, seed))
        folds = self.rehearsals(claims, seed)
        scores = self._out_of_fold_scores(claims, gold, seed, folds)
        centers, spreads = scores.mean(axis=0), scores.std(axis=0)
        spreads[spreads == 0] = 1.0  # constant scores become 0 instead of 0 / 0
        scaled, ladders = (scores - centers) / spreads, None
        if self.method == "ranks":
            ladders = np.sort(scores, axis=0).T
            scaled = _ranks(scores, ladders)
        if self.method == "stacking":
            weights, intercept = _stacking_weights(scaled, gold)
            cutoff = None
        else:
            weights, intercept = self._weight_shares(), 0.0
            cutoff = best_cutoff(scaled @ weights, gold.positive)
        has_equal_weights = self.method != "stacking" and not self.weights
        weight_summary = "equal" if has_equal_weights else ", ".join(f"{weight:.2f}" for weight in weights)
        return EnsembleScorer(
            members=self._fit_members(claims, gold, seed),
            centers=centers,
            spreads=spreads,
            weights=weights,
            intercept=intercept,
            log_odds=self.method == "stacking",
            ladders=ladders,
            cutoff=cutoff,
            chosen=f"weights {weight_summary} from {len(folds)} folds of training articles",
        )

    def _out_of_fold_scores(self, claims: Claims, gold: Gold, seed: int, folds: Sequence[Fold]) -> Floats:
        """Every member's scores of claims outside its training folds, shape (n_claims, n_members x repeats)."""
        scores = np.empty((len(claims), len(self.members) * self.repeats))
        for fold in folds:
            train, held_out = claims.take(fold.train), claims.take(fold.test)
            for column, scorer in enumerate(self._fit_members(train, gold.take(fold.train), seed)):
                scores[fold.test, column] = _additive_scores(scorer, held_out)
        return scores

    def _can_learn(self, claims: Claims, gold: Gold) -> bool:
        """Whether the training claims have two labels, and enough articles to weigh the members."""
        return len(np.unique(gold.codes)) > 1 and (self.method == "log_odds" or self._n_folds(claims) > 1)

    def _n_folds(self, claims: Claims) -> int:
        return 0 if self.method == "log_odds" else min(self.folds, len(np.unique(claims.article_codes())))

    def _repeat_seeds(self, seed: int) -> list[int]:
        """The random seed of each repeat; the first is `seed`."""
        return [seed, *(_derived_seed(seed, repeat) for repeat in range(1, self.repeats))]

    def _fit_members(self, claims: Claims, gold: Gold, seed: int) -> tuple[Scorer, ...]:
        """Fits every member `repeats` times; the repeats of a member follow each other."""
        seeds = self._repeat_seeds(seed)
        return tuple(_fit(member, claims, gold, repeat_seed) for member in self.inner() for repeat_seed in seeds)

    def _weight_shares(self) -> Floats:
        """Each fit's share of the weights, shape (n_members x repeats,)."""
        weights = np.repeat(self.weights or [1.0] * len(self.members), self.repeats)
        shares: Floats = weights / weights.sum()
        return shares

    def _add_log_odds(self, fitted: tuple[Scorer, ...]) -> EnsembleScorer:
        for index, scorer in enumerate(fitted):
            if not scorer.probabilities:
                name = self.members[index // self.repeats].name
                raise HarnessError(f"ensemble: method: log_odds requires probabilities; '{name}' has none")
        return EnsembleScorer(
            members=fitted,
            centers=np.zeros(len(fitted)),
            spreads=np.ones(len(fitted)),
            weights=self._weight_shares(),
            intercept=0.0,
            log_odds=True,
            ladders=None,
            cutoff=None,
        )


def _merge_reasons(weighted: Sequence[tuple[Sequence[Reason], float]]) -> tuple[Reason, ...]:
    """The reasons of several members for one claim as one list; equal reasons are added up.

    Args:
        weighted: the reasons of each member, and the factor on their weights.
    """
    totals: dict[tuple[str, str], float] = {}
    for reasons, factor in weighted:
        for name, text, weight in reasons:
            totals[name, text] = totals.get((name, text), 0.0) + weight * factor
    strongest = sorted(totals.items(), key=lambda item: (-abs(item[1]), item[0]))[:N_REASONS]
    return tuple(Reason(name, text, weight) for (name, text), weight in strongest)


def _ranks(scores: Floats, ladders: Floats) -> Floats:
    """The share of the training scores that are lower, where equal scores count half.

    Args:
        scores: shape (n_claims, n_members).
        ladders: training scores of each member, ascending; shape (n_members, n_training_claims).
    Returns: in [0, 1], shape (n_claims, n_members).
    """
    ranks = np.empty(scores.shape)
    for column, ladder in enumerate(ladders):
        lower = np.searchsorted(ladder, scores[:, column], side="left")
        lower_or_equal = np.searchsorted(ladder, scores[:, column], side="right")
        # lower + equal / 2, where equal = lower_or_equal - lower
        ranks[:, column] = (lower + lower_or_equal) / (2 * len(ladder))
    return ranks


def _derived_seed(seed: int, repeat: int) -> int:
    """A random seed for a further fit.

    Not `seed + repeat`, because experiments use consecutive seeds: two of them would share fits.
    """
    # The shift makes the 64 bits a non-negative number of 63, which every generator accepts.
    return int(np.random.SeedSequence([seed, repeat]).generate_state(1, np.uint64)[0] >> 1)


def _fit(member: Classifier, claims: Claims, gold: Gold, seed: int) -> Scorer:
    return fit_or_load(member, claims, gold, seed) if member.slow_to_fit else member.fit(claims, gold, seed)


def _additive_scores(scorer: Scorer, claims: Claims) -> Floats:
    """A member's scores of the positive label on the scale of its reasons: log-odds if they are logistic.

    Returns: shape (n_claims,).
    """
    scores = np.asarray(scorer.score(claims), dtype=np.float64)[:, -1]
    return to_log_odds(scores) if scorer.probabilities or scorer.logistic else scores


def _stacking_weights(scaled: Floats, gold: Gold) -> tuple[Floats, float]:
    """The weights and intercept of a logistic regression on the members' scores, with no weight below 0.

    Args:
        scaled: standardized scores, shape (n_claims, n_members).
        gold: gold of the same claims.
    Returns: weights, shape (n_members,), and the intercept.
    Raises: HarnessError: every member would get a weight below 0.
    """
    from sklearn.linear_model import LogisticRegression

    # Removes the members with a negative weight and fits again, because without them other weights may turn negative.
    is_used = np.ones(scaled.shape[1], dtype=bool)
    while is_used.any():
        model = LogisticRegression(C=1.0, max_iter=1000, tol=1e-8).fit(scaled[:, is_used], gold.positive)
        if (model.coef_[0] >= 0).all():
            weights = np.zeros(scaled.shape[1])
            weights[is_used] = model.coef_[0]
            return weights, float(model.intercept_[0])
        is_used[np.flatnonzero(is_used)[model.coef_[0] < 0]] = False
    raise HarnessError("ensemble: method: stacking found no member whose score rises with the positive label")
