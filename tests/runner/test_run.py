"""Runs: honest counts, the same numbers every time, and no work lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness import plan, run
from harness.classifiers import base
from harness.errors import HarnessError
from harness.files import WriteError
from harness.folders import folder_lock

pytestmark = pytest.mark.smoke

UNITS = 4 * (1 + 3 + 1)
"""In 4 folds: one fit of each system that ignores the seed, and three of `prior_random`."""


def contents(folder: Path) -> dict[str, bytes]:
    """Predictions and values of a run folder, by path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet" or path.name == "experiment.yaml":
            found[str(path.relative_to(folder))] = path.read_bytes()
        elif path.name == "result.json":
            document = json.loads(path.read_text(encoding="utf-8"))
            found[str(path.relative_to(folder))] = json.dumps([document["values"], document["n"]]).encode()
    return found


def test_a_run_counts_what_it_leaves_out(config, tmp_path):
    outcome = run(config, out=tmp_path / "runs")
    for result in outcome.results:
        assert (result.n, result.n_articles, result.n_positive) == (48, 8, 32)
        assert result.excluded == {"cannot tell": 8}
    assert [result.system for result in outcome.results] == ["majority", "prior_random", "length"]
    assert outcome.fitted == UNITS


def test_hand_worked_values_of_the_majority(config, tmp_path):
    majority = run(config, out=tmp_path / "runs", only=["majority"]).results[0]
    # Every claim is called checkable: precision 32/48, recall 1, F1 = 2 * 32 / (2 * 32 + 16) = .8. All scores of a fold
    # tie; each article has 4 positives of 6.
    assert majority.values["f1"].value == pytest.approx(0.8)
    # Brier with p = 2/3 for every claim: (32 * (1/3)^2 + 16 * (2/3)^2) / 48 = 2/9.
    assert majority.values["brier"].value == pytest.approx(2 / 9)
    assert majority.values["f1"].low == pytest.approx(0.8)  # every article has the same counts


def test_predictions_hold_every_claim_once_per_seed(config, small, tmp_path):
    outcome = run(config, out=tmp_path / "runs")
    table = pq.read_table(Path(outcome.results[1].path) / "predictions.parquet").to_pandas()
    assert list(table.columns) == [
        "claim_id",
        "article_id",
        "fold",
        "random_seed",
        "gold",
        "score:no",
        "score:yes",
        "predicted",
        "speaker",
        "length",
    ]
    assert len(table) == 3 * 56
    assert not table.duplicated(["claim_id", "random_seed"]).any()
    assert table["gold"].isna().sum() == 3 * 8
    assert table.groupby("article_id")["fold"].nunique().max() == 1


def test_same_config_same_bytes_whatever_the_processes_and_the_hash_seed(config, tmp_path, harness_process):
    text = config.read_text().replace("[majority, prior_random, length]", "[prior_random, tfidf_logreg, nb_logreg]")
    config.write_text(text)
    first = harness_process("run", config, "--out", tmp_path / "a", PYTHONHASHSEED="1")
    second = harness_process("run", config, "--out", tmp_path / "b", "--jobs", "2", PYTHONHASHSEED="2")
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(contents(tmp_path / "a")) == UNITS + 3 * 3
    assert run(config, out=tmp_path / "a", fresh=True).fitted == UNITS
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_resolved_config_of_a_result_gives_the_same_predictions(config, tmp_path):
    first = run(config, out=tmp_path / "a").results[0]
    second = run(Path(first.path) / "experiment.yaml", out=tmp_path / "b").results[0]
    assert contents(Path(first.path)) == contents(Path(second.path))


def test_finished_units_are_found_again(config, tmp_path):
    run(config, out=tmp_path / "runs", only=["majority"])
    planned = plan(config, out=tmp_path / "runs")
    assert (planned.units, planned.finished) == (UNITS, 4)
    assert run(config, out=tmp_path / "runs").fitted == UNITS - 4
    assert run(config, out=tmp_path / "runs").fitted == 0


def test_changing_metrics_or_intervals_refits_nothing(config, tmp_path):
    run(config, out=tmp_path / "runs")
    config.write_text(config.read_text().replace("brier]", "roc_auc]").replace("200", "300"))
    outcome = run(config, out=tmp_path / "runs")
    assert outcome.fitted == 0
    assert "roc_auc" in outcome.results[0].values


def test_a_changed_label_refits(config, small, tmp_path):
    from harness import add_claims, open_dataset

    shutil.copytree(small, tmp_path / "copy")
    config.write_text(config.read_text().replace(str(small), str(tmp_path / "copy")))
    run(config, out=tmp_path / "runs", only=["length"])
    claim = open_dataset(tmp_path / "copy").claims[0]
    add_claims(tmp_path / "copy", [{"claim_id": claim.claim_id, "checkable": "no"}], "author-pass-1")
    # The claim's own fold is scored as before and trained without it; the three other folds are trained on it.
    assert run(config, out=tmp_path / "runs", only=["length"]).fitted == 3


def test_random_folds_warn_and_grouped_folds_do_not(config, tmp_path):
    assert run(config, out=tmp_path / "runs").results[0].warnings == ()
    config.write_text(config.read_text().replace("grouped_folds", "random_folds"))
    outcome = run(config, out=tmp_path / "runs")
    assert "random split" in outcome.results[0].warnings[0]
    assert "warning: random split" in str(outcome)


def test_a_limit_is_a_trial_and_says_so(config, tmp_path):
    outcome = run(config, out=tmp_path / "runs", limit=6)
    assert outcome.results[0].n <= 4 * 6
    assert any("trial" in warning for warning in outcome.results[0].warnings)


def test_missing_claims_of_a_file_are_counted_and_shown(config, small, tmp_path):
    from harness import open_dataset

    claims = open_dataset(small).claims
    lines = ["claim_id,score", *(f"{claim.claim_id},{number}" for number, claim in enumerate(claims[:-5]))]
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    config.write_text(config.read_text().replace("[majority,", "[{name: from_file, path: mine.csv, label: mine},"))
    outcome = run(config, out=tmp_path / "runs")
    mine = outcome.results[0]
    assert mine.system == "mine"
    assert mine.excluded["without an answer"] == 5
    assert "5 of 56 claims have no answer" in str(outcome)
    assert mine.values["f1"].value is None
    assert "no labels" in mine.values["f1"].reason
    assert mine.values["average_precision"].value is not None


def test_a_frozen_split_is_followed(config, small, tmp_path, harness):
    done = harness("split", small, "-o", tmp_path / "folds.jsonl", "--k", "4")
    assert done.returncode == 0, done.stderr
    by_protocol = run(config, out=tmp_path / "a")
    config.write_text(config.read_text().replace("{protocol: grouped_folds, k: 4, by: article}", "{file: folds.jsonl}"))
    by_file = run(config, out=tmp_path / "b")
    assert {unit.name for unit in (tmp_path / "a/small/units").iterdir()} == {
        unit.name for unit in (tmp_path / "b/small/units").iterdir()
    }
    assert by_protocol.results[2].values == by_file.results[2].values


def test_two_processes_at_once_do_not_mix(config, tmp_path):
    folder = tmp_path / "runs" / "small"
    with folder_lock(folder, "a run"), pytest.raises(WriteError, match="another process is writing to this folder"):
        run(config, out=tmp_path / "runs")


def test_an_unknown_system_of_only_is_refused(config, tmp_path):
    with pytest.raises(HarnessError, match="Did you mean 'length'"):
        run(config, out=tmp_path / "runs", only=["lenght"])


def test_json_is_the_document_of_the_contract(config, tmp_path, harness):
    done = harness("run", config, "--json", "--only", "length")
    document = json.loads(done.stdout)
    assert document["experiment"] == "small"
    (result,) = document["results"]
    assert {"result_id", "system", "task", "n", "path", "values", "warnings"} <= set(result)
    assert {"value", "low", "high"} <= set(result["values"]["f1"])
    assert (tmp_path / result["path"] / "result.json").exists()
    assert harness("run", config, "--dry-run").stdout == "small: 20 units, 4 finished, in runs/small\n"


def test_a_disk_that_fills_during_a_run_loses_nothing(config, tmp_path):
    """A file-size limit of the operating system stops the run at its first file that is too large."""
    # -B: Python would keep its compiled modules cut off at the limit, and other tests would read them.
    command = f"ulimit -f 3; exec {sys.executable} -B -m harness run {config} --out {tmp_path / 'runs'}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "file-size limit" in done.stderr
    assert "runs/small" in done.stderr
    assert not list((tmp_path / "runs").rglob(".partial-*"))
    assert not list((tmp_path / "runs").rglob("result.json"))
    outcome = run(config, out=tmp_path / "runs")
    assert outcome.fitted < UNITS
    assert contents(tmp_path / "runs") == contents_of_a_clean_run(config, tmp_path)


def contents_of_a_clean_run(config: Path, tmp_path: Path) -> dict[str, bytes]:
    run(config, out=tmp_path / "clean")
    return contents(tmp_path / "clean")


@pytest.mark.parametrize("kills", [2, pytest.param(500, marks=pytest.mark.soak)])
def test_a_run_killed_at_any_instant_goes_on_where_it_stopped(config, tmp_path, kills):
    """Each kill comes a moment after up to a third of the files were written, however busy the machine is."""
    clean = contents_of_a_clean_run(config, tmp_path)
    folder = tmp_path / "runs"
    command = [sys.executable, "-m", "harness", "run", str(config), "--out", str(folder)]
    instants = random.Random(20)
    unfinished = 0
    for _ in range(kills):
        kill_once(command, folder, files=instants.randint(1, len(clean) // 3), delay=instants.uniform(0, 0.02))
        found = contents(folder)
        assert all(clean[name] == data for name, data in found.items() if ".partial-" not in name)
        if found.keys() != clean.keys():
            unfinished += 1
        else:
            shutil.rmtree(folder)
    assert unfinished > kills / 2, "the kills came too late to test anything"
    n_finished = len(list(folder.glob("*/units/*.parquet")))
    assert run(config, out=folder).fitted == UNITS - n_finished
    assert contents(folder) == clean
    assert not list(folder.rglob(".partial-*"))


def kill_once(command: list[str], folder: Path, files: int, delay: float) -> None:
    """Starts a command and kills it a moment after it has written so many files, unless it has ended by then."""
    before = count_files(folder)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and count_files(folder) < before + files:
        time.sleep(0.002)
    time.sleep(delay)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def count_files(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def test_a_grid_is_searched_inside_the_training_claims_and_the_choice_is_kept(config, tmp_path):
    grid = "[{name: length, cap: {grid: [1, 12]}, label: tuned}, {name: length, cap: 12, label: fixed}]"
    config.write_text(config.read_text().replace("[majority, prior_random, length]", grid).replace("[f1, ", "["))
    tuned, fixed = run(config, out=tmp_path / "runs").results
    # A cap of one word ties every claim; a cap of 12 ranks the long facts before the short wishes.
    assert set(tuned.provenance.chosen.values()) == {"cap=12 of 2 candidates in 3 folds"}
    assert len(tuned.provenance.chosen) == 4 * 3
    names = ("value", "low", "high")
    pairs = [[getattr(result.values["average_precision"], name) for name in names] for result in (tuned, fixed)]
    assert pairs[0] == pairs[1]


def test_articles_on_both_sides_of_a_split_are_counted_in_a_warning(config, small, tmp_path):
    from harness import open_dataset

    claims = open_dataset(small).claims
    parts = [
        {"claim_id": claim.claim_id, "part": "test" if number % 14 < 5 else "train"}
        for number, claim in enumerate(claims)
    ]  # 7 claims an article: the first 5 of every other article
    (tmp_path / "parts.jsonl").write_text("".join(json.dumps(part) + "\n" for part in parts))
    config.write_text(
        config.read_text().replace(
            "{protocol: grouped_folds, k: 4, by: article}", "{file: parts.jsonl, train: [train], test: [test]}"
        )
    )
    warning = "4 of 4 test articles have other claims in the training data, so the values are too high for new articles"
    assert run(config, out=tmp_path / "runs").results[0].warnings == (warning,)


def test_changed_gold_of_test_claims_makes_a_new_result(config, small, tmp_path):
    """The labels of two test claims trade places, so that the sequence of gold labels stays what it was."""
    from harness import add_claims, open_dataset

    shutil.copytree(small, tmp_path / "copy")
    claims = open_dataset(small).claims
    held_out = claims[0].article_id
    parts = [{"claim_id": c.claim_id, "part": "test" if c.article_id == held_out else "train"} for c in claims]
    (tmp_path / "parts.jsonl").write_text("".join(json.dumps(part) + "\n" for part in parts))
    split = "{file: parts.jsonl, train: [train], test: [test]}"
    text = config.read_text().replace("{protocol: grouped_folds, k: 4, by: article}", split)
    config.write_text(text.replace(str(small), str(tmp_path / "copy")))
    first = run(config, out=tmp_path / "runs", only=["length"])
    rows = [
        {"claim_id": claims[3].claim_id, "checkable": "cannot tell"},
        {"claim_id": claims[4].claim_id, "checkable": "yes"},
    ]
    add_claims(tmp_path / "copy", rows, "author-pass-1")
    second = run(config, out=tmp_path / "runs", only=["length"])
    assert second.fitted == 0
    assert second.results[0].result_id != first.results[0].result_id
    gold = pq.read_table(Path(second.results[0].path) / "predictions.parquet")["gold"].to_pylist()
    assert gold[3:5] == [None, "yes"]


def test_a_system_made_for_another_language_says_so_in_its_own_result(config, small, tmp_path):
    shutil.copytree(small, tmp_path / "copy")
    head = tmp_path / "copy" / "dataset.yaml"
    head.write_text(head.read_text().replace("language: en", "language: nl"))
    text = config.read_text().replace("[majority, prior_random, length]", "[rules, length]")
    config.write_text(text.replace(str(small), str(tmp_path / "copy")))
    rules, length = run(config, out=tmp_path / "runs").results
    assert rules.warnings == ("rules was made for en; the data is in 'nl'",)
    assert length.warnings == ()


def test_a_unit_waits_for_the_disk_once_and_versions_are_read_once_a_process(config, tmp_path, monkeypatch):
    synced, read = [], []
    monkeypatch.setattr("os.fsync", synced.append)
    monkeypatch.setattr(base, "version", lambda package: read.append(package) or "1")
    base._version.cache_clear()
    try:
        assert run(config, out=tmp_path / "runs").fitted == UNITS
    finally:
        base._version.cache_clear()
    assert len(read) == len(set(read)) > 0
    others = [path for path in (tmp_path / "runs").rglob("*.*") if path.is_file() and "units" not in path.parts]
    assert len(synced) <= UNITS + len(others)
