"""The official CheckThat! ranking scorer (2018 and 2019 task 1, 2020 tasks 1 and 5, 2021 task 1), digit for digit.

Claims are sorted by descending score with a stable sort, so ties keep the order of the submitted file: the gold
labels have to be put into the order of the submission, not the scores into the order of the gold file.

Two corners: a list without positive claims gets 0 for everything (R-precision included: the official code then reads
the precision at the last rank, which is 0 too). A cutoff beyond the end of the list makes the official scorer stop
with an IndexError; here the missing ranks count as not positive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools

CUTOFFS_2018_TO_2020 = (1, 3, 5, 10, 20, 50)
CUTOFFS_2021 = (1, 3, 5, 10, 20, 30)


def checkthat_ranking(
    gold: Bools, scores: npt.NDArray[np.float64], cutoffs: Sequence[int] = CUTOFFS_2018_TO_2020
) -> dict[str, float]:
    """Every number of the official scorer for one file.

    Args:
        gold: shape (n_claims,); whether each claim of the submission is positive, in the submission's order.
        scores: shape (n_claims,); in the submission's order; not NaN.
    Returns: average_precision, reciprocal_rank, r_precision and precision_at_N for each cutoff N; all in [0, 1].
    """
    ranked = checkthat_ranked(gold, scores)
    return {
        "average_precision": average_precision(ranked),
        "reciprocal_rank": reciprocal_rank(ranked),
        "r_precision": r_precision(ranked),
        **{f"precision_at_{k}": precision_at(ranked, k) for k in cutoffs},
    }


def checkthat_mean(files: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The unweighted mean of each number over files, at least one, all with the same names."""
    return {name: sum(numbers[name] for numbers in files) / len(files) for name in files[0]}


def checkthat_ranked(gold: Bools, scores: npt.NDArray[np.float64]) -> Bools:
    """The gold of the claims by descending score, ties in the order given; shape (n_claims,)."""
    return gold[np.argsort(-scores, kind="stable")]


def average_precision(ranked: Bools) -> float:
    """The mean over positive claims of the precision at their rank; 0 without positive claims."""
    ranks = np.flatnonzero(ranked) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0


def reciprocal_rank(ranked: Bools) -> float:
    """1 / rank of the first positive claim; 0 without positive claims."""
    return 1.0 / (int(np.argmax(ranked)) + 1) if ranked.any() else 0.0


def r_precision(ranked: Bools) -> float:
    """The precision at the number of positive claims; 0 without positive claims."""
    return precision_at(ranked, int(ranked.sum())) if ranked.any() else 0.0


def precision_at(ranked: Bools, k: int) -> float:
    """The share of positive claims among the first k; ranks beyond the end of the list are not positive."""
    return int(ranked[:k].sum()) / k
