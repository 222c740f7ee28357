"""The official FEVER scorer, digit for digit.

Its corners, kept: evidence precision is 1 for a claim with no predicted evidence; a passage predicted twice counts
twice; claims whose gold is NOT ENOUGH INFO have no part in the evidence numbers. Its defects, left out: it scores a
prediction that has fields `label` and `evidence` of its own against these, matches claims by place alone, and divides
by zero where precision and recall are both 0 (F1 is 0 here).

Source: Thorne et al. 2018, and the scorer published with the shared task.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.data.formats.verification.fever_jsonl import GoldVerdict, Passage, PredictedVerdict

NOTHING = "NOT ENOUGH INFO"
MAX_EVIDENCE = 5


def fever(
    gold: Sequence[GoldVerdict], predicted: Sequence[PredictedVerdict], max_evidence: int = MAX_EVIDENCE
) -> dict[str, float]:
    """The five numbers of the scorer, all in [0, 1].

    Args:
        gold: at least one.
        predicted: as many, of the same claims.
        max_evidence: passages of a prediction after these are left out.
    """
    pairs = [
        (truth, PredictedVerdict(p.label, p.evidence[:max_evidence])) for truth, p in zip(gold, predicted, strict=True)
    ]
    settled = [(truth, p.evidence) for truth, p in pairs if truth.label != NOTHING]
    precision = sum(_precision(truth, found) for truth, found in settled) / len(settled) if settled else 1.0
    recall = sum(_recalled(truth, found) for truth, found in settled) / len(settled) if settled else 0.0
    both = precision + recall
    return {
        "fever_score": sum(_is_strictly_right(truth, p) for truth, p in pairs) / len(pairs),
        "label_accuracy": sum(truth.label == p.label for truth, p in pairs) / len(pairs),
        "evidence_precision": precision,
        "evidence_recall": recall,
        "evidence_f1": 2.0 * precision * recall / both if both else 0.0,
    }


def _has_group(gold: GoldVerdict, found: Sequence[Passage]) -> bool:
    return any(all(passage in found for passage in group) for group in gold.groups)


def _is_strictly_right(gold: GoldVerdict, predicted: PredictedVerdict) -> bool:
    return gold.label == predicted.label and (gold.label == NOTHING or _has_group(gold, predicted.evidence))


def _precision(gold: GoldVerdict, found: Sequence[Passage]) -> float:
    wanted = {passage for group in gold.groups for passage in group if passage[1] is not None}
    return sum(passage in wanted for passage in found) / len(found) if found else 1.0


def _recalled(gold: GoldVerdict, found: Sequence[Passage]) -> bool:
    return not gold.groups or _has_group(gold, found)
