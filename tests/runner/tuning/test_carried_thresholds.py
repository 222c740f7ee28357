"""The table of thresholds carried from each source to each, recomputed from predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score, precision_score
from transfer_sources import make_source, make_sources, write_config

from harness import build_report, run

OTHER_PROTOCOL = "protocol: transfer, by: source, k: 2 => protocol: leave_one_out, by: source"
METRICS = "metrics: [average_precision, f1] => metrics: [average_precision, f1, precision]"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("carried")
    config = write_config(folder / "carried.yaml", make_sources(folder), metrics=METRICS)
    return run(config, out=folder / "runs")


def predictions_of(result):
    table = pq.read_table(Path(result.path) / "predictions.parquet").to_pandas()
    table["source"] = table.claim_id.str.partition(":")[0]
    return table[table.gold.notna()]


def by_name(outcome):
    return {result.system: result for result in outcome.results}


def test_each_cell_is_the_value_of_the_predictions_beside_the_best_over_all_thresholds(outcome):
    for train_on in ("alpha", "beta"):
        result = by_name(outcome)[f"cut[train_on={train_on}]"]
        carried = result.carried_thresholds
        assert (carried.classifier, carried.train_on, carried.by) == ("cut", train_on, "source")
        assert (carried.metric, carried.aim.aim) == ("f1", "f1")
        (threshold,) = carried.thresholds
        assert f"threshold {threshold:.4g} " in result.provenance.chosen[f"{train_on} to others, seed 13"]
        table = predictions_of(result)
        assert [cell.group for cell in carried.groups] == ["alpha", "beta", "single"]
        for cell in carried.groups:
            rows = table[table.source == cell.group]
            gold, scores = rows.gold == "yes", rows["score:yes"].to_numpy()
            assert cell.n == len(rows)
            assert cell.value == pytest.approx(f1_score(gold, rows.predicted == "yes"))
            if cell.group != train_on:
                assert cell.value == pytest.approx(f1_score(gold, scores >= threshold))
            best = max(f1_score(gold, scores >= cutoff) for cutoff in np.unique(scores))
            assert cell.oracle_value == pytest.approx(best)
            (own,) = cell.oracle_thresholds
            assert f1_score(gold, scores >= own) == pytest.approx(best)
            assert cell.value <= cell.oracle_value
    # alpha cuts at 8 words, beta at 14, so a carried threshold costs something
    cell = by_name(outcome)["cut[train_on=alpha]"].carried_thresholds.groups[1]
    assert cell.value < cell.oracle_value


def test_the_metric_is_that_of_the_aim(outcome):
    result = by_name(outcome)["sure[train_on=alpha]"]
    carried = result.carried_thresholds
    assert (carried.metric, carried.short_name) == ("precision", "P")
    table = predictions_of(result)
    beta = table[table.source == "beta"]
    cell = carried.groups[1]
    assert cell.value == pytest.approx(precision_score(beta.gold == "yes", beta.predicted == "yes"))
    assert cell.oracle_value >= 0.8


def test_systems_without_a_threshold_and_other_protocols_have_no_table(outcome, tmp_path):
    assert by_name(outcome)["plain[train_on=alpha]"].carried_thresholds is None
    sources = [make_source(tmp_path, name, articles=3, words=8) for name in ("one", "two")]
    config = write_config(
        tmp_path / "e.yaml",
        sources,
        split="protocol: transfer, by: source, k: 2 => protocol: leave_one_out, by: source",
    )
    other = run(config, out=tmp_path / "runs")
    assert all(result.carried_thresholds is None for result in other.results)
    assert "oracle" not in str(other)
    assert "carried_thresholds" not in other.results[0].summary()


def test_run_result_and_report_show_the_matrix(outcome, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    carried = by_name(outcome)["cut[train_on=beta]"].carried_thresholds
    cells = [f"{cell.value:.3f} ({cell.oracle_value:.3f})".replace("0.", ".") for cell in carried.groups]
    text = str(outcome)
    heading = next(line for line in text.splitlines() if line.startswith("F1 of cut, threshold from"))
    assert heading.split()[-6:] == ["on", "alpha", "on", "beta", "on", "single"]
    (row,) = (line for line in text.splitlines() if line.startswith("beta ") and cells[0] in line)
    assert all(cell in row for cell in cells)
    assert f"{carried.thresholds[0]:.3g}" in row
    assert text.count("in parentheses, the oracle") == 1
    assert "sure: thresholds for the aim precision 0.8" in text
    document = json.loads((Path(outcome.results[2].path) / "result.json").read_text(encoding="utf-8"))
    assert document["carried_thresholds"]["groups"][1]["group"] == "beta"
    summary = outcome.document()["results"]
    assert summary[2]["carried_thresholds"]["thresholds"]
    page = build_report([outcome.folder], tmp_path / "report.html").path.read_text(encoding="utf-8")
    assert "Carried thresholds" in page
    assert all(cell in page and cell in outcome._repr_html_() for cell in cells)


def test_a_matrix_that_is_too_wide_lists_pairs(outcome, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = str(outcome).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("F1 of cut, threshold from"))
    assert lines[start].split()[-3:] == ["on", "F1", "oracle"]
    assert [line.split()[:2] for line in lines[start + 2 : start + 8]] == [
        [train_on, group] for train_on in ("alpha", "beta") for group in ("alpha", "beta", "single")
    ]


def test_a_cell_without_a_threshold_is_a_dash_with_its_reason(tmp_path):
    sources = [make_source(tmp_path, "alpha", articles=4, words=8), make_source(tmp_path, "beta", articles=2, words=14)]
    outcome = run(write_config(tmp_path / "e.yaml", sources), out=tmp_path / "runs", only=["cut"])
    cells = {cell.group: cell for cell in outcome.results[1].carried_thresholds.groups}
    assert cells["alpha"].value is not None
    assert cells["beta"].value is None
    assert "only one article to train on" in cells["beta"].reason
    assert cells["beta"].oracle_value is not None
    assert "cut, beta on beta: not calibrated, no threshold chosen: only one article to train on" in str(outcome)


def test_several_seeds_have_a_threshold_each(tmp_path):
    sources = [make_source(tmp_path, name, articles=3, words=8) for name in ("one", "two")]
    config = write_config(tmp_path / "e.yaml", sources, seeds="metrics: => random_seeds: [1, 2]\nmetrics:")
    outcome = run(config, out=tmp_path / "runs", only=["cut"])
    carried = outcome.results[0].carried_thresholds
    assert len(carried.thresholds) == len(carried.groups[1].oracle_thresholds) == 2
    assert carried.groups[1].value == pytest.approx(outcome.results[0].slices[1].values["f1"].value)
