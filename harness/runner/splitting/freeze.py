"""Freezes a split to a file that a config can name: the one function behind `harness split`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from harness.data.dataset import write_split
from harness.data.labels.tasks import find_task
from harness.errors import HarnessError
from harness.records import explain_validation
from harness.runner.splitting.joined_datasets import joined_gold, joined_label_codes, load_joined, schemes_of
from harness.runner.splitting.protocols import make_folds
from harness.runner.splitting.split_config import Split

TRAIN, TEST = "train", "test"


class FrozenSplit(NamedTuple):
    """What was written."""

    path: Path
    parts: dict[str, int]
    """Part name to its number of claims."""
    warnings: tuple[str, ...] = ()


def freeze_split(
    dataset: str | Path,
    out: str | Path,
    *,
    task: str | None = None,
    scheme: str | None = None,
    gold: str = "adjudicated",
    root: str | Path | None = None,
    **options: Any,
) -> FrozenSplit:
    """Writes a split of a dataset to a file: one part per fold, or `train` and `test` where there is one fold.

    Args:
        dataset: a name or a folder.
        out: the file; it is written whole or not at all.
        task: whose gold labels `stratified` spreads evenly; no other option needs it.
        scheme, gold: as in a config; for the task.
        root: where fetched benchmarks live.
        options: as in a config's `split`: `protocol`, `k`, `by`, `random_seed`, `hash_assignment`, `stratified`,
            `parts`, `test_from`, `test_share`.
    Raises: HarnessError: no such dataset or option, or the data does not fit the split.
    """
    split = _checked(options, task)
    pool = load_joined([dataset], root)
    claims = pool.claims
    labels = np.zeros(len(claims), dtype=np.int64)
    if task is not None:
        asked = find_task(task)
        labels = joined_label_codes(pool, joined_gold(pool, asked, schemes_of(pool, asked, scheme), gold))
    folds, warnings = make_folds(split, pool, labels)
    part_of: dict[int, str] = {}
    for fold in folds:
        part_of |= dict.fromkeys(fold.test.tolist(), fold.name if len(folds) > 1 else TEST)
        if len(folds) == 1:
            part_of |= dict.fromkeys(fold.train.tolist(), TRAIN)
    parts = {str(claims.claim_id[row]): part_of[row] for row in sorted(part_of)}
    write_split(Path(out), parts)
    names = list(parts.values())
    return FrozenSplit(Path(out), {name: names.count(name) for name in sorted(set(names))}, tuple(warnings))


def _checked(options: dict[str, Any], task: str | None) -> Split:
    try:
        split = Split.model_validate(options)
    except ValidationError as error:
        said = [f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error)]
        raise HarnessError(f"split: {'; '.join(said)}") from None
    faults = [f"{option}: {message}" if option else message for option, message in split.faults()]
    if split.protocol == "official" or split.file:
        faults.append("the split is frozen already: a config names official parts and files as they are")
    if split.train_share:
        faults.append("train_share: is for configs, where it goes with a frozen split too")
    if split.stratified and task is None:
        faults.append("stratified: needs a task, whose gold labels are spread evenly")
    if faults:
        raise HarnessError(f"split: {'; '.join(faults)}")
    return split
