"""Weighted sums over claims, and the base class of metrics that are a function of such sums."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TypeGuard

import numpy as np

from harness.arrays import Codes, Floats, StoredWeights, Weights
from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics.base import ByWeights, Metric, ResamplingGroups, Run

BYTES_AT_ONCE = 16 * 2**20
"""Memory for one slice of weightings."""
BYTES_IN_CACHE = 2**20
"""Memory for one slice of weightings whose arrays are read many times: what the cache of a processor holds."""


def row_slices(n_rows: int, bytes_per_row: int, bytes_at_once: int = BYTES_AT_ONCE) -> Iterator[slice]:
    """Slices that cover all rows; each has at least one row, and as many as fit into `bytes_at_once`."""
    rows = max(1, bytes_at_once // max(1, bytes_per_row))
    for start in range(0, n_rows, rows):
        yield slice(start, start + rows)


def group_sums(codes: Codes, values: Floats | Codes, n_codes: int = 0) -> Floats:
    """The sum of the values of each code; shape (max(n_codes, highest code + 1),)."""
    return np.asarray(np.bincount(codes, weights=values, minlength=n_codes), dtype=np.float64)


def unit_sums(unit: Codes, columns: Floats, n_units: int) -> Floats:
    """The sum of each column per unit.

    Args:
        unit: shape (n_rows,); the unit of each row.
        columns: shape (n_rows, n_columns).
        n_units: number of units.
    Returns: shape (n_units, n_columns).
    """
    # Rows of one unit share its weight. Summing them first makes a product as wide as there are units, not rows.
    return np.stack([group_sums(unit, column, n_units) for column in columns.T], axis=1)


def weighted(weights: Weights | StoredWeights, per_unit: Floats) -> Floats:
    """The sum of each column, with every unit counted as often as it is drawn.

    Args:
        weights: shape (n_weightings, n_units).
        per_unit: shape (n_units, n_columns); units beyond the last one have no rows.
    Returns: shape (n_weightings, n_columns).
    """
    sums = np.empty((len(weights), per_unit.shape[1]))
    for rows in row_slices(len(weights), 8 * len(per_unit)):
        sums[rows] = weights[rows, : len(per_unit)].astype(np.float64) @ per_unit
    return sums


class SumMetric(Metric):
    """A metric that is a function of sums over claims, so resampling is one matrix product."""

    @abstractmethod
    def summands(self, gold: Gold, run: Run) -> Floats:
        """The terms to sum over claims; shape (n_claims, n_columns)."""

    @abstractmethod
    def from_sums(self, sums: Floats) -> Floats:
        """The metric from the sums of the columns.

        Args:
            sums: shape (n_weightings, n_columns).
        Returns: shape (n_weightings,); NaN where the metric is undefined.
        """

    def undefined_reason(self, gold: Gold) -> str:
        """The reason why `from_sums` returns NaN for the unweighted data; by default, that there are no claims."""
        return "there are no claims"

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights | StoredWeights) -> Floats:
        """The metric under each weighting; shape (n_weightings,), NaN where undefined."""
        return self.by_weights(gold, run, groups)(weights)

    def by_weights(self, gold: Gold, run: Run, groups: ResamplingGroups) -> ByWeights:
        """`values` for many blocks of weightings; claims are summed by unit once."""
        columns = self.summands(gold, run)
        # The unweighted data decide whether the metric is defined at all; single resamples may still be NaN.
        if np.isnan(self.from_sums(columns.sum(axis=0, keepdims=True))[0]):
            raise Undefined(self.undefined_reason(gold))
        per_unit = unit_sums(groups.unit, columns, int(np.max(groups.unit, initial=-1)) + 1)
        return lambda weights: self.from_sums(weighted(weights, per_unit))


def is_of_sums(metric: Metric) -> TypeGuard[SumMetric]:
    """Whether a metric has no values but those that its sums give."""
    return isinstance(metric, SumMetric) and type(metric).values is SumMetric.values
