"""The three F1 values of QuanTemp's program, over predictions that are joined to gold by claim.

Source: Venktesh et al. 2024, and its evaluation program, which pairs rows by position instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.data.formats.verification.quantemp_files import LABELS


def quantemp(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Weighted, macro and micro F1 over the three labels; 0 / 0 is 0.

    Args:
        gold, predicted: labels of the same claims; at least one.
    """
    truth, guess = np.array(gold, dtype=object), np.array(predicted, dtype=object)
    support = np.array([(truth == label).sum() for label in LABELS], dtype=np.float64)
    f1 = np.zeros(len(LABELS))
    for number, label in enumerate(LABELS):
        either = (truth == label).sum() + (guess == label).sum()
        f1[number] = 2 * ((truth == label) & (guess == label)).sum() / either if either else 0.0
    return {
        "weighted_f1": float((f1 * support).sum() / support.sum()),
        "macro_f1": float(f1.mean()),
        "micro_f1": float((truth == guess).mean()),
    }
