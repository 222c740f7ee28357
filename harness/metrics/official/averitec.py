"""Exact reimplementation of the AVeriTeC 2024 program, whose score is `veracity@0.25`.

Source: Schlichtkrull, Guo and Vlachos 2023, and the program of the 2024 shared task. Predictions are paired with gold
by position; the types' values are means of the evidence score, whatever their name in the printed table says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.arrays import Floats
from harness.data.formats.verification.averitec_strings import AveritecItem
from harness.metrics.official.meteor import Meteor

LABELS = ("Supported", "Refuted", "Not Enough Evidence", "Conflicting Evidence/Cherrypicking")
THRESHOLDS = (0.1, 0.2, 0.25, 0.3, 0.4, 0.5)
TYPE_THRESHOLDS = (0.2, 0.3)
MAX_STRINGS = 10
"""Number of predicted strings of evidence, and of questions, that count."""


def averitec(gold: Sequence[AveritecItem], predicted: Sequence[AveritecItem], meteor: Meteor) -> dict[str, float]:
    """Every value that the program prints.

    Args:
        gold, predicted: the same claims in the same order; at least one.
        meteor: the scores of two texts.
    """
    pairs = list(zip(gold, predicted, strict=True))
    questions = _mean([evidence_score(_questions(p)[:MAX_STRINGS], _questions(g), meteor) for g, p in pairs])
    scores = [evidence_score(p.evidence[:MAX_STRINGS], g.evidence, meteor) for g, p in pairs]
    evidence = np.array(scores, dtype=np.float64)
    justified = np.array([meteor.score(_justification(p), g.justification or "") for g, p in pairs], dtype=np.float64)
    right = np.array([g.label == p.label for g, p in pairs], dtype=bool)
    values = {"question_only_hu_meteor": questions, "question_answer_hu_meteor": _mean(evidence)}
    f1 = [_f1(label, pairs) for label in LABELS]
    values |= {f"f1:{label}": value for label, value in zip(LABELS, f1, strict=True)}
    values |= {"f1:macro": _mean(f1), "accuracy": _mean(right), "justification_meteor": _mean(justified)}
    for threshold in THRESHOLDS:
        enough = evidence > threshold
        values[f"veracity@{threshold}"] = _mean(enough & right)
        values[f"justification@{threshold}"] = _mean(np.where(enough, justified, 0.0))
    types = list(dict.fromkeys(name for item in gold for name in item.types))
    for threshold in TYPE_THRESHOLDS:
        shown = np.where(evidence > threshold, evidence, 0.0)
        for name in types:
            of_type = [value for value, item in zip(shown, gold, strict=True) if name in item.types]
            values[f"type@{threshold}:{name}"] = _mean(of_type)
    return values


def _questions(item: AveritecItem) -> tuple[str, ...]:
    return item.evidence if item.questions is None else item.questions


def _justification(item: AveritecItem) -> str:
    return " ".join(item.evidence[:MAX_STRINGS]) if item.justification is None else item.justification


def evidence_score(predicted: Sequence[str], gold: Sequence[str], meteor: Meteor) -> float:
    """The METEOR of the best one-to-one assignment of predicted to gold strings, per gold string.

    0 where a side is empty.
    """
    from scipy.optimize import linear_sum_assignment

    if not predicted or not gold:
        return 0.0
    scores: Floats = np.array([[meteor.score(p, g) for g in gold] for p in predicted], dtype=np.float64)
    rows, columns = linear_sum_assignment(scores, maximize=True)
    return float(scores[rows, columns].sum() / len(gold))


def _f1(label: str, pairs: Sequence[tuple[AveritecItem, AveritecItem]]) -> float:
    both = sum(g.label == p.label == label for g, p in pairs)
    either = sum((g.label == label) + (p.label == label) for g, p in pairs)
    return 2 * both / either if either else 0.0


def _mean(values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64 | np.bool_]]) -> float:
    return float(np.mean(np.asarray(values, dtype=np.float64)))
