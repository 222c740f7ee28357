"""Splits claims into folds of whole groups, and reads the parts of a split file."""

from __future__ import annotations

import itertools
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
"""Kind of groups that a split never divides."""


class Fold(NamedTuple):
    """Row numbers of the claims for training, for testing and for tuning."""

    name: str
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    dev: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    """Rows for thresholds and calibration, which are neither trained nor tested on; empty if the split has none."""


def group_codes(claims: Claims, by: By) -> Codes:
    """The group of each claim, shape (n_claims,). A claim without a speaker (topic, source) is grouped by article."""
    if by == "article":
        return claims.article_codes()
    if by == "claim":
        return np.arange(len(claims), dtype=np.int64)
    keys = np.empty(len(claims), dtype=object)
    for row, (value, article) in enumerate(zip(_values(claims, by), claims.article_id, strict=True)):
        # Tuples of two lengths, so that a speaker never shares a key with an article of the same name.
        keys[row] = (value,) if value else (None, article)
    return codes_of(keys)


def _values(claims: Claims, by: By) -> Column:
    """The name of each claim's group; None or empty if it has none."""
    columns: dict[By, Column] = {
        "article": claims.article_id,
        "speaker": claims.speaker,
        "topic": claims.topic,
        "source": claims.source,
        "claim": claims.claim_id,
    }
    return columns[by]


def count_ungrouped(claims: Claims, by: By) -> int:
    """The number of claims without a speaker (topic, source), which are grouped by article instead.

    Raises: HarnessError: no claim has one, so there is nothing to group by.
    """
    absent = sum(not value for value in _values(claims, by))
    if absent == len(claims):
        remedy = "publisher of the articles" if by == "source" else f"{by} of the claims"
        raise HarnessError(
            f"split: by {by}: none of {absent} claims has a {by}; set the {remedy}, or group by something else"
        )
    return absent


def _group_names(claims: Claims, by: By, codes: Codes) -> list[str]:
    """The name of each group, in the order of the codes."""
    first = np.unique(codes, return_index=True)[1]
    values = _values(claims, by)
    return [str(values[row] or claims.article_id[row]) for row in first]


def _draw(seed: int, names: Sequence[str]) -> list[str]:
    """A pseudo-random hexadecimal number for each group: a hash of seed and name.

    A random generator would give a group another number whenever groups are added; the hash depends only on the group.
    """
    return [sha256(f"{seed}\n{name}") for name in names]


def grouped_folds(
    claims: Claims, *, k: int, by: By, seed: int, hash_assignment: bool = False, labels: Codes | None = None
) -> list[Fold]:
    """Make k folds of whole groups, of about equal size.

    Groups are assigned largest first, in a random order among groups of equal size, each to the smallest fold.

    Args:
        claims: the claims to split.
        k: number of folds, at least 2.
        by: the kind of groups.
        seed: the random seed of the order.
        hash_assignment: assign each group to a fold by its hash instead, so that added data moves no existing group;
            fold sizes vary more.
        labels: gold label codes, shape (n_claims,); -1 for a claim without. If given, groups are assigned so that the
            claims of each label are spread evenly over the folds.
    Raises: HarnessError: there are fewer groups than folds, or `hash_assignment` leaves a fold empty.
    """
    codes = group_codes(claims, by)
    sizes = np.bincount(codes)
    if k < 2:
        raise HarnessError(f"split: expected at least 2 folds, got {k}")
    if len(sizes) < k:
        raise HarnessError(f"split: {k} folds by {by} need at least {k} groups, the data has {len(sizes)}; lower k")
    draw = _draw(seed, _group_names(claims, by, codes))
    shuffled = sorted(range(len(sizes)), key=draw.__getitem__)
    if hash_assignment:
        fold_of = np.array([int(number, 16) % k for number in draw], dtype=np.int64)
        _check_no_fold_empty(fold_of, k, seed)
    elif labels is not None:
        fold_of = _assign_evenly(_shares(codes, labels), shuffled, k)
    else:
        # Large groups first: small ones can then fill the differences. Single claims all have the same size.
        order = shuffled if by == "claim" else sorted(shuffled, key=lambda group: -int(sizes[group]))
        fold_of = _assign_to_smallest(sizes, order, k)
    assigned = fold_of[codes]
    return [
        Fold(f"fold-{number}", np.flatnonzero(assigned != number), np.flatnonzero(assigned == number))
        for number in range(k)
    ]


def _assign_to_smallest(sizes: Codes, order: Sequence[int], k: int) -> Codes:
    """Assign each group, in order, to the fold with the fewest claims so far; returns the fold of each group."""
    fold_of = np.zeros(len(sizes), dtype=np.int64)
    load = [0] * k
    for group in order:
        smallest = load.index(min(load))
        fold_of[group] = smallest
        load[smallest] += int(sizes[group])
    return fold_of


def _check_no_fold_empty(fold_of: Codes, k: int, seed: int) -> None:
    n_groups = np.bincount(fold_of, minlength=k)
    if not n_groups.all():
        raise HarnessError(
            f"split: hash_assignment: {len(fold_of)} groups leave fold-{int(np.argmin(n_groups))} of {k} empty "
            f"with seed {seed}; lower k, use another seed, or remove hash_assignment"
        )


def _shares(codes: Codes, labels: Codes) -> npt.NDArray[np.float64]:
    """Each group's share of all claims and of the claims of each label; shape (n_groups, 1 + n_labels)."""
    counts = np.zeros((int(codes.max()) + 1, int(labels.max()) + 2))
    np.add.at(counts, (codes, labels + 1), 1)
    # Column 0 counts the claims without a label (-1), which need no even spread; all claims take its place.
    counts[:, 0] = counts.sum(axis=1)
    counts = counts[:, counts.any(axis=0)]
    shares: npt.NDArray[np.float64] = counts / counts.sum(axis=0)
    return shares


def _assign_evenly(shares: npt.NDArray[np.float64], shuffled: Sequence[int], k: int) -> Codes:
    """Assign each group, largest shares first, to the fold where it increases the sum of squared shares least.

    Adding a group s to a fold f adds ``2 f·s + s·s`` to the sum of squares, so the smallest product f·s decides.
    Values are rounded before they are compared: the last bit of a product differs between machines.
    """
    fold_of = np.zeros(len(shares), dtype=np.int64)
    load = np.zeros((k, shares.shape[1]))
    weight = (shares**2).sum(axis=1).round(12)
    for number, group in enumerate(sorted(shuffled, key=lambda group: -float(weight[group]))):
        increase = load @ shares[group]
        # The first k groups go to one fold each, so that no fold is empty.
        fold_of[group] = number if number < k else np.argmin((increase / increase.max()).round(9))
        load[fold_of[group]] += shares[group]
    return fold_of


def leave_one_out(claims: Claims, *, by: By) -> list[Fold]:
    """Make one fold per group, in order of first occurrence: the group is for testing, all others are for training.

    Raises: HarnessError: there is only one group.
    """
    codes = group_codes(claims, by)
    values = _values(claims, by)
    names = _group_names(claims, by, codes)
    if len(names) < 2:
        raise HarnessError(f"split: leave_one_out by {by} needs at least 2 groups, the data has {len(names)}")
    folds = []
    for group, name in enumerate(names):
        test = np.flatnonzero(codes == group)
        title = name if values[test[0]] else f"no {by}: {name}"
        folds.append(Fold(title, np.flatnonzero(codes != group), test))
    return folds


def training_share(claims: Claims, *, share: float, by: By, seed: int) -> npt.NDArray[np.int64]:
    """Select the rows of a share of the training claims, in whole groups; a larger share contains a smaller one.

    Groups are taken in a random order until the number of claims is closest to the share; at least one is taken.

    Args:
        claims: the training claims.
        share: in (0, 1].
        by: the kind of groups.
        seed: the random seed of the order; added data does not change the order of existing groups.
    """
    codes = group_codes(claims, by)
    # The prefix makes the order differ from that of the folds under the same seed.
    draw = _draw(seed, [f"train_share\n{name}" for name in _group_names(claims, by, codes)])
    order = np.array(sorted(range(len(draw)), key=draw.__getitem__))
    reached = np.cumsum(np.bincount(codes)[order])
    n_groups = 1 + int(np.argmin(np.abs(reached - share * len(claims))))
    return np.flatnonzero(np.isin(codes, order[:n_groups]))


def fold_from_parts(
    claims: Claims, parts: Mapping[str, str], train: Sequence[str], test: Sequence[str], dev: Sequence[str] = ()
) -> Fold:
    """Make one fold from named parts.

    Args:
        claims: the claims to split.
        parts: claim_id to part name.
        train, test, dev: part names; no part may be in two of them.
    Raises: HarnessError: a part has no claims (the message lists the parts), or is in two of the three.
    """
    part_names = list(dict.fromkeys(parts.values()))
    for part in (*train, *test, *dev):
        if part not in part_names:
            raise HarnessError(f"split: part '{part}' has no claims; known: {', '.join(part_names) or 'no parts'}")
    sides = {"train": train, "test": test, "dev": dev}
    for left, right in itertools.combinations(sides, 2):
        in_both = sorted(set(sides[left]) & set(sides[right]))
        if in_both:
            raise HarnessError(f"split: part '{in_both[0]}' is in both {left} and {right}")
    part_of_row = np.array([parts.get(claim_id, "") for claim_id in claims.claim_id], dtype=object)
    rows = {side: np.flatnonzero(np.isin(part_of_row, names)) for side, names in sides.items()}
    return Fold("+".join(test), **rows)


def read_split(path: Path) -> dict[str, str]:
    """Read a split file: claim_id to part name.

    Raises: FaultsError: all faults of the file, such as a claim on two lines.
    """
    records, faults = read_records(path, ClaimPart)
    parts: dict[str, str] = {}
    first_lines: dict[str, int] = {}
    for line, record in records:
        if record.claim_id in parts:
            message = f"duplicate id '{record.claim_id}' (first on line {first_lines[record.claim_id]})"
            faults.append(Fault(str(path), line, "claim_id", message, "duplicate-id"))
        first_lines.setdefault(record.claim_id, line)
        parts[record.claim_id] = record.part
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return parts
