"""Other words in a message change what is read, never what is done."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

import harness.runner.configs.components
import harness.runner.configs.faults
import harness.runner.load_config
import harness.runner.tables
import harness.schemes.scheme_files
import harness.scoring.inputs
from harness.classifiers import build
from harness.data.claims import Gold
from harness.errors import FaultsError, HarnessError, NotFetched, UnknownName
from harness.records import explain_validation

CONFIG = """\
name: mine
task: checkability
dataset: nowhere/that/exists
classifiers:
  - {name: length, capp: 30}
metrics: [{name: precision_at, kk: 5}]
splitt: {}
"""
SCHEME = """\
name: mine
version: "1"
title: Mine
source: me
license: CC BY 4.0
language: en
axes:
  - name: sure
    question: Is it?
    labels: [{name: yes, definition: It is.}, {name: "no", definition: 12}]
  - {name: odd, question: "Is it odd?", feature: true}
guideline: Read it.
"""


def reworded(error):
    return [explanation._replace(message="in other words") for explanation in explain_validation(error)]


def faults_of(call, path: Path, text: str):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FaultsError) as caught:
        call(path)
    return caught.value.faults


@pytest.mark.parametrize("explain", [explain_validation, reworded])
def test_an_unknown_field_is_told_with_those_that_are_known(monkeypatch, tmp_path, explain):
    for module in (harness.runner.configs.components, harness.runner.configs.faults):
        monkeypatch.setattr(module, "explain_validation", explain)
    faults = faults_of(harness.runner.load_config.load_experiment, tmp_path / "mine.yaml", CONFIG)
    assert [(fault.line, fault.field, fault.code) for fault in faults] == [
        (5, "classifiers[0].capp", "unknown-field"),
        (6, "metrics[0].kk", "unknown-field"),
        (7, "splitt", "unknown-field"),
    ]
    for fault, known in zip(faults, ("cap", "k", "split"), strict=True):
        assert f"'{known}'" in fault.message


@pytest.mark.parametrize("explain", [explain_validation, reworded])
def test_a_bare_yes_is_told_to_need_quotes_and_a_number_is_not(monkeypatch, tmp_path, explain):
    monkeypatch.setattr(harness.schemes.scheme_files, "explain_validation", explain)
    bare, number = faults_of(harness.schemes.scheme_files.read_scheme, tmp_path / "mine.yaml", SCHEME)
    assert [(fault.field, fault.code) for fault in (bare, number)] == [
        ("axes.0.labels.0.name", "string-type"),
        ("axes.0.labels.1.definition", "string-type"),
    ]
    assert "add quotes" in bare.message
    assert "add quotes" not in number.message


def test_a_benchmark_that_is_not_fetched_is_told_and_an_unknown_name_is_no_dataset(monkeypatch):
    def refusing(error):
        def find(name, root):
            raise error

        monkeypatch.setattr(harness.scoring.inputs, "find_dataset", find)

    refusing(NotFetched("in other words"))
    with pytest.raises(NotFetched):
        harness.scoring.inputs._dataset_folder("liar", None)
    refusing(UnknownName("the dataset is not fetched yet"))
    assert harness.scoring.inputs._dataset_folder("liarr", None) is None


def test_claims_without_an_answer_are_told_apart_by_the_whole_reason():
    excluded = {"unsettled": 2, "an answer that settles nothing": 1, harness.runner.tables.WITHOUT_ANSWER: 3}
    result = SimpleNamespace(
        task="checkability", dataset="d", n=9, n_articles=2, n_positive=None, trial=None, excluded=excluded
    )
    title = harness.runner.tables._title(result)
    assert title.endswith("2 excluded (unsettled) · 1 excluded (an answer that settles nothing)")


class Refusing(ClassifierMixin, BaseEstimator):
    """Refuses all features."""

    takes_sparse = False
    said = "in other words"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.takes_sparse
        return tags

    def fit(self, rows, codes):
        raise TypeError(self.said)


class RefusingMore(Refusing):
    """Takes sparse features, and refuses them for another reason."""

    takes_sparse = True
    said = "sparse is a word of this message"


@pytest.mark.parametrize(("estimator", "remedy"), [(Refusing, True), (RefusingMore, False)])
def test_dense_features_are_the_remedy_for_estimators_that_take_no_sparse_ones(estimator, remedy):
    claims = SimpleNamespace(text=["Rents rose by ten percent.", "It rained all day."])
    gold = Gold(("no", "yes"), np.array([1, 0]))
    with pytest.raises(HarnessError) as caught:
        build(f"{__name__}:{estimator.__name__}", {}).fit(claims, gold, 1)
    assert ("features: {svd: 100}" in str(caught.value)) == remedy


def test_a_refused_setting_is_told_at_its_place_whatever_the_estimator_says(monkeypatch, tmp_path):
    import sklearn.base

    check = sklearn.base.validate_parameter_constraints

    def reworded(*args, **kwargs):
        try:
            check(*args, **kwargs)
        except ValueError:
            raise ValueError("in other words") from None

    monkeypatch.setattr(sklearn.base, "validate_parameter_constraints", reworded)
    wrong = "{name: sklearn.svm:LinearSVC, tol: 1.0e-3, C: -1}"
    text = CONFIG.replace("{name: length, capp: 30}", wrong).replace("kk: 5", "k: 5").replace("splitt: {}\n", "")
    (fault,) = faults_of(harness.runner.load_config.load_experiment, tmp_path / "mine.yaml", text)
    assert (fault.line, fault.field, fault.code) == (5, "classifiers[0].C", "invalid-setting")
