"""Claims into parts and folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes
from harness.data.claims import Claims, Column, codes_of
from harness.data.dataset import ClaimPart
from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import sha256

By = Literal["article", "speaker", "topic", "source", "claim"]


class Fold(NamedTuple):
    """One training set and the claims that are scored with it, as row numbers of the table."""

    name: str
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    dev: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    """Neither trained nor tested on: for thresholds and calibration. Empty where the split has no such part."""


def group_codes(claims: Claims, by: By) -> Codes:
    """The group of each claim, shape (n_claims,); a claim without a speaker (topic, source) goes with its article's."""
    if by == "article":
        return claims.article_codes()
    if by == "claim":
        return np.arange(len(claims), dtype=np.int64)
    keys = np.empty(len(claims), dtype=object)
    for row, (value, article) in enumerate(zip(_values(claims, by), claims.article_id, strict=True)):
        keys[row] = (value,) if value else (None, article)
    return codes_of(keys)


def _values(claims: Claims, by: By) -> Column:
    columns: dict[By, Column] = {
        "article": claims.article_id,
        "speaker": claims.speaker,
        "topic": claims.topic,
        "source": claims.source,
        "claim": claims.claim_id,
    }
    return columns[by]


def count_ungrouped(claims: Claims, by: By) -> int:
    """How many claims name no speaker (topic, source), and go with their article instead.

    Raises: HarnessError: none of them names one, so that there is nothing to group by.
    """
    absent = sum(not value for value in _values(claims, by))
    if absent == len(claims):
        remedy = "publisher of the articles" if by == "source" else f"{by} of the claims"
        raise HarnessError(
            f"split: by {by}: none of {absent} claims has a {by}; fill in the {remedy}, or split otherwise"
        )
    return absent


def _group_names(claims: Claims, by: By, codes: Codes) -> list[str]:
    """The name of each group, in the order of the codes."""
    first = np.unique(codes, return_index=True)[1]
    values = _values(claims, by)
    return [str(values[row] or claims.article_id[row]) for row in first]


def _draw(seed: int, names: Sequence[str]) -> list[str]:
    """A number for each group in hexadecimal: a hash of seed and name, so it depends on nothing but these."""
    return [sha256(f"{seed}\n{name}") for name in names]


def grouped_folds(
    claims: Claims, *, k: int, by: By, seed: int, hash_assignment: bool = False, labels: Codes | None = None
) -> list[Fold]:
    """k folds of whole groups, of about equal size: groups in an order drawn from the seed, each to the smallest fold.

    Args:
        claims: any number.
        k: number of folds, at least 2.
        by: what stays whole.
        seed: of the draw, a hash of seed and group, so it depends on nothing but these.
        hash_assignment: each group to the fold of its own hash instead, so that an added group moves no other; folds
            differ more in size.
        labels: shape (n_claims,); gold label codes, -1 for none. If given, groups are dealt out so that claims and each
            label are spread evenly over the folds.
    Raises: HarnessError: fewer groups than folds, or with `hash_assignment` a fold that no group falls into.
    """
    codes = group_codes(claims, by)
    sizes = np.bincount(codes)
    if k < 2:
        raise HarnessError(f"split: expected at least 2 folds, got {k}")
    if len(sizes) < k:
        raise HarnessError(f"split: {k} folds by {by} need at least {k} groups, the data has {len(sizes)}; lower k")
    draw = _draw(seed, _group_names(claims, by, codes))
    drawn = sorted(range(len(sizes)), key=draw.__getitem__)
    if hash_assignment:
        fold_of = np.array([int(number, 16) % k for number in draw], dtype=np.int64)
        _all_filled(fold_of, k, seed)
    elif labels is not None:
        fold_of = _evenly(_shares(codes, labels), drawn, k)
    else:
        order = drawn if by == "claim" else sorted(drawn, key=lambda group: -int(sizes[group]))
        fold_of = _smallest_first(sizes, order, k)
    assigned = fold_of[codes]
    return [
        Fold(f"fold-{number}", np.flatnonzero(assigned != number), np.flatnonzero(assigned == number))
        for number in range(k)
    ]


def _smallest_first(sizes: Codes, order: Sequence[int], k: int) -> Codes:
    fold_of = np.zeros(len(sizes), dtype=np.int64)
    load = [0] * k
    for group in order:
        smallest = load.index(min(load))
        fold_of[group] = smallest
        load[smallest] += int(sizes[group])
    return fold_of


def _all_filled(fold_of: Codes, k: int, seed: int) -> None:
    filled = np.bincount(fold_of, minlength=k)
    if not filled.all():
        raise HarnessError(
            f"split: hash_assignment: {len(fold_of)} groups leave fold-{int(np.argmin(filled))} of {k} empty "
            f"under seed {seed}; lower k, take another seed, or leave out hash_assignment"
        )


def _shares(codes: Codes, labels: Codes) -> npt.NDArray[np.float64]:
    """The share of all claims, and of each label's claims, that each group has; shape (n_groups, 1 + n_labels)."""
    counts = np.zeros((int(codes.max()) + 1, int(labels.max()) + 2))
    np.add.at(counts, (codes, labels + 1), 1)
    counts[:, 0] = counts.sum(axis=1)
    counts = counts[:, counts.any(axis=0)]
    shares: npt.NDArray[np.float64] = counts / counts.sum(axis=0)
    return shares


def _evenly(shares: npt.NDArray[np.float64], drawn: Sequence[int], k: int) -> Codes:
    """Each group, the weightiest first, to the fold where it adds least to the sum of squared shares.

    Rounded, so that the last bit of a product, which differs between machines, decides nothing.
    """
    fold_of = np.zeros(len(shares), dtype=np.int64)
    load = np.zeros((k, shares.shape[1]))
    weight = (shares**2).sum(axis=1).round(12)
    for number, group in enumerate(sorted(drawn, key=lambda group: -float(weight[group]))):
        added = load @ shares[group]
        fold_of[group] = number if number < k else np.argmin((added / added.max()).round(9))
        load[fold_of[group]] += shares[group]
    return fold_of


def leave_one_out(claims: Claims, *, by: By) -> list[Fold]:
    """One fold per group, in the order of first sight: it is tested on, all others are trained on.

    Raises: HarnessError: one group only.
    """
    codes = group_codes(claims, by)
    values, names = _values(claims, by), _group_names(claims, by, codes)
    if len(names) < 2:
        raise HarnessError(f"split: leave_one_out by {by} needs at least 2 groups, the data has {len(names)}")
    folds = []
    for group, name in enumerate(names):
        test = np.flatnonzero(codes == group)
        title = name if values[test[0]] else f"no {by}: {name}"
        folds.append(Fold(title, np.flatnonzero(codes != group), test))
    return folds


def training_share(claims: Claims, *, share: float, by: By, seed: int) -> npt.NDArray[np.int64]:
    """The rows of a share of training claims, in whole groups; the rows of a smaller share are among them.

    Groups come in an order drawn from the seed, as many as bring the number of claims closest to the share; one at
    least.

    Args:
        claims: the training claims.
        share: in (0, 1].
        by: what stays whole.
        seed: of the order, a hash of seed and group, so that an added group moves no other.
    """
    codes = group_codes(claims, by)
    draw = _draw(seed, [f"train_share\n{name}" for name in _group_names(claims, by, codes)])
    order = np.array(sorted(range(len(draw)), key=draw.__getitem__))
    reached = np.cumsum(np.bincount(codes)[order])
    kept = order[: 1 + int(np.argmin(np.abs(reached - share * len(claims))))]
    return np.flatnonzero(np.isin(codes, kept))


def fold_from_parts(
    claims: Claims, parts: Mapping[str, str], train: Sequence[str], test: Sequence[str], dev: Sequence[str] = ()
) -> Fold:
    """One fold from named parts.

    Args:
        parts: claim_id to part.
        train, test, dev: part names; they may not overlap.
    Raises: HarnessError: a part that no claim is in; the message lists those there are.
    """
    known = list(dict.fromkeys(parts.values()))
    for part in (*train, *test, *dev):
        if part not in known:
            raise HarnessError(f"split: no claim is in part '{part}'; there are {', '.join(known) or 'no parts'}")
    for one, other, said in (
        (train, test, "train and in test"),
        (train, dev, "train and in dev"),
        (test, dev, "test and in dev"),
    ):
        both = sorted(set(one) & set(other))
        if both:
            raise HarnessError(f"split: part '{both[0]}' is in {said}")
    of_row = np.array([parts.get(claim_id, "") for claim_id in claims.claim_id], dtype=object)
    return Fold("+".join(test), *(np.flatnonzero(np.isin(of_row, named)) for named in (train, test, dev)))


def read_split(path: Path) -> dict[str, str]:
    """A split file: claim_id to part.

    Raises: FaultsError: every fault of the file; a claim in two lines is one.
    """
    records, faults = read_records(path, ClaimPart)
    parts: dict[str, str] = {}
    for line, record in records:
        if record.claim_id in parts:
            faults.append(Fault(str(path), line, "claim_id", f"'{record.claim_id}' is listed twice", "duplicate-id"))
        parts[record.claim_id] = record.part
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return parts
