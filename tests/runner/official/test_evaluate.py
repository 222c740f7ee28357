"""Scoring a submission: pairing, ties, faults, and the command."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import evaluate
from harness.errors import FaultsError, HarnessError

LINES = [
    "1\tA\tWe cut taxes by a third.\t1",
    "2\tA\tThank you all.\t0",
    "3\tB\tCrime doubled.\t1",
    "4\tB\tGood night.\t0",
]


def goldens(benchmarks: Path) -> list[dict]:
    entries = json.loads((benchmarks / "goldens" / "expected.json").read_text(encoding="utf-8"))
    return [entry for entry in entries if entry["benchmark"] in ("checkthat-2018-task1", "checkthat-2019-task1")]


def test_files_are_paired_by_base_name_whatever_their_order(benchmarks):
    entry = next(entry for entry in goldens(benchmarks) if entry["kind"] == "signal")
    gold = [benchmarks / pair["gold"] for pair in entry["files"]]
    predictions = [benchmarks / "goldens" / pair["predictions"] for pair in entry["files"]]
    assert (
        evaluate(entry["benchmark"], gold[::-1], predictions).files
        == evaluate(entry["benchmark"], gold, predictions).files
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    gold, predictions = tmp_path / "gold.tsv", tmp_path / "mine.tsv"
    gold.write_text("\n".join(LINES))
    predictions.write_text("3\t5.2e-05\r\n1\t-1\r\n2\t-1\r\n4\t-2e3\r\n")
    return gold, predictions


def test_ties_keep_the_order_of_the_submission(files):
    # Ranked: 3 (+), 1 (+), 2, 4, as 1 stands before 2 in the submission: AP = (1/1 + 2/2) / 2.
    assert evaluate("checkthat-2019-task1", files[:1], files[1:]).mean["average_precision"] == 1.0
    files[1].write_text("3\t5.2e-05\n2\t-1\n1\t-1\n4\t-2e3\n")
    # Now 2 stands before 1: AP = (1/1 + 2/3) / 2.
    assert evaluate("checkthat-2019-task1", files[:1], files[1:]).mean["average_precision"] == pytest.approx(5 / 6)


def test_a_member_of_a_zip_is_read(files, tmp_path):
    archive = tmp_path / "submission.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(files[1], "primary/mine.tsv")
        opened.writestr("__MACOSX/primary/._mine.tsv", b"\x00\x05\x16\x07")
    found = evaluate("checkthat-2019-task1", files[:1], [f"{archive}!primary/mine.tsv"])
    assert found.files["mine.tsv"]["average_precision"] == 1.0
    with pytest.raises(FaultsError, match=r"submission\.zip: has no member 'nope\.tsv'"):
        evaluate("checkthat-2019-task1", files[:1], [f"{archive}!nope.tsv"])


def damaged(path: Path, change: Callable[[bytearray], None]) -> Path:
    """A zip file with one packed member, in which bytes are changed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("mine.tsv", "1\t0.5\n" * 50)
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def encrypt(content: bytearray) -> None:
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + offset] |= 1


def scramble(content: bytearray) -> None:
    start = content.index(b"mine.tsv") + len("mine.tsv")
    content[start : start + 4] = b"\xff\xff\xff\xff"


def unknown_packing(content: bytearray) -> None:
    for header, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(header) + offset] = 98


@pytest.mark.parametrize("change", [encrypt, scramble, unknown_packing])
def test_a_member_that_cannot_be_unpacked_is_a_fault_of_its_zip(files, tmp_path, change):
    archive = damaged(tmp_path / "submission.zip", change)
    with pytest.raises(FaultsError, match=r"submission\.zip: is not a readable zip file: "):
        evaluate("checkthat-2019-task1", files[:1], [f"{archive}!mine.tsv"])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1\t1\n2\t1\n3\t1\n", "mine.tsv: has no line number 4 of gold.tsv; add the missing predictions"),
        ("1\t1\n2\t1\n3\t1\n4\t1\n9\t1\n", "mine.tsv:5: line number: gold.tsv has no line number 9; remove the line"),
        (
            "1\t1\n2\t1\n3\t1\n4\t1\n1\t2\n",
            "mine.tsv:5: line number: duplicate line number 1 (first on line 1); keep one line per line number",
        ),
        ("1\tnan\n2\tinf\n3\t1\n4\t1\n", "mine.tsv:2: score: expected a finite number"),
        ("1\thigh\n2\t1\n3\t1\n4\t1\n", 'mine.tsv:1: score: expected a finite number, got "high"'),
        ("1 0.5\n2\t1\n3\t1\n4\t1\n", "mine.tsv:1: expected 2 tab-separated columns (line number, score), got 1"),
        ("", "mine.tsv: is empty"),
    ],
)
def test_a_wrong_submission_is_refused_with_its_line(files, written, expected):
    files[1].write_text(written)
    with pytest.raises(FaultsError) as caught:
        evaluate("checkthat-2019-task1", files[:1], files[1:])
    assert expected in "\n".join(map(str, caught.value.faults))


def test_every_fault_of_every_file_is_said_at_once(files, tmp_path):
    other = tmp_path / "other.tsv"
    files[1].write_text("1\tx\n")
    other.write_text("2\ty\n")
    with pytest.raises(FaultsError) as caught:
        evaluate("checkthat-2019-task1", [files[0], files[0]], [files[1], other])
    assert "mine.tsv:1" in str(caught.value)
    assert "other.tsv:1" in str(caught.value)


def test_as_many_gold_as_prediction_files(files):
    with pytest.raises(HarnessError, match="got 2 gold files and 1 prediction files; pass one per gold file"):
        evaluate("checkthat-2019-task1", [files[0], files[0]], [files[1]])


def test_command_prints_the_document_of_the_contract(harness, benchmarks, tmp_path):
    entry = next(e for e in goldens(benchmarks) if e["kind"] == "ties" and "2019" in e["benchmark"])
    gold = [benchmarks / pair["gold"] for pair in entry["files"]]
    copies = [shutil.copy(benchmarks / "goldens" / pair["predictions"], tmp_path) for pair in entry["files"]]
    done = harness("evaluate", entry["benchmark"], "--gold", *gold, "--predictions", *copies, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert set(document) == {"benchmark", "mean", "files"}
    assert document["mean"] == pytest.approx(entry["expected"]["mean"], abs=1e-9)
    repeated = [part for path in copies for part in ("--predictions", path)]
    again = harness("evaluate", entry["benchmark"], "--gold", *gold, *repeated, "--json")
    assert json.loads(again.stdout) == document
