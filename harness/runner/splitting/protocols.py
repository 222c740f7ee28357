"""A `split` applied to a dataset: the folds of each protocol, and what a reader has to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.data.claims import Claims
from harness.data.splits.by_time import by_time
from harness.data.splits.folds import (
    By,
    Fold,
    count_ungrouped,
    fold_from_parts,
    grouped_folds,
    leave_one_out,
    read_split,
    training_share,
)
from harness.errors import HarnessError
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.splitting.split_config import Split

SHARE_TOLERANCE = 1.25
"""A share of the training claims that is off by this factor is worth a warning."""


class Folds(NamedTuple):
    """The folds of a split."""

    folds: list[Fold]
    warnings: list[str]


def make_folds(split: Split, pool: JoinedDatasets, labels: Codes) -> Folds:
    """The folds of a pool.

    Args:
        split: the protocol and its options, each checked.
        pool: the claims, and their official parts.
        labels: shape (n_claims,); gold label codes, -1 for none; `stratified` alone reads them.
    Raises: HarnessError: the data does not fit the split.
    """
    claims = pool.claims
    if split.file is not None:
        return Folds(_of_parts(claims, _frozen(split.file, pool), split.train, split.test, split.dev or ()), [])
    if split.protocol == "official":
        parts = _official(pool)
        named = (_parts_of(pool, listed, parts) for listed in (split.train, split.test, split.dev or ()))
        return Folds(_of_parts(claims, parts, *named), [])
    rows = np.arange(len(claims), dtype=np.int64)
    if split.parts is not None:
        rows = fold_from_parts(claims, _official(pool), [], split.parts).test
    inside = claims.take(rows)
    warnings = []
    if split.protocol not in ("by_time", "random_folds") and split.by != "article":
        absent = count_ungrouped(inside, split.by)
        if absent:
            warnings.append(f"{absent} of {len(inside)} claims have no {split.by}; they go with their article")
    found = _by_protocol(split, inside, labels[rows])
    folds = [Fold(fold.name, rows[fold.train], rows[fold.test], rows[fold.dev]) for fold in found]
    if split.protocol not in ("leave_one_out", "transfer"):
        return Folds(folds, warnings)
    kept = [fold for fold in folds if (labels[fold.test] >= 0).any()]
    if len(kept) < len(folds):
        warnings.append(f"{len(folds) - len(kept)} of {len(folds)} groups have no gold and are not tested on")
    return Folds(kept, warnings)


def _by_protocol(split: Split, claims: Claims, labels: Codes) -> list[Fold]:
    if split.protocol == "by_time":
        return [by_time(claims, test_from=split.test_from, test_share=split.test_share)]
    if split.protocol in ("leave_one_out", "transfer"):
        return leave_one_out(claims, by=split.by)
    by: By = "claim" if split.protocol == "random_folds" else split.by
    spread = labels if split.stratified else None
    return grouped_folds(
        claims, k=split.k, by=by, seed=split.random_seed, hash_assignment=split.hash_assignment, labels=spread
    )


def transfer_folds(split: Split, group: Fold, claims: Claims) -> list[Fold]:
    """The folds of a system that is fitted to one group alone: it is tested on all others, and on the group itself in
    folds of its articles, so that every claim is tested on once.

    Args:
        group: a fold of `leave_one_out`, whose test rows are the group.
    """
    inside = claims.take(group.test)
    k = min(split.k, len(np.unique(inside.article_codes())))
    if k < 2:
        raise HarnessError(f"split: transfer: '{group.name}' is one article only, so it cannot be tested on itself")
    own = [
        Fold(f"{group.name} {fold.name}", group.test[fold.train], group.test[fold.test])
        for fold in grouped_folds(inside, k=k, by="article", seed=split.random_seed)
    ]
    return [Fold(f"{group.name} to others", group.test, group.train), *own]


def with_training_share(split: Split, share: float, claims: Claims, folds: Sequence[Fold]) -> Folds:
    """The same folds, each with that share of its training claims; a warning where whole groups come nowhere near."""
    found, reached = [], []
    for fold in folds:
        kept = training_share(claims.take(fold.train), share=share, by=split.by, seed=split.random_seed)
        found.append(fold._replace(train=fold.train[kept]))
        reached.append(len(kept) / len(fold.train))
    if share / SHARE_TOLERANCE <= min(reached) and max(reached) <= share * SHARE_TOLERANCE:
        return Folds(found, [])
    warning = (
        f"train_share {share:g}: groups stay whole, so it is {min(reached):.3f} to {max(reached):.3f} of the claims"
    )
    return Folds(found, [warning])


def _frozen(file: str, pool: JoinedDatasets) -> dict[str, str]:
    parts = read_split(Path(file))
    strangers = set(parts) - set(pool.claims.claim_id)
    if strangers:
        raise HarnessError(
            f"{file}: {len(strangers)} of its claims are not in '{pool.name}', "
            f"'{min(strangers)}' for one; it was made for other data"
        )
    return parts


def _of_parts(
    claims: Claims,
    parts: dict[str, str],
    train: tuple[str, ...] | None,
    test: tuple[str, ...] | None,
    dev: tuple[str, ...] | None = None,
) -> list[Fold]:
    if train is not None and test is not None:
        return [fold_from_parts(claims, parts, train, test, dev or ())]
    names = list(dict.fromkeys(parts.values()))
    if len(names) < 2:
        raise HarnessError(f"split: it has one part only ({', '.join(names)}); name train and test, or give two parts")
    return [fold_from_parts(claims, parts, [other for other in names if other != name], [name]) for name in names]


def _official(pool: JoinedDatasets) -> dict[str, str]:
    if pool.official is None:
        raise HarnessError(f"dataset '{pool.name}' has no official parts; use protocol: grouped_folds")
    return dict(pool.official)


def _parts_of(pool: JoinedDatasets, named: tuple[str, ...] | None, parts: dict[str, str]) -> tuple[str, ...] | None:
    """Parts by name; in a pool of several datasets, the name of a dataset stands for all its parts."""
    if named is None or len(pool.datasets) == 1:
        return named
    known = dict.fromkeys(parts.values())
    return tuple(part for name in named for part in ([p for p in known if p.startswith(f"{name}/")] or [name]))
