"""Floors that need no reading: what any system must beat."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.classifiers.base import (
    Classifier,
    ConstantScorer,
    Reason,
    ScoreMatrix,
    Scorer,
    as_two_columns,
    class_priors,
    computed,
)
from harness.classifiers.thresholds import best_cutoff, cutoffs_of
from harness.data.claims import Claims, Gold


class ClassPriorScorer(ConstantScorer):
    """The shares of the labels in the training claims, for every claim; predicts the most frequent label."""

    probabilities = True


class Majority(Classifier):
    """Gives every claim the label shares of the training claims as its probabilities.

    Sees the training labels; reads nothing of a claim, so it ranks nothing: all claims are tied. The floor of
    accuracy and, as the best constant forecast, of calibration and log loss. Costs nothing.
    """

    saved_types = (ClassPriorScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Counts the labels. Claims and seed are not used."""
        return ClassPriorScorer(tuple(class_priors(gold).tolist()))


@dataclass(frozen=True)
class PriorRandomScorer(Scorer):
    """A number of chance per claim, from the random seed and the claim's id."""

    seed: int
    prior: npt.NDArray[np.float64]

    @property
    def _is_binary(self) -> bool:
        return len(self.prior) == 2

    def score(self, claims: Claims) -> ScoreMatrix:
        """A uniform number in [0, 1) for a yes-or-no task, else 1 for the drawn label and 0 for the others."""
        chances = np.array([self._chance(claim_id) for claim_id in claims.claim_id], dtype=np.float64)
        if self._is_binary:
            return as_two_columns(chances)
        upper = np.cumsum(self.prior)
        drawn = np.searchsorted(upper / upper[-1], chances, side="right")
        return np.eye(len(self.prior))[drawn]

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """Draws the positive label, or each label, as often as its share of the training claims."""
        if self._is_binary:
            return np.where(scores[:, -1] >= 1.0 - self.prior[-1], 1, 0)
        return super().predict(claims, scores)

    def _chance(self, claim_id: str) -> float:
        digest = hashlib.blake2b(f"{self.seed}:{claim_id}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return (int.from_bytes(digest, "little") >> 11) / 2.0**53


class PriorRandom(Classifier):
    """Draws by chance, predicting each label as often as the training claims have it.

    Sees the training labels and the claim's id; reads nothing of its text. The floor of F1 and of every ranking
    metric. The draw is a hash of seed and claim id, so it does not depend on which other claims are scored. Costs
    nothing.
    """

    saved_types = (PriorRandomScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Counts the labels and keeps the seed."""
        prior = class_priors(gold)
        return PriorRandomScorer(seed, prior)


@dataclass(frozen=True)
class LengthScorer(Scorer):
    """The number of words, up to a cap; positive from `cutoff` on; without one it predicts no label."""

    cap: int
    cutoff: float | None

    @computed
    def gives_labels(self) -> bool:
        """Whether there is a cutoff."""
        return self.cutoff is not None

    def score(self, claims: Claims) -> ScoreMatrix:
        """The number of words, from 0 to the cap, and its negative for the other label."""
        return as_two_columns(_lengths(claims, self.cap), margins=True)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The number of words; its weight is how far the score is above the cutoff, or above 0 without one."""
        above = _lengths(claims, self.cap) - (self.cutoff or 0.0)
        counts = [len(text.split()) for text in claims.text]
        return [(Reason(f"words: {n}", "", by),) for n, by in zip(counts, above.tolist(), strict=True)]


class Length(Classifier):
    """Scores a claim by its number of words; the floor learned systems must beat.

    Sees how long a claim is and nothing else: long sentences have more room for something to check. Cannot see which
    words it has. Cost: two million claims a second. Sentence length is a feature of Hassan et al. 2017, "Toward
    Automated Fact-Checking: Detecting Check-worthy Factual Claims by ClaimBuster". Made for yes-or-no tasks. The cutoff
    is the number of words with the best F1 of the positive label on the training claims (the lowest of equals); without
    a positive training claim nothing is predicted positive.
    """

    yes_or_no_only = True
    saved_types = (LengthScorer,)

    cap: int = Field(default=40, ge=1)
    """Words beyond this number no longer raise the score."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Chooses the cutoff; the seed is not used."""
        if not gold.positive.any():
            return LengthScorer(self.cap, self.cap + 1.0)
        cutoffs = cutoffs_of(_lengths(claims, self.cap), gold.positive)
        f1 = cutoffs.f1()
        shorter = cutoffs.scores[np.flatnonzero(f1 == f1.max())[-1] + 1 :]
        return LengthScorer(self.cap, float(shorter[0] + 1) if len(shorter) else 0.0)

    def untrained_scorer(self) -> Scorer:
        """Scores without a cutoff, which only training claims can give."""
        return LengthScorer(self.cap, None)


@dataclass(frozen=True)
class PositionScorer(Scorer):
    """The claim's place in its article; positive from `cutoff` on; without one it predicts no label."""

    first: bool
    cutoff: float | None

    @computed
    def gives_labels(self) -> bool:
        """Whether there is a cutoff."""
        return self.cutoff is not None

    def score(self, claims: Claims) -> ScoreMatrix:
        """The place from 0, its negative where the first claims come first, and the negative of that."""
        return as_two_columns(_places(claims, first=self.first), margins=True)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The claims before it; the weight is how far the score is above the cutoff, or above 0 without one."""
        above = _places(claims, first=self.first) - (self.cutoff or 0.0)
        before = claims.position.tolist()
        return [(Reason(f"claims before it: {n}", "", by),) for n, by in zip(before, above.tolist(), strict=True)]


class Position(Classifier):
    """Scores a claim by its place in the article: the lead of a news story, or the end of a speech.

    Sees how many claims stand before it and nothing else; cannot see a word of it. Costs nothing. Made for yes-or-no
    tasks. The cutoff is the place with the best F1 of the positive label on the training claims. In news the first
    sentences are hard to beat (Brandow, Mitze and Rau 1995, "Automatic condensation of electronic publications by
    sentence selection").
    """

    yes_or_no_only = True
    saved_types = (PositionScorer,)

    order: Literal["first", "last"] = "first"
    """Which end of the article scores highest."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Chooses the cutoff; the seed is not used."""
        places = _places(claims, first=self.order == "first")
        cutoff = best_cutoff(places, gold.positive) if gold.positive.any() else float(places.max() + 1.0)
        return PositionScorer(self.order == "first", cutoff)

    def untrained_scorer(self) -> Scorer:
        """Scores without a cutoff, which only training claims can give."""
        return PositionScorer(self.order == "first", None)


def _places(claims: Claims, *, first: bool) -> npt.NDArray[np.float64]:
    places = claims.position.astype(np.float64)
    return 0.0 - places if first else places  # so that the first place is 0, and not the negative 0


def _lengths(claims: Claims, cap: int) -> npt.NDArray[np.float64]:
    words = np.array([len(text.split()) for text in claims.text], dtype=np.float64)
    return np.minimum(words, cap)
