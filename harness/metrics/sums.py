"""Weighted sums over claims, and the metrics that are a function of such sums."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from harness.arrays import Codes, Floats, Weights
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import Metric, ResamplingGroups, Run

BYTES_AT_ONCE = 64 * 2**20


def row_slices(n_rows: int, bytes_per_row: int) -> Iterator[slice]:
    """Slices over all rows, each of as many rows as fit into about 64 MB (at least one)."""
    rows = max(1, BYTES_AT_ONCE // max(1, bytes_per_row))
    for start in range(0, n_rows, rows):
        yield slice(start, start + rows)


def group_sums(codes: Codes, values: Floats | Codes, n_codes: int = 0) -> Floats:
    """The sum of the values of each code; shape (n_codes,), or longer where a code is higher."""
    return np.asarray(np.bincount(codes, weights=values, minlength=n_codes), dtype=np.float64)


def weighted_sums(weights: Weights, unit: Codes, columns: Floats) -> Floats:
    """The sum of each column, every row counted as often as its unit is drawn.

    Args:
        weights: shape (n_weightings, n_units).
        unit: shape (n_rows,); the unit of each row.
        columns: shape (n_rows, n_columns).
    Returns: shape (n_weightings, n_columns).
    """
    n_units = weights.shape[1]
    per_unit = np.stack([group_sums(unit, column, n_units) for column in columns.T], axis=1)
    sums = np.empty((len(weights), columns.shape[1]))
    for rows in row_slices(len(weights), 8 * n_units):
        sums[rows] = weights[rows].astype(np.float64) @ per_unit
    return sums


class SumMetric(Metric):
    """A metric that is a function of sums over claims, so that resampling is a matrix product."""

    @abstractmethod
    def summands(self, gold: Gold, run: Run) -> Floats:
        """What is summed; shape (n_claims, n_columns)."""

    @abstractmethod
    def from_sums(self, sums: Floats) -> Floats:
        """The metric from the sums of the columns, shape (n_weightings, n_columns); NaN where it is undefined."""

    @abstractmethod
    def undefined_reason(self, gold: Gold) -> str:
        """Why the metric is undefined when `from_sums` gives NaN for the data as they are."""

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The metric under each weighting; shape (n_weightings,), NaN where undefined under it."""
        columns = self.summands(gold, run)
        if np.isnan(self.from_sums(columns.sum(axis=0, keepdims=True))[0]):
            raise Undefined(self.undefined_reason(gold))
        return self.from_sums(weighted_sums(weights, groups.unit, columns))
