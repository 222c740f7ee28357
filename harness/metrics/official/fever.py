"""Exact reimplementation of the official FEVER scorer.

It reproduces the edge cases: evidence precision is 1 for a claim with no predicted evidence; a passage predicted twice
counts twice; claims with gold label NOT ENOUGH INFO do not count in the evidence metrics. It does not reproduce the
defects: the official scorer scores a prediction that has fields `label` and `evidence` against these fields, matches
claims by position only, and divides by zero if precision and recall are both 0 (F1 is 0 here).

Source: Thorne et al. 2018, and the scorer published with the shared task.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    pairs = [
        (
            truth,
            verdict._replace(evidence=verdict.evidence[:max_evidence])
            if len(verdict.evidence) > max_evidence
            else verdict,
        )
        for truth, verdict in zip(gold, predicted, strict=True)
    ]
    verifiable = [(truth, verdict.evidence) for truth, verdict in pairs if truth.label != NOTHING]
    # Without verifiable claims, the official program returns precision 1 and recall 0.
    n = len(verifiable)
    precision = sum(_precision(truth, passages) for truth, passages in verifiable) / n if n else 1.0
    recall = sum(_is_recalled(truth, passages) for truth, passages in verifiable) / n if n else 0.0
    denominator = precision + recall
    return {
        "fever_score": sum(_is_strictly_correct(truth, verdict) for truth, verdict in pairs) / len(pairs),
        "label_accuracy": sum(truth.label == verdict.label for truth, verdict in pairs) / len(pairs),
        "evidence_precision": precision,
        "evidence_recall": recall,
        "evidence_f1": 2.0 * precision * recall / denominator if denominator else 0.0,
    }


def _covers_a_group(gold: GoldVerdict, passages: Sequence[Passage]) -> bool:
    """Whether the passages contain a whole group of gold evidence; each group alone suffices for the verdict."""
    return any(all(passage in passages for passage in group) for group in gold.groups)


def _is_strictly_correct(gold: GoldVerdict, predicted: PredictedVerdict) -> bool:
    """Whether the label is correct and, for a verifiable claim, so is the evidence."""
    return gold.label == predicted.label and (gold.label == NOTHING or _covers_a_group(gold, predicted.evidence))


def _precision(gold: GoldVerdict, passages: Sequence[Passage]) -> float:
    """The share of predicted passages that are in any group of gold evidence."""
    # A group of a claim without evidence holds a placeholder whose sentence number is None; it matches no prediction.
    gold_passages = {passage for group in gold.groups for passage in group if passage[1] is not None}
    return sum(passage in gold_passages for passage in passages) / len(passages) if passages else 1.0


def _is_recalled(gold: GoldVerdict, passages: Sequence[Passage]) -> bool:
    """Whether the passages contain a whole group of gold evidence, or there is none to find."""
    return not gold.groups or _covers_a_group(gold, passages)
