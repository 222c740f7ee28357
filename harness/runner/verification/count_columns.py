"""The columns of a table of predictions that hold what metrics count of the passages shown with a claim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.arrays import Floats
from harness.data.claims import Column

COUNT_PREFIX = "evidence_counts:"


def count_columns(counts: Mapping[str, Floats]) -> dict[str, Floats]:
    """The columns of a table of predictions that hold the counts."""
    return {f"{COUNT_PREFIX}{name}:{n}": table[:, n] for name, table in counts.items() for n in range(table.shape[1])}


def evidence_counts_in(columns: Mapping[str, Column]) -> dict[str, Floats]:
    """The counts by name, from their columns in a table of predictions."""
    by_name = dict[str, list[Floats]]()
    for column, values in columns.items():
        name = column.removeprefix(COUNT_PREFIX).rpartition(":")[0]
        by_name.setdefault(name, []).append(values.astype(np.float64))
    return {name: np.stack(values, axis=1) for name, values in by_name.items()}
