"""Trials: runs on a part of the claims, whose results are no results of the whole dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.arguments import as_list
from harness.arrays import Bools
from harness.data.claims import Claims
from harness.data.splits.folds import Fold
from harness.errors import Fault, FaultsError, HarnessError
from harness.files import fingerprint, read_text


class ChosenIds(NamedTuple):
    """Ids of claims, or of articles, which stand for their claims."""

    source: str
    """File that lists them, for messages."""
    lines: dict[str, int]
    """Line of each id, from 1."""

    @property
    def name(self) -> str:
        """Short name of the choice in results; equal ids give the same."""
        return f"{len(self.lines)} ids, {fingerprint(sorted(self.lines))[:8]}"


class Trial(NamedTuple):
    """Which part of the claims is used; a full run by default."""

    limit: int | None = None
    """At most this many training and test claims per fold."""
    sample: int | None = None
    """Articles are drawn until they have this many claims."""
    ids: ChosenIds | None = None
    """Claims, or articles, that are used alone."""

    @classmethod
    def of(cls, limit: int | None, sample: int | None, ids: str | Path | Sequence[str] | None) -> Trial:
        """The trial of the arguments of a run.

        Raises: HarnessError: a number under 1, or a file that cannot be read or has no ids.
        """
        for option, number in (("--limit", limit), ("--sample", sample)):
            if number is not None and number < 1:
                raise HarnessError(f"{option}: expected a number of claims from 1, got {number}")
        return cls(limit, sample, None if ids is None else read_ids(ids))

    @property
    def name(self) -> str | None:
        """The options that make it a trial (`--limit 20`); None for a full run."""
        options = [f"--limit {self.limit}"] if self.limit is not None else []
        options += [f"--sample {self.sample}"] if self.sample is not None else []
        options += [f"--ids ({self.ids.name})"] if self.ids is not None else []
        return " ".join(options) or None


FULL = Trial()


def read_ids(ids: str | Path | Sequence[str]) -> ChosenIds:
    """The ids of a file with one on each line, or of a list.

    Raises: HarnessError: the file cannot be read, has none, or has one twice.
    """
    listed = isinstance(ids, str | Path)
    source = str(ids) if listed else "ids"
    lines, faults = dict[str, int](), list[Fault]()
    rows = read_text(Path(str(ids))).splitlines() if listed else as_list(ids)
    for line, row in enumerate(map(str.strip, map(str, rows)), start=1):
        if row and row in lines:
            message = f"'{row}' is listed twice (first on line {lines[row]}); remove one of the two"
            faults.append(Fault(source, line if listed else None, None, message, "duplicate"))
        elif row:
            lines[row] = line
    if not lines:
        message = "has no ids; expected the id of a claim, or of an article, on each line"
        faults.append(Fault(source, None, None, message, "empty"))
    if faults:
        raise FaultsError(faults)
    return ChosenIds(source, lines)


def restrict(folds: Sequence[Fold], claims: Claims, trial: Trial, seed: int) -> tuple[list[Fold], list[str]]:
    """The folds with the chosen claims only, and a warning about each choice.

    The split is made before, so a fold keeps its articles, and an article its side.

    Args:
        seed: seed of the sample. The order of the articles depends on it and on their ids alone, so a smaller sample is
            a part of a larger one, and new articles change little.
    Raises: HarnessError: an id that is unknown.
    """
    chosen, warnings = np.ones(len(claims), dtype=np.bool_), list[str]()
    if trial.ids is not None:
        chosen &= _with_ids(claims, trial.ids)
        n = int((chosen & _used(folds, len(claims))).sum())
        warnings.append(f"limited to the {n:,} claims of --ids ({trial.ids.name}): a trial, not a result")
    if trial.sample is not None:
        used = chosen & _used(folds, len(claims))
        sampled = _sample(claims, used, trial.sample, seed)
        chosen &= sampled
        n_articles, of_all = (len(set(claims.article_id[rows])) for rows in (used & sampled, used))
        warnings.append(
            f"limited to {int((used & sampled).sum()):,} claims of {n_articles:,} of {of_all:,} articles, drawn with "
            f"seed {seed} (--sample {trial.sample}): a trial, not a result"
        )
    if not warnings:
        return list(folds), warnings
    return [
        Fold(name, *(rows[chosen[rows]] for rows in (train, test, dev))) for name, train, test, dev in folds
    ], warnings


def _used(folds: Iterable[Fold], n: int) -> Bools:
    """Whether a fold has a claim on any side; shape (n,)."""
    used = np.zeros(n, dtype=np.bool_)
    for fold in folds:
        for rows in (fold.train, fold.test, fold.dev):
            used[rows] = True
    return used


def _with_ids(claims: Claims, ids: ChosenIds) -> Bools:
    """Whether a claim, or its article, is listed; shape (n_claims,)."""
    unknown = ids.lines.keys() - set(claims.claim_id) - set(claims.article_id)
    if unknown:
        is_file = ids.source != "ids"
        raise FaultsError(
            Fault(ids.source, ids.lines[each] if is_file else None, None, message, "unknown-id")
            for each in sorted(unknown, key=ids.lines.__getitem__)
            for message in [f"the dataset has no claim and no article with the id '{each}'; correct or remove it"]
        )
    return np.array(
        [
            claim_id in ids.lines or article_id in ids.lines
            for claim_id, article_id in zip(claims.claim_id, claims.article_id, strict=True)
        ],
        dtype=np.bool_,
    )


def _sample(claims: Claims, used: Bools, n: int, seed: int) -> Bools:
    """Whether a claim belongs to the articles that are drawn, which have `n` used claims or more; shape (n_claims,)."""
    counts = dict[str, int]()
    for article_id in claims.article_id[used]:
        counts[article_id] = counts.get(article_id, 0) + 1
    total, drawn = 0, set[str]()
    for article_id in sorted(counts, key=lambda each: hashlib.sha256(f"{seed}\n{each}".encode()).digest()):
        if total >= n:
            break
        drawn.add(article_id)
        total += counts[article_id]
    return np.array([article_id in drawn for article_id in claims.article_id], dtype=np.bool_)
