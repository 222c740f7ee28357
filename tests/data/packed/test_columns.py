"""Columns hold what was added, whatever form they take."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.packed.columns import (
    MOST_CODES,
    Chained,
    ChainedBuilder,
    Coded,
    Constant,
    GeneralBuilder,
    Plain,
    Reference,
    ReferenceBuilder,
    Spans,
    recoded,
)

VALUES = st.one_of(
    st.none(), st.sampled_from(["yes", "no"]), st.text(max_size=5), st.integers(-(2**40), 2**40), st.just((1, "x"))
)
BLOCKS = st.lists(st.lists(VALUES, max_size=30), max_size=4)


def built(builder, blocks):
    for block in blocks:
        builder.add(block)
    return builder.column()


def holds(column, expected):
    rows = [*range(0, len(expected), 2), *range(len(expected))][::-1]
    assert list(column) == [column[row] for row in range(len(column))] == expected
    assert list(column.take(rows)) == [expected[row] for row in rows]
    assert len(column) == len(expected)
    return True


@given(BLOCKS)
def test_a_column_gives_back_what_was_added(blocks):
    assert holds(built(GeneralBuilder(), blocks), [value for block in blocks for value in block])


@given(st.lists(st.lists(st.text(st.characters(max_codepoint=200), max_size=4), max_size=5), max_size=4))
def test_chained_texts_are_given_back(blocks):
    assert holds(built(ChainedBuilder(), blocks), [value for block in blocks for value in block])


@pytest.mark.parametrize(
    ("blocks", "form"),
    [
        ([], Constant),
        ([[None] * 9, [None]], Constant),
        ([["a"] * 9, ["b"]], Coded),
        ([[f"t{number}" for number in range(40)]], Plain),
        ([[f"t{number % 20}" for number in range(200)]], Coded),
        ([[7] * 9, [8]], Plain),
    ],
)
def test_the_form_follows_the_values(blocks, form):
    assert isinstance(built(GeneralBuilder(), blocks), form)


def test_integers_take_four_bytes_as_long_as_they_fit():
    small, large = built(GeneralBuilder(), [[1, 2]]), built(GeneralBuilder(), [[1, 2], [-1, 2**40, None]])
    assert isinstance(small, Plain)
    assert isinstance(small.items, array)
    assert small.items.itemsize == 4
    assert holds(large, [1, 2, -1, 2**40, None])


def test_more_values_than_codes_are_kept_as_they_are():
    values = [str(number) for number in range(MOST_CODES + 1)]
    column = built(GeneralBuilder(), [values * 3])
    assert isinstance(column, Plain)
    assert list(column) == values * 3


def test_ids_share_the_texts_that_they_refer_to_and_unknown_ones_are_kept():
    ids = ["".join(("claim-", str(number))) for number in range(3)]
    reference = Reference({name: row for row, name in enumerate(ids)}, ids)
    column = built(ReferenceBuilder(reference), [["claim-2", "claim-0"], ["nobody", "claim-0", "nobody"]])
    assert holds(column, ["claim-2", "claim-0", "nobody", "claim-0", "nobody"])
    assert column[0] is ids[2]
    assert list(recoded(column, "abc")) == ["c", "a", None, "a", None]
    with pytest.raises(TypeError):
        recoded(Constant(None, 1), "abc")


def test_spans_are_cut_out_of_their_source_unless_it_is_not_known():
    sources = Coded(array("I", [0, 1, 0]), ["abcdef", None])
    spans = Spans(sources, Plain([1, 2, 0]), Plain([3, 4, 1]), {1: "own"})
    assert holds(spans, ["bc", "own", "a"])


def test_a_text_that_is_not_ascii_ends_the_chain():
    assert isinstance(built(ChainedBuilder(), [["a"], ["b"]]), Chained)
    assert isinstance(built(ChainedBuilder(), [["a"], ["\xe9"]]), Plain)
