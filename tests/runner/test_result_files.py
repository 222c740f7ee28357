"""The files of a result: they read back as what the run gave; damaged, foreign and older ones are a message."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import compare_results, run
from harness.compare.results import read_table
from harness.errors import FaultsError
from harness.runner.result_files import Result, read_predictions, read_result

CONFIG = """\
name: kinds
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers:
  - majority
  - length
  - {{name: tfidf_logreg, C: {{grid: [0.1, 1]}}}}
  - {{name: from_file, path: {folder}/labels.csv, label: labels-only}}
  - {{name: from_file, path: {folder}/scores.csv, label: scores-only}}
metrics: [f1, average_precision, brier, {{name: precision_at, k: 3}}]
random_seeds: [1, 2]
intervals: {{resamples: 100}}
"""


@pytest.fixture(scope="module")
def results(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Results of systems that give different kinds of answers, by system."""
    folder = tmp_path_factory.mktemp("kinds")
    lines = (small / "claims.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(line)["claim_id"] for line in lines]
    labels = [f"{claim_id},{'yes' if number % 2 else 'no'}" for number, claim_id in enumerate(ids)]
    scores = [f"{claim_id},{number}" for number, claim_id in enumerate(ids)]
    (folder / "labels.csv").write_text("claim_id,label\n" + "\n".join(labels), encoding="utf-8")
    (folder / "scores.csv").write_text("claim_id,score\n" + "\n".join(scores), encoding="utf-8")
    (folder / "kinds.yaml").write_text(CONFIG.format(dataset=small, folder=folder), encoding="utf-8")
    return {result.system: result for result in run(folder / "kinds.yaml", out=folder / "runs").results}


@pytest.fixture
def copy(results: dict[str, Result], tmp_path: Path) -> Path:
    """A copy of a result folder, to damage."""
    return Path(shutil.copytree(results["majority"].path, tmp_path / "copy"))


def test_a_result_reads_back_as_what_the_run_gave(results):
    for result in results.values():
        assert read_result(result.path) == result


def test_a_moved_result_says_where_it_is_now(results, copy):
    assert read_result(copy) == results["majority"].model_copy(update={"path": str(copy)})


def test_what_there_can_be_several_of_is_a_list(results):
    provenance = json.loads((Path(results["majority"].path) / "result.json").read_text())["provenance"]
    assert [dataset["name"] for dataset in provenance["datasets"]] == ["small"]
    assert [scheme["name"] for scheme in provenance["schemes"]] == ["three-axes"]
    assert len(provenance["units"]) == 4
    searched = json.loads((Path(results["tfidf_logreg"].path) / "result.json").read_text())["provenance"]
    assert len(searched["units"]) == 4 * 2  # the seed draws the folds of the search


def test_a_result_says_what_kinds_of_answers_its_system_gives(results):
    kinds = {
        system: (given.gives_scores, given.gives_labels, given.gives_probabilities)
        for system, given in ((system, result.provenance) for system, result in results.items())
    }
    assert kinds == {
        "majority": (True, True, True),
        "length": (True, True, False),
        "tfidf_logreg": (True, True, True),
        "labels-only": (False, True, False),
        "scores-only": (True, False, False),
    }


def test_results_that_are_compared_give_what_their_systems_give(results):
    table = read_table([result.path for result in results.values()])
    for entry in table.entries:
        provenance = entry.result.provenance
        assert {run.probabilities for run in entry.runs} == {provenance.gives_probabilities}
        assert {run.scores is not None for run in entry.runs} == {provenance.gives_scores}
        assert entry.result.values["brier"].value is None or provenance.gives_probabilities


def test_values_carry_the_short_name_of_their_metric(results):
    for result in results.values():
        assert [value.short_name for value in result.values.values()] == ["F1", "AP", "Brier", "P@3"]


def test_predictions_are_columns_by_name(results):
    searched = read_predictions(results["tfidf_logreg"])
    assert {len(column) for column in searched.values()} == {56 * 2}
    columns = read_predictions(results["majority"])
    assert {len(column) for column in columns.values()} == {56}
    assert columns["score:yes"].dtype == np.float64
    assert set(columns["predicted"]) == {"yes"}


def changed(**fields: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "result.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields), encoding="utf-8")

    return change


def written(data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "result.json").write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (lambda folder: (folder / "result.json").unlink(), "copy: holds no finished result"),
        (lambda folder: shutil.rmtree(folder), "copy: holds no finished result"),
        (written(b""), "copy/result.json: is not JSON"),
        (written(b"\x00\xff\x00"), "copy/result.json: is not JSON"),
        (written(b'{"format": 3, "values": {'), "copy/result.json: is not JSON"),
        (written(b"[" * 100_000), "copy/result.json: is not JSON"),
        (written(b"[1, 2]"), "copy/result.json: format: expected 4"),
        (written(b"{}"), "copy/result.json: format: expected 4, got null"),
        (changed(format=2), "copy/result.json: format: expected 4, got 2; run the experiment again"),
        (changed(n="many"), "copy/result.json: n: expected an integer"),
        (changed(provenance={"config": 5}), "copy/result.json: provenance.config: expected"),
        (changed(extra=1), "copy/result.json: extra: is not a known field"),
        (changed(n=float("nan")), "copy/result.json: n: "),
        (changed(n=7), "copy/result.json: was changed after it was written; run the experiment again"),
    ],
)
def test_a_result_that_is_damaged_foreign_or_older_is_a_message(copy, damage, place):
    damage(copy)
    with pytest.raises(FaultsError) as caught:
        read_result(copy)
    assert place in str(caught.value)
    assert all(fault.message.endswith("run the experiment again") for fault in caught.value.faults)


def table_with(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "predictions.parquet"
        pq.write_table(change(pq.read_table(path)), path)

    return damage


def replaced(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def cut(folder: Path) -> None:
    path = folder / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (lambda folder: (folder / "predictions.parquet").unlink(), "copy: holds no finished result (predictions"),
        (cut, "copy/predictions.parquet: is not a Parquet file"),
        (table_with(lambda table: table.slice(0, 0)), "copy/predictions.parquet: holds no predictions"),
        (table_with(lambda table: table.drop_columns(["fold"])), "copy/predictions.parquet: has no column 'fold'"),
        (
            table_with(lambda table: table.drop_columns(["score:yes"])),
            "predictions.parquet: has no column of score",
        ),
        (
            table_with(lambda table: replaced(table, "random_seed", ["1"] * len(table))),
            "copy/predictions.parquet: column 'random_seed': expected int64, got string",
        ),
        (
            table_with(lambda table: replaced(table, "score:yes", [float("nan")] * len(table))),
            "copy/predictions.parquet: column 'score:yes': expected finite numbers only",
        ),
    ],
)
def test_predictions_that_are_damaged_or_foreign_are_a_message(results, copy, damage, place):
    damage(copy)
    with pytest.raises(FaultsError) as caught:
        compare_results([results["length"].path, copy])
    assert place in str(caught.value)
    assert all(fault.message.endswith("run the experiment again") for fault in caught.value.faults)


@pytest.mark.parametrize("name", ["result.json", "predictions.parquet"])
def test_running_the_experiment_again_mends_a_damaged_result(config, tmp_path, name):
    (first,) = run(config, out=tmp_path / "runs", only=["majority"]).results
    predictions = (Path(first.path) / "predictions.parquet").read_bytes()
    (Path(first.path) / name).write_text("{", encoding="utf-8")
    outcome = run(config, out=tmp_path / "runs", only=["majority"])
    assert outcome.fitted == 0
    assert read_result(first.path).values == first.values
    assert (Path(first.path) / "predictions.parquet").read_bytes() == predictions
