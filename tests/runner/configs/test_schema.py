"""The JSON Schema of configs accepts what the loader accepts, knows every setting, and refuses what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import harness
from harness.classifiers import CLASSIFIERS
from harness.metrics import METRICS
from harness.runner.config import Experiment
from harness.runner.configs.schema import MODELINE, field_docs

EXPERIMENTS = Path(__file__).parents[3] / "experiments"
GOOD: dict[str, Any] = {
    "name": "mine",
    "task": "checkability",
    "dataset": "public-matters",
    "classifiers": ["majority"],
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    document = harness.schema()
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def system(**settings: Any) -> dict[str, Any]:
    return GOOD | {"classifiers": [settings]}


def properties_of(entry: dict[str, Any], name: str) -> dict[str, Any]:
    (case,) = [case for case in entry["else"]["allOf"] if case["if"]["properties"]["name"]["const"] == name]
    fields: dict[str, Any] = case["then"]["properties"]
    return fields


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_is_valid(validator, path):
    content = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))
    assert [error.message for error in validator.iter_errors(content)] == []


def test_every_key_and_setting_is_in_it_with_its_description():
    document = harness.schema()["$defs"]["Experiment"]
    assert set(document["properties"]) == {*Experiment.model_fields, "extends", "experiments"}
    for entry, components in (("classifiers", CLASSIFIERS.each()), ("metrics", METRICS.each())):
        for name, component in components.items():
            fields = properties_of(document["properties"][entry]["items"], name)
            settable = {key for key, field in component.model_fields.items() if not field.exclude}
            assert settable <= set(fields), name
            docs = field_docs(component)
            assert {key: fields[key].get("description") for key in settable} == {key: docs[key] for key in settable}


@pytest.mark.parametrize(
    "config",
    [
        system(name="tfidf_logreg", C={"each": [0.1, 1]}, label="mine"),
        system(name="tfidf_logreg", C={"grid": [0.1, 1]}, word_ngrams={"grid": [[1, 1], [1, 2]]}),
        system(name="tfidf_logreg", C={"search": {"low": 0.1, "high": 10, "scale": "log"}}, tune={"candidates": 5}),
        system(name="tfidf_svm", threshold={"aim": "precision", "at_least": 0.8}, calibration="platt"),
        system(name="from_file", path="scores.csv", threshold=0.3),
        system(name="sklearn.svm:LinearSVC", C=3, anything=True),
        system(name="ensemble", members=["majority", {"name": "tfidf_svm", "C": 0.1}]),
        GOOD | {"classifiers": ["mine:Own", "rules"], "gold": "single:ann-1"},
        GOOD | {"split": {"protocol": "by_time", "test_from": 2024, "train_share": 0.5}},
        GOOD | {"split": {"train_share": {"each": [0.1, 1]}, "inner_folds": {"k": 4}}},
        GOOD | {"metrics": ["f1", {"name": "precision_at", "k": 5}], "dataset": ["a", "b"]},
        GOOD | {"metrics": "mine:f2", "slices": "year", "classifiers": "tfidf_svm", "split": {"parts": "train"}},
        GOOD | {"metrics": {"name": "f_beta", "beta": 2}, "classifiers": {"name": "tfidf_svm", "C": 3}},
    ],
)
def test_a_good_config_is_valid(validator, config):
    assert [error.message for error in validator.iter_errors(config)] == []


@pytest.mark.parametrize(
    ("config", "place"),
    [
        (GOOD | {"splitt": {}}, ()),
        ({key: value for key, value in GOOD.items() if key != "task"}, ()),
        (GOOD | {"task": "checkabilty"}, ("task",)),
        (GOOD | {"gold": "majorty"}, ("gold",)),
        (GOOD | {"split": {"protocol": "oficial"}}, ("split", "protocol")),
        (GOOD | {"split": ["a"]}, ("split",)),
        (GOOD | {"random_seeds": 13}, ("random_seeds",)),
        (GOOD | {"classifiers": ["tfidf_logregg"]}, ("classifiers", 0)),
        (GOOD | {"classifiers": "tfidf_logregg"}, ("classifiers",)),
        (GOOD | {"classifiers": {"name": "tfidf_svm", "c": 3}}, ("classifiers",)),
        (GOOD | {"classifiers": []}, ("classifiers",)),
        (GOOD | {"classifiers": 3}, ("classifiers",)),
        (GOOD | {"metrics": ["f1", {"name": "precision_at", "n": 3}]}, ("metrics", 1)),
        (system(name="tfidf_svm", c=3), ("classifiers", 0)),
        (system(name="tfidf_svm", C=[0.1, 1]), ("classifiers", 0, "C")),
        (system(name="tfidf_svm", C={"each": []}), ("classifiers", 0, "C")),
        (system(name="tfidf_svm", C={"each": ["a"]}), ("classifiers", 0, "C")),
        (
            system(name="tfidf_logreg", class_weight={"search": {"low": 1, "high": 2}}),
            ("classifiers", 0, "class_weight"),
        ),
        (system(name="tfidf_svm", threshold={"aim": "flagged"}), ("classifiers", 0, "threshold")),
        (system(name="ensemble", members=[{"name": "tfidf_svm", "c": 1}]), ("classifiers", 0, "members")),
        (system(name="transfer", dataset="a", task="checkability"), ("classifiers", 0)),
    ],
)
def test_a_faulty_config_is_refused_where_the_fault_is(validator, config, place):
    errors = list(validator.iter_errors(config))
    assert place in [tuple(error.absolute_path)[: len(place)] for error in errors]


def test_a_new_folder_has_a_config_that_names_its_schema(validator, tmp_path):
    harness.new(tmp_path / "mine")
    config = tmp_path / "mine" / "experiment.yaml"
    first = config.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(MODELINE)
    named = config.parent / first.removeprefix(MODELINE)
    assert json.loads(named.read_text(encoding="utf-8")) == harness.schema()
    assert list(validator.iter_errors(yaml.safe_load(config.read_text(encoding="utf-8")))) == []


def test_the_command_writes_it_and_says_how_a_config_names_it(harness, validator, tmp_path):
    printed = harness("schema")
    assert json.loads(printed.stdout) == validator.schema
    written = harness("schema", "-o", "own.json")
    assert json.loads((tmp_path / "own.json").read_text(encoding="utf-8")) == validator.schema
    assert written.stdout.splitlines()[-1] == f"{MODELINE}./own.json"
