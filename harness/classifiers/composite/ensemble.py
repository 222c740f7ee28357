"""Several classifiers as one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from harness.classifiers.base import Classifier, Reason, Scorer, Scores, best_cutoff, shares, two_columns
from harness.classifiers.baselines.trivial import SharesScorer
from harness.classifiers.composite.nested import Member, Named
from harness.classifiers.storage.fit_cache import fitted_once
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import grouped_folds
from harness.errors import HarnessError

Floats = npt.NDArray[np.float64]
LIKELY_LEAST = 1e-6


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

    @property
    def probabilities(self) -> bool:  # type: ignore[override]
        """Whether the sum is of log-odds, by the members or by what was learned."""
        return self.log_odds

    @property
    def not_kept(self) -> str | None:  # type: ignore[override]
        """Why a member cannot be kept, if so."""
        return next((member.not_kept for member in self.members if member.not_kept), None)

    def score(self, claims: Claims) -> Scores:
        """Each member's score, standardized or ranked, weighted and added."""
        from scipy.special import expit

        columns = np.column_stack([_line(member, claims) for member in self.members])
        scaled = (columns - self.centers) / self.spreads if self.ladders is None else _ranks(columns, self.ladders)
        total = (scaled * self.weights).sum(axis=1) + self.intercept
        return two_columns(expit(total)) if self.log_odds else np.column_stack([-total, total])

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


class Ensemble(Classifier):
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

    members: Annotated[tuple[Named, ...], Field(min_length=1)]
    """Each a classifier's name, or a mapping with a name and settings."""
    repeats: int = Field(default=1, ge=1, le=100)
    """Fits of each member, each from a random seed of its own; a lone member needs two or more. For members that
    chance moves, such as fine-tuned encoders (Lakshminarayanan et al. 2017)."""
    method: Literal["mean", "ranks", "log_odds", "stacking"] = "mean"
    """What is added up: standardized scores, ranks or log-odds with equal weights, or scores with learned weights."""
    weights: tuple[float, ...] | None = None
    """One above 0 for each member, but for stacking; null: all alike."""
    folds: int = Field(default=3, ge=2)
    placed_at: tuple[str | None, frozenset[str]] = Field(default=(None, frozenset()), exclude=True)
    needs: ClassVar[tuple[str, ...]] = ("scikit-learn", "scipy")

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

    @property
    def reads(self) -> Literal["claim", "article"]:  # type: ignore[override]
        """The most that a member reads."""
        return "article" if any(member.reads == "article" for member in self._built()) else "claim"

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the members, and what weighs them."""
        return tuple(dict.fromkeys([*(name for one in self._built() for name in one.packages), *self.needs]))

    def placed(self, texts: list[str], root: str | Path | None) -> Self:
        """The ensemble, its members told what the experiment's claims say and where datasets live."""
        return self.model_copy(update={"placed_at": (None if root is None else str(root), frozenset(texts))})

    def _built(self) -> tuple[Classifier, ...]:
        root, texts = self.placed_at
        return tuple(_placed(member, root, texts) for member in self.members)

    def check(self) -> None:
        """Checks the members."""
        for member in self._built():
            member.check()

    def inputs(self) -> str:
        """What the members read."""
        return "".join(member.inputs() for member in self._built())

    def downloads(self) -> tuple[str, ...]:
        """Those of the members."""
        return tuple(dict.fromkeys(host for member in self._built() for host in member.downloads()))

    def trained_before(self, texts: list[str]) -> tuple[npt.NDArray[np.bool_], str]:
        """What any member was trained on before."""
        found = [member.trained_before(texts) for member in self._built()]
        said = "; ".join(dict.fromkeys(what for seen, what in found if seen.any()))
        return np.any([seen for seen, _ in found], axis=0), said

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the members, in folds (but for log-odds) and then to all training claims.

        Raises: HarnessError: log-odds are asked of a member without probabilities.
        """
        k = min(self.folds, len(np.unique(claims.article_codes())))
        if len(np.unique(gold.codes)) < 2 or (k < 2 and self.method != "log_odds"):
            return SharesScorer(tuple(shares(gold).tolist()))
        if self.method == "log_odds":
            return self._pooled(self._fitted(claims, gold, seed))
        columns = np.empty((len(claims), len(self.members) * self.repeats))
        for fold in grouped_folds(claims, k=k, by="article", seed=seed):
            train, test = claims.take(fold.train), claims.take(fold.test)
            for place, scorer in enumerate(self._fitted(train, gold.take(fold.train), seed)):
                columns[fold.test, place] = _line(scorer, test)
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
        chosen = f"weights {said} from {k} folds of training articles"
        return EnsembleScorer(
            fitted, columns.mean(axis=0), spreads, weights, intercept, cutoff is None, ladders, cutoff, chosen
        )

    def _fitted(self, claims: Claims, gold: Gold, seed: int) -> tuple[Scorer, ...]:
        """Every member, fitted as often as is asked for; the repeats of one stand together."""
        seeds = [seed, *(_another(seed, number) for number in range(1, self.repeats))]
        return tuple(_fit(member, claims, gold, each) for member in self._built() for each in seeds)

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
    return fitted_once(member, claims, gold, seed) if member.slow_to_fit else member.fit(claims, gold, seed)


def _placed(member: Member, root: str | None, texts: frozenset[str]) -> Classifier:
    return member.build().placed(sorted(texts), root)


def _line(scorer: Scorer, claims: Claims) -> Floats:
    """A member's scores of the positive label as its reasons add up to them: log-odds, of what is on their scale."""
    from scipy.special import logit

    scores = np.asarray(scorer.score(claims), dtype=np.float64)[:, -1]
    if not (scorer.probabilities or scorer.logistic):
        return scores
    odds: Floats = logit(np.clip(scores, LIKELY_LEAST, 1 - LIKELY_LEAST))
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
