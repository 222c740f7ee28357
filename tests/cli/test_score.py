"""What `harness score` says of an archive, and after Ctrl-C."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.score import score as command
from harness.scoring import score as score_module
from harness.scoring.archive import score_span


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps({"text": f"Rents rose {n} percent."}) + "\n" for n in range(30)), "utf-8")
    return path


def scored(*arguments: object) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments), "--system", "rules"], obj=None)


def interrupt(*arguments: object, **options: object) -> None:
    raise KeyboardInterrupt


def test_the_hosts_of_an_archive_are_named_before_they_are_contacted(tmp_path):
    result = scored("nosuch://ann:secret@store/a.jsonl", "nosuch://store/b.jsonl", "-o", tmp_path / "out")
    assert result.stderr.splitlines()[0] == "network: nosuch://store"
    assert "secret" not in result.stderr


def test_an_archive_is_scored_into_a_folder(lines, tmp_path):
    result = scored(lines.parent, "--claims", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert f"{tmp_path / 'out'}: 30 claims in 1 part scored by rules\n30 in " in result.output
    assert "30 of them were there already" in scored(lines.parent, "--claims", "-o", tmp_path / "out").output
    document = json.loads(scored(lines.parent, "--claims", "-o", tmp_path / "out", "--json").stdout)
    assert (document["n"], document["n_new"], document["faults"]) == (30, 0, [])


def test_what_cannot_be_read_is_said_last(lines, tmp_path):
    (lines.parent / "b.jsonl").write_text("{\n[]\n", "utf-8")
    (lines.parent / "c.jsonl").write_text('{"text": "\u00a0"}\n{"text": "Taxes fell."}\n', "utf-8")
    result = scored(lines.parent, "--claims", "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "31 claims in 2 parts" in result.stdout
    assert "1 row without text gave no claim" in result.stdout
    assert f"{lines.parent / 'b.jsonl'}:1: expected a JSON object in UTF-8, got" in result.stderr
    assert result.stderr.endswith("harness: these have no scores yet; the rest is saved\n")


def test_what_ctrl_c_leaves_is_said_as_it_is(lines, tmp_path, monkeypatch):
    monkeypatch.setattr(score_span, "_scored", interrupt)
    result = scored(lines, "--claims", "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert "interrupted; no part is finished, so nothing is saved; run the same command again to go on" in result.stderr
    monkeypatch.setattr(score_module, "score_batches", interrupt)
    result = scored(lines, "--claims", "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 130
    assert "interrupted; nothing was written; to keep what is finished, give -o a folder (-o FOLDER)" in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "x.csv", "--jobs", 2), "--jobs needs a folder of scores: -o FOLDER"),
        (("--shard", "1/2"), "--shard needs a folder of scores: -o FOLDER"),
        (("-o", "x", "--reasons"), "--reasons: a folder of scores (-o FOLDER) holds none; give -o FILE"),
        (("-o", "x", "--max-articles", 3), "--max-articles: does not go with a folder of scores (-o FOLDER)"),
        (("s3://bucket/a", "-o", "x", "--offline"), "--offline: refuses s3://bucket/a"),
        (("-o", "-"), "-o -: standard output gets no rows; give a file, or --json for a program"),
        (("-o", "x", "--sheet", "a"), "--sheet: does not go with a folder of scores"),
    ],
)
def test_options_that_do_not_go_together(lines, arguments, message):
    result = scored(lines, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_how_a_file_was_read_is_a_note(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text\nDie Mieten in K\xf6ln stiegen um 30 Prozent.\n".encode("cp1252"))
    lines = scored(path, "--language", "en").stderr.splitlines()
    assert [line for line in lines if line.startswith("note: ") and "is not UTF-8; read as" in line]
    assert not [line for line in lines if line.startswith("warning: ") and "UTF-8" in line]
