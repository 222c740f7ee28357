"""The numbers of probes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from harness.audit.verification.probe import MAX_ROWS, group_weights, probe_numbers, usable_rows, weighted_auc


def test_the_weighted_auc_is_that_of_repeated_rows():
    draw = np.random.default_rng(4)
    scores, positive = draw.integers(0, 6, 80) / 5, draw.random(80) < 0.4
    weights = draw.integers(0, 4, (5, 80)).astype(float)
    expected = [roc_auc_score(positive, scores, sample_weight=row) for row in weights]
    assert weighted_auc(scores, positive, weights) == pytest.approx(expected)


def test_without_a_negative_row_the_auc_is_undecided():
    assert weighted_auc(np.arange(3.0), np.ones(3, dtype=bool), np.ones((1, 3))).tolist() == [0.5]


def test_groups_are_drawn_whole():
    groups = np.array([0, 1, 1, 2, 0])
    weights = group_weights(groups)
    assert weights[0].tolist() == [1, 1, 1, 1, 1]
    assert (weights[:, 0] == weights[:, 4]).all()
    assert (weights[:, 1] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_group_is_not_on_both_sides(seed):
    # The value names the group, and the label is one of the group: nothing carries over to another group.
    draw = np.random.default_rng(seed)
    groups = np.repeat(np.arange(200), 3)
    codes = draw.integers(0, 2, 200)[groups]
    noise = draw.random(200)[groups]
    probe = probe_numbers(noise[:, None], codes, groups)
    assert probe.low < 0.5
    assert probe.auc < 0.6
    assert (probe.rows, probe.groups) == (600, 200)
    ungrouped = probe_numbers(noise[:, None], codes, np.arange(600))
    assert ungrouped.low > 0.55


def test_rows_of_rare_labels_are_left_out():
    codes = np.array([0] * 40 + [1] * 40 + [2] * 3)
    assert usable_rows(codes, np.arange(83), np.ones(83, dtype=bool)).tolist() == list(range(80))
    assert not len(usable_rows(codes, np.zeros(83, dtype=np.int64), np.ones(83, dtype=bool)))


def test_large_data_are_cut():
    n = MAX_ROWS + 500
    codes = np.arange(n) % 2
    assert len(usable_rows(codes, np.arange(n) // 2, np.ones(n, dtype=bool))) == MAX_ROWS
