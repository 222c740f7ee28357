"""Rules over a claim and the passages shown with it; nothing is learned but how often each rule meets each label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer
from harness.classifiers.verification.pair_features import read_pair
from harness.data.claims import Claims, Gold, ShownPassage

NO_RULE = "no rule applies"


def rule_of(claim: str, passages: tuple[ShownPassage, ...]) -> tuple[str, tuple[str, ...]]:
    """The first rule that applies to a claim and its passages, and the words of the claim that it is about."""
    reading = read_pair(claim, passages)
    if not passages:
        return "no passage", ()
    if reading.missing_scales:
        return "unit differs", reading.missing_scales
    if reading.missing_numbers and reading.other_numbers:
        return "number differs", reading.missing_numbers
    if reading.missing_years:
        return "year differs", reading.missing_years
    if reading.best_overlap >= 0.4 and reading.negation_differs:
        return "negation differs", ()
    if reading.missing_names and reading.best_overlap >= 0.3:
        return "name missing", reading.missing_names
    if reading.best_overlap >= 0.6:
        return "words agree", ()
    if reading.best_overlap < 0.2:
        return "little in common", ()
    return NO_RULE, ()


@dataclass(frozen=True)
class EvidenceRulesScorer(Scorer):
    """Probabilities of the labels by the rule that applies."""

    rules: tuple[str, ...]
    """Rules that training claims met."""
    shares: tuple[tuple[float, ...], ...]
    """Probabilities of the labels under each rule, in the order of `rules`."""
    otherwise: tuple[float, ...]
    """Probabilities under a rule that no training claim met."""
    probabilities = True

    def score(self, claims: Claims) -> ScoreMatrix:
        """The probabilities of the labels under the rule of each claim."""
        by_rule = dict(zip(self.rules, self.shares, strict=True))
        rules = [rule_of(*row)[0] for row in zip(claims.text, claims.evidence, strict=True)]
        return np.array([by_rule.get(rule, self.otherwise) for rule in rules]).reshape(len(rules), len(self.otherwise))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The rule of each claim, with the words that it is about."""
        scores, reasons = self.score(claims), list[tuple[Reason, ...]]()
        for row, (text, shown) in enumerate(zip(claims.text, claims.evidence, strict=True)):
            rule, words = rule_of(text, shown)
            weight = float(scores[row, -1]) - self.otherwise[-1]
            reasons.append((Reason(rule, words[0] if words else "", weight),))
        return reasons


class EvidenceRules(Classifier):
    """Named rules: units, numbers, years, negation or names that differ between a claim and its passages.

    The first rule that applies decides. The training claims say how often each label occurs under a rule (a rule
    counts as one more claim with the label shares of all claims); balanced, so that the most frequent label does not
    win everywhere. It sees words of the claim and of the passages; it cannot see what is said of them. Cost:
    thousands of claims a second. The rules are not taken from a paper.
    """

    reads_evidence: ClassVar[bool] = True
    uses_seed: ClassVar[bool] = False
    packages = ("numpy",)
    saved_types = (EvidenceRulesScorer,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Counts the labels under each rule."""
        rules = [rule_of(*row)[0] for row in zip(claims.text, claims.evidence, strict=True)]
        n_labels = len(gold.labels)
        per_label = np.bincount(gold.codes, minlength=n_labels).astype(np.float64)
        present = (per_label > 0).astype(np.float64)
        otherwise = present / present.sum()
        names, shares = sorted(set(rules)), []
        for name in names:
            codes = gold.codes[np.array([rule == name for rule in rules])]
            # Each label is weighted by the inverse of its frequency, as if all labels were equally frequent.
            counts = np.bincount(codes, minlength=n_labels) / np.maximum(per_label, 1) * per_label.sum() / present.sum()
            counts = counts + otherwise
            shares.append(tuple((counts / counts.sum()).tolist()))
        return EvidenceRulesScorer(tuple(names), tuple(shares), tuple(otherwise.tolist()))
