"""The list of results in a run folder: the latest run first, each result once."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from harness import FaultsError, build_report, run
from harness.runner.result_files import sealed
from harness.runner.storage.current import results_in


def listed(folder):
    entries = json.loads((folder / "current.json").read_text(encoding="utf-8"))["results"]
    return [(entry["system"], entry["run"], entry["trial"]) for entry in entries]


def test_the_results_of_the_latest_run_come_first(config, tmp_path):
    folder = run(config, out=tmp_path / "runs").folder
    assert listed(folder) == [("majority", 1, None), ("prior_random", 1, None), ("length", 1, None)]
    run(config, out=tmp_path / "runs", only=["length"])
    assert listed(folder) == [("length", 2, None), ("majority", 1, None), ("prior_random", 1, None)]
    run(config, out=tmp_path / "runs", only=["length"], limit=10)
    assert listed(folder)[:2] == [("length", 3, "--limit 10"), ("length", 2, None)]
    assert [entry.in_latest_run for entry in results_in(folder)] == [True, False, False, False]
    assert [entry.trial for entry in results_in(folder)] == ["--limit 10", None, None, None]


@pytest.mark.parametrize("place", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_named_and_waited_for_by_nobody(place, tmp_path):
    place(tmp_path / "current.json")
    with pytest.raises(FaultsError, match=r"current.json: is a (folder|device or a pipe); expected a file"):
        build_report([tmp_path])


def test_the_list_of_a_newer_version_is_not_overwritten(config, tmp_path):
    folder = run(config, out=tmp_path / "runs", only=["length"]).folder
    newer = {"format": 99, "results": [], "more": {}}
    (folder / "current.json").write_text(json.dumps(newer), encoding="utf-8")
    for use in (lambda: run(config, out=tmp_path / "runs", only=["majority"]), lambda: build_report([folder])):
        with pytest.raises(FaultsError, match=r"current.json: format: is of a newer version .*\(format 99; this one"):
            use()
    assert json.loads((folder / "current.json").read_text(encoding="utf-8")) == newer


def test_a_deleted_result_leaves_the_list(config, tmp_path):
    folder = run(config, out=tmp_path / "runs").folder
    shutil.rmtree(next((folder / "results").glob("majority-*")))
    assert [entry.system for entry in results_in(folder)] == ["prior_random", "length"]
    run(config, out=tmp_path / "runs", only=["length"])
    assert listed(folder) == [("length", 2, None), ("prior_random", 1, None)]


def test_results_that_are_not_in_the_list_come_last_by_their_time(config, tmp_path):
    folder = run(config, out=tmp_path / "runs").folder
    (folder / "current.json").unlink()
    for system, time in (("majority", "2026-01-02"), ("length", "2026-01-03"), ("prior_random", "2026-01-01")):
        (path,) = folder.glob(f"results/{system}-*/result.json")
        document = json.loads(path.read_text(encoding="utf-8"))
        document["provenance"]["made_at"] = f"{time}T00:00:00+00:00"
        path.write_text(json.dumps(sealed(document)), encoding="utf-8")
    assert [entry.system for entry in results_in(folder)] == ["length", "majority", "prior_random"]
    run(config, out=tmp_path / "runs", only=["majority"])
    assert [entry.system for entry in results_in(folder)] == ["majority", "length", "prior_random"]


def test_a_folder_without_results_has_none(tmp_path):
    assert results_in(tmp_path) == []
