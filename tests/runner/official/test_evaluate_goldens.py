"""The official numbers, against what the official programs gave."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from harness import evaluate
from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.formats import SUBMISSIONS
from harness.runner.official.scorers import SCORERS, scored_benchmarks

SCIFACT = [
    ("gold_small", "predictions_small", "expected_metrics_small"),
    *(
        ("gold_dev", f"{name}_scifact_dev.predictions", f"{name}_scifact_dev.expected")
        for name in ("fever", "fever_sci", "scifact")
    ),
]


THREE_WAY = {
    "REFUTE": "CONTRADICT",
    "NEI": "NOT_ENOUGH_INFO",
    "SUPPORT": "SUPPORT",
    "macro": "macro_f1",
    "micro": "accuracy",
}
"""Our name of each value of the converter's own program."""


def agrees(found: dict[str, float], expected: dict[str, float]) -> None:
    wanted = {metric: value for metric, value in expected.items() if metric not in ("n", "n_positive")}
    assert found == pytest.approx(wanted, abs=1e-9)


def read(path: Path) -> list | dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_checkthat_golden_agrees(benchmarks):
    entries = read(benchmarks / "goldens" / "expected.json")
    assert {entry["benchmark"] for entry in entries} == {
        "checkthat-2018-task1",
        "checkthat-2019-task1",
        "checkthat-2020-task1",
        "checkthat-2024-task1",
    }
    for entry in entries:
        gold = [benchmarks / pair["gold"] for pair in entry["files"]]
        predictions = [benchmarks / "goldens" / pair["predictions"] for pair in entry["files"]]
        found = evaluate(entry["benchmark"], gold, predictions)
        agrees(found.mean, entry["expected"]["mean"])
        for name, values in entry["expected"].get("per_file", {}).items():
            agrees(found.files[name], values)
        assert found.note is None


def test_every_fever_golden_agrees(benchmarks, tmp_path):
    lines = {
        name: (benchmarks / "fever" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        for name in ("actual", "predictions")
    }
    entries = read(benchmarks / "goldens" / "fever.json")
    assert {entry["max_evidence"] for entry in entries} == {1, 2, 5}
    for entry in entries:
        for name, of_file in lines.items():
            kept = of_file if entry["rows"] == "all" else [of_file[row] for row in entry["rows"]]
            (tmp_path / f"{name}.jsonl").write_text("".join(kept), encoding="utf-8")
        files = [tmp_path / "actual.jsonl"], [tmp_path / "predictions.jsonl"]
        agrees(evaluate("fever", *files, max_evidence=entry["max_evidence"]).mean, entry["expected"])


@pytest.mark.parametrize(("gold", "predictions", "expected"), SCIFACT, ids=lambda name: name)
def test_every_scifact_golden_agrees(benchmarks, gold, predictions, expected):
    folder = benchmarks / "goldens" / "scifact"
    wanted = read(folder / f"{expected}.json")
    agrees(evaluate("scifact", [folder / f"{gold}.jsonl"], [folder / f"{predictions}.jsonl"]).mean, wanted)
    if gold == "gold_dev":  # the publisher's data writes REFUTE where its scorer's gold has CONTRADICT
        published = benchmarks / "scifact" / "data" / "claims_dev.jsonl"
        agrees(evaluate("scifact", [published], [folder / f"{predictions}.jsonl"]).mean, wanted)


def test_every_golden_of_citation_integrity_agrees(benchmarks):
    folder = benchmarks / "goldens"
    entries = [entry for entry in read(folder / "scifact_citint" / "expected.json") if "gold" in entry]
    assert {entry["gold"].split("/")[0] for entry in entries} == {"citint", "scifact"}
    for entry in entries:
        scored_as = entry["gold"].split("/")[0]
        found = evaluate(scored_as, [benchmarks / entry["gold"]], [folder / entry["predictions"]])
        agrees(found.mean, entry["expected"])
        (by_claim,) = found.extra["by_claim"].values()
        if "three_way_f1_by_jedick_eval_py" in entry:
            three_way = entry["three_way_f1_by_jedick_eval_py"]
            agrees(by_claim, {THREE_WAY[name]: value for name, value in three_way.items()})


def test_factuality_2018_is_what_the_publisher_printed(benchmarks):
    folder = benchmarks / "clef2018"
    gold = folder / "data" / "task2" / "English" / "Task2-English-1st-Presidential.txt"
    random, perfect = (folder / "scorer_data" / f"task2_{name}.txt" for name in ("random_baseline", "gold"))
    metrics = ("mean_absolute_error", "macro_mean_absolute_error", "accuracy", "macro_f1", "macro_recall")
    found = evaluate("checkthat-2018-task2", [gold], [random])
    assert tuple(found.mean) == metrics
    assert [round(value, 4) for value in found.mean.values()] == [0.5333, 0.5132, 0.6, 0.5912, 0.6054]
    # Two files are scored as one: the mean of the two macro F1 would be .7956.
    both = evaluate("checkthat-2018-task2", [gold, gold], [random, perfect])
    assert [round(value, 4) for value in both.mean.values()] == [0.2667, 0.2566, 0.8, 0.7928, 0.8027]


@pytest.mark.parametrize(("kind", "expected"), [("random", 0.02098366142405398), ("ngram", 0.09456735615609717)])
def test_debates_2020_give_the_baselines_that_the_publisher_states(benchmarks, kind, expected):
    folder = benchmarks / "clef2020_task5"
    predictions = sorted((folder / "baselines").glob(f"task5_{kind}_*.tsv"))
    archive = folder / "data" / "v2.zip"
    members = zipfile.ZipFile(archive).namelist()
    gold = [
        f"{archive}!{member}"
        for path in predictions
        for member in members
        if Path(member).name == path.name.partition("_baseline_")[2] and "__MACOSX" not in member
    ]
    assert len(gold) == len(predictions) == 10
    assert evaluate("checkthat-2020-task5", gold, predictions).mean["average_precision"] == pytest.approx(
        expected, abs=1e-12
    )


def test_tweets_2020_give_the_baseline_that_the_publisher_states(benchmarks):
    folder = benchmarks / "clef2020_task1"
    gold = f"{folder}/data/v2.zip!v2/dev_v2.tsv"
    found = evaluate("checkthat-2020-task1", [gold], [folder / "baselines" / "task1_random_baseline_dev.tsv"])
    assert found.mean["average_precision"] == pytest.approx(0.34661954358047853, abs=1e-12)


def test_tweets_2021_give_the_baseline_that_the_publisher_states(benchmarks):
    """Its gold has the tweets of the 2020 test part; a later readme states .4795 for a random ranking of English."""
    gold = benchmarks / "clef2021_task1" / "dataset_dev_v1_english.tsv"
    random = benchmarks / "clef2020_task1" / "test-input" / "submission_instance.tsv"
    found = evaluate("checkthat-2021-task1a", [gold], [random])
    assert round(found.mean["average_precision"], 4) == 0.4795
    assert "precision_at_30" in found.mean
    assert "precision_at_50" not in found.mean
    assert found.note is not None
    assert "not verified" in found.note


def test_every_official_entry_names_a_scorer_and_a_submission_format():
    assert len(scored_benchmarks()) == 15
    for name in scored_benchmarks():
        official = load_benchmark(name).official
        assert official is not None
        assert official.scorer in SCORERS
        assert official.submission in SUBMISSIONS


def test_the_command_gives_the_goldens_too(harness, benchmarks):
    folder = benchmarks / "goldens"
    scifact = folder / "scifact"
    done = harness(
        "evaluate",
        "scifact",
        *("--gold", scifact / "gold_small.jsonl", "--predictions", scifact / "predictions_small.jsonl", "--json"),
    )
    document = json.loads(done.stdout)
    agrees(document["mean"], read(scifact / "expected_metrics_small.json"))
    assert document["files"] == {"predictions_small.jsonl": document["mean"]}
    gold = benchmarks / "clef2024_task1" / "CT24_checkworthy_english" / "CT24_checkworthy_english_dev.tsv"
    dutch = folder / "checkthat-2024-task1" / "dutch_random.tsv"
    done = harness("evaluate", "checkthat-2024-task1", "--gold", gold, "--predictions", dutch)
    assert done.returncode == 2
    assert "no id matches CT24_checkworthy_english_dev.tsv" in done.stderr
    assert "Traceback" not in done.stderr
