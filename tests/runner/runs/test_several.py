"""Several experiments in one config: run folders, one table, and what fails."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from small_dataset import make_dataset

import harness
from harness.errors import FaultsError, HarnessError, UnknownName

NAMES = ("alpha", "beta", "gamma")
BASE = """\
task: checkability
split: {protocol: grouped_folds, k: 2}
classifiers: [majority, length, position]
metrics: [f1, average_precision]
intervals: {method: none}
"""
SWEEP = """\
extends: base.yaml
name: sweep
dataset: {each: [./alpha, ./beta, ./gamma]}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    dataset = make_dataset(folder / "made")
    for name in NAMES:
        shutil.copytree(dataset, folder / name)
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    (folder / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def outcome(lab):
    return harness.run(lab / "sweep.yaml", out=lab / "runs")


def write(lab, name, text):
    path = lab / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_dataset_is_an_experiment_with_a_run_folder_of_its_own(lab, outcome):
    assert [each.experiment for each in outcome.experiments] == list(NAMES)
    assert [each.folder for each in outcome.experiments] == [lab / "runs/sweep" / name for name in NAMES]
    alone = harness.run(lab / "base.yaml", overrides=["name=alone", "dataset=./alpha"], out=lab / "runs")
    both = (alone, outcome.experiments[0])
    whole, part = ({each.system: each.values["f1"].value for each in one.results} for one in both)
    assert whole == part


def test_the_table_has_a_row_for_each_system_and_ranks_them(outcome):
    table = outcome.wide
    assert [column.experiment for column in table.columns] == list(NAMES)
    assert set(table.systems) == {"majority", "length", "position"}
    by_result = {(result.experiment, result.system): result.values["f1"] for result in outcome.results}
    for system, row in zip(table.systems, table.values, strict=True):
        assert list(row) == [by_result[column.experiment, system] for column in table.columns]
    assert table.mean_ranks.n_datasets == 3
    assert str(outcome) == str(table)
    assert "mean rank" in str(table).splitlines()[2]


def test_the_folder_gives_the_same_table_again_and_other_metrics(lab, outcome):
    assert harness.compare_several(lab / "runs/sweep").document() == outcome.wide.document()
    by_precision = harness.compare_several(lab / "runs/sweep", "AP")
    assert {column.metric for column in by_precision.columns} == {"average_precision"}
    with pytest.raises(UnknownName, match="is called 'f2'"):
        harness.compare_several(lab / "runs/sweep", "f2")
    with pytest.raises(FaultsError, match="has no list of experiments"):
        harness.compare_several(lab / "runs/sweep/alpha")


def test_a_metric_whose_direction_is_not_recorded_ranks_nothing(lab, outcome, monkeypatch):
    monkeypatch.setattr("harness.runner.runs.wide_table.recorded_metric", lambda *_: None)
    table = harness.compare_several(lab / "runs/sweep")
    assert table.mean_ranks is None
    assert sum("not ranked, because its results do not record the settings of" in note for note in table.notes) >= 2


def test_an_experiment_that_fails_is_said_and_the_others_have_results(lab):
    split = "{protocol: official, k: null, train: [a], test: [b]}"
    text = SWEEP + f"experiments:\n- {{}}\n- {{name: other, dataset: ./alpha, split: {split}}}\n"
    outcome = harness.run(write(lab, "fails", text), overrides=["name=fails"], out=lab / "runs")
    assert list(outcome.failed_experiments) == ["other"]
    assert len(outcome.experiments) == 3
    assert any(note.startswith("other has no result: ") for note in outcome.wide.notes)
    stored = json.loads((lab / "runs/fails/several.json").read_text(encoding="utf-8"))
    assert [each["reason"] is None for each in stored["experiments"]] == [True] * 3 + [False]
    rest = r"a run goes on with the others: alpha \(6 units, 6 finished\), beta \(6 units, 6 finished\), gamma "
    with pytest.raises(HarnessError, match=rf"^other: .*\n{rest}"):
        harness.plan(lab / "fails.yaml", out=lab / "runs")


def test_a_system_that_an_experiment_lacks_is_an_empty_cell_and_not_ranked(lab):
    text = SWEEP + "experiments:\n- {}\n- {name: fewer, dataset: ./alpha, classifiers: [majority, length]}\n"
    table = harness.run(write(lab, "fewer", text), overrides=["name=fewer"], out=lab / "runs").wide
    assert table.systems[-1] == "position"
    assert table.values[-1][-1] is None
    assert "no value: position on fewer: not run" in table.notes
    assert "not ranked, because a value is missing: position" in table.notes


def test_only_runs_a_system_where_it_is(lab):
    text = SWEEP + "experiments:\n- {}\n- {name: more, dataset: ./alpha, classifiers: [claimbuster_features]}\n"
    path = write(lab, "only", text)
    assert harness.plan(path, only=["length"], out=lab / "none").units == 6
    with pytest.raises(UnknownName, match=r"called 'lenght'\. Did you mean 'length'"):
        harness.plan(path, only=["lenght"], out=lab / "none")


def test_a_dry_run_shows_the_whole_config(lab):
    planned = harness.plan(lab / "sweep.yaml", overrides=["split.k=4"], out=lab / "none")
    shown = yaml.safe_load(planned.config)
    assert shown["split"] == {"protocol": "grouped_folds", "k": 4}
    assert shown["dataset"] == {"each": [str(lab / name) for name in NAMES]}
    assert str(planned).startswith(f"# {lab / 'sweep.yaml'} extends {lab / 'base.yaml'}; the whole config:\n")
    assert [(each.experiment, each.units) for each in planned.experiments] == [
        ("alpha", 12),
        ("beta", 12),
        ("gamma", 12),
    ]


def test_ids_are_for_one_experiment(lab):
    with pytest.raises(HarnessError, match="--ids: is for a config with one experiment"):
        harness.plan(lab / "sweep.yaml", ids=["Oslo"])
