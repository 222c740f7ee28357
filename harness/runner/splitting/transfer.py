"""The `transfer` protocol: each system is fitted to one group (source, topic, speaker) and tested on every group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.data.claims import Claims
from harness.data.splits.folds import Fold, grouped_folds
from harness.display import displayed
from harness.errors import HarnessError
from harness.runner.splitting.split_config import Split

MAX_NAMED = 3
"""Number of groups that a message names."""


@displayed
class TrainingGroups(NamedTuple):
    """The groups of a `transfer` experiment that systems can be fitted to."""

    folds: list[Fold]
    """Folds of `leave_one_out`, whose test rows are the groups."""
    warnings: list[str]
    """Warnings for the user."""


def training_groups(split: Split, groups: Sequence[Fold], claims: Claims, rows_with_gold: Codes) -> TrainingGroups:
    """Returns the groups that can be both trained and tested on: those with labeled claims in two articles or more.

    Args:
        split: the options of the folds.
        groups: every group, as a fold of `leave_one_out`.
        claims: all claims.
        rows_with_gold: ascending rows of the claims with gold.
    Raises: HarnessError: no group has labeled claims in two articles.
    """
    codes = claims.article_codes()
    articles = [len(np.unique(codes[np.intersect1d(group.test, rows_with_gold)])) for group in groups]
    trainable = [group for group, n_articles in zip(groups, articles, strict=True) if n_articles > 1]
    others = [f"'{group.name}'" for group, n_articles in zip(groups, articles, strict=True) if n_articles < 2]
    remedy = "label a second article of it, or set by to larger groups"
    if not trainable:
        raise HarnessError(
            f"split: transfer: no {split.by} has labeled claims in two articles, so none can be both trained and "
            f"tested on; {remedy} (with --limit, raise it)"
        )
    if not others:
        return TrainingGroups(trainable, [])
    names = ", ".join(others[:MAX_NAMED]) + (
        f" and {len(others) - MAX_NAMED:,} more" if len(others) > MAX_NAMED else ""
    )
    warning = (
        f"no system is trained on {names}: labeled claims in one article only, which cannot be both trained and tested "
        f"on, so it is a test set only; {remedy}"
    )
    return TrainingGroups(trainable, [warning])


def transfer_folds(
    split: Split, group: Fold, groups: Sequence[Fold], claims: Claims, rows_with_gold: Codes
) -> list[Fold]:
    """Returns the folds of a system that is fitted to one group; training rows have gold.

    The system is tested on all other groups, and on its own group in folds of articles. Every claim of a group is a
    test claim exactly once, so that the results of all systems are over the same claims.

    Args:
        split: the options of the folds.
        group: one of the `training_groups`.
        groups: every group, as a fold of `leave_one_out`.
        claims: all claims.
        rows_with_gold: ascending rows of the claims with gold.
    """
    labeled = np.intersect1d(group.test, rows_with_gold)
    others = np.sort(np.concatenate([other.test for other in groups if other.name != group.name]))
    labeled_claims = claims.take(labeled)
    k = min(split.k, len(np.unique(labeled_claims.article_codes())))
    # Folds of the labeled claims, so that each has claims to train on; articles without labels are tested in the first.
    inside = grouped_folds(labeled_claims, k=k, by="article", seed=split.random_seed)
    fold_of_article = {
        article: number for number, fold in enumerate(inside) for article in labeled_claims.article_id[fold.test]
    }
    number_of_row = np.array([fold_of_article.get(article, 0) for article in claims.article_id[group.test]])
    within_group = [
        Fold(f"{group.name} {fold.name}", labeled[fold.train], group.test[number_of_row == number])
        for number, fold in enumerate(inside)
    ]
    return [Fold(f"{group.name} to others", labeled, others), *within_group]


def name_trained_on(system_name: str, group: str) -> str:
    """The name of a system that is fitted to one group: `length[train_on=GROUP]`."""
    return f"{system_name.removesuffix(']')}{',' if system_name.endswith(']') else '['}train_on={group}]"


def name_before_training(system_name: str, group: str) -> str:
    """The name that `name_trained_on` made another of."""
    name = system_name.removesuffix(f"train_on={group}]")
    return name.removesuffix("[") if name.endswith("[") else name.removesuffix(",") + "]"
