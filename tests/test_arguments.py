"""One value is accepted wherever several are."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Sequence
from pathlib import Path
from types import UnionType

import pytest
from small_dataset import make_dataset

import harness
from harness.arguments import as_list


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arguments")
    return {
        "name": "one",
        "task": "checkability",
        "dataset": make_dataset(folder),
        "split": {"k": 2},
        "classifiers": ["length", "majority"],
        "metrics": "f1",
    }


@pytest.fixture(scope="module")
def run(experiment, tmp_path_factory):
    return harness.run(experiment, out=tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("value", ["length", Path("length"), {"name": "length"}])
def test_a_text_a_path_and_a_mapping_are_one_value(value):
    assert as_list(value) == [value]
    assert as_list([value]) == as_list((value,)) == [value]


def test_one_text_names_one_system_one_metric_and_one_override(experiment, run, tmp_path):
    assert [result.system for result in run.results] == ["length", "majority"]
    assert list(run.results[0].values) == ["f1"]
    only = harness.run(experiment, only="length", overrides="split.k=4", out=tmp_path)
    assert [result.system for result in only.results] == ["length"]
    assert only.results[0].provenance.config.split.k == 4
    one_system = harness.run({**experiment, "classifiers": {"name": "length"}, "slices": "length"}, out=tmp_path)
    assert len(one_system) == 1


def test_one_path_or_one_run_is_compared_reported_and_gated(run, tmp_path):
    path = str(run.folder)
    assert len(harness.compare_results(path)) == len(harness.compare_results(run)) == 2
    assert harness.build_report(path, tmp_path / "report.html").systems == 2
    assert len(harness.check_gate(run, "f1 < length - 0.5")) == 1


def test_one_target_is_checked_and_audited(experiment, tmp_path):
    assert harness.check(str(experiment["dataset"])) == []
    assert len(harness.audit_targets(experiment["dataset"])) == len(harness.audit_targets([experiment["dataset"]]))


def test_one_part_is_a_list_of_one():
    split = {"protocol": "official", "train": "train", "test": ["test"]}
    experiment = harness.Experiment(name="a", task="checkability", dataset="x", classifiers="length", split=split)
    assert experiment.split.train == ("train",)
    assert experiment.split.test == ("test",)
    assert experiment.classifiers == ("length",)


def takes_several_texts_only(annotation):
    """Whether an annotation allows a sequence of texts, and no single text."""
    kinds = typing.get_args(annotation) if typing.get_origin(annotation) is UnionType else (annotation,)
    return str not in kinds and any(
        typing.get_origin(kind) is Sequence and str in (inner := typing.get_args(kind)[0], *typing.get_args(inner))
        for kind in kinds
    )


def test_every_public_argument_that_takes_several_texts_takes_one():
    assert takes_several_texts_only(Sequence[str])
    assert takes_several_texts_only(Sequence[str | Path] | None)
    assert not takes_several_texts_only(str | Path | Sequence[str | Path])
    functions = [getattr(harness, name) for name in harness.__all__]
    several = [
        f"{function.__name__}: {parameter.name}"
        for function in functions
        if inspect.isfunction(function)
        for parameter in inspect.signature(function).parameters.values()
        if takes_several_texts_only(eval(parameter.annotation, vars(inspect.getmodule(function))))
    ]
    assert several == []
