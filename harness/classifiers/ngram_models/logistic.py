"""Logistic regression with an L2 penalty on sparse features, by a Newton method that can start near the optimum."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.arrays import Bools, Floats, Integers
from harness.display import displayed
from harness.features.counts.shared_counts import derived_once
from harness.features.weights import row_blocks

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TOLERANCE = 1e-7
"""Length of the gradient at the end, as a share of that at weights 0. Scores are then within 1e-6 of those there."""
STEPS = 200
"""Most Newton steps; about ten are needed."""
INNER = 0.1
"""How exactly the first steps are computed: the residual as a share of the gradient."""
NEAR = 2.0
"""Most that C may differ by, as a factor, for the optimum of one to be a better start than weights 0 for the other."""


@displayed
class LinearWeights(NamedTuple):
    """Weights of one label against the rest."""

    weights: Floats
    """Shape (n_ngrams,)."""
    intercept: float


class Start(NamedTuple):
    """The optimum for another C, to start from."""

    optimum: LinearWeights
    strength: float
    """Its C."""


def fit_logistic_regression(
    rows: csr_matrix, positive: Bools, strength: float, class_weight: str | None, start: Start | None = None
) -> LinearWeights:
    """Fits a logistic regression with an L2 penalty, which includes the intercept.

    Newton steps, each solved by conjugate gradients only as exactly as it helps, need no random numbers. The objective
    is within 1e-9 of its minimum, and scores within 1e-6 of those there. Columns that are equal in all rows share one
    weight at the optimum, so they are merged before, which is exact.
    Lin, Weng and Keerthi 2008, "Trust Region Newton Method for Large-Scale Logistic Regression".

    Args:
        rows: features of the training claims, shape (n_claims, n_features).
        positive: whether each claim has the label, shape (n_claims,); both values occur.
        strength: inverse strength of regularization, scikit-learn's C; above 0.
        class_weight: "balanced" weights a claim by the inverse share of its class; None weights all claims equally.
        start: the optimum for another C; it is used if that C is near.
    """
    merged = derived_once(rows, merge_columns, lambda merged: merged.matrix)
    costs = np.full(len(positive), float(strength))
    if class_weight == "balanced":
        costs *= len(positive) / (2 * np.where(positive, positive.sum(), (~positive).sum()))
    first = np.zeros(merged.matrix.shape[1] + 1)
    if start is not None and 1 / NEAR <= strength / start.strength <= NEAR:
        first[:-1] = start.optimum.weights[merged.columns] * merged.scale
        first[-1] = start.optimum.intercept
    optimum = _Objective(merged.matrix, np.where(positive, 1.0, -1.0), costs).minimum(first)
    return LinearWeights((optimum[:-1] / merged.scale)[merged.places], float(optimum[-1]))


class MergedColumns(NamedTuple):
    """A matrix with one column for all columns that are equal, scaled so that the penalty stays the same."""

    matrix: csr_matrix
    """Shape (n_rows, number of different columns)."""
    columns: Integers
    """The first of the equal columns, for each column of `matrix`."""
    scale: Floats
    """Square root of the number of equal columns, for each column of `matrix`."""
    places: Integers
    """The column of `matrix` for each column."""


def merge_columns(rows: csr_matrix) -> MergedColumns:
    """Merges equal columns: m weights w each cost m w², as much as one weight w √m for the column times √m."""
    from scipy.sparse import csr_matrix

    # Equal columns have equal sums, to the last bit, for any weights of the rows; others differ in two random ones.
    sums = rows.T @ np.random.default_rng(0).random((rows.shape[0], 2))
    order = np.lexsort((sums[:, 1], sums[:, 0]))
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (np.diff(sums[order], axis=0) != 0).any(axis=1)
    first_of = np.empty(len(order), dtype=np.int64)
    first_of[order] = order[is_first][np.cumsum(is_first) - 1]  # the sort is stable, so it is the lowest
    columns, places, sizes = np.unique(first_of, return_inverse=True, return_counts=True)
    new = np.full(len(order), -1, dtype=np.int32)
    new[columns] = np.arange(len(columns))
    scale = np.sqrt(sizes)
    # Space that is not written to takes no memory, so the arrays may be too long.
    data, indices, starts = np.empty(rows.nnz), np.empty(rows.nnz, dtype=np.int32), np.zeros_like(rows.indptr)
    row = end = 0
    for block in row_blocks(rows):
        of_block = new[rows.indices[block.entries]]
        is_in = of_block >= 0
        of_block = of_block[is_in]
        data[end : end + len(of_block)] = rows.data[block.entries][is_in] * scale[of_block]
        indices[end : end + len(of_block)] = of_block
        lasts = np.cumsum(block.sizes)
        starts[row + 1 : row + 1 + len(lasts)] = end + np.concatenate([[0], np.cumsum(is_in)])[lasts]
        row, end = row + len(lasts), end + len(of_block)
    shape = (rows.shape[0], len(columns))
    return MergedColumns(csr_matrix((data[:end], indices[:end], starts), shape=shape), columns, scale, places)


class _Objective:
    """Half the squared length of weights plus the weighted logistic loss; the last weight is the intercept."""

    def __init__(self, rows: csr_matrix, signs: Floats, costs: Floats) -> None:
        self.rows, self.columns = rows, rows.T
        self.signs, self.costs = signs, costs

    def minimum(self, weights: Floats) -> Floats:
        """The weights where the gradient is next to 0, from any weights."""
        from scipy.sparse.linalg import LinearOperator, cg

        first = float(np.linalg.norm(self._gradient(np.zeros(weights.shape), np.zeros(len(self.signs)))))
        margins = self._times(weights) if weights.any() else np.zeros(len(self.signs))
        value = self._value(weights, margins)
        for _ in range(STEPS):
            gradient = self._gradient(weights, margins)
            length = float(np.linalg.norm(gradient))
            if length <= TOLERANCE * first:
                break
            times_hessian = partial(self._times_hessian, self._curvature(margins))
            hessian = LinearOperator(shape=(len(weights), len(weights)), matvec=times_hessian, dtype=np.float64)
            direction, _ = cg(hessian, -gradient, rtol=min(INNER, np.sqrt(length / first)))
            along, slope, step = self._times(direction), float(gradient @ direction), 1.0
            while True:
                new_weights, new_margins = weights + step * direction, margins + step * along
                new_value = self._value(new_weights, new_margins)
                if new_value <= value + 1e-4 * step * slope or step < 1e-3:
                    break
                step /= 2
            if new_value > value:  # the rounding of the objective hides what a further step would gain
                break
            weights, margins, value = new_weights, new_margins, new_value
        return weights

    def _times(self, weights: Floats) -> Floats:
        product: Floats = self.rows @ weights[:-1] + weights[-1]
        return product

    def _back(self, values: Floats) -> Floats:
        return np.append(self.columns @ values, values.sum())

    def _value(self, weights: Floats, margins: Floats) -> float:
        return float(weights @ weights / 2 + self.costs @ np.logaddexp(0.0, -self.signs * margins))

    def _gradient(self, weights: Floats, margins: Floats) -> Floats:
        from scipy.special import expit

        return weights - self._back(self.costs * self.signs * expit(-self.signs * margins))

    def _times_hessian(self, curvature: Floats, weights: Floats) -> Floats:
        return weights + self._back(curvature * self._times(weights))

    def _curvature(self, margins: Floats) -> Floats:
        from scipy.special import expit

        curvature: Floats = self.costs * expit(margins) * expit(-margins)
        return curvature
