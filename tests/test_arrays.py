"""Division of arrays, and arrays for Arrow."""

from __future__ import annotations

import hashlib
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from harness.arrays import arrow_coded, arrow_numbers, arrow_texts, safe_divide


def test_a_quotient_by_zero_is_nan_or_what_is_asked_for():
    numerator, denominator = np.array([1.0, 0.0, 3.0, np.nan]), np.array([4, 0, -2, 1])
    assert np.array_equal(safe_divide(numerator, denominator), [0.25, np.nan, -1.5, np.nan], equal_nan=True)
    assert np.array_equal(safe_divide(numerator, denominator, otherwise=0), [0.25, 0, -1.5, np.nan], equal_nan=True)


def test_a_denominator_of_one_column_divides_all():
    quotient = safe_divide(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0], [0.0]]))
    assert np.array_equal(quotient, [[0.5, 1.0], [np.nan, np.nan]], equal_nan=True)


TEXTS = [["a", "", "b\u00e9\U0001f600"], ["a", None, ""], [None], [], ["plain", "ascii"]]


@pytest.mark.parametrize("texts", TEXTS, ids=str)
@pytest.mark.parametrize("of", [list, lambda texts: np.array(texts, dtype=object)], ids=["list", "array"])
def test_texts_for_arrow_are_those_of_arrow(texts, of):
    expected = pa.array(texts, pa.string())
    made = arrow_texts(of(texts))
    made.validate(full=True)
    assert made.equals(expected)
    assert made.null_count == expected.null_count


def test_texts_of_other_alphabets_are_not_in_memory_once_more_one_by_one():
    texts = [f"\u00e9tat {number}" + " de choses" * 3 for number in range(20_000)]
    tracemalloc.start()
    try:
        n_bytes = arrow_texts(texts).nbytes
        assert tracemalloc.get_traced_memory()[1] < 4 * n_bytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codes", [[0, 1, 2, 1], [1, -1, 0, -1], [-1], []], ids=str)
@pytest.mark.parametrize("labels", [("no", "yes", ""), ("b\u00e9\U0001f600", "", "a")], ids=str)
def test_texts_of_codes_for_arrow_are_those_of_arrow(codes, labels):
    expected = pa.array([None if code < 0 else labels[code] for code in codes], pa.string())
    made = arrow_coded(np.array(codes, dtype=np.int64), labels)
    made.validate(full=True)
    assert made.equals(expected)
    assert made.null_count == expected.null_count


def test_a_code_without_a_text_is_an_error():
    with pytest.raises(IndexError, match="code 2 of 2 labels"):
        arrow_coded(np.array([0, 2]), ("no", "yes"))


def test_no_texts_for_codes_are_all_absent():
    assert arrow_coded(np.array([-1, -1]), ()).null_count == 2


@pytest.mark.parametrize(
    "values",
    [
        np.array([1.5, np.nan, -0.0]),
        np.arange(12.0).reshape(4, 3)[:, 1],
        np.arange(5, dtype=np.int16),
        np.array([True, False, True] * 7),
        np.array([], dtype=bool),
    ],
    ids=str,
)
def test_numbers_for_arrow_are_those_of_arrow(values):
    expected = pa.array(values if values.dtype != np.int16 else values.astype(np.int64))
    made = arrow_numbers(values)
    made.validate(full=True)
    assert made.type == expected.type
    assert sha256_of(made) == sha256_of(expected)


def sha256_of(column: pa.Array) -> str:
    return hashlib.sha256(column.to_numpy(zero_copy_only=False).tobytes()).hexdigest()
