"""Configs that extend another, and changes by `--set`."""

from __future__ import annotations

import pytest

from harness.errors import FaultsError
from harness.runner.configs.document import read_document
from harness.runner.load_config import load_experiment

BASE = """\
name: base
task: checkability
dataset: public-matters
split:
  protocol: grouped_folds
  k: 3
classifiers: [majority, length]
"""


@pytest.fixture
def write(tmp_path):
    def write_config(name, text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    write_config("base.yaml", BASE)
    return write_config


def faults_of(path, overrides=()):
    with pytest.raises(FaultsError) as error:
        load_experiment(path, overrides)
    return [str(fault).replace(str(path.parent) + "/", "") for fault in error.value.faults]


def test_mappings_merge_lists_replace_and_null_removes(write):
    path = write(
        "mine.yaml",
        "extends: base.yaml\nname: mine\nsplit: {k: 5, protocol: null}\nclassifiers: {name: length, cap: 9}\n",
    )
    content = read_document(path).content
    assert content["split"] == {"k": 5}
    assert content["classifiers"] == [{"name": "length", "cap": 9}]
    assert (content["name"], content["task"]) == ("mine", "checkability")


def test_paths_of_each_file_are_relative_to_it(write, tmp_path):
    for folder in ("lab/theirs", "ours"):
        (tmp_path / folder).mkdir(parents=True)
    write("lab/base.yaml", BASE.replace("public-matters", "./theirs"))
    path = write("mine.yaml", "extends: lab/base.yaml\nname: mine\ncorpus: ./ours\n")
    content = read_document(path).content
    assert content["dataset"] == str(tmp_path / "lab/theirs")
    assert content["corpus"] == str(tmp_path / "ours")


def test_a_shipped_config_is_extended_by_name(write):
    loaded = load_experiment(write("mine.yaml", "extends: quickstart\nname: mine\nclassifiers: [majority]\n"))
    assert (loaded.experiment.name, loaded.experiment.dataset) == ("mine", "public-matters")


def test_faults_name_the_file_and_the_line_that_they_stand_in(write):
    write("base.yaml", BASE.replace("k: 3", "k: 3\n  kk: 4").replace("length]", "lenght]"))
    path = write("mine.yaml", "extends: base.yaml\nname: mine\nsplit:\n  tests: 1\ngold: mayority\n")
    lines = faults_of(path)
    assert [line.partition(":")[0] for line in lines] == ["mine.yaml", "mine.yaml", "base.yaml", "base.yaml"]
    assert lines[0].startswith("mine.yaml:4: split.tests: no field is called 'tests'. Did you mean 'test'?")
    assert lines[2].startswith("base.yaml:7: split.kk: no field is called 'kk'. Did you mean 'k'?")
    assert "Did you mean 'length'?" in lines[3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: nothing.yaml\n", "mine.yaml:1: extends: 'nothing.yaml' does not exist"),
        ("name: x\nextends: [a, b]\n", 'mine.yaml:2: extends: expected one config, by path or name, got ["a", "b"]'),
        ("extends: twice.yaml\n", "twice.yaml:2: extends: extends another config; "),
        ("extends: mine.yaml\n", "mine.yaml:1: extends: extends another config; "),
    ],
)
def test_what_cannot_be_extended_is_refused_with_its_line(write, text, message):
    write("twice.yaml", "name: twice\nextends: base.yaml\n")
    (line,) = faults_of(write("mine.yaml", text))
    assert line.startswith(message)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "classifers.0.C=1",
            "base.yaml with --set classifers.0.C: classifers: no field is called 'classifers'. Did you",
        ),
        ("split.kk=3", "base.yaml with --set split.kk: split.kk: no field is called 'kk'. Did you mean 'k'?"),
        ("split.k=0", "base.yaml with --set split.k: split.k: expected greater than or equal to 2, got 0"),
        ("classifiers.1.capp=3", "base.yaml with --set classifiers.1.capp: classifiers[1]: is "),
        (
            "classifiers.length.cap=3",
            "base.yaml with --set classifiers.length.cap: classifiers: is a list, with no entry",
        ),
        ("name.x=1", "base.yaml with --set name.x: name: is \"base\", which has no key 'x'"),
        ("task=checkabilty", "base.yaml with --set task: task: no task is called 'checkabilty'. Did you mean"),
        ("k", 'base.yaml with --set: expected KEY=VALUE, got "k"'),
        ("extends=x", "base.yaml with --set extends: is read before changes"),
        ("name=[", "base.yaml with --set name: the value is not YAML"),
    ],
)
def test_set_gives_the_hints_of_the_file_without_a_line(write, tmp_path, override, message):
    (line,) = faults_of(tmp_path / "base.yaml", [override])
    assert line.startswith(message)


def test_all_changes_that_have_no_place_are_listed_at_once(write, tmp_path):
    assert len(faults_of(tmp_path / "base.yaml", ["name.x=1", "classifiers.7=a", "task.y=2"])) == 3


def test_an_entry_of_a_list_is_named_by_its_position_in_the_hint(write, tmp_path):
    (line,) = faults_of(tmp_path / "base.yaml", ["classifiers.length.cap=3"])
    assert line.endswith("0 (majority), 1 (length). 'length' is at 1")
