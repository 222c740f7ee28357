"""Delimited files: rows with the lines they begin at, and every kind of fault at its line."""

from __future__ import annotations

import csv
import io
import itertools
import tracemalloc

import pytest

from harness import FaultsError
from harness.data.delimited import literal_rows, missing_columns, quoted_rows, table_rows, wrong_width

WIDTH = "look for a stray quote, a stray delimiter or a lost line break"


def quoted(text, delimiter=",", **settings):
    return [tuple(row) for row in quoted_rows("a.csv", io.StringIO(text, newline=""), delimiter, **settings)]


def table(text, delimiter=",", **settings):
    """The rows of a table, and its faults as messages."""
    faults = []
    rows = quoted_rows("a.csv", io.StringIO(text, newline=""), delimiter)
    return list(table_rows("a.csv", rows, faults, **settings)), [str(fault) for fault in faults]


def test_a_row_has_the_line_it_begins_at():
    # the second row takes lines 2 and 3, line 4 is empty
    assert quoted('a,b\n"One\ntwo",2\n\nThree,3\n') == [(1, ["a", "b"]), (2, ["One\ntwo", "2"]), (5, ["Three", "3"])]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_ends_a_row_and_stays_in_a_quoted_cell(line_end):
    text = line_end.join(["a,b", '"x', 'y",1', "z,2"])
    assert quoted(text) == [(1, ["a", "b"]), (2, [f"x{line_end}y", "1"]), (4, ["z", "2"])]


def test_only_empty_lines_are_left_out_of_quoted_rows():
    assert quoted('\na\n\n" "\n \n""\n') == [(2, ["a"]), (4, [" "]), (5, [" "]), (6, [""])]
    assert quoted("") == []


def test_a_doubled_quote_is_one_and_the_delimiter_stays_in_a_quoted_cell():
    assert quoted('"He said ""no"", twice",x') == [(1, ['He said "no", twice', "x"])]
    assert quoted('"a\tb"\tc,d', "\t") == [(1, ["a\tb", "c,d"])]
    assert quoted('5" nails,x') == [(1, ['5" nails', "x"])]


def test_literal_rows_are_lines_and_keep_quotes():
    text = 'id\ttext\r\n1\t"He said so\n \t \n2\tand "left"\rthen'
    assert literal_rows(text, "\t") == [(1, ["id", "text"]), (2, ["1", '"He said so']), (4, ["2", 'and "left"\rthen'])]
    assert literal_rows('"a,b"', ",") == [(1, ['"a', 'b"'])]
    assert literal_rows("", ",") == []


@pytest.mark.parametrize(
    ("text", "delimiter", "message"),
    [
        ('a\n1\n"2\n3\n', ",", "a.csv:3: is not well-formed CSV: unexpected end of data; look for a stray quote"),
        ('a\n"1\n2"\n"3" x\n', ",", "a.csv:4: is not well-formed CSV: ',' expected after '\"'; look for a stray quote"),
        ('a\n"1" x\n', "\t", "a.csv:2: is not well-formed TSV: '\t' expected after '\"'; look for a stray quote"),
        ("a\n1\n" + "x" * 11 + "\n", ",", "a.csv:3: is not well-formed CSV: field larger than field limit (10)"),
        ('a\n"1\n\x002"\n', ",", "a.csv:2: is not a text file: it has a NUL byte; save it as UTF-8 text"),
        ("a\x00b\n1\n", ",", "a.csv:1: is not a text file: it has a NUL byte"),
    ],
)
def test_what_is_no_row_is_refused_at_the_line_where_it_begins(text, delimiter, message):
    with pytest.raises(FaultsError) as refused:
        quoted(text, delimiter, max_cell=10)
    assert str(refused.value).startswith(message)


def test_the_limit_of_a_cell_is_that_of_its_own_file():
    before = csv.field_size_limit()
    lines = [f"{'x' * 20}\n"] * 2
    wide, narrow = (quoted_rows("a.csv", lines, ",", max_cell=most) for most in (20, 19))
    assert next(wide) == (1, ["x" * 20])
    assert csv.field_size_limit() == before
    with pytest.raises(FaultsError):
        next(narrow)
    assert csv.field_size_limit() == before
    assert next(wide) == (2, ["x" * 20])


def test_a_table_gives_each_row_by_column():
    rows = [(2, {"id": "1", "text": "One"}), (3, {"id": "2", "text": "Two"})]
    assert table("id,text\n1,One\n2,Two\n") == (rows, [])
    assert table("\n\nid,text\n1,One\n")[0] == [(4, {"id": "1", "text": "One"})]


def test_names_in_a_header_keep_their_spaces():
    assert table("id, text\n1, One\n")[0] == [(2, {"id": "1", " text": " One"})]


def test_every_fault_of_a_table_at_once_and_the_rows_that_have_none():
    rows, faults = table('id,id\n1\n"2\n",b\n3,b,c\n4,d\n"5\n')
    assert rows == [(3, {"id": "b"}), (6, {"id": "d"})]
    assert faults == [
        "a.csv:1: id: 2 columns are called 'id'; remove or rename all but one",
        f"a.csv:2: has 1 cell, the header has 2; {WIDTH}",
        f"a.csv:5: has 3 cells, the header has 2; {WIDTH}",
        "a.csv:7: is not well-formed CSV: unexpected end of data; look for a stray quote (write a quote inside a "
        'quoted cell as "")',
    ]


def test_a_repeated_column_is_a_fault_where_its_name_must_be_distinct():
    text = "text,note,note,,\nOne,a,b,c,d\n"
    assert table(text)[1] == [
        "a.csv:1: 2 columns are called ''; remove or rename all but one",
        "a.csv:1: note: 2 columns are called 'note'; remove or rename all but one",
    ]
    assert table(text, distinct=("text",)) == ([(2, {"text": "One", "note": "b", "": "d"})], [])


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["a.csv:1: needs a column 'id' and a column 'score' or 'label': no column is called 'id'. Known: none"]),
        ("\n\nid,scores\n1,2\n", ["a.csv:3: needs a column 'score' or 'label': no column is called 'score'. Did you"]),
        ('id\n"1\n', ["a.csv:1: needs a column 'score' or 'label'"]),
        ('"id,score\n', ["a.csv:1: is not well-formed CSV"]),
        ("id,label\n", []),
    ],
)
def test_a_table_without_a_required_column_is_read_no_further(text, faults):
    rows, messages = table(text, required=[("id",), ("score", "label")])
    assert rows == []
    assert len(messages) == len(faults)
    assert all(message.startswith(fault) for message, fault in zip(messages, faults, strict=True))


def test_reading_stops_at_the_most_faults():
    assert [fault.split(":")[1] for fault in table("a,b\n" + "1\n" * 9 + "1,2\n", max_faults=3)[1]] == ["2", "3", "4"]


def test_messages_name_what_is_missing():
    assert missing_columns(["id", "text"], [("text", "tweet")]) is None
    assert missing_columns(["id"], [("text", "tweet"), ("id",)]) == (
        "needs a column 'text' or 'tweet': no column is called 'text'. Known: id"
    )
    assert wrong_width(1, 3) == f"has 1 cell, the header has 3; {WIDTH}"


def test_rows_are_read_one_by_one_in_little_memory():
    lines = itertools.chain(["id,text\n"], (f'{n},"{"x" * 1000}"\n' for n in range(5_000)))
    faults = []
    tracemalloc.start()
    count = sum(1 for _ in table_rows("a.csv", quoted_rows("a.csv", lines, ","), faults))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, faults) == (5_000, [])
    assert peak < 1_000_000
