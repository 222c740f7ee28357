"""Experiments from Python: a mapping or an `Experiment` runs like a file, and its faults are ours."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.errors import FaultsError
from harness.runner.config import plain_data

VALID = {"name": "a", "task": "checkability", "dataset": "public-matters", "classifiers": ["length"]}


def faults_of(call, *arguments, **options):
    with pytest.raises(FaultsError) as caught:
        call(*arguments, **options)
    return {(fault.path, fault.field, fault.code) for fault in caught.value.faults}


def test_a_mapping_an_experiment_and_a_file_load_alike(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("name: a\ntask: checkability\ndataset: public-matters\nclassifiers: [length]\n", encoding="utf-8")
    from_file = harness.load_experiment(file)
    assert harness.load_experiment(VALID) == from_file
    assert harness.load_experiment(harness.Experiment(**VALID)) == from_file


def test_the_caller_keeps_its_mapping(tmp_path):
    config = copy.deepcopy(VALID)
    harness.load_experiment(config, "split.k=3")
    assert config == VALID


def test_all_faults_of_a_mapping_are_told_with_their_place():
    config = VALID | {"classifiers": ["lenght", {"name": "tfidf_svm", "c": 3}], "splitt": {}, "metrics": ["f3"]}
    assert faults_of(harness.load_experiment, config) == {
        ("config", "splitt", "unknown-field"),
        ("config", "metrics[0]", "unknown-name"),
        ("config", "classifiers[0]", "unknown-name"),
        ("config", "classifiers[1].c", "unknown-field"),
    }


def test_the_faults_of_an_experiment_are_ours():
    faults = faults_of(harness.Experiment, name="a", task=3, split={"kk": 3}, classifiers="length")
    assert faults == {
        ("Experiment", "task", "string-type"),
        ("Experiment", "dataset", "missing-field"),
        ("Experiment", "split.kk", "unknown-field"),
    }


@pytest.mark.parametrize("config", [3, None, [], VALID | {"dataset": object()}, VALID | {"gold": {1: {2}}}])
def test_what_is_no_config_is_refused(config):
    assert {path for path, _, _ in faults_of(harness.load_experiment, config)} == {"config"}


def test_values_of_python_become_those_of_a_file():
    data = plain_data({"seeds": (np.int64(3),), "path": Path("a/b"), "share": np.float64(0.5)})
    assert data == {"seeds": [3], "path": "a/b", "share": 0.5}


def test_an_experiment_is_copied_and_pickled():
    experiment = harness.Experiment(**VALID)
    assert pickle.loads(pickle.dumps(experiment)) == experiment == copy.deepcopy(experiment)
    assert experiment.model_copy(update={"name": "b"}).name == "b"
