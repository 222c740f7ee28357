"""Writing a split to a file that a config can name; the function behind `harness split`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from harness.data.dataset import write_split
from harness.data.labels.tasks import find_task
from harness.display import displayed
from harness.errors import HarnessError
from harness.records import explain_validation
from harness.runner.splitting.joined_datasets import joined_gold, joined_label_codes, load_joined, schemes_of
from harness.runner.splitting.protocols import make_folds
from harness.runner.splitting.split_config import Split

TRAIN, TEST = "train", "test"


@displayed
class FrozenSplit(NamedTuple):
    """Result of writing a split."""

    path: Path
    """Path of the file."""
    parts: dict[str, int]
    """Number of claims by part."""
    warnings: tuple[str, ...] = ()
    """Warnings for the user, such as claims without a group."""


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
    """Writes a split of a dataset to a file: one part per fold, or `train` and `test` if there is one fold.

    Args:
        dataset: name or folder of the dataset.
        out: path of the file, which is written atomically.
        task: task whose gold labels `stratified` spreads evenly; no other option needs it.
        scheme, gold: label scheme and gold rule of the task, as in a config.
        root: folder of fetched benchmarks.
        options: keys of a config's `split`: `protocol`, `k`, `by`, `random_seed`, `hash_assignment`, `stratified`,
            `parts`, `test_from`, `test_share`.
    Raises: HarnessError: unknown dataset or option, or the data does not fit the split.
    """
    split = _check_options(options, task)
    pool = load_joined([dataset], root)
    labels = np.zeros(len(pool.claims), dtype=np.int64)
    if task is not None:
        named_task = find_task(task)
        schemes = schemes_of(pool, named_task, scheme)
        labels = joined_label_codes(pool, joined_gold(pool, named_task, schemes, gold))
    folds, warnings = make_folds(split, pool, labels)
    part_by_row: dict[int, str] = {}
    for fold in folds:
        part_by_row |= dict.fromkeys(fold.test.tolist(), fold.name if len(folds) > 1 else TEST)
        # With several folds, the parts are the test sets; each is trained on whenever another is tested on.
        if len(folds) == 1:
            part_by_row |= dict.fromkeys(fold.train.tolist(), TRAIN)
    parts = {str(pool.claims.claim_id[row]): part_by_row[row] for row in sorted(part_by_row)}
    write_split(Path(out), parts)
    return FrozenSplit(Path(out), dict(sorted(Counter(parts.values()).items())), tuple(warnings))


def _check_options(options: dict[str, Any], task: str | None) -> Split:
    """The validated options.

    Raises: HarnessError: an option is unknown, invalid, or does not apply to a split that is written to a file.
    """
    try:
        split = Split.model_validate(options)
    except ValidationError as error:
        messages = [f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error)]
        raise HarnessError(f"split: {'; '.join(messages)}") from None
    faults = [f"{option}: {message}" if option else message for option, message in split.faults()]
    if split.protocol == "official" or split.file:
        faults.append("official parts and split files are frozen already; name them in a config")
    if split.train_share:
        faults.append("train_share: cannot be frozen; set it in a config, where it also applies to a frozen split")
    if split.stratified and task is None:
        faults.append("stratified: requires a task, whose gold labels are spread evenly")
    if faults:
        raise HarnessError(f"split: {'; '.join(faults)}")
    return split
