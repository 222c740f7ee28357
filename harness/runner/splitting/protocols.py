"""Split protocols: the folds of each, and warnings about them."""

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
from harness.runner.tuning.inner_folds import dividing_group

SHARE_TOLERANCE = 1.25
"""Factor by which a share of the training claims can miss its target without a warning."""


class Folds(NamedTuple):
    """The folds of a split and the warnings about them."""

    folds: list[Fold]
    """Folds, in order."""
    warnings: list[str]
    """Warnings for the user."""


def make_folds(split: Split, pool: JoinedDatasets, labels: Codes) -> Folds:
    """Returns the folds of joined datasets.

    Args:
        split: the protocol and its options, validated.
        pool: the claims and their official parts.
        labels: gold code of each claim, shape (n_claims,); -1: no gold. Needed to stratify and to drop groups without
            gold.
    Raises: HarnessError: the data does not fit the split.
    """
    claims = pool.claims
    if split.file is not None:
        parts = _read_frozen(split.file, pool)
        return Folds(_folds_from_parts(claims, parts, split.train, split.test, split.dev or ()), [])
    if split.protocol == "official":
        parts = _official_parts(pool)
        sides = (_expand_datasets(pool, names, parts) for names in (split.train, split.test, split.dev or ()))
        return Folds(_folds_from_parts(claims, parts, *sides), [])
    rows = np.arange(len(claims), dtype=np.int64)
    if split.parts is not None:
        rows = fold_from_parts(claims, _official_parts(pool), [], split.parts).test
    selected = claims if split.parts is None else claims.take(rows)
    warnings = []
    if split.protocol not in ("by_time", "random_folds") and split.by != "article":
        n_ungrouped = count_ungrouped(selected, split.by)
        if n_ungrouped:
            warnings.append(
                f"{n_ungrouped} of {len(selected)} claims have no {split.by}; they are grouped with their article"
            )
    # Folds of the selected claims number these from 0; `rows` translates to rows of the whole table.
    folds = [
        Fold(fold.name, rows[fold.train], rows[fold.test], rows[fold.dev])
        for fold in _folds_by_protocol(split, selected, labels[rows])
    ]
    if split.protocol not in ("leave_one_out", "transfer"):
        return Folds(folds, warnings)
    folds_with_gold = [fold for fold in folds if (labels[fold.test] >= 0).any()]
    n_dropped = len(folds) - len(folds_with_gold)
    if n_dropped:
        warnings.append(f"{n_dropped} of {len(folds)} groups have no gold labels and are not used as test sets")
    return Folds(folds_with_gold, warnings)


def _folds_by_protocol(split: Split, claims: Claims, labels: Codes) -> list[Fold]:
    if split.protocol == "by_time":
        return [by_time(claims, test_from=split.test_from, test_share=split.test_share)]
    if split.protocol in ("leave_one_out", "transfer"):
        return leave_one_out(claims, by=split.by)
    by: By = "claim" if split.protocol == "random_folds" else split.by
    return grouped_folds(
        claims,
        k=split.k,
        by=by,
        seed=split.random_seed,
        hash_assignment=split.hash_assignment,
        labels=labels if split.stratified else None,
    )


def with_training_share(split: Split, share: float, claims: Claims, folds: Sequence[Fold]) -> Folds:
    """Returns the folds with a share of their training claims, and a warning if whole groups miss it by far.

    Groups are articles where the training claims of a fold are one group of the split.

    Args:
        split: the options of the folds.
        share: share of the training claims of each fold, in (0, 1].
        claims: all claims.
        folds: the folds to reduce.
    """
    reduced_folds = []
    reached_shares = []
    for fold in folds:
        training = claims.take(fold.train)
        by = dividing_group(training, split.by)
        rows = training_share(training, share=share, by=by, seed=split.random_seed)
        reduced_folds.append(fold._replace(train=fold.train[rows]))
        reached_shares.append(len(rows) / len(fold.train))
    lowest, highest = min(reached_shares), max(reached_shares)
    if share / SHARE_TOLERANCE <= lowest and highest <= share * SHARE_TOLERANCE:
        return Folds(reduced_folds, [])
    warning = f"train_share {share:g}: groups are not divided, so the actual share is {lowest:.3f} to {highest:.3f}"
    return Folds(reduced_folds, [warning])


def known_parts(split: Split, pool: JoinedDatasets) -> list[str]:
    """Returns the names of parts that a split may use; with several datasets, their names too.

    Raises: HarnessError: the split needs official parts, and the data has none; or its file cannot be read.
    """
    if split.file is not None:
        return list(dict.fromkeys(_read_frozen(split.file, pool).values()))
    if split.protocol != "official" and split.parts is None:
        return []
    datasets = [dataset.info.name for dataset in pool.datasets] if len(pool.datasets) > 1 else []
    return list(dict.fromkeys([*datasets, *_official_parts(pool).values()]))


def _read_frozen(file: str, pool: JoinedDatasets) -> dict[str, str]:
    parts = read_split(Path(file))
    unknown_ids = set(parts) - set(pool.claims.claim_id)
    if unknown_ids:
        raise HarnessError(
            f"{file}: {len(unknown_ids)} of its claims are not in '{pool.name}', for example '{min(unknown_ids)}'; "
            "the split belongs to other data"
        )
    return parts


def _folds_from_parts(
    claims: Claims,
    parts: dict[str, str],
    train: tuple[str, ...] | None,
    test: tuple[str, ...] | None,
    dev: tuple[str, ...] | None = None,
) -> list[Fold]:
    """One fold from the named parts; without names, one fold per part, with that part as the test set."""
    if train is not None and test is not None:
        return [fold_from_parts(claims, parts, train, test, dev or ())]
    names = list(dict.fromkeys(parts.values()))
    if len(names) < 2:
        raise HarnessError(
            f"split: expected at least two parts, got {len(names)} ({', '.join(names)}); set train and test, "
            "or add a part"
        )
    return [fold_from_parts(claims, parts, [part for part in names if part != name], [name]) for name in names]


def _official_parts(pool: JoinedDatasets) -> dict[str, str]:
    if pool.official is None:
        raise HarnessError(f"dataset '{pool.name}' has no official parts; set another protocol, such as grouped_folds")
    return dict(pool.official)


def _expand_datasets(
    pool: JoinedDatasets, names: tuple[str, ...] | None, parts: dict[str, str]
) -> tuple[str, ...] | None:
    """Names of parts; with several datasets, the name of a dataset becomes the names of all its parts."""
    if names is None or len(pool.datasets) == 1:
        return names
    all_parts = dict.fromkeys(parts.values())
    expanded: list[str] = []
    for name in names:
        expanded += [part for part in all_parts if part.startswith(f"{name}/")] or [name]
    return tuple(expanded)
