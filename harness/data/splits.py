"""Claims into parts and folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.data.claims import Claims, Codes, codes_of
from harness.data.dataset import ClaimPart
from harness.data.jsonl import read_records
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import sha256

By = Literal["article", "speaker", "claim"]


class Fold(NamedTuple):
    """One training set and the claims that are scored with it, as row numbers of the table."""

    name: str
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]


def group_codes(claims: Claims, by: By) -> Codes:
    """The group of each claim, shape (n_claims,); a claim without a speaker is a group of its own article."""
    if by == "article":
        return claims.article_codes()
    if by == "claim":
        return np.arange(len(claims), dtype=np.int64)
    keys = np.empty(len(claims), dtype=object)
    for row, (speaker, article) in enumerate(zip(claims.speaker, claims.article_id, strict=True)):
        keys[row] = (speaker,) if speaker else (None, article)
    return codes_of(keys)


def grouped_folds(claims: Claims, *, k: int, by: By, seed: int) -> list[Fold]:
    """k folds of whole groups, of about equal size: groups in an order drawn from the seed, each to the smallest fold.

    The draw is a hash of seed and group, so it depends on nothing but these.

    Raises: HarnessError: fewer groups than folds.
    """
    codes = group_codes(claims, by)
    sizes = np.bincount(codes)
    if k < 2:
        raise HarnessError(f"split: expected at least 2 folds, got {k}")
    if len(sizes) < k:
        raise HarnessError(f"split: {k} folds by {by} need at least {k} groups, the data has {len(sizes)}; lower k")
    first = np.unique(codes, return_index=True)[1]
    names = [str((claims.claim_id if by == "claim" else claims.article_id)[row]) for row in first]
    if by == "speaker":
        names = [str(claims.speaker[row] or claims.article_id[row]) for row in first]
    drawn = sorted(range(len(sizes)), key=lambda group: sha256(f"{seed}\n{names[group]}"))
    fold_of = np.zeros(len(sizes), dtype=np.int64)
    load = [0] * k
    for group in sorted(drawn, key=lambda group: -int(sizes[group])) if by != "claim" else drawn:
        smallest = load.index(min(load))
        fold_of[group] = smallest
        load[smallest] += int(sizes[group])
    assigned = fold_of[codes]
    return [
        Fold(f"fold-{number}", np.flatnonzero(assigned != number), np.flatnonzero(assigned == number))
        for number in range(k)
    ]


def parts_fold(claims: Claims, parts: Mapping[str, str], train: Sequence[str], test: Sequence[str]) -> Fold:
    """One fold from named parts.

    Args:
        parts: claim_id to part.
        train, test: part names; they may not overlap.
    Raises: HarnessError: a part that no claim is in; the message lists those there are.
    """
    known = list(dict.fromkeys(parts.values()))
    for part in (*train, *test):
        if part not in known:
            raise HarnessError(f"split: no claim is in part '{part}'; there are {', '.join(known) or 'no parts'}")
    both = sorted(set(train) & set(test))
    if both:
        raise HarnessError(f"split: part '{both[0]}' is in train and in test")
    of_row = np.array([parts.get(claim_id, "") for claim_id in claims.claim_id], dtype=object)
    return Fold("+".join(test), np.flatnonzero(np.isin(of_row, train)), np.flatnonzero(np.isin(of_row, test)))


def read_split(path: Path) -> dict[str, str]:
    """A split file: claim_id to part.

    Raises: FaultsError: every fault of the file; a claim in two lines is one.
    """
    records, faults = read_records(path, ClaimPart)
    parts: dict[str, str] = {}
    for line, record in records:
        if record.claim_id in parts:
            faults.append(Fault(str(path), line, "claim_id", f"'{record.claim_id}' is listed twice"))
        parts[record.claim_id] = record.part
    if faults:
        raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
    return parts
