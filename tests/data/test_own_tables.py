"""Tables that people bring: the delimiter is found, what is empty is passed over, and a sheet reads as a table does."""

from __future__ import annotations

import datetime
import io

import openpyxl
import pytest

from harness import HarnessError
from harness.data.own_tables import OwnTable, TableOptions


def read(text, name="t.csv", **options):
    """The rows of a table without their lines, and the table."""
    table = OwnTable(name, text.encode(), TableOptions(**options), names=("text", "label"))
    return [tuple(cells.values()) for _, cells in table], table


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "@", "|"])
def test_the_delimiter_is_found_whatever_the_suffix_says(suffix, delimiter):
    other = ";" if delimiter == "," else ","
    rows = [("text", "label"), (f"It cost 2{other}5 million{other} he said", "yes"), ("Thanks", "no")]
    text = "".join(delimiter.join(row) + "\n" for row in rows)
    cells, table = read(text, "t" + suffix)
    assert cells == rows[1:]
    assert table.delimiter == delimiter
    assert table.faults == []
    assert bool(table.notes) == (delimiter != {".csv": ",", ".tsv": "\t"}[suffix])


def test_the_delimiter_of_the_suffix_wins_where_two_divide_alike():
    assert read("a,x;b\n1,x;2\n")[1].delimiter == ","
    assert read("a;x\tb\n1;x\t2\n", "t.tsv")[1].delimiter == "\t"


def test_the_delimiter_that_gives_most_columns_wins_over_that_of_the_suffix():
    assert read("a;b, in euros;c\n1;2,5;x\n")[1].delimiter == ";"


def test_a_row_that_lost_a_cell_does_not_change_the_delimiter():
    _, table = read("text;label\nOne, two;yes\nlost\nThree, four;no\nFive, six;no\n")
    assert [str(fault) for fault in table.faults] == [
        "t.csv:3: has 1 cell, the header has 2; look for a stray quote, a stray delimiter or a lost line break "
        "(cells end at: semicolon; --delimiter sets another)"
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["One, two, three.", "No comma here.", '"Quoted; ""yes"", and more."'],
        ["It grew by 2,5 percent.", "It fell by 1,5 percent."],
        ["First, the town.", "Then, the port."],
        ["One; two; three.", "a@b.org | c"],
    ],
)
def test_a_table_of_one_column_stays_one_column(lines):
    cells, table = read("text\n" + "\n".join(lines) + "\n")
    assert [text for (text,) in cells] == [line.strip('"').replace('""', '"') for line in lines]
    assert table.faults == []


def test_a_header_that_lacks_the_name_of_a_column_is_a_fault():
    cells, table = read("text\nOne;yes\nTwo;no\n")
    assert cells == []
    assert [fault.code for fault in table.faults] == ["wrong-width", "wrong-width"]


@pytest.mark.parametrize(
    ("name", "delimiter"), [("semicolon", ";"), (";", ";"), ("tab", "\t"), ("\\t", "\t"), ("^", "^")]
)
def test_a_delimiter_can_be_named(name, delimiter):
    cells, table = read(f"text,of{delimiter}label\nOne,two{delimiter}yes\n", delimiter=name)
    assert (cells, table.columns, table.notes) == ([("One,two", "yes")], ("text,of", "label"), [])


def test_a_delimiter_named_none_reads_lines():
    assert read("text\nOne;yes\nTwo;no\n", delimiter="none")[0] == [("One;yes",), ("Two;no",)]


@pytest.mark.parametrize("name", ["x", "", '"', "colon", "\n", "5"])
def test_an_impossible_delimiter_is_refused(name):
    with pytest.raises(HarnessError, match="expected one of comma, semicolon, tab, at, pipe, none"):
        read("text\nOne\n", delimiter=name)


def test_what_a_spreadsheet_leaves_empty_is_passed_over():
    cells, table = read("Labels by Ann,,,,\r\n,,,,\r\ntext,label,,,\r\n,,,,\r\nOne,yes,,,\r\nTwo,,,,\r\n,,,,\r\n")
    assert cells == [("One", "yes"), ("Two", "")]
    assert table.notes == ["t.csv:1: 'Labels by Ann' is a title over the header, passed over"]
    assert table.faults == []


def test_an_empty_column_in_the_middle_is_passed_over_and_values_without_a_name_are_told():
    cells, table = read("text,,label\nOne,,yes\nTwo,x,no\n")
    assert cells == [("One", "yes"), ("Two", "no")]
    assert table.notes == ["t.csv: column 2 has no name; its 1 values were passed over"]


def test_a_header_of_one_expected_name_is_no_title():
    cells, table = read("text,\nOne,two\n")
    assert (table.columns, cells) == (("text",), [])
    assert "has 2 cells, the header has 1" in str(table.faults[0])


def test_rows_have_the_lines_of_the_file_and_the_faults_before_and_after_a_bad_one():
    table = OwnTable("t.csv", b'text,label\n"One\ntwo",yes\n\nThree,no\nFour\n"Five,no\n')
    assert list(table) == [(2, {"text": "One\ntwo", "label": "yes"}), (5, {"text": "Three", "label": "no"})]
    assert [fault.line for fault in table.faults] == [6, 7]


def test_other_encodings_are_found_or_named():
    content = "text;label\nLe coût était élevé, dit-il, à Genève;yes\n".encode("cp1252")
    table = OwnTable("t.csv", content)
    assert next(iter(table))[1]["text"].startswith("Le coût était élevé")
    assert table.encoding == "cp1252"
    named = OwnTable("t.csv", content, TableOptions(encoding="latin-1"))
    assert next(iter(named))[1]["text"].startswith("Le coût était élevé")


def test_a_stream_is_read_row_by_row_from_its_start():
    stream = io.StringIO("text;label\nOne;yes\n" + "Two;no\n" * 50_000, newline="")
    rows = iter(OwnTable("t.csv", stream))
    assert next(rows) == (2, {"text": "One", "label": "yes"})
    assert stream.tell() < 300_000


def workbook(*sheets):
    """The bytes of a workbook: each sheet is its title and rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def sheet_rows(content, **options):
    table = OwnTable("t.xlsx", content, TableOptions(**options), names=("text",))
    return [tuple(cells.values()) for _, cells in table], table


def test_a_sheet_is_a_table_and_its_values_are_as_people_see_them():
    rows = [
        ["Labels by Ann", None, None],
        [],
        ["text", "n", "date", None],
        ["One, two; three", 1.0, datetime.date(2024, 2, 1)],
        ["Two", 2.5, datetime.datetime(2024, 2, 1, 9, 30)],
        [],
        ["Three", True],
    ]
    cells, table = sheet_rows(workbook(("News", rows)))
    assert cells == [
        ("One, two; three", "1", "2024-02-01"),
        ("Two", "2.5", "2024-02-01T09:30:00"),
        ("Three", "TRUE", ""),
    ]
    assert table.notes == ["t.xlsx:1: 'Labels by Ann' is a title over the header, passed over"]


def test_the_first_sheet_is_read_and_told_unless_one_is_named():
    content = workbook(("News", [["text"], ["One"]]), ("Old", [["text"], ["Two"]]))
    cells, table = sheet_rows(content)
    assert cells == [("One",)]
    assert table.notes == ["t.xlsx: read the sheet 'News'; not read: Old (--sheet NAME)"]
    assert sheet_rows(content, sheet="Old")[0] == [("Two",)]
    assert "no sheet is called 'Odl'. Did you mean 'Old'?" in str(sheet_rows(content, sheet="Odl")[1].faults[0])


def test_a_formula_without_its_value_and_an_error_are_faults_of_their_rows():
    content = workbook(("News", [["text", "n"], ["One", "=1+1"], ["Two", "#N/A"], ["Three", 3]]))
    _, table = sheet_rows(content)
    assert [(fault.line, fault.code) for fault in table.faults] == [(2, "formula-without-value"), (3, "error-cell")]


@pytest.mark.parametrize("content", [b"", b"text;label", b"PK\x03\x04", workbook(("N", [["text"]]))[:-200]])
def test_a_damaged_sheet_is_a_fault(content):
    cells, table = sheet_rows(content)
    assert (cells, len(table.faults)) == ([], 1)


@pytest.mark.parametrize("separator", ["~", "^", "#"])
def test_a_separator_that_is_not_looked_for_is_named_with_the_option(separator):
    lines = [("text", "label"), ("It cost 5 million, he said.", "yes"), ("Thanks", "no")]
    text = "".join(separator.join(line) + "\n" for line in lines)
    rows, table = read(text)
    assert rows == []
    (fault,) = table.faults
    assert f"--delimiter '{separator}'" in fault.message
    assert read(text, delimiter=separator)[0] == lines[1:]


@pytest.mark.parametrize("header", ["sentence", "is it so?", "my_text", "doc~sentence"])
def test_a_column_without_a_separator_in_its_rows_is_read_as_it_is(header):
    rows, table = read(f"{header}\nHello there.\nGood day.\n")
    assert rows == [("Hello there.",), ("Good day.",)]
    assert table.faults == []


def test_a_first_sheet_without_expected_columns_names_the_other_sheets():
    content = workbook(("Notes", [["About"], ["A note"]]), ("Data", [["text"], ["One"]]))
    rows, table = sheet_rows(content)
    assert rows == []
    (fault,) = table.faults
    assert "the sheet 'Notes'" in fault.message
    assert "--sheet NAME (Data)" in fault.message
    assert sheet_rows(content, sheet="Data")[1].faults == []
