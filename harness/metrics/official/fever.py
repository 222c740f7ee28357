"""Exact reimplementation of the official FEVER scorer.

It reproduces the edge cases: evidence precision is 1 for a claim with no predicted evidence; a passage predicted twice
counts twice; claims with gold label NOT ENOUGH INFO do not count in the evidence metrics. It does not reproduce the
defects: the official scorer scores a prediction that has fields `label` and `evidence` against these fields, matches
claims by position only, and divides by zero if precision and recall are both 0 (F1 is 0 here).

Source: Thorne et al. 2018, and the scorer published with the shared task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from harness.data.formats.verification.fever_jsonl import GoldVerdict, Passage, PredictedVerdict

NOTHING = "NOT ENOUGH INFO"
"""Label of claims without sufficient evidence."""
MAX_EVIDENCE = 5
"""Number of predicted passages per claim that the shared task counts."""


def fever(
    gold: Sequence[GoldVerdict], predicted: Sequence[PredictedVerdict], max_evidence: int = MAX_EVIDENCE
) -> dict[str, float]:
    """The five metrics of the scorer, all in [0, 1].

    Args:
        gold: verdicts of the claims; at least one.
        predicted: verdicts of the same claims, in the same order.
        max_evidence: number of predicted passages per claim that count; later passages are ignored.
    """
    counts = FeverCounts(max_evidence)
    for truth, verdict in zip(gold, predicted, strict=True):
        counts.add(truth, verdict)
    return counts.scores()


class FeverCounts:
    """What the scorer counts, claim by claim, so that no claim has to stay in memory.

    Args:
        max_evidence: number of predicted passages per claim that count; later passages are ignored.
    """

    def __init__(self, max_evidence: int = MAX_EVIDENCE) -> None:
        self.n_claims = 0
        self._max_evidence = max_evidence
        self._n_verifiable = self._n_strict = self._n_labels = self._n_recalled = 0
        # Precision is a mean of fractions; their counts give it exactly, in whatever order claims come.
        self._precisions = Counter[tuple[int, int]]()

    def add(self, gold: GoldVerdict, predicted: PredictedVerdict) -> None:
        """Count a claim."""
        passages = predicted.evidence[: self._max_evidence]
        covered = _covers_a_group(gold, passages)
        right = gold.label == predicted.label
        self.n_claims += 1
        self._n_labels += right
        self._n_strict += right and (gold.label == NOTHING or covered)
        if gold.label != NOTHING:
            self._n_verifiable += 1
            self._n_recalled += covered or not gold.groups
            self._precisions[_hits(gold, passages)] += 1

    def scores(self) -> dict[str, float]:
        """The five metrics of the claims so far; at least one."""
        # Without verifiable claims, the official program returns precision 1 and recall 0.
        n = self._n_verifiable
        total = sum(Fraction(hits, size) * count for (hits, size), count in self._precisions.items())
        precision = float(total / n) if n else 1.0
        recall = self._n_recalled / n if n else 0.0
        denominator = precision + recall
        return {
            "fever_score": self._n_strict / self.n_claims,
            "label_accuracy": self._n_labels / self.n_claims,
            "evidence_precision": precision,
            "evidence_recall": recall,
            "evidence_f1": 2.0 * precision * recall / denominator if denominator else 0.0,
        }


def _covers_a_group(gold: GoldVerdict, passages: Sequence[Passage]) -> bool:
    """Whether the passages contain a whole group of gold evidence; each group alone suffices for the verdict."""
    return any(all(passage in passages for passage in group) for group in gold.groups)


def _hits(gold: GoldVerdict, passages: Sequence[Passage]) -> tuple[int, int]:
    """How many predicted passages are in any group of gold evidence, and how many there are; 1 of 1 without any."""
    if not passages:
        return 1, 1
    # A group of a claim without evidence holds a placeholder whose sentence number is None; it matches no prediction.
    gold_passages = {passage for group in gold.groups for passage in group if passage[1] is not None}
    return sum(passage in gold_passages for passage in passages), len(passages)
