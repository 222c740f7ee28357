"""Spreadsheets that are damaged, ragged, or made to harm: faults with their row, in little memory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from harness import FaultsError
from harness.data.formats.detection import policlaim_xlsx
from harness.data.formats.source import SourceFile
from harness.schemes import load_scheme

openpyxl = pytest.importorskip("openpyxl")

SHEET = "xl/worksheets/sheet1.xml"
BEGIN = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
END = "</sheetData></worksheet>"


def cell(place, text):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{cell("A1", "SENTENCES")}{cell("B1", "golden")}</row>'


def book(xml):
    """A spreadsheet whose sheet is this XML."""
    plain, packed = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, xml if name == SHEET else source.read(name))
    return packed.getvalue()


def read(data):
    return policlaim_xlsx.read_articles(SourceFile(Path("a.xlsx"), data, load_scheme("policlaim")))


def faults(data):
    with pytest.raises(FaultsError) as refused:
        read(data)
    return [str(fault) for fault in refused.value.faults]


def test_a_row_that_ends_before_its_label_is_refused_with_its_number():
    rows = HEADER + f'<row r="2">{cell("A2", "One.")}</row><row r="3">{cell("A3", "Two.")}{cell("B3", "1")}</row>'
    assert faults(book(BEGIN + rows + END)) == ['a.xlsx:2: golden: expected one of 0, 1, got ""']


def test_empty_rows_are_left_out():
    rows = HEADER + f'<row r="2"></row><row r="4">{cell("A4", "Two.")}{cell("B4", "1")}</row>'
    (article,) = read(book(BEGIN + rows + END))
    assert [(claim.text, claim.labels[0].code) for claim in article.claims] == [("Two.", "1")]


def speeches(*rows):
    """A spreadsheet as the test part's: rows of speech, sentence and label."""
    workbook, stream = openpyxl.Workbook(), io.BytesIO()
    for row in (("SPEECH", "SENTENCES", "label_1", "label_2", "golden"), *rows):
        workbook.active.append(row if len(row) == 5 else (row[0], row[1], row[2], row[2], row[2]))
    workbook.save(stream)
    return stream.getvalue()


def test_each_speech_of_a_spreadsheet_is_an_article():
    data = speeches(("AK2022", "One.", 1), ("AK2022", "Two.", 0), ("CA2022", "Three.", 1), (None, None, None))
    articles = read(data)
    assert [(a.article_id, a.title, a.published, [c.text for c in a.claims]) for a in articles] == [
        ("AK2022", "AK2022", "2022", ["One.", "Two."]),
        ("CA2022", "CA2022", "2022", ["Three."]),
    ]
    gold = policlaim_xlsx.read_gold(SourceFile(Path("a.xlsx"), data, load_scheme("policlaim")))
    assert [(entry.id, entry.value.code, entry.value.experts) for entry in gold] == [
        ("1", "1", ("1", "1")),
        ("2", "0", ("0", "0")),
        ("3", "1", ("1", "1")),
    ]


def test_a_sentence_of_no_speech_or_of_a_speech_in_two_pieces_is_refused():
    data = speeches(("AK2022", "One.", 1), (" ", "Two.", 0), ("CA2022", "Three.", 1), ("AK2022", "Four.", 1))
    assert faults(data) == [
        "a.xlsx:3: speech: is empty; expected the name of the speech",
        'a.xlsx:5: speech: speech "AK2022" goes on after another one; put its rows together',
    ]


def test_a_column_that_is_there_twice_is_refused():
    row = f'<row r="1">{cell("A1", "SENTENCES")}{cell("B1", "golden")}{cell("C1", "Golden")}</row>'
    rows = row + f'<row r="2">{cell("A2", "One.")}{cell("B2", "1")}{cell("C2", "0")}</row>'
    (fault,) = faults(book(BEGIN + rows + END))
    assert fault == "a.xlsx:1: golden: 2 columns are called 'golden'; remove or rename all but one"


def test_a_row_far_down_is_refused_and_not_left_out():
    rows = HEADER + f'<row r="1048000">{cell("A1048000", "Far.")}{cell("B1048000", "1")}</row>'
    assert faults(book(BEGIN + rows + END)) == [
        "a.xlsx: has more than 100,000 rows; expected speeches, with one sentence per row"
    ]


def test_a_spreadsheet_that_unpacks_to_a_hundred_times_its_size_is_refused():
    (fault,) = faults(book(BEGIN + HEADER + " " * 20_000_000 + END))
    assert "more than 100 times its size; refused" in fault


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04junk", book(BEGIN + HEADER + END)[:2000]])
def test_what_is_no_whole_spreadsheet_is_refused(data):
    (fault,) = faults(data)
    assert "is not a complete zip file" in fault


def test_the_publishers_spreadsheets_are_far_from_the_limit(benchmarks):
    for path in sorted((benchmarks / "policlaim" / "PoliClaim_train_golden").glob("*.xlsx")):
        with zipfile.ZipFile(path) as packed:
            ratio = sum(member.file_size for member in packed.infolist()) / path.stat().st_size
        assert ratio < 10, path.name  # 5.1 at most
