"""Units become runs: one for each seed, in the order of the claim table, or one that serves all."""

from __future__ import annotations

import numpy as np

from harness.data.splits.folds import Fold
from harness.runner.plan import Unit
from harness.runner.units.seed_runs import join_folds
from harness.runner.units.unit_file import Predictions

FOLDS = [Fold("a", np.array([1, 3]), np.array([0, 2])), Fold("b", np.array([0, 2]), np.array([1, 3]))]


def unit(fold, seed, scores):
    predictions = Predictions(
        scores=np.array([[1 - score, score] for score in scores]),
        predicted=np.array([int(score > 0.5) for score in scores]),
        probabilities=True,
        gives_scores=True,
        gives_labels=True,
        n_unanswered=1,
        reasons=[f"{score}" for score in scores],
    )
    return Unit(f"{fold.name}-{seed}", None, fold, seed), predictions


def positive(run):
    return run.scores[:, 1].tolist()


def test_folds_of_each_seed_stand_in_the_order_of_the_table():
    a, b = FOLDS
    runs = join_folds([unit(a, 7, [0.1, 0.2]), unit(a, 5, [0.3, 0.4]), unit(b, 7, [0.5, 0.6]), unit(b, 5, [0.7, 0.8])])
    assert {seed: positive(run) for seed, run in runs.items()} == {7: [0.1, 0.5, 0.2, 0.6], 5: [0.3, 0.7, 0.4, 0.8]}
    assert list(runs) == [7, 5]
    assert runs[7].reasons == ["0.1", "0.5", "0.2", "0.6"]
    assert runs[5].n_unanswered == 2


def test_units_without_a_seed_are_one_run():
    a, b = FOLDS
    runs = join_folds([unit(a, None, [0.1, 0.2]), unit(b, None, [0.5, 0.6])])
    assert list(runs) == [None]
    assert positive(runs[None]) == [0.1, 0.5, 0.2, 0.6]


def test_a_fold_without_a_seed_is_part_of_each_run():
    a, b = FOLDS
    runs = join_folds([unit(a, None, [0.1, 0.2]), unit(b, 1, [0.5, 0.6]), unit(b, 2, [0.7, 0.8])])
    assert {seed: positive(run) for seed, run in runs.items()} == {1: [0.1, 0.5, 0.2, 0.6], 2: [0.1, 0.7, 0.2, 0.8]}
