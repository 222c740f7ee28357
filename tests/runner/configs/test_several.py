"""The experiments of a config with several: their contents, names and faults."""

from __future__ import annotations

import pytest

from harness.errors import FaultsError
from harness.runner.check import check
from harness.runner.configs.document import read_document
from harness.runner.configs.several import is_several, several_experiments
from harness.runner.load_config import load_experiment

SHARED = {"name": "all", "task": "checkability", "classifiers": ["majority"]}


def parts(**keys):
    return [part.content for part in several_experiments(read_document(SHARED | keys)).parts]


def test_each_task_with_each_dataset_is_an_experiment():
    contents = parts(task={"each": ["checkability", "check_worthiness"]}, dataset={"each": ["a", ["b", "c"]]})
    assert [(part["task"], part["dataset"]) for part in contents] == [
        ("checkability", "a"),
        ("checkability", ["b", "c"]),
        ("check_worthiness", "a"),
        ("check_worthiness", ["b", "c"]),
    ]
    names = [part["name"] for part in contents]
    assert names == ["checkability-a", "checkability-b-c", "check_worthiness-a", "check_worthiness-b-c"]


def test_an_entry_changes_the_rest_of_the_file():
    split = {"protocol": "grouped_folds", "k": 3}
    entry = {"dataset": "b", "split": {"k": 5}, "name": "mine"}
    first, second = parts(dataset="a", split=split, experiments=[{}, entry])
    assert (first["dataset"], first["split"], first["name"]) == ("a", split, "a")
    assert (second["dataset"], second["split"], second["name"]) == ("b", split | {"k": 5}, "mine")


def test_a_joined_dataset_is_one_experiment():
    assert not is_several(SHARED | {"dataset": ["a", "b"]})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"dataset": {"each": []}}, r"dataset: expected \{each: \[\.\.\.\]\} with one value or more"),
        ({"dataset": {"each": ["a", "a"]}}, "2 experiments are called 'a'; give each another `name`"),
        ({"experiments": "a"}, "experiments: expected a list of mappings"),
        ({"experiments": ["a"]}, r"experiments\[0\]: expected a mapping with what differs"),
        ({"experiments": [{"experiments": []}]}, r"experiments\[0\].experiments: is for the whole file only"),
        ({"dataset": "a", "experiments": [{"task": "chain"}]}, "'chain', which has a file of its own"),
        ({"dataset": "a", "experiments": [{}], "name": "a b"}, "name: expected a name safe for files"),
        ({"dataset": "a", "experiments": [{}], "name": None}, "name: is required, and missing"),
    ],
)
def test_what_is_no_list_of_experiments_is_refused(keys, message):
    with pytest.raises(FaultsError, match=message):
        parts(**keys)


def test_faults_stand_where_the_file_has_them_each_once(tmp_path):
    path = tmp_path / "all.yaml"
    path.write_text(
        "name: all\ntask: checkability\ndataset: {each: [public-matters, nothing]}\nclassifiers: [majority, lenght]\n"
        "experiments:\n- {}\n- name: third\n  dataset: public-matters\n  split: {kk: 1}\n",
        encoding="utf-8",
    )
    places = [(fault.line, fault.field) for fault in check(path)]
    assert sorted(places) == [(3, "dataset.each[1]"), (4, "classifiers[1]"), (9, "experiments[1].split.kk")]
    with pytest.raises(FaultsError, match="has several experiments, where one is expected"):
        load_experiment(path)
