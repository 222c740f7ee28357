"""Official scorers of labels: CheckThat! 2018 task 2, 2022, 2024 and subjectivity 2025; PoliClaim; LIAR.

Precision, recall and F1 are 0 where their denominator is 0, as in scikit-learn, which the official programs of 2022 to
2025 call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.arrays import Floats, safe_divide
from harness.errors import Undefined

OfficialScores = Mapping[str, float | Undefined]
"""Metric to its value, or to the reason why it is undefined."""
FACTUALITY = ("FALSE", "HALF-TRUE", "TRUE")
"""Labels in order; the distance of two labels is the difference of their positions."""


def _counts(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Floats:
    """The number of claims by gold label (rows) and predicted label (columns)."""
    index_of = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)))
    # Unlike counts[rows, columns] += 1, add.at counts pairs that occur several times.
    np.add.at(counts, ([index_of[label] for label in gold], [index_of[label] for label in predicted]), 1)
    return counts


def _precision_recall_f1(counts: Floats) -> Floats:
    """Precision, recall and F1 (rows) of each label (columns)."""
    correct = counts.diagonal().copy()
    n_predicted = counts.sum(axis=0)
    n_gold = counts.sum(axis=1)
    return np.stack(
        [
            safe_divide(correct, n_predicted, otherwise=0),
            safe_divide(correct, n_gold, otherwise=0),
            safe_divide(2 * correct, n_predicted + n_gold, otherwise=0),
        ]
    )


def accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """The share of claims whose predicted label is the gold label, in [0, 1]."""
    return float(np.mean([truth == label for truth, label in zip(gold, predicted, strict=True)]))


def positive_label(gold: Sequence[str], predicted: Sequence[str], positive: str) -> dict[str, float | Undefined]:
    """CheckThat! 2022 task 1 and 2023 to 2024 task 1: accuracy, and precision, recall and F1 of the positive label.

    Args:
        gold: label codes of the claims; at least one.
        predicted: label codes of the same claims.
        positive: code of the positive label.
    """
    counts = _counts([str(g == positive) for g in gold], [str(p == positive) for p in predicted], ("False", "True"))
    precision, recall, f1 = _precision_recall_f1(counts)[:, 1].tolist()
    return {"accuracy": accuracy(gold, predicted), "precision": precision, "recall": recall, "f1": f1}


def checkthat_subjectivity(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float | Undefined]:
    """CheckThat! 2025 task 1: macro F1, precision and recall over labels that occur, and the metrics of label SUBJ."""
    labels = sorted({*gold, *predicted})
    precision, recall, f1 = _precision_recall_f1(_counts(gold, predicted, labels)).mean(axis=1).tolist()
    subjective = positive_label(gold, predicted, "SUBJ")
    return {"macro_f1": f1, "macro_precision": precision, "macro_recall": recall, **subjective}


def checkthat_factuality(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float | Undefined]:
    """CheckThat! 2018 task 2: the mean distance of labels (2 between TRUE and FALSE), and macro means over labels.

    The macro means are undefined if a label has no gold claim; the official program crashes in that case.
    """
    counts = _counts(gold, predicted, FACTUALITY)
    positions = np.arange(len(FACTUALITY))
    # Total distance between gold and predicted label over the claims of each gold label.
    distance = (counts * np.abs(positions[:, None] - positions)).sum(axis=1)
    n_gold = counts.sum(axis=1)
    missing = [label for label, n in zip(FACTUALITY, n_gold, strict=True) if not n]
    undefined = Undefined(f"no claim has gold label {' or '.join(missing)}")
    _, recall, f1 = _precision_recall_f1(counts)
    return {
        "mean_absolute_error": float(distance.sum() / n_gold.sum()),
        "macro_mean_absolute_error": undefined if missing else float(np.mean(distance / n_gold)),
        "accuracy": accuracy(gold, predicted),
        "macro_f1": undefined if missing else float(np.mean(f1)),
        "macro_recall": undefined if missing else float(np.mean(recall)),
    }


def f1_by_label(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    """The F1 of each label, also of those that do not occur."""
    f1 = _precision_recall_f1(_counts(gold, predicted, labels))[2]
    return dict(zip(labels, f1.tolist(), strict=True))


def all_labels(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> dict[str, float | Undefined]:
    """LIAR: accuracy, and the mean F1 over all labels, including labels that do not occur."""
    f1 = _precision_recall_f1(_counts(gold, predicted, labels))[2]
    return {"accuracy": accuracy(gold, predicted), "macro_f1": float(f1.mean())}


def cohen_kappa(labels_a: Sequence[str], labels_b: Sequence[str]) -> float | Undefined:
    """The chance-corrected agreement, in [-1, 1]; undefined if both sides give the same single label to every claim."""
    shares = _counts(labels_a, labels_b, sorted({*labels_a, *labels_b})) / len(labels_a)
    expected = float(shares.sum(axis=0) @ shares.sum(axis=1))
    if expected == 1:
        return Undefined("both sides give the same single label to every claim")
    return (float(shares.trace()) - expected) / (1 - expected)


def policlaim(
    gold: Sequence[str], experts: Sequence[Sequence[str]], predicted: Sequence[str]
) -> dict[str, float | Undefined]:
    """PoliClaim: metrics and kappa against the gold label, and the mean kappa with the experts.

    Args:
        gold: label codes of the claims; at least one.
        experts: label codes of each expert for the same claims; empty if the file has no experts.
        predicted: label codes of the same claims.
    """
    scores = positive_label(gold, predicted, "1") | {"kappa": cohen_kappa(gold, predicted)}
    kappas = [cohen_kappa(expert, predicted) for expert in experts]
    defined = [kappa for kappa in kappas if not isinstance(kappa, Undefined)]
    if kappas:
        all_defined = len(defined) == len(kappas)
        reason = "an expert and the system give the same single label to every claim"
        scores["expert_kappa"] = float(np.mean(defined)) if all_defined else Undefined(reason)
    return scores
