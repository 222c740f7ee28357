"""Published results: what each must say, and that a run prints ours beside theirs where part and metric are theirs."""

from __future__ import annotations

import pytest

from harness import build_report, evaluate, run
from harness.data.benchmarks.benchmark import Published, PublishedResult, benchmark_names, load_benchmark
from harness.metrics import METRICS
from harness.metrics.intervals import Value
from harness.runner.official.leaderboards import (
    leaderboard_metrics,
    leaderboards_for,
    near_distance,
    references,
    with_borrowed_intervals,
)
from harness.runner.tables import MAX_PUBLISHED_ROWS

BOARDS = [(name, board) for name in benchmark_names() for board in load_benchmark(name).published]
CONFIG = """\
name: e
task: {task}
dataset: {name}
split: {{protocol: official, train: [{train}], test: [{test}]}}
classifiers: [length, rules]
intervals: {{resamples: 100}}
"""


def test_there_are_some():
    assert len({name for name, _ in BOARDS}) >= 11


@pytest.mark.parametrize(("name", "found"), BOARDS, ids=lambda value: value if isinstance(value, str) else value.part)
def test_a_published_result_names_a_metric_a_part_a_source_and_values_that_can_be(name, found):
    low, high = METRICS.get(found.metric).bounds
    assert found.part in load_benchmark(name).parts
    assert len(found.source.split()) >= 3 or found.source.startswith("https://")
    assert found.n
    values = [system.value for system in found.systems]
    assert all(low <= value <= high for value in values)
    assert values == sorted(values, reverse=True), "the best first: a table shows the first few"
    assert len({system.system for system in found.systems}) == len(values)


@pytest.mark.parametrize(
    ("name", "task", "train", "best"),
    [
        ("checkthat-2020-task1", "check_worthiness", "train", ("n-gram baseline", "693")),
        ("newsclaims", "checkability", "dev", ("Human", "601")),
        ("checkthat-2022-task1b", "checkability", "train", ("PoliMi-FlatEarthers", "761")),
    ],
)
def test_a_run_prints_ours_beside_theirs(bring, tmp_path, name, task, train, best):
    root, (found,) = bring(name), load_benchmark(name).published
    text = CONFIG.format(name=name, task=task, train=train, test=found.part)
    (tmp_path / "e.yaml").write_text(text, encoding="utf-8")
    outcome = run(tmp_path / "e.yaml", out=tmp_path / "runs", root=root)
    assert f"published: {best[0]} .{best[1]}" in " ".join(str(outcome).split())
    assert f"published: {found.source} (over {found.n})" in str(outcome)
    assert all(entry.note in str(outcome) for entry in references(found, outcome.results)[:MAX_PUBLISHED_ROWS])
    assert found.metric in outcome.results[0].values, "an experiment that names no metric has the published one too"
    page = tmp_path / "report.html"
    build_report([outcome.folder], page, root=root)
    assert f'{best[0].replace("&", "&amp;")} <span class="tag">published</span>' in page.read_text(encoding="utf-8")
    elsewhere = text.replace(f"train: [{train}], test: [{found.part}]", f"train: [{found.part}], test: [{train}]")
    (tmp_path / "e.yaml").write_text(elsewhere, encoding="utf-8")
    other = run(tmp_path / "e.yaml", out=tmp_path / "other", root=root)
    assert "published" not in str(other)


@pytest.mark.parametrize(
    ("published", "ours", "is_near"),
    [(0.18, 0.15, True), (0.18, 0.14, False), (0.5, 0.55, True), (0.5, 0.56, False), (0.95, 0.97, False)],
)
def test_an_interval_is_borrowed_only_from_a_near_system(published, ours, is_near):
    board = Published(
        source="s", metric="f1", part="test", n="n", systems=(PublishedResult(system="theirs", value=published),)
    )
    values = {
        "far": Value(value=0.01, low=0.0, high=0.3, n_units=20, method="jackknife-t"),
        "without interval": Value(value=published, n_units=20),
        "ours": Value(value=ours, low=ours - 0.03, high=ours + 0.02, n_units=20, method="jackknife-t"),
    }
    (row,) = with_borrowed_intervals(board, values)
    assert (row.nearest, row.difference) == ("ours", pytest.approx(published - ours))
    assert f"differs by {abs(published - ours):.4f}".replace("0.", ".") in row.note
    expected = (published - 0.03, published + 0.02) if is_near else (None, None)
    assert (row.low, row.high) == (pytest.approx(expected) if is_near else expected)
    assert row.note.startswith("interval width borrowed" if is_near else "no interval")
    (alone,) = with_borrowed_intervals(board, {})
    assert (alone.low, alone.nearest) == (None, None)
    assert "no system of ours" in alone.note


def test_near_is_a_fifth_of_the_way_to_the_closer_bound_and_at_most_a_twentieth():
    assert near_distance(0.5) == 0.05
    assert near_distance(0.1) == pytest.approx(0.02)
    assert near_distance(0.9) == pytest.approx(0.02)
    assert near_distance(-0.9, (-1.0, 1.0)) == pytest.approx(0.02)


def test_every_leaderboard_of_the_tested_part_stands_beside():
    boards = load_benchmark("checkthat-2025-subjectivity").published
    split = {"protocol": "official", "train": ["en-train"], "test": ["it-test"]}
    config = {"dataset": "checkthat-2025-subjectivity", "split": split}
    assert leaderboards_for(config) == (boards[1],)
    assert leaderboards_for(config, ["f1"]) == ()
    assert leaderboards_for(config | {"split": split | {"test": ["en-test", "it-test"]}}) == ()
    assert leaderboards_for(config | {"split": {"protocol": "grouped_folds"}}) == ()
    assert leaderboard_metrics(config, binary=True) == ("macro_f1",)


def test_a_metric_of_a_positive_label_is_not_added_to_a_task_of_many_labels():
    config = {"dataset": "newsclaims", "split": {"protocol": "official", "train": ["dev"], "test": ["test"]}}
    assert leaderboard_metrics(config, binary=True) == ("f1",)
    assert leaderboard_metrics(config, binary=False) == ()


def test_the_published_random_baseline_is_what_its_file_scores_here(benchmarks, tmp_path):
    from zipfile import ZipFile

    folder = benchmarks / "clef2020_task1"
    ZipFile(folder / "data" / "v2.zip").extract("v2/dev_v2.tsv", tmp_path)
    predictions = folder / "baselines" / "task1_random_baseline_dev.tsv"
    ours = evaluate("checkthat-2020-task1", [tmp_path / "v2" / "dev_v2.tsv"], [predictions]).mean
    theirs = {system.system: system.value for system in load_benchmark("checkthat-2020-task1").published[0].systems}
    assert ours["average_precision"] == pytest.approx(theirs["random baseline"], abs=5e-5)
