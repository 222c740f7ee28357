"""Exact reimplementation of the CheckThat! ranking scorer (2018 and 2019 task 1, 2020 tasks 1 and 5, 2021 task 1).

The scorer sorts claims by descending score with a stable sort, so ties keep the order of the submitted file. Callers
must therefore put the gold labels into the order of the submission, not the scores into the order of the gold file.

Two edge cases: a list without positive claims gets 0 for every metric (including R-precision, for which the official
code then reads the precision at the last rank, also 0). A cutoff beyond the end of the list crashes the official scorer
with an IndexError; here, the missing ranks count as negative claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools

CUTOFFS_2018_TO_2020 = (1, 3, 5, 10, 20, 50)
"""Cutoffs of precision in the editions 2018 to 2020."""
CUTOFFS_2021 = (1, 3, 5, 10, 20, 30)
"""Cutoffs of precision in the edition 2021."""


def checkthat_ranking(
    gold: Bools, scores: npt.NDArray[np.float64], cutoffs: Sequence[int] = CUTOFFS_2018_TO_2020
) -> dict[str, float]:
    """All metrics of the official scorer for one file.

    Args:
        gold: whether each claim is positive, shape (n_claims,), in the order of the submission.
        scores: score of each claim, same shape and order; not NaN.
        cutoffs: values of k for precision at k.
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
    """The unweighted mean of each metric over files.

    Args:
        files: metric to value, for each file; at least one file, all with the same metrics.
    """
    # Added from left to right: np.mean adds in pairs, which can change the last digit.
    return {name: sum(values[name] for values in files) / len(files) for name in files[0]}


def checkthat_ranked(gold: Bools, scores: npt.NDArray[np.float64]) -> Bools:
    """The gold of the claims by descending score, with ties in the given order; shape (n_claims,)."""
    return gold[np.argsort(-scores, kind="stable")]


def average_precision(ranked: Bools) -> float:
    """The mean over positive claims of the precision at the claim's rank; 0 without positive claims."""
    # The i-th positive claim at rank r has precision i / r.
    ranks = np.flatnonzero(ranked) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0


def reciprocal_rank(ranked: Bools) -> float:
    """1 / rank of the first positive claim; 0 without positive claims."""
    return 1.0 / (int(np.argmax(ranked)) + 1) if ranked.any() else 0.0


def r_precision(ranked: Bools) -> float:
    """The precision at the number of positive claims; 0 without positive claims."""
    return precision_at(ranked, int(ranked.sum())) if ranked.any() else 0.0


def precision_at(ranked: Bools, k: int) -> float:
    """The share of positive claims among the first k; ranks beyond the end of the list count as negative."""
    return int(ranked[:k].sum()) / k
