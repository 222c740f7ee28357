"""A transparent rule-based scorer: cues with fixed weights, each reported as a reason."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, two_columns
from harness.data.claims import Claims, Gold
from harness.features.cues import find_cues

BASE_LOG_ODDS = -1.0
"""Score, in log-odds, of a sentence without cues."""
MIN_WORDS = 5
"""A shorter sentence rarely states anything that can be looked up."""
SHORT_PENALTY = -1.2
"""Log-odds added for a sentence of fewer than `MIN_WORDS` words."""
MAX_COUNTED = 2
"""Maximum number of times that a cue counts in a sentence."""
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
"""Log-odds per occurrence of a cue."""


@dataclass(frozen=True)
class RulesScorer(Scorer):
    """Adds up the weights of cues; the score is the logistic function of the sum, and the cutoff is one half."""

    logistic = True
    cutoff: float | None = 0.5

    def score(self, claims: Claims) -> ScoreMatrix:
        """Scores from 0 to 1, not calibrated; each depends on the text of the claim only."""
        log_odds = [BASE_LOG_ODDS + sum(reason.weight for reason in _reasons(text)) for text in claims.text]
        return two_columns(np.array([1 / (1 + math.exp(-value)) for value in log_odds], dtype=np.float64))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """Every cue of each claim; the score is the logistic function of `BASE_LOG_ODDS` plus the weights."""
        return [tuple(sorted(_reasons(text), key=lambda reason: -abs(reason.weight))) for text in claims.text]


class Rules(Classifier):
    """Scores a claim by fixed rules over named cues; learns nothing, and reports every cue as a reason.

    Sees numbers, capitalized names, attribution, comparison, change, cause and rule cues, hedges, questions, first
    person and address. Cannot see meaning, or anything without a cue. Cost: about 15,000 claims per second, and no
    training. For English yes-or-no tasks. The cues and weights were written before any labeled data was inspected and
    are not fitted to data; they are not taken from a paper.
    """

    languages = ("en",)
    yes_or_no_only = True
    uses_seed = False
    saved_types = (RulesScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Returns the fixed scorer; ignores the training claims and the seed."""
        return RulesScorer()

    def untrained_scorer(self) -> Scorer:
        """The fixed scorer."""
        return RulesScorer()


def _reasons(text: str) -> list[Reason]:
    reasons = [
        Reason(f"{cue.name}: {cue.says}", cue.text, WEIGHTS[cue.name] * min(cue.times, MAX_COUNTED))
        for cue in find_cues(text)
    ]
    if len(text.split()) < MIN_WORDS:
        reasons.append(Reason("short: fewer words than a claim needs", text[:40], SHORT_PENALTY))
    return reasons
