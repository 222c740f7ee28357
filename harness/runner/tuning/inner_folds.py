"""Folds inside the training claims, for choices that must not see test claims."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.data.claims import Claims
from harness.data.splits.folds import By, Fold, group_codes, grouped_folds
from harness.display import displayed

INNER_FOLDS = 3
"""Default number of folds inside the training claims."""
ONE_ARTICLE = "only one article to train on, and articles stay whole; train on two or more"
"""Reason why there are no folds."""


@displayed
class InnerFolds(NamedTuple):
    """Options of the folds inside the training claims of each fit."""

    k: int = INNER_FOLDS
    """Number of folds; the number of groups if that is smaller."""
    by: By = "article"
    """Group that stays whole; `article` where the training claims are one group of this kind."""


@displayed
class TrainingFolds(NamedTuple):
    """Folds inside the training claims of one fit."""

    folds: list[Fold]
    """Folds, in order; empty if the claims are of one article."""
    note: str
    """What the folds are of, to follow the word "folds"; empty if they are of the configured groups."""


def dividing_group(claims: Claims, by: By) -> By:
    """The kind of groups that divides some claims: `by`, or `article` if the claims are one group of that kind."""
    return by if len(np.unique(group_codes(claims, by))) > 1 else "article"


def training_folds(claims: Claims, folds: InnerFolds, seed: int) -> TrainingFolds:
    """The folds inside training claims.

    Args:
        claims: the training claims.
        folds: options of the folds.
        seed: random seed of the folds.
    """
    by = dividing_group(claims, folds.by)
    n_groups = len(np.unique(group_codes(claims, by)))
    if n_groups < 2:
        return TrainingFolds([], "")
    note = "" if by == folds.by else f" of articles inside one {folds.by}"
    return TrainingFolds(grouped_folds(claims, k=min(folds.k, n_groups), by=by, seed=seed), note)
