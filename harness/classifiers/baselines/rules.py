"""A transparent rule scorer: cues with fixed weights, and a named reason for every point it gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, as_two_columns
from harness.data.claims import Claims, Gold
from harness.features.cues import find_cues

START = -1.0
"""The score, in log odds, of a sentence without any cue."""
SHORT_WORDS, SHORT = 5, -1.2
"""A sentence of fewer words than this seldom says anything that could be looked up."""
MAX_COUNTED = 2
"""A cue counts this many times at most."""
WEIGHTS = {
    "percent": 1.3,
    "money": 1.0,
    "number": 0.7,
    "date": 0.7,
    "time_span": 0.4,
    "name": 0.4,
    "comparison": 0.6,
    "change": 0.6,
    "attribution": 0.5,
    "cause": 0.3,
    "rule": 0.5,
    "past": 0.5,
    "hedge": -0.3,
    "first_person": -0.4,
    "belief": -0.8,
    "plan": -0.6,
    "vague": -0.2,
    "question": -1.5,
    "address": -1.2,
}
"""Log odds per occurrence of a cue."""


@dataclass(frozen=True)
class RulesScorer(Scorer):
    """Adds up weights; the score is their logistic, positive from one half on."""

    logistic = True
    cutoff: float | None = 0.5

    def score(self, claims: Claims) -> ScoreMatrix:
        """From 0 to 1, not calibrated; depends on the claim's own text only."""
        odds = [START + sum(reason.weight for reason in _reasons(text)) for text in claims.text]
        return as_two_columns(np.array([1 / (1 + math.exp(-odd)) for odd in odds], dtype=np.float64))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """Every cue that was found, with its weight; the score is the logistic of their sum and `START`."""
        return [tuple(sorted(_reasons(text), key=lambda reason: -abs(reason.weight))) for text in claims.text]


class Rules(Classifier):
    """Scores a claim by fixed rules over named cues; learns nothing, and gives a named reason for every point.

    Sees numbers, names by shape, attribution, comparison, change, cause and rule cues, hedges, questions, first person
    and address. Cannot see meaning, or what its cues miss. Cost: about 15,000 claims a second, and no training. Made
    for English yes-or-no tasks. The cues and weights were written down before they met any labelled data, and are not
    fitted to it; they come from no paper.
    """

    languages = ("en",)
    yes_or_no_only = True
    saved_types = (RulesScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Nothing to learn; training claims and seed are not used."""
        return RulesScorer()

    def untrained_scorer(self) -> Scorer:
        """The same scorer."""
        return RulesScorer()


def _reasons(text: str) -> list[Reason]:
    found = [
        Reason(f"{cue.name}: {cue.says}", cue.text, WEIGHTS[cue.name] * min(cue.times, MAX_COUNTED))
        for cue in find_cues(text)
    ]
    if len(text.split()) < SHORT_WORDS:
        found.append(Reason("short: fewer words than a claim needs", text[:40], SHORT))
    return found
