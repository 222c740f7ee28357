"""Freezes a split to a file that a config can name: the one function behind `harness split`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from harness.data.dataset import write_split
from harness.data.fetch import open_dataset
from harness.data.splits import By, grouped_folds


class Frozen(NamedTuple):
    """What was written."""

    path: Path
    parts: dict[str, int]
    """Part name to its number of claims."""


def freeze_split(
    dataset: str | Path,
    out: str | Path,
    *,
    k: int = 5,
    by: By = "article",
    seed: int = 13,
    root: str | Path | None = None,
) -> Frozen:
    """Writes grouped folds of a dataset as a split file: one part per fold.

    Args:
        dataset: a name or a folder.
        out: the file; it is written whole or not at all.
        k, by, seed: as in a config's `split`.
    Raises: HarnessError: no such dataset, or fewer groups than folds.
    """
    claims = open_dataset(dataset, root).table()
    part_of: dict[int, str] = {}
    for fold in grouped_folds(claims, k=k, by=by, seed=seed):
        part_of |= dict.fromkeys(fold.test.tolist(), fold.name)
    parts = {str(claims.claim_id[row]): part_of[row] for row in range(len(claims))}
    write_split(Path(out), parts)
    names = sorted(set(parts.values()))
    return Frozen(Path(out), {name: list(parts.values()).count(name) for name in names})
