"""Where the scores of claims can be cut, and what each cutoff reaches."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Codes, Floats


class Cutoffs(NamedTuple):
    """Every distinct score of some claims as a cutoff, the highest first; each array of shape (n_cutoffs,).

    A claim is predicted positive when it scores the cutoff or more.
    """

    scores: npt.NDArray[Any]
    hits: Codes
    """Positive claims among those that are predicted positive."""
    predicted: Codes
    """Claims that are predicted positive; at the last cutoff, all."""

    def f1(self) -> Floats:
        """The F1 of the positive label at each cutoff."""
        f1: Floats = 2 * self.hits / (self.predicted + self.hits[-1])
        return f1


def cutoffs_of(scores: npt.NDArray[Any], positive: Bools) -> Cutoffs:
    """The cutoffs that some scores have.

    Args:
        scores, positive: shape (n_claims,), at least one claim.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return Cutoffs(ranked[last], np.cumsum(positive[order], dtype=np.int64)[last], last + 1)


def best_cutoff(scores: npt.NDArray[np.floating], positive: Bools) -> float:
    """The score at and above which predicting the positive label has the best F1; the highest of equals.

    Args:
        scores, positive: shape (n_claims,), at least one claim.
    """
    cutoffs = cutoffs_of(scores, positive)
    return float(cutoffs.scores[int(np.argmax(cutoffs.f1()))])
