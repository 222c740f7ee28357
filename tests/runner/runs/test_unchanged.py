"""A run that changes nothing does not open its datasets; one that may change something does."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from harness import run
from harness.runner.runs import one_experiment, unchanged

METRIC = """\
from harness.metrics.labels import MacroF1


class Mine(MacroF1):
    heading = "Mine"
"""
CONFIG = """\
name: small
task: checkability
dataset: {folder}/small
split: {{protocol: grouped_folds, k: 2}}
classifiers: [length, majority]
metrics: [f1]
intervals: {{resamples: 100}}
"""


class Workspace(NamedTuple):
    """A config, its dataset and its run folder, after a run."""

    config: Path
    dataset: Path
    out: Path

    @property
    def folder(self) -> Path:
        return self.out / "small"

    def run(self, **options):
        return run(self.config, out=self.out, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Workspace:
    from small_dataset import make_dataset

    folder = tmp_path_factory.mktemp("unchanged")
    dataset = make_dataset(folder)
    (folder / "small.yaml").write_text(CONFIG.format(folder=folder))
    workspace = Workspace(folder / "small.yaml", dataset, folder / "runs")
    workspace.run()
    return workspace


@pytest.fixture
def workspace(finished, tmp_path) -> Workspace:
    """A copy of the run folder, which may be changed; the dataset and the config must be put back."""
    shutil.copytree(finished.out, tmp_path / "runs")
    return finished._replace(out=tmp_path / "runs")


@pytest.fixture
def opened(monkeypatch) -> list[int]:
    """One entry for each run that opened its dataset."""
    calls, prepare = [], one_experiment.prepare

    def counted(*arguments, **options):
        calls.append(1)
        return prepare(*arguments, **options)

    monkeypatch.setattr(one_experiment, "prepare", counted)
    return calls


def latest(folder: Path) -> list[str]:
    return [each["system"] for each in json.loads((folder / "current.json").read_text())["results"]]


def test_a_run_that_changes_nothing_shows_the_same_results_and_opens_no_dataset(workspace, opened):
    first = workspace.run(fresh=True)
    opened.clear()
    again = workspace.run()
    assert not opened
    assert again.fitted == 0
    assert again.document() == first.document()
    assert str(again) == str(first)
    assert latest(workspace.folder) == ["length", "majority"]


@pytest.mark.parametrize(
    "options",
    [
        {"fresh": True},
        {"only": "length"},
        {"limit": 5},
        {"overrides": "split.random_seed=14"},
        {"save_models": True},
        {"profile": True},
        {"shard": "1/2"},
    ],
    ids=str,
)
def test_other_options_open_the_dataset(workspace, opened, options):
    workspace.run(**options)
    assert opened


def test_the_last_run_is_found_again_with_its_options(workspace, opened):
    trial = workspace.run(limit=5)
    again = workspace.run(limit=5)
    assert len(opened) == 1
    assert [result.trial for result in again.results] == ["--limit 5"] * 2
    assert again.document() == trial.document()
    workspace.run()
    assert len(opened) == 2


def test_events_open_the_dataset(workspace, opened, tmp_path):
    workspace.run(events=tmp_path / "events.jsonl")
    assert opened
    assert "unit_found" in (tmp_path / "events.jsonl").read_text()


def test_a_changed_label_is_read(workspace, opened):
    path = next((workspace.dataset / "annotations").iterdir())
    data = path.read_bytes()
    try:
        path.write_bytes(data.replace(b'"no"', b'"yes"', 1))
        changed = workspace.run()
    finally:
        path.write_bytes(data)
    assert opened
    assert changed.fitted


def test_a_new_file_of_the_dataset_is_read(workspace, opened):
    extra = workspace.dataset / "splits"
    extra.mkdir(exist_ok=True)
    try:
        (extra / "more.yaml").write_text("[")
        workspace.run()
    finally:
        shutil.rmtree(extra)
    assert opened


@pytest.mark.parametrize("pattern", ["results/*/result.json", "results/*/predictions.parquet", "units/*.parquet"])
@pytest.mark.parametrize("damage", ["changed", "deleted"])
def test_a_damaged_file_of_the_run_is_made_again(workspace, opened, pattern, damage):
    path = next(workspace.folder.glob(pattern))
    data = path.read_bytes()
    path.unlink()
    if damage == "changed":
        path.write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
    workspace.run()
    assert opened
    opened.clear()
    workspace.run()
    assert not opened


@pytest.mark.parametrize("content", ["", "{}", "[" * 9999, '{"format": 0, "inputs": "", "results": [], "files": {}}'])
def test_a_damaged_record_opens_the_dataset(workspace, opened, content):
    (workspace.folder / unchanged.FILE_NAME).write_text(content)
    workspace.run()
    assert opened


def test_a_record_without_the_files_of_its_results_opens_the_dataset(workspace, opened):
    path = workspace.folder / unchanged.FILE_NAME
    record = json.loads(path.read_text())
    record["files"] = {}
    path.write_text(json.dumps(record))
    workspace.run()
    assert opened


def test_an_installed_package_of_another_version_opens_the_dataset(workspace, opened, tmp_path, monkeypatch):
    (tmp_path / "packages" / "numpy-0.1.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    workspace.run()
    assert opened


def test_a_new_version_of_a_package_of_the_fits_opens_the_dataset(workspace, opened, monkeypatch):
    monkeypatch.setattr(unchanged, "package_versions", lambda _: {"numpy": "0.1"})
    workspace.run()
    assert opened


def test_source_that_was_edited_since_the_process_began_opens_the_dataset(workspace, opened, monkeypatch):
    monkeypatch.setattr(unchanged, "BEGAN", 0.0)
    workspace.run()
    assert opened


def test_edited_code_of_the_user_opens_the_dataset(workspace, opened, tmp_path, monkeypatch):
    (tmp_path / "mine_metric.py").write_text(METRIC)
    monkeypatch.syspath_prepend(tmp_path)
    config = {"overrides": "metrics=[f1, 'mine_metric:Mine']"}
    workspace.run(**config)
    workspace.run(**config)
    assert len(opened) == 1
    (tmp_path / "mine_metric.py").write_text(METRIC + "# edited\n")
    workspace.run(**config)
    assert len(opened) == 2


def test_an_input_file_of_a_classifier_is_part_of_the_inputs(workspace, opened):
    """A file of predictions is compared with the claims, which need the dataset."""
    table = workspace.out / "predictions.csv"
    rows = [json.loads(line) for line in (workspace.dataset / "claims.jsonl").read_text().splitlines()]
    table.write_text("claim_id,score\n" + "".join(f"{row['claim_id']},0.{n % 9}\n" for n, row in enumerate(rows)))
    config = {"overrides": f"classifiers=[{{name: from_file, path: {table}}}]"}
    workspace.run(**config)
    workspace.run(**config)
    assert len(opened) == 2


def test_inputs_that_change_during_a_run_are_not_recorded(workspace, opened, monkeypatch):
    digests = iter(["before", "after", "later"])
    monkeypatch.setattr(unchanged, "_digest", lambda *_: next(digests))
    record = (workspace.folder / unchanged.FILE_NAME).read_text()
    workspace.run()
    assert (workspace.folder / unchanged.FILE_NAME).read_text() == record


def test_a_run_folder_inside_its_dataset_is_not_recorded(workspace):
    inside = workspace._replace(out=workspace.dataset / "runs")
    try:
        inside.run()
        assert not (inside.folder / unchanged.FILE_NAME).exists()
    finally:
        shutil.rmtree(inside.out)


def test_a_file_that_has_not_changed_for_a_while_is_read_once(tmp_path, monkeypatch):
    path, read = tmp_path / "file", []
    monkeypatch.setattr(unchanged, "file_sha256", lambda path: read.append(path) or path.read_text("utf-8"))
    path.write_text("before", encoding="utf-8")
    digest = unchanged._digest_of
    assert [digest(path), digest(path)] == ["before"] * 2
    assert len(read) == 2  # a change may leave the same times as the one a moment ago
    monkeypatch.setattr(unchanged, "SETTLED_S", 0.0)
    assert [digest(path), digest(path)] == ["before"] * 2
    assert len(read) == 3
    path.write_text("after it", encoding="utf-8")
    assert digest(path) == "after it"


def test_a_file_that_was_made_long_ago_and_changed_now_is_read_again(tmp_path, monkeypatch):
    path, read = tmp_path / "file", []
    monkeypatch.setattr(unchanged, "file_sha256", lambda path: read.append(path) or "")
    path.write_bytes(b"")
    now = path.stat().st_ctime + 100
    monkeypatch.setattr(unchanged, "time", lambda: now)
    os.utime(path, (now, now))
    unchanged._digest_of(path)
    unchanged._digest_of(path)
    assert len(read) == 2
