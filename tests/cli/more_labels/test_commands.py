"""What `suspects`, `power`, `curve` and `next` print, and their exit codes."""

from __future__ import annotations

import json

import pytest
from small_dataset import PLACES, make_dataset

from harness import run

SHARES = [0.25, 0.5, 0.75, 1]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A dataset with two articles without labels, a run of systems over shares, and a run with a model."""
    folder = tmp_path_factory.mktemp("worth")
    log = make_dataset(folder) / "annotations" / "author-pass-1.jsonl"
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if not row["claim_id"].startswith(tuple(PLACES[:2]))]
    first = next(row for row in rows if (row["axis"], row["label"]) == ("checkable", "yes"))
    first["label"] = "no"  # a planted error
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    experiment = {
        "task": "checkability",
        "dataset": str(folder / "small"),
        "metrics": ["average_precision"],
        "intervals": {"resamples": 100},
    }
    split = {"k": 2, "train_share": {"each": SHARES}}
    run(experiment | {"name": "shares", "classifiers": ["length"], "split": split}, out=folder / "runs")
    systems = {"classifiers": ["nb_logreg", "length"], "split": {"k": 2}}
    run(experiment | {"name": "systems", **systems}, only="nb_logreg", out=folder / "runs", save_models=True)
    run(experiment | {"name": "systems", **systems}, out=folder / "runs")
    return folder, first["claim_id"]


def test_suspects_are_listed_and_written(base, harness, monkeypatch):
    folder, planted = base
    monkeypatch.setenv("COLUMNS", "40")  # rows stay whole: the text of a claim stands below its row
    result = harness("suspects", folder / "runs" / "systems", "-o", "queue.jsonl")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["score", "gold", "suggested", "claim", "labeled", "by"]
    assert lines[2].split()[1:] == ["no", "yes", planted, "author-pass-1"]
    assert " million on trams and buses in " in lines[3]
    assert "length: gives no probabilities, and is left out" in lines
    assert any("by nb_logreg; gold rule: adjudicated; estimated share of wrong labels: " in line for line in lines)
    assert lines[-1].endswith("--from-scores queue.jsonl")
    document = json.loads(harness("suspects", folder / "runs" / "systems", "--json").stdout)
    assert document["suspects"][0]["claim_id"] == planted
    assert document["gold_rule"] == "adjudicated"
    refused = harness("suspects", folder / "runs" / "systems", "--system", "length")
    assert (refused.returncode, "are no probabilities" in refused.stderr) == (2, True)


def test_power_and_curve_print_a_table_and_what_it_means(base, harness):
    folder, _ = base
    plan = harness("power", folder / "runs" / "systems")
    assert plan.returncode == 0, plan.stderr
    assert plan.stdout.startswith("AP, now 36 claims in 6 articles\n")
    assert "begins to leave out 0" in plan.stdout
    assert json.loads(harness("power", folder / "runs" / "systems", "--json").stdout)["pairs"][0]["difference"] >= 0
    curves = harness("curve", folder / "runs" / "shares")
    assert curves.returncode == 0, curves.stderr
    assert "length: twice the training claims: +0.000 [" in curves.stdout
    assert "], no change\n" in curves.stdout
    assert json.loads(harness("curve", folder / "runs" / "shares", "--json").stdout)["curves"][0]["law"]["gain"] == 0
    refused = harness("curve", folder / "runs" / "systems")
    assert (refused.returncode, "no system is fitted to shares" in refused.stderr) == (2, True)


def test_next_ranks_the_articles_without_labels(base, harness):
    folder, _ = base
    system = ["--system", folder / "runs" / "systems"]
    result = harness("next", folder / "small", *system, "-o", "order.jsonl")
    assert result.returncode == 0, result.stderr
    assert "2 articles with claims without a label on checkable, 6 articles with labels" in result.stdout
    articles = json.loads(harness("next", folder / "small", *system, "--json").stdout)["articles"]
    assert {article["article_id"] for article in articles} == set(PLACES[:2])
