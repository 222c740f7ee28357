"""Logistic regression with an L2 penalty on sparse features, by a Newton method that can start near the optimum."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.arrays import Bools, Floats
from harness.display import displayed
from harness.features.counts.products import MatrixProducts, Products

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TOLERANCE = 1e-7
"""Length of the gradient at the end, as a share of that at weights 0. Scores are then within 1e-6 of those there."""
STEPS = 200
"""Most Newton steps; about ten are needed."""
INNER = 0.1
"""How exactly the first steps are computed: the residual as a share of the gradient."""
ROUGH = 0.001
"""Share of the gradient at weights 0 from which on 32 bits no longer suffice for its direction."""
ENOUGH = 0.5
"""Share of the final length of the gradient that is left to the inexactness of the last step."""
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
    rows: csr_matrix | Products,
    positive: Bools,
    strength: float,
    class_weight: str | None,
    start: Start | None = None,
) -> LinearWeights:
    """Fits a logistic regression with an L2 penalty, which includes the intercept.

    Newton steps, each solved by conjugate gradients only as exactly as it helps, need no random numbers. The objective
    is within 1e-9 of its minimum, and scores within 1e-6 of those there. The last steps have 64 bits; the first ones,
    and all products with the Hessian, which choose the direction of a step, have 32.
    Lin, Weng and Keerthi 2008, "Trust Region Newton Method for Large-Scale Logistic Regression".

    Args:
        rows: features of the training claims, shape (n_claims, n_features).
        positive: whether each claim has the label, shape (n_claims,); both values occur.
        strength: inverse strength of regularization, scikit-learn's C; above 0.
        class_weight: "balanced" weights a claim by the inverse share of its class; None weights all claims equally.
        start: the optimum for another C; it is used if that C is near.
    """
    from scipy.sparse import csr_matrix

    costs = np.full(len(positive), float(strength))
    if class_weight == "balanced":
        costs *= len(positive) / (2 * np.where(positive, positive.sum(), (~positive).sum()))
    first = np.zeros(rows.shape[1] + 1)
    if start is not None and 1 / NEAR <= strength / start.strength <= NEAR:
        first[:-1] = start.optimum.weights
        first[-1] = start.optimum.intercept
    products: Products = MatrixProducts(rows) if isinstance(rows, csr_matrix) else rows
    optimum = _Objective(products, np.where(positive, 1.0, -1.0), costs).minimum(first)
    return LinearWeights(optimum[:-1], float(optimum[-1]))


class _Objective:
    """Half the squared length of weights plus the weighted logistic loss; the last weight is the intercept."""

    def __init__(self, rows: Products, signs: Floats, costs: Floats) -> None:
        self.rows, self.signs, self.costs = rows, signs, costs

    def minimum(self, weights: Floats) -> Floats:
        """The weights where the gradient is next to 0, from any weights."""
        from scipy.sparse.linalg import LinearOperator, cg

        short = True
        first = float(np.linalg.norm(self._gradient(np.zeros(weights.shape), np.zeros(len(self.signs)), short=short)))
        margins = self._times(weights, short=short) if weights.any() else np.zeros(len(self.signs))
        value = self._value(weights, margins)
        for _ in range(STEPS):
            gradient = self._gradient(weights, margins, short=short)
            length = float(np.linalg.norm(gradient))
            if short and length <= ROUGH * first:
                short, margins = False, self._times(weights)
                value, gradient = self._value(weights, margins), self._gradient(weights, margins)
                length = float(np.linalg.norm(gradient))
            if length <= TOLERANCE * first:
                break
            times_hessian = partial(self._times_hessian, self._curvature(margins))
            hessian = LinearOperator(shape=(len(weights), len(weights)), matvec=times_hessian, dtype=np.float64)
            # No direction is computed more exactly than the last one must be.
            rtol, atol = min(INNER, np.sqrt(length / first)), ENOUGH * TOLERANCE * first
            direction, _ = cg(hessian, -gradient, rtol=rtol, atol=atol)
            along, slope, step = self._times(direction, short=short), float(gradient @ direction), 1.0
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

    def _times(self, weights: Floats, *, short: bool = False) -> Floats:
        product: Floats = self.rows.times(weights[:-1], short=short) + weights[-1]
        return product

    def _back(self, values: Floats, *, short: bool = False) -> Floats:
        return np.append(self.rows.back(values, short=short), values.sum())

    def _value(self, weights: Floats, margins: Floats) -> float:
        return float(weights @ weights / 2 + self.costs @ np.logaddexp(0.0, -self.signs * margins))

    def _gradient(self, weights: Floats, margins: Floats, *, short: bool = False) -> Floats:
        from scipy.special import expit

        return weights - self._back(self.costs * self.signs * expit(-self.signs * margins), short=short)

    def _times_hessian(self, curvature: Floats, weights: Floats) -> Floats:
        return weights + self._back(curvature * self._times(weights, short=True), short=True)

    def _curvature(self, margins: Floats) -> Floats:
        from scipy.special import expit

        curvature: Floats = self.costs * expit(margins) * expit(-margins)
        return curvature
