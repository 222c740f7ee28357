"""The log of events, and the readers that the docs show."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from small_dataset import make_dataset

import harness
from harness.errors import HarnessError
from harness.runner.watching.events import EventLog

BROKEN = """
from sklearn.base import BaseEstimator, ClassifierMixin

class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise ValueError("no fit today")

    def predict(self, X):
        return X
"""


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    dataset = make_dataset(tmp_path_factory.mktemp("events"))
    return {
        "name": "watched",
        "task": "checkability",
        "dataset": str(dataset),
        "split": {"protocol": "grouped_folds", "k": 2},
        "classifiers": ["majority", "prior_random", "tfidf_logreg"],
        "metrics": ["f1"],
        "intervals": {"method": "none"},
        "random_seeds": [1, 2],
    }


@pytest.fixture(scope="module")
def lab(content, tmp_path_factory):
    """A run with events and a profile."""
    folder = tmp_path_factory.mktemp("watched")
    outcome = harness.run(content, out=folder / "runs", events=folder / "events.jsonl", profile=True)
    return folder, outcome


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_change_of_state_is_a_line_in_its_order(lab):
    folder, outcome = lab
    events = read(folder / "events.jsonl")
    assert Counter(event["event"] for event in events) == {
        "run_started": 1,
        "unit_started": 8,
        "unit_finished": 8,
        "result_written": 3,
        "run_ended": 1,
    }
    assert [events[0]["event"], events[-1]["event"]] == ["run_started", "run_ended"]
    assert events[-1]["state"] == "finished"
    assert {event["experiment"] for event in events} == {"watched"}
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    for started, finished in zip(events[1:17:2], events[2:17:2], strict=True):
        assert (started["event"], finished["event"]) == ("unit_started", "unit_finished")
        assert started["unit"] == finished["unit"]
        assert finished["seconds"] >= finished["fit_seconds"] >= 0
    values = {event["system"]: event["values"]["f1"] for event in events if event["event"] == "result_written"}
    assert values == {result.system: result.values["f1"].value for result in outcome.results}
    assert {event.get("seed") for event in events if event.get("system") == "prior_random"} == {1, 2, None}


def test_found_units_are_told_and_the_file_grows(content, lab, tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("earlier\n", encoding="utf-8")
    harness.run(content, out=lab[0] / "runs", events=path)
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert first == "earlier"
    assert Counter(json.loads(line)["event"] for line in lines)["unit_found"] == 8


def test_workers_have_their_units_told_with_the_time_at_which_they_began(content, tmp_path):
    classifiers = [{"name": "prior_random", "label": f"system-{number}"} for number in range(2)]
    changes = {"classifiers": classifiers, "random_seeds": list(range(20))}
    outcome = harness.run(content | changes, out=tmp_path / "runs", events=tmp_path / "e.jsonl", profile=True, jobs=2)
    events = read(tmp_path / "e.jsonl")
    counts = Counter(event["event"] for event in events)
    assert counts["unit_started"] == counts["unit_finished"] == outcome.fitted == 40
    assert sum(spent["score"].wall for spent in outcome.profile.by_system.values() if "score" in spent) > 0


def test_a_unit_that_fails_is_told_with_its_reason(content, tmp_path, monkeypatch):
    (tmp_path / "broken_events.py").write_text(BROKEN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    classifiers = ["majority", {"name": "broken_events:Broken"}]
    harness.run(content | {"classifiers": classifiers}, out=tmp_path / "runs", events=tmp_path / "e.jsonl")
    events = read(tmp_path / "e.jsonl")
    (failed,) = [event for event in events if event["event"] == "unit_failed"]
    assert failed["system"] == "broken_events:Broken"
    assert "no fit today" in failed["reason"]
    assert events[-1]["failed_systems"] == 1


def test_a_run_without_a_result_ends_as_failed(content, tmp_path, monkeypatch):
    (tmp_path / "broken_alone.py").write_text(BROKEN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HarnessError, match="no fit today"):
        harness.run(content | {"classifiers": ["broken_alone:Broken"]}, out=tmp_path, events=tmp_path / "e.jsonl")
    ended = read(tmp_path / "e.jsonl")[-1]
    assert (ended["event"], ended["state"]) == ("run_ended", "failed")
    assert "no fit today" in ended["reason"]


def test_an_experiment_that_cannot_begin_is_told(content, tmp_path):
    several = {key: value for key, value in content.items() if key != "task"} | {"classifiers": ["majority"]}
    several["task"] = {"each": ["checkability", "claim_detection"]}
    harness.run(several, out=tmp_path, events=tmp_path / "e.jsonl")
    (failed,) = [event for event in read(tmp_path / "e.jsonl") if event.get("state") == "failed"]
    assert failed["event"] == "run_ended"
    assert failed["experiment"].startswith("claim_detection")
    assert "does not answer the task" in failed["reason"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_ends_the_log_and_not_the_run(content, lab):
    said = []
    outcome = harness.run(content, out=lab[0] / "runs", events="/dev/full", say=said.append)
    assert len(outcome.results) == 3
    assert len(said) == 1
    assert "the run goes on without further events" in said[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_broken_pipe_ends_the_log_and_a_pipe_without_a_reader_is_refused(tmp_path):
    pipe, said = tmp_path / "pipe", []
    os.mkfifo(pipe)
    with pytest.raises(HarnessError, match="nobody reads this pipe"):
        EventLog(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with EventLog(pipe, said.append) as log:
        log.write("run_started", experiment="a")
        assert json.loads(os.read(reader, 1000))["experiment"] == "a"
        os.close(reader)
        log.write("run_ended", experiment="a")
        log.write("run_ended", experiment="a")
    assert len(said) == 1


def test_a_file_that_cannot_be_opened_is_refused_before_anything_is_fitted(content, tmp_path):
    with pytest.raises(HarnessError, match=r"--events .*nowhere"):
        harness.run(content, out=tmp_path / "runs", events=tmp_path / "nowhere" / "e.jsonl")
    assert not (tmp_path / "runs").exists()


def test_texts_that_are_no_unicode_do_not_break_a_line(tmp_path):
    with EventLog(tmp_path / "e.jsonl") as log:
        log.write("run_started", experiment="a\ud800b\nc")
    assert len((tmp_path / "e.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def readers(root):
    page = (root / "docs/how-to/follow-a-run.md").read_text(encoding="utf-8")
    return dict(re.findall(r"## ([^\n]+)\n(?:(?!## ).)*?```python\n(.*?)```", page, re.DOTALL))


def test_the_readers_of_the_docs_are_programs(root):
    assert list(readers(root)) == ["MLflow", "Weights & Biases", "OpenTelemetry"]
    for name, source in readers(root).items():
        compile(source, name, "exec")


def test_the_reader_for_mlflow_fills_its_file_store(lab, root, tmp_path):
    pytest.importorskip("mlflow")
    (tmp_path / "to_mlflow.py").write_text(readers(root)["MLflow"], encoding="utf-8")
    store = tmp_path / "store"
    env = os.environ | {"MLFLOW_TRACKING_URI": store.as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}
    command = [sys.executable, "to_mlflow.py", str(lab[0] / "events.jsonl")]
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, timeout=120)
    stored = {path.parent.parent: path.read_text(encoding="utf-8") for path in store.glob("*/*/metrics/f1")}
    values = {(run / "params/system").read_text(): float(text.split()[1]) for run, text in stored.items()}
    assert values == {result.system: pytest.approx(result.values["f1"].value) for result in lab[1].results}


def test_the_reader_for_opentelemetry_makes_a_span_of_each_fit(lab, root, tmp_path):
    pytest.importorskip("opentelemetry.sdk")
    (tmp_path / "to_spans.py").write_text(readers(root)["OpenTelemetry"], encoding="utf-8")
    command = [sys.executable, "to_spans.py", str(lab[0] / "events.jsonl")]
    spans = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120).stdout
    assert spans.count('"trace_id"') == 8
    assert spans.count('"name": "tfidf_logreg"') == 2


def test_a_profile_has_each_stage_once_and_adds_up(lab):
    profile = lab[1].profile
    rows = profile.rows()
    assert rows[0][:2] == ("all systems", "read")
    assert [stage for system, stage, _ in rows if system == "tfidf_logreg"] == ["featurize", "fit", "score", "measure"]
    assert [stage for system, stage, _ in rows if system == "majority"] == ["fit", "score", "measure"]
    assert 0 < sum(spent.wall for _, _, spent in rows) <= profile.wall
    lines = str(profile).splitlines()
    assert lines[0].split() == ["system", "stage", "wall", "s", "processor", "s", "share"]
    assert lab[1].document()["profile"]["stages"][0]["stage"] == "read"


def test_nothing_is_profiled_or_written_unless_asked_for(content, lab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = harness.run(content, out=lab[0] / "runs")
    assert outcome.profile is None
    assert "profile" not in outcome.document()
    assert list(tmp_path.iterdir()) == []
