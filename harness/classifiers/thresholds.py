"""Candidate cutoffs of scores, and the counts of predicted claims at each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Codes, Floats
from harness.display import displayed


@displayed
class Cutoffs(NamedTuple):
    """Every distinct score as a cutoff, highest first; each array has shape (n_cutoffs,).

    A claim is predicted positive if its score is at or above the cutoff.
    """

    scores: npt.NDArray[Any]
    hits: Codes
    """Number of positive claims that are predicted positive; at the last cutoff, all of them."""
    predicted: Codes
    """Number of claims that are predicted positive; at the last cutoff, all claims."""

    def f1(self) -> Floats:
        """The F1 of the positive label at each cutoff, in [0, 1]."""
        # F1 = 2 TP / (predicted + positive), and the hits at the last cutoff are all positive claims.
        f1: Floats = 2 * self.hits / (self.predicted + self.hits[-1])
        return f1


def cutoffs_of(scores: npt.NDArray[Any], positive: Bools) -> Cutoffs:
    """The distinct cutoffs of scores.

    Args:
        scores: scores of the claims, shape (n_claims,); at least one claim.
        positive: whether each claim is positive, shape (n_claims,).
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    # A cutoff takes all claims with equal scores or none, so counts are read at the last claim of each tie only.
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return Cutoffs(ranked[last], np.cumsum(positive[order], dtype=np.int64)[last], last + 1)


def best_cutoff(scores: npt.NDArray[np.floating], positive: Bools) -> float:
    """The cutoff with the highest F1 of the positive label; the highest cutoff on ties.

    Args:
        scores: scores of the claims, shape (n_claims,); at least one claim.
        positive: whether each claim is positive, shape (n_claims,).
    """
    cutoffs = cutoffs_of(scores, positive)
    return float(cutoffs.scores[int(np.argmax(cutoffs.f1()))])
