"""Logistic regression: the optimum, from any start, also where columns are equal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from harness.classifiers.ngram_models.logistic import LinearWeights, Start, fit_logistic_regression

N = 200


@pytest.fixture(scope="module")
def rows() -> csr_matrix:
    """Sparse rows of length 1, of which some columns are equal, and one is empty."""
    draws = np.random.default_rng(1)
    different = draws.random((N, 60)) * (draws.random((N, 60)) < 0.15)
    different[:, 7] = 0
    dense = np.hstack([different, different[:, :25], different[:, :5]])
    return csr_matrix(dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-9))


@pytest.fixture(scope="module")
def positive(rows) -> np.ndarray:
    return rows @ np.random.default_rng(2).normal(size=rows.shape[1]) + np.random.default_rng(3).normal(size=N) > 0.5


def objective(fit: LinearWeights, rows, positive, costs) -> float:
    margins = np.where(positive, 1, -1) * (rows @ fit.weights + fit.intercept)
    return float((fit.weights @ fit.weights + fit.intercept**2) / 2 + costs @ np.logaddexp(0, -margins))


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("strength", [1e-4, 1.0, 30.0, 1e5])
def test_the_objective_is_that_of_liblinear_and_its_gradient_is_zero(rows, positive, strength, class_weight):
    fit = fit_logistic_regression(rows, positive, strength, class_weight)
    share = np.where(positive, positive.mean(), 1 - positive.mean())
    costs = strength / (2 * share) if class_weight else np.full(N, strength)
    other = LogisticRegression(
        C=strength, class_weight=class_weight, solver="liblinear", tol=1e-10, max_iter=10_000
    ).fit(rows, positive)
    expected = LinearWeights(other.coef_[0], float(other.intercept_[0]))
    assert objective(fit, rows, positive, costs) == pytest.approx(objective(expected, rows, positive, costs), rel=1e-9)
    signs = np.where(positive, 1, -1)
    slopes = costs * signs * expit(-signs * (rows @ fit.weights + fit.intercept))
    at_zero = np.linalg.norm(np.append(rows.T @ (costs * signs / 2), (costs * signs / 2).sum()))
    gradient = np.append(fit.weights - rows.T @ slopes, fit.intercept - slopes.sum())
    assert np.linalg.norm(gradient) < 2e-7 * at_zero


def test_another_start_gives_the_same_optimum(rows, positive):
    cold = fit_logistic_regression(rows, positive, 2.0, None)
    near = Start(fit_logistic_regression(rows, positive, 1.0, None), 1.0)
    far = Start(LinearWeights(np.full(rows.shape[1], 50.0), -50.0), 2.0)
    for start in (near, far):
        warm = fit_logistic_regression(rows, positive, 2.0, None, start)
        assert warm.weights == pytest.approx(cold.weights, abs=1e-6)
        assert warm.intercept == pytest.approx(cold.intercept, abs=1e-6)
