"""YAML: every fault with its line, and nothing of it crashes."""

from __future__ import annotations

import json
import os

import pytest
import yaml

from harness.errors import FaultsError
from harness.folders import shipped
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


LIBYAML = pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")


def _outcome(text, path):
    path.write_text(text, encoding="utf-8", newline="")
    try:
        return read_yaml(path)
    except FaultsError as error:
        return error.faults


@LIBYAML
@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n  - c: [x, {d: 2}]\n  - 'e\n    f'\n# note\ng: |\n  h\n\n  i\n",
        "a:\t1\n",
        "a: {b?c: 1}\n",
        "a: ! b\n",
        "? a\n: b\n",
        "a: |#x\n  b\n",
        "a\u2028b: 1\nc: 2\n",
        "a: 1\r\nb: 2\r\n",
        "\ufeffa: 1\n",
        "a: [1, 2\nb: 3\n",
        "a: 'b\n",
        "a: b: c\n",
        "a: 1\n---\nb: 2\n",
        "a: &x 1\nb: *x\n",
        "a: 1\na: 2\n",
        "a: 2020-13-01\n",
        "a: \x07\n",
    ],
)
def test_a_text_is_read_alike_with_and_without_libyaml(text, tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    fast = _outcome(text, path)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert _outcome(text, path) == fast


@LIBYAML
def test_a_shipped_config_is_read_by_libyaml_with_the_same_lines(monkeypatch):
    path = shipped("experiments") / "quickstart.yaml"
    with monkeypatch.context() as patch:
        patch.setattr(yaml, "SafeLoader", None)
        fast = read_yaml(path)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert read_yaml(path) == fast
