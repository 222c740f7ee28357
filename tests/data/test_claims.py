"""The table of claims."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from harness.data.claims import COLUMNS, Claims, ShownPassage, codes_of, no_evidence


def a_table(n: int = 4) -> Claims:
    texts = {
        name: np.array([f"{name} {row}" for row in range(n)], dtype=object)
        for name in COLUMNS
        if name not in ("position", "evidence")
    }
    return Claims(**texts, position=np.arange(n))


@pytest.mark.parametrize("rows", [np.array([2, 0]), np.array([True, False, True, False])], ids=["rows", "mask"])
def test_the_columns_of_some_rows_are_those_of_the_table(rows):
    claims = a_table()
    taken = claims.take(rows)
    assert len(taken) == 2
    for name in COLUMNS:
        assert getattr(taken, name).tolist() == getattr(claims, name)[rows].tolist()


def test_a_column_is_taken_once_it_is_looked_at():
    taken = a_table().take(np.array([1]))
    assert taken.text.tolist() == ["text 1"]
    assert taken.text is taken.text
    assert set(COLUMNS) & set(vars(taken)) == {"text"}


@pytest.mark.parametrize("rows", [np.array([2, 0]), np.array([True, False, True, False])], ids=["rows", "mask"])
def test_rows_that_change_later_do_not_change_what_was_taken(rows):
    claims = a_table()
    taken = claims.take(rows)
    expected = claims.text[rows].tolist()
    rows[:] = rows[::-1].copy()
    rows[0] = 1
    assert taken.text.tolist() == expected


def test_rows_of_rows_are_taken_from_these():
    taken = a_table().take(np.array([3, 2, 1])).take(np.array([1, 2]))
    assert taken.position.tolist() == [2, 1]


def test_a_table_has_no_other_columns():
    claims = a_table()
    for table in (claims, claims.take(np.array([0]))):
        with pytest.raises(AttributeError, match="no attribute 'label'"):
            _ = table.label


def test_only_the_rows_that_were_taken_are_pickled():
    claims = a_table(1000)
    copied = pickle.loads(pickle.dumps(claims.take(np.array([7]))))
    assert [getattr(copied, name).tolist() for name in COLUMNS] == [
        getattr(claims, name)[[7]].tolist() for name in COLUMNS
    ]
    assert len(pickle.dumps(copied)) < len(pickle.dumps(claims)) / 100


def test_evidence_that_is_not_given_is_in_memory_once():
    evidence = a_table(3).evidence
    assert evidence.tolist() == [(), (), ()]
    assert evidence.strides == (0,)


def test_a_column_without_evidence_can_be_filled():
    column = no_evidence(3)
    column[1] = (ShownPassage("p", "a text"),)
    assert column.tolist() == [(), (("p", "a text", None),), ()]


def test_codes_count_from_the_first_that_appears():
    assert codes_of(["b", None, "a", "b", None]).tolist() == [0, 1, 2, 0, 1]
    assert codes_of([]).tolist() == []
