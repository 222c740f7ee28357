"""Dates in the names of publishers' files, and dates that a benchmark's definition states."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.formats.dates import published_date
from harness.data.formats.source import SourceFile
from harness.schemes import load_scheme


def dated(name, stated=None):
    options = {"published": stated} if stated else {}
    return published_date(SourceFile(Path(f"{name}.tsv"), b"", load_scheme("checkthat"), options), name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20160926_1pres", "2016-09-26"),
        ("2016-09-26", "2016-09-26"),
        ("26_09_2016_ann", "2016-09-26"),
        ("AL2003_G4_1", "2003"),
        ("20182601_trump_world", None),
        ("31_02_2016_ann", None),
        ("9th_democratic_ann", None),
        ("Task1-English-1st-Presidential", None),
        ("1234964653014384644", None),
    ],
)
def test_a_name_says_its_date_or_none(name, expected):
    assert dated(name) == expected


def test_what_the_definition_states_goes_before_the_name():
    assert dated("20182601_trump_world", {"20182601_trump_world": "2018-01-26"}) == "2018-01-26"
