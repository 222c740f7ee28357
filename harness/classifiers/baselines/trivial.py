"""Baselines that do not read the text; every useful system must beat them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Integers
from harness.classifiers.base import (
    Classifier,
    ConstantScorer,
    Reason,
    ScoreMatrix,
    Scorer,
    class_priors,
    computed,
    two_columns,
)
from harness.classifiers.thresholds import best_cutoff, cutoffs_of
from harness.data.claims import Claims, Gold


class ClassPriorScorer(ConstantScorer):
    """Gives every claim the label shares of the training claims; predicts the most frequent label."""

    probabilities = True


class Majority(Classifier):
    """Gives every claim the label shares of the training claims as its probabilities.

    Sees the training labels; cannot see anything of a claim. All claims are tied, so it does not rank. The baseline for
    accuracy and, as the best constant forecast, for calibration and log loss. Cost: negligible.
    """

    uses_seed = False
    saved_types = (ClassPriorScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Counts the labels; ignores the claims' text and the seed."""
        return ClassPriorScorer(tuple(class_priors(gold).tolist()))


@dataclass(frozen=True)
class PriorRandomScorer(Scorer):
    """A pseudo-random number per claim, from the random seed and the claim's id."""

    seed: int
    prior: Floats
    """Label shares of the training claims, shape (n_labels,)."""

    @property
    def _is_binary(self) -> bool:
        return len(self.prior) == 2

    def score(self, claims: Claims) -> ScoreMatrix:
        """A uniform number in [0, 1) for a yes-or-no task; otherwise 1 for the drawn label and 0 for the others."""
        uniform = np.array([self._uniform(claim_id) for claim_id in claims.claim_id], dtype=np.float64)
        if self._is_binary:
            return two_columns(uniform)
        # Inverse transform sampling. The division makes the last bound exactly 1, which rounding may miss, so that no
        # number lies beyond it.
        upper = np.cumsum(self.prior)
        drawn = np.searchsorted(upper / upper[-1], uniform, side="right")
        return np.eye(len(self.prior))[drawn]

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Integers:
        """Predicts each label with a probability equal to its share of the training claims."""
        if self._is_binary:
            return np.where(scores[:, -1] >= 1.0 - self.prior[-1], 1, 0)
        return super().predict(claims, scores)

    def _uniform(self, claim_id: str) -> float:
        """A number in [0, 1) that depends on the seed and the claim's id only."""
        # A hash instead of a generator: the number of a claim must not depend on which other claims are scored, and
        # BLAKE2 gives the same digest on every platform. `surrogatepass`: an id may hold a lone surrogate.
        digest = hashlib.blake2b(f"{self.seed}:{claim_id}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        # 64 bits shifted to 53, the precision of a float, so that the quotient is exact and below 1.
        return (int.from_bytes(digest, "little") >> 11) / 2.0**53


class PriorRandom(Classifier):
    """Predicts labels at random, each as often as it occurs in the training claims.

    Sees the training labels and the claim's id; cannot see its text. The baseline for F1 and every ranking metric. The
    draw is a hash of the seed and the claim id, so it does not depend on which other claims are scored. Cost:
    negligible.
    """

    saved_types = (PriorRandomScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Counts the labels and stores the seed."""
        prior = class_priors(gold)
        return PriorRandomScorer(seed, prior)


@dataclass(frozen=True)
class LengthScorer(Scorer):
    """Scores by the number of words, up to a cap; predicts labels only if it has a cutoff."""

    cap: int
    cutoff: float | None

    @computed
    def gives_labels(self) -> bool:
        """Whether there is a cutoff."""
        return self.cutoff is not None

    def score(self, claims: Claims) -> ScoreMatrix:
        """The number of words, from 0 to the cap, for the positive label, and its negative for the other label."""
        return two_columns(_lengths(claims, self.cap), margins=True)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The number of words of each claim; its weight is the score minus the cutoff (0 if there is no cutoff)."""
        above = _lengths(claims, self.cap) - (self.cutoff or 0.0)
        counts = [len(text.split()) for text in claims.text]
        return [(Reason(f"words: {n}", "", weight),) for n, weight in zip(counts, above.tolist(), strict=True)]


class Length(Classifier):
    """Scores a claim by its number of words; a baseline that learned systems must beat.

    Sees the length of a claim only: longer sentences have more room for something to check. Cannot see the words
    themselves. Cost: two million claims per second. Sentence length is a feature of Hassan et al. 2017, "Toward
    Automated Fact-Checking: Detecting Check-worthy Factual Claims by ClaimBuster". For yes-or-no tasks. The cutoff is
    the number of words with the highest F1 of the positive label on the training claims (the lowest number on ties);
    without positive training claims, no claim is predicted positive.
    """

    yes_or_no_only = True
    uses_seed = False
    saved_types = (LengthScorer,)

    cap: int = Field(default=40, ge=1)
    """Number of words beyond which the score no longer rises."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Chooses the cutoff; ignores the seed."""
        if not gold.positive.any():
            return LengthScorer(self.cap, self.cap + 1.0)
        cutoffs = cutoffs_of(_lengths(claims, self.cap), gold.positive)
        f1 = cutoffs.f1()
        # Of the cutoffs with the highest F1, take the lowest, and move it down to just above the next shorter length in
        # the training claims: that changes no training prediction, and accepts as many new lengths as possible.
        shorter = cutoffs.scores[np.flatnonzero(f1 == f1.max())[-1] + 1 :]
        return LengthScorer(self.cap, float(shorter[0] + 1) if len(shorter) else 0.0)

    def untrained_scorer(self) -> Scorer:
        """The scorer without a cutoff, because choosing one requires training claims."""
        return LengthScorer(self.cap, None)


@dataclass(frozen=True)
class PositionScorer(Scorer):
    """Scores by the position of the claim in its article; predicts labels only if it has a cutoff."""

    first: bool
    """Whether earlier claims score higher."""
    cutoff: float | None

    @computed
    def gives_labels(self) -> bool:
        """Whether there is a cutoff."""
        return self.cutoff is not None

    def score(self, claims: Claims) -> ScoreMatrix:
        """The position from 0 for the positive label (negated if earlier claims score higher), and its negative."""
        return two_columns(_positions(claims, first=self.first), margins=True)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The number of claims before each claim; its weight is the score minus the cutoff (0 if there is none)."""
        above = _positions(claims, first=self.first) - (self.cutoff or 0.0)
        before = claims.position.tolist()
        return [
            (Reason(f"claims before it: {n}", "", weight),) for n, weight in zip(before, above.tolist(), strict=True)
        ]


class Position(Classifier):
    """Scores a claim by its position in the article: the lead of a news story, or the end of a speech.

    Sees the number of earlier claims in the article only; cannot see the text. Cost: negligible. For yes-or-no tasks.
    The cutoff is the position with the highest F1 of the positive label on the training claims. In news, the first
    sentences are hard to beat (Brandow, Mitze and Rau 1995, "Automatic condensation of electronic publications by
    sentence selection").
    """

    yes_or_no_only = True
    uses_seed = False
    saved_types = (PositionScorer,)

    order: Literal["first", "last"] = "first"
    """End of the article that scores highest."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Chooses the cutoff; ignores the seed."""
        scores = _positions(claims, first=self.order == "first")
        cutoff = best_cutoff(scores, gold.positive) if gold.positive.any() else float(scores.max() + 1.0)
        return PositionScorer(self.order == "first", cutoff)

    def untrained_scorer(self) -> Scorer:
        """The scorer without a cutoff, because choosing one requires training claims."""
        return PositionScorer(self.order == "first", None)


def _positions(claims: Claims, *, first: bool) -> Floats:
    positions = claims.position.astype(np.float64)
    return 0.0 - positions if first else positions  # `-positions` would turn position 0 into -0.0


def _lengths(claims: Claims, cap: int) -> Floats:
    words = np.array([len(text.split()) for text in claims.text], dtype=np.float64)
    return np.minimum(words, cap)
