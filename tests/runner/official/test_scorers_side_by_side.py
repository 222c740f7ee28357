"""FEVER files read line by line: the values and the faults of files that are read whole."""

from __future__ import annotations

import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from harness import FaultsError, evaluate
from harness.runner.official.scorers import SCORERS, scoring_of

LABELS = ("SUPPORTS", "REFUTES", "NOT ENOUGH INFO")
Rows = list[dict[str, Any]]


def _rows(n: int) -> tuple[Rows, Rows]:
    """Gold and predictions of n claims, some with a claim text that has colons."""
    draw, gold, predicted = random.Random(4), [], []
    for number in range(n):
        label = draw.choice(LABELS)
        groups = [[[1, 2, f"Page_{draw.randrange(4)}", draw.randrange(3)] for _ in range(2)] for _ in range(2)]
        none = [[[1, None, None, None]]]
        evidence = none if label == LABELS[2] else groups
        gold.append({"id": number, "claim": "At 12:30 it rained." * (number % 2), "label": label, "evidence": evidence})
        passages = [[f"Page_{draw.randrange(4)}", draw.randrange(3)] for _ in range(draw.randrange(8))]
        predicted.append({"id": number, "predicted_label": draw.choice(LABELS).title(), "predicted_evidence": passages})
    return gold, predicted


def _write(path: Path, rows: Rows) -> Path:
    path.write_text("\n\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def _without_ids(rows: Rows) -> Rows:
    return [{key: value for key, value in row.items() if key != "id"} for row in rows]


def _read_whole(gold: Path, predictions: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patched:
        patched.setitem(SCORERS, "fever", SCORERS["fever"]._replace(side_by_side=None))
        return evaluate("fever", gold, predictions).document()


@pytest.mark.parametrize(
    ("change_gold", "change_predictions", "side_by_side"),
    [
        (list, list, True),
        (lambda rows: [row | {"id": 0} for row in rows], list, True),
        (list, _without_ids, True),
        (list, lambda rows: rows[::-1], False),
    ],
    ids=["same-ids", "repeated-gold-ids", "no-ids", "another-order"],
)
def test_values_are_those_of_files_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change_gold: Any, change_predictions: Any, side_by_side: bool
) -> None:
    gold, predicted = _rows(60)
    gold_file = _write(tmp_path / "gold.jsonl", change_gold(gold))
    file = _write(tmp_path / "predictions.jsonl", change_predictions(predicted))
    score = SCORERS["fever"].side_by_side
    assert score is not None
    values = score(gold_file, file, scoring_of("fever"))
    assert (values is not None) == side_by_side
    document = evaluate("fever", gold_file, file).document()
    assert document == _read_whole(gold_file, file, monkeypatch)
    assert len(set(document["mean"].values())) == 5


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 3, "predicted_label": "SUPPORTS", "predicted_label" : "REFUTES", "predicted_evidence": []}',
        '{"id": 3, "predicted_label": "MAYBE", "predicted_evidence": []}',
        '{"id": 3, "predicted_label": "SUPPORTS", "predicted_evidence": [["A", "1"]]}',
        '{"id": 3, "predicted_label": "SUPPORTS", "predicted_evidence": [["\\ud800", 1]]}',
        '{"id": 3, "predicted_label": "SUPPORTS"',
        "[3]",
        "",
    ],
    ids=["repeated-key", "label", "passage", "surrogate", "cut", "no-object", "missing"],
)
def test_faults_are_those_of_files_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    gold, predicted = _rows(6)
    lines = [json.dumps(row) for row in predicted]
    lines[3] = line
    gold_file, file = _write(tmp_path / "gold.jsonl", gold), tmp_path / "predictions.jsonl"
    file.write_text("\n".join(lines))
    with pytest.raises(FaultsError) as whole:
        _read_whole(gold_file, file, monkeypatch)
    with pytest.raises(FaultsError) as streamed:
        evaluate("fever", gold_file, file)
    assert streamed.value.faults == whole.value.faults


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    gold, predicted = _rows(4000)
    files = _write(tmp_path / "gold.jsonl", gold), _write(tmp_path / "predictions.jsonl", predicted)
    evaluate("fever", *files)  # imports
    tracemalloc.start()
    try:
        evaluate("fever", *files)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < files[0].stat().st_size / 2
