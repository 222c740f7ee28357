"""Unit files: whole or fitted again, whatever happened to their bytes."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness import FaultsError, HarnessError, compare_results, plan, run
from harness.runner.cost import read_cost
from harness.runner.units.unit_file import Predictions, encode_unit, read_unit

IDS = np.array(["a-1", "a-2", "b-1"], dtype=object)
PREDICTIONS = Predictions(
    scores=np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]]),
    predicted=np.array([1, -1, 0]),
    probabilities=True,
    gives_scores=True,
    gives_labels=True,
    n_unanswered=1,
    chosen="C=1",
    unanswered_by_reason={"cut off": 1},
    reasons=['[["digits", "7", 0.5]]', None, "[]"],
)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "u1.parquet"
    path.write_bytes(encode_unit("u1", IDS, ("no", "yes"), PREDICTIONS).data)
    return path


def test_a_unit_is_read_as_it_was_written(stored):
    unit = read_unit(stored, "u1")
    assert np.array_equal(unit.predictions.scores, PREDICTIONS.scores)
    assert np.array_equal(unit.predictions.predicted, PREDICTIONS.predicted)
    assert unit.predictions._replace(scores=0, predicted=0) == PREDICTIONS._replace(scores=0, predicted=0)


@pytest.mark.parametrize(
    "changed",
    [
        {"scores": PREDICTIONS.scores + 1e-16 * np.array([[0, 0], [0, 0], [0, 1]])},
        {"predicted": np.array([1, 1, 0])},
        {"probabilities": False},
        {"n_unanswered": 0},
        {"chosen": None},
        {"reasons": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_part_of_the_predictions_is_in_the_fingerprint(stored, tmp_path, changed):
    other = tmp_path / "other.parquet"
    other.write_bytes(encode_unit("u1", IDS, ("no", "yes"), PREDICTIONS._replace(**changed)).data)
    assert read_unit(other, "u1").fingerprint != read_unit(stored, "u1").fingerprint


def test_a_file_of_another_unit_is_not_the_unit(stored, tmp_path):
    shutil.copy(stored, tmp_path / "u2.parquet")
    assert read_unit(tmp_path / "u2.parquet", "u2") is None
    assert read_unit(tmp_path / "missing.parquet", "u1") is None


def test_a_damaged_file_is_never_read_as_other_predictions(stored):
    whole = stored.read_bytes()
    right = read_unit(stored, "u1").fingerprint
    draw = random.Random(19)
    refused = 0
    for trial in range(400):
        data = bytearray(whole)
        if trial % 2:
            data = data[: draw.randrange(len(data))]
        else:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        stored.write_bytes(data)
        unit = read_unit(stored, "u1")
        refused += unit is None
        # Some bytes of a Parquet file mean nothing (statistics, the name of the writer): there the values still hold.
        assert unit is None or (
            unit.fingerprint == right and np.array_equal(unit.predictions.scores, PREDICTIONS.scores)
        )
    assert refused > 250


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(
        {
            "emptied": b"",
            "cut": data[:middle],
            "scrambled": data[: middle - 20] + bytes(40) + data[middle + 20 :],
            "text": b"not found\n",
        }[how]
    )


@pytest.mark.parametrize("how", ["emptied", "cut", "scrambled", "text"])
def test_a_damaged_unit_is_fitted_again_and_counted(config, tmp_path, how):
    first = run(config, out=tmp_path, only=["prior_random"])
    before = {result.result_id: result.values for result in first.results}
    damage(sorted((tmp_path / "small" / "units").glob("*.parquet"))[0], how)
    assert plan(config, out=tmp_path, only=["prior_random"]).finished == 11
    again = run(config, out=tmp_path, only=["prior_random"])
    assert (again.fitted, again.damaged) == (1, 1)
    assert {result.result_id: result.values for result in again.results} == before
    assert run(config, out=tmp_path, only=["prior_random"]).fitted == 0


@pytest.mark.parametrize("name", ["predictions.parquet", "result.json", "experiment.yaml"])
@pytest.mark.parametrize("how", ["emptied", "cut", "scrambled", "text"])
def test_a_damaged_file_of_a_result_is_made_again(config, tmp_path, name, how):
    first = run(config, out=tmp_path, only=["majority", "length"])
    files = {path: path.read_bytes() for path in Path(first.results[0].path).iterdir()}
    damage(Path(first.results[0].path) / name, how)
    again = run(config, out=tmp_path, only=["majority", "length"])
    assert again.fitted == 0
    for path, content in files.items():
        assert path.name == "result.json" or path.read_bytes() == content
    assert len(compare_results([tmp_path / "small"]).systems) == 2


@pytest.mark.parametrize("again", [{}, {"fresh": True}, {"overrides": ["intervals.resamples=150"]}])
@pytest.mark.parametrize("place", [os.mkdir, os.mkfifo])
def test_a_run_names_what_stands_in_the_place_of_a_cost_file(config, tmp_path, place, again):
    run(config, out=tmp_path, only=["length"])
    path = next((tmp_path / "small" / "units").glob("*.cost.json"))
    path.unlink()
    place(path)
    with pytest.raises(HarnessError, match=rf"{path.name}: .*(folder|device or a pipe)"):
        run(config, out=tmp_path, only=["length"], **again)
    assert path.exists()


@pytest.mark.parametrize("read", [lambda path: read_unit(path, "u1"), read_cost])
@pytest.mark.parametrize("place", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_in_the_place_of_a_unit_is_named(read, place, tmp_path):
    for name in ("u1.parquet", "u1.cost.json"):
        place(tmp_path / name)
    with pytest.raises(FaultsError, match=r"u1.* is a (folder|device or a pipe); expected a file"):
        read(tmp_path / "u1.parquet")
