"""Several classifiers as one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.classifiers.base import Classifier, Reason, Scorer, Scores, shares, two_columns
from harness.classifiers.members import Member, Named
from harness.classifiers.trivial import SharesScorer
from harness.data.claims import Claims, Gold
from harness.data.splits import grouped_folds
from harness.errors import HarnessError

Floats = npt.NDArray[np.float64]
LIKELY_LEAST = 1e-6


@dataclass(frozen=True)
class EnsembleScorer(Scorer):
    """The weighted sum of members' standardized scores, as a probability where the weights were learned."""

    members: tuple[Scorer, ...]
    centers: Floats
    """The mean of each member's scores of training claims that it was not fitted to; shape (n_members,)."""
    spreads: Floats
    weights: Floats
    intercept: float
    learned: bool
    cutoff: float | None
    chosen: str | None = None

    @property
    def probabilities(self) -> bool:  # type: ignore[override]
        """Whether the weights were learned."""
        return self.learned

    @property
    def not_kept(self) -> str | None:  # type: ignore[override]
        """Why a member cannot be kept, if so."""
        return next((member.not_kept for member in self.members if member.not_kept), None)

    def score(self, claims: Claims) -> Scores:
        """Each member's score, standardized, weighted and added."""
        from scipy.special import expit

        columns = np.column_stack([_line(member, claims) for member in self.members])
        total = ((columns - self.centers) / self.spreads * self.weights).sum(axis=1) + self.intercept
        return two_columns(expit(total)) if self.learned else np.column_stack([-total, total])

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The members' reasons, each as far as it moves the sum; None where no member has any."""
        return _merged(self.members, self.weights / self.spreads, claims)


@dataclass(frozen=True)
class RankScorer(Scorer):
    """The mean of members' ranks: of each, the share of its training scores below, those as high counted half.

    Ranks are among training scores, so that a claim's score does not depend on what else is scored. In [0, 1].
    """

    members: tuple[Scorer, ...]
    training: Floats
    """Each member's scores of training claims that it was not fitted to, ascending; shape (n_members, n_claims)."""
    cutoff: float | None
    chosen: str | None = None

    @property
    def not_kept(self) -> str | None:  # type: ignore[override]
        """Why a member cannot be kept, if so."""
        return next((member.not_kept for member in self.members if member.not_kept), None)

    def score(self, claims: Claims) -> Scores:
        """The mean of the members' ranks."""
        lines = np.column_stack([_line(member, claims) for member in self.members])
        return two_columns(_mean_ranks(lines, self.training))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The members' reasons, each in standard deviations of its member's training scores; None where none has any.

        A rank rises with its member's score, though not by as much everywhere: signs are exact, sizes are a guide.
        """
        spreads = self.training.std(axis=1)
        spreads[spreads == 0] = 1.0
        return _merged(self.members, 1 / (spreads * len(self.members)), claims)


class Ensemble(Classifier):
    """Members' scores, standardized and added; weighted equally, or as a logistic regression learns it (stacking).

    `ranks` adds the members' ranks instead, which no member's outliers can sway. Each member is fitted in folds of
    whole training articles too, so that its scale, its weight and its ranks come from claims that it was not fitted to.
    Sees what its members see; costs as much as all of them, folds + 1 times. Made for yes-or-no tasks. Training claims
    of one label or of one article give the shares of the labels.
    Source: Wolpert 1992, "Stacked generalization"; Breiman 1996, "Stacked regressions" (weights not below 0); Dwork et
    al. 2001, "Rank aggregation methods for the Web" (ranks: Borda's count, each claim against the training claims).
    """

    yes_or_no_only = True

    members: Annotated[tuple[Named, ...], Field(min_length=2)]
    """Each a classifier's name, or a mapping with a name and settings."""
    method: Literal["mean", "ranks", "stacking"] = "mean"
    folds: int = Field(default=3, ge=2)
    placed_at: tuple[str | None, frozenset[str]] = Field(default=(None, frozenset()), exclude=True)
    needs: ClassVar[tuple[str, ...]] = ("scikit-learn", "scipy")

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
        """Fits the members, in folds and then to all training claims."""
        k = min(self.folds, len(np.unique(claims.article_codes())))
        if len(np.unique(gold.codes)) < 2 or k < 2:
            return SharesScorer(tuple(shares(gold).tolist()))
        columns = self._columns(claims, gold, seed, k)
        members = tuple(member.fit(claims, gold, seed) for member in self._built())
        where = f"from {k} folds of training articles"
        if self.method != "ranks":
            return _added(members, columns, gold, self.method == "stacking", where)
        training = np.sort(columns.T, axis=1)
        cutoff = _best_f1(_mean_ranks(columns, training), gold.positive)
        return RankScorer(members, training, cutoff, f"ranks {where}")

    def _columns(self, claims: Claims, gold: Gold, seed: int, k: int) -> Floats:
        """Each member's scores of the claims that it was not fitted to; shape (n_claims, n_members)."""
        members = self._built()
        columns = np.empty((len(claims), len(members)))
        for fold in grouped_folds(claims, k=k, by="article", seed=seed):
            train, test = claims.take(fold.train), claims.take(fold.test)
            for place, member in enumerate(members):
                columns[fold.test, place] = _line(member.fit(train, gold.take(fold.train), seed), test)
        return columns


def _added(members: tuple[Scorer, ...], columns: Floats, gold: Gold, learned: bool, where: str) -> EnsembleScorer:
    centers, spreads = columns.mean(axis=0), columns.std(axis=0)
    spreads[spreads == 0] = 1.0
    scaled = (columns - centers) / spreads
    if learned:
        weights, intercept = _stacked(scaled, gold)
        cutoff, said = None, ", ".join(f"{w:.2f}" for w in weights)
    else:
        weights, intercept = np.full(len(members), 1 / len(members)), 0.0
        cutoff, said = _best_f1(scaled @ weights, gold.positive), "equal"
    return EnsembleScorer(members, centers, spreads, weights, intercept, learned, cutoff, f"weights {said} {where}")


def _mean_ranks(columns: Floats, training: Floats) -> Floats:
    """The mean over members of the share of training scores below a score, those as high counted half.

    Args:
        columns: shape (n_claims, n_members).
        training: ascending; shape (n_members, n_training_claims).
    """
    ranks = np.zeros(len(columns))
    for column, known in zip(columns.T, training, strict=True):
        ranks += np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")
    mean: Floats = ranks / (2 * training.size)
    return mean


def _merged(members: tuple[Scorer, ...], factors: Floats, claims: Claims) -> list[tuple[Reason, ...]] | None:
    """The reasons of all members, each times the factor of its member; None where no member has any."""
    found = [member.explain(claims) for member in members]
    if all(reasons is None for reasons in found):
        return None
    merged = []
    for row in range(len(claims)):
        said: dict[tuple[str, str], float] = {}
        for reasons, factor in zip(found, factors.tolist(), strict=True):
            for name, text, weight in reasons[row] if reasons else ():
                said[name, text] = said.get((name, text), 0.0) + weight * factor
        listed = sorted(said.items(), key=lambda item: (-abs(item[1]), item[0]))
        merged.append(tuple(Reason(*place, weight) for place, weight in listed[:10]))
    return merged


def _placed(member: Member, root: str | None, texts: frozenset[str]) -> Classifier:
    return member.build().placed(sorted(texts), root)


def _line(scorer: Scorer, claims: Claims) -> Floats:
    """A member's scores of the positive label; of probabilities, their log-odds."""
    from scipy.special import logit

    scores = np.asarray(scorer.score(claims), dtype=np.float64)[:, -1]
    if not scorer.probabilities:
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


def _best_f1(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """The score from which predicting positive has the best F1."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    f1 = 2 * hits / (np.arange(1, len(scores) + 1) + positive.sum())
    ends = np.append(scores[order][1:] != scores[order][:-1], True)
    return float(scores[order[int(np.argmax(np.where(ends, f1, -1.0)))]])
