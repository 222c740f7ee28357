"""YAML: every fault with its line, and nothing of it crashes."""

from __future__ import annotations

import json
import os

import pytest

from harness.errors import FaultsError
from harness.yaml_file import read_yaml


def test_yaml_is_read_with_the_lines_of_its_keys(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("# first\none: 1\ntwo:\n  - yes\n  - 2020-01-02\n  - 'yes'\n")
    found = read_yaml(path)
    assert json.loads(found.json) == {"one": 1, "two": [True, "2020-01-02", "yes"]}
    places = [("one",), ("two",), ("two", 1), ("two", 9), ("three",)]
    assert [found.line(place) for place in places] == [2, 3, 5, 3, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\nb: 2", "a.yaml:2: is not YAML: "),
        ("a: 1\nb: 2\na: 3", "a.yaml:3: a: duplicate key (first on line 1); remove one of the two"),
        ("--- 1\n--- 2", "a.yaml:2: is not YAML: "),
        ("a: !!python/object:os.system {}", "a.yaml:1: is not YAML: could not determine a constructor"),
        ("? [a]\n: b", "a.yaml:1: has a key that is a list or a mapping; use a word as key"),
        ("a: \x00", "a.yaml: is not a text file"),
        ("a: \x01", "a.yaml: is not YAML: unacceptable character"),
        ("a: 2020-99-99", "a.yaml:1: a: cannot be read: month must be in 1..12; put it in quotes"),
        ("[" * 2000, "a.yaml: is nested too deeply"),
    ],
)
def test_yaml_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(FaultsError) as refused:
        read_yaml(path)
    assert str(refused.value).removeprefix(f"{tmp_path}{os.sep}").startswith(message)
