"""Official scorers of labels: CheckThat! 2018 task 2, 2022, 2024 and subjectivity 2025; PoliClaim; LIAR.

A label that nobody gave, or that is nobody's gold, has precision, recall and F1 of 0, as in scikit-learn, which the
official programs of 2022 to 2025 call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.arrays import Floats, safe_divide
from harness.errors import Undefined

OfficialScores = Mapping[str, float | Undefined]
"""Metric to its value, or to why it has none."""
FACTUALITY = ("FALSE", "HALF-TRUE", "TRUE")
"""In their order: the distance of two labels is that of their places."""


def _counts(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Floats:
    """Claims by gold label (rows) and predicted label (columns)."""
    place = {label: number for number, label in enumerate(labels)}
    found = np.zeros((len(labels), len(labels)))
    np.add.at(found, ([place[label] for label in gold], [place[label] for label in predicted]), 1)
    return found


def _of_labels(counts: Floats) -> Floats:
    """Precision, recall and F1 (rows) of each label (columns)."""
    right, given, there = counts.diagonal().copy(), counts.sum(axis=0), counts.sum(axis=1)
    return np.stack(
        [
            safe_divide(right, given, otherwise=0),
            safe_divide(right, there, otherwise=0),
            safe_divide(2 * right, given + there, otherwise=0),
        ]
    )


def accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """The share of claims with the gold label, in [0, 1]."""
    return float(np.mean([one == other for one, other in zip(gold, predicted, strict=True)]))


def positive_label(gold: Sequence[str], predicted: Sequence[str], positive: str) -> dict[str, float | Undefined]:
    """CheckThat! 2022 task 1 and 2023 to 2024 task 1: accuracy, and precision, recall and F1 of the positive label.

    Args:
        gold: codes, at least one.
        predicted: as many, of the same claims.
        positive: the code that counts.
    """
    counts = _counts([str(g == positive) for g in gold], [str(p == positive) for p in predicted], ("False", "True"))
    precision, recall, f1 = _of_labels(counts)[:, 1].tolist()
    return {"accuracy": accuracy(gold, predicted), "precision": precision, "recall": recall, "f1": f1}


def checkthat_subjectivity(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float | Undefined]:
    """CheckThat! task 1 of 2025: macro F1, precision and recall over the labels that occur, and those of SUBJ."""
    labels = sorted({*gold, *predicted})
    macro = _of_labels(_counts(gold, predicted, labels)).mean(axis=1).tolist()
    of_subjective = positive_label(gold, predicted, "SUBJ")
    return {"macro_f1": macro[2], "macro_precision": macro[0], "macro_recall": macro[1], **of_subjective}


def checkthat_factuality(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float | Undefined]:
    """CheckThat! 2018 task 2: the mean distance of labels (TRUE to FALSE is 2), and macro means over the three.

    The macro means do not exist where a label has no gold claim: there the official program stops.
    """
    counts = _counts(gold, predicted, FACTUALITY)
    place = np.arange(3)
    distance = (counts * np.abs(place[:, None] - place)).sum(axis=1)
    there = counts.sum(axis=1)
    missing = [label for label, number in zip(FACTUALITY, there, strict=True) if not number]
    none = Undefined(f"no gold claim is {' or '.join(missing)}")
    _, recall, f1 = _of_labels(counts)
    return {
        "mean_absolute_error": float(distance.sum() / there.sum()),
        "macro_mean_absolute_error": none if missing else float(np.mean(distance / there)),
        "accuracy": accuracy(gold, predicted),
        "macro_f1": none if missing else float(np.mean(f1)),
        "macro_recall": none if missing else float(np.mean(recall)),
    }


def all_labels(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> dict[str, float | Undefined]:
    """LIAR: accuracy, and the mean F1 over all labels, whether they occur or not."""
    f1 = _of_labels(_counts(gold, predicted, labels))[2]
    return {"accuracy": accuracy(gold, predicted), "macro_f1": float(f1.mean())}


def cohen_kappa(one: Sequence[str], other: Sequence[str]) -> float | Undefined:
    """Agreement corrected for chance, in [-1, 1]; does not exist where both give one and the same label throughout."""
    counts = _counts(one, other, sorted({*one, *other})) / len(one)
    expected = float(counts.sum(axis=0) @ counts.sum(axis=1))
    if expected == 1:
        return Undefined("both give one and the same label to every claim")
    return (float(counts.trace()) - expected) / (1 - expected)


def policlaim(
    gold: Sequence[str], experts: Sequence[Sequence[str]], predicted: Sequence[str]
) -> dict[str, float | Undefined]:
    """PoliClaim: accuracy against the gold label, and the mean kappa with each of the experts.

    Args:
        gold: codes, at least one.
        experts: the codes of each expert, for the same claims; empty where the file does not have them.
        predicted: codes, for the same claims.
    """
    scores = positive_label(gold, predicted, "1") | {"kappa": cohen_kappa(gold, predicted)}
    agreed = [cohen_kappa(expert, predicted) for expert in experts]
    defined = [kappa for kappa in agreed if not isinstance(kappa, Undefined)]
    if agreed:
        whole = len(defined) == len(agreed)
        scores["expert_kappa"] = (
            float(np.mean(defined)) if whole else Undefined("an expert and the system never differ")
        )
    return scores
