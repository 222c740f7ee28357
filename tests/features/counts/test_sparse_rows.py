"""Sparse rows against matrices of numpy."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.features.counts import sparse_rows
from harness.features.counts.sparse_rows import SparseRows, back, times

ROWS = st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(-300, 300)), max_size=6), min_size=1, max_size=7)


def rows_of(entries: list[list[tuple[int, int]]], *, ones: bool = False) -> SparseRows:
    columns = np.array([column for row in entries for column, _ in row], dtype=np.int32)
    rows = SparseRows.of_sizes(columns, np.array(list(map(len, entries))), 5)
    return rows if ones else rows._replace(values=np.array([value for row in entries for _, value in row], dtype=int))


def dense(entries: list[list[tuple[int, int]]], *, ones: bool = False) -> np.ndarray:
    matrix = np.zeros((len(entries), 5))
    for row, of_row in enumerate(entries):
        for column, value in of_row:
            matrix[row, column] += 1 if ones else value
    return matrix


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.booleans())
def test_some_rows_and_columns(entries, random, ones):
    rows, matrix = rows_of(entries, ones=ones), dense(entries, ones=ones)
    assert np.array_equal(rows.matrix().toarray(), matrix)
    chosen = np.array(random.choices(range(len(entries)), k=3))
    assert np.array_equal(rows.take(chosen).matrix().toarray(), matrix[chosen])
    places = np.array([1, -1, 0, 2, -1])
    assert np.array_equal(rows.take(chosen, places, 3).matrix().toarray(), matrix[chosen][:, [2, 0, 3]])
    without = matrix.copy()
    without[chosen] = 0
    assert np.array_equal(rows.without(chosen).matrix().toarray(), without)
    order = list(dict.fromkeys(column for row in chosen for column, _ in entries[row]))
    assert rows.first_seen(chosen).tolist() == order


@pytest.mark.parametrize("entries_at_once", [1, 5, 1000])
@settings(deadline=None)
@given(ROWS)
def test_products(entries_at_once, entries):
    weights, values = np.array([[0.5, 1], [2, 0], [-1, 3], [0.25, 1], [7, 7]]), np.arange(len(entries)) - 2.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse_rows, "ENTRIES", entries_at_once)
        for ones in (False, True):
            rows, matrix = rows_of(entries, ones=ones), dense(entries, ones=ones)
            assert np.array_equal(times(rows.blocks(float), weights), matrix @ weights)
            assert np.array_equal(times(rows.blocks(float), weights[:, 0]), matrix @ weights[:, 0])
            assert np.array_equal(back(rows.blocks(float), values, 5), matrix.T @ values)


@settings(deadline=None)
@given(ROWS)
def test_blocks_one_after_the_other_and_side_by_side(entries):
    rows, matrix = rows_of(entries), dense(entries)
    twice = SparseRows.of_blocks([rows, rows])
    assert twice.values.dtype.itemsize <= 2
    twice = twice._replace(values=twice.values.astype(int))  # in which the sums of a column fit
    assert np.array_equal(twice.matrix().toarray(), np.concatenate([matrix, matrix]))
    assert np.array_equal(rows.beside(rows).matrix().toarray(), np.hstack([matrix, matrix]))


def test_a_row_has_the_entries_of_both_sides_in_their_order():
    left, right = rows_of([[(4, 1), (0, 2)], []]), rows_of([[(3, 5)], [(1, 6), (0, 7)]])
    both = left.beside(right)
    assert both.columns.tolist() == [4, 0, 8, 6, 5]
    assert both.values.tolist() == [1, 2, 5, 6, 7]
    assert both.starts.tolist() == [0, 3, 5]


def test_no_rows_have_no_products():
    nothing = SparseRows(np.empty(0, dtype=np.int32), np.zeros(1, dtype=np.int64), 3)
    assert times(nothing.blocks(float), np.ones((3, 2))).shape == (0, 2)
    assert back(nothing.blocks(float), np.empty(0), 3).tolist() == [0, 0, 0]


def test_ones_are_in_memory_once_and_as_long_as_somebody_has_them():
    rows = rows_of([[(0, 1)], [(1, 1)]], ones=True)
    first, second = (next(rows.blocks(np.float64)).matrix.data.base for _ in range(2))
    assert first is second
    ones = weakref.ref(first)
    del first, second
    assert ones() is None
