"""Archives: every row once, whatever was killed, damaged, changed or cut off."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import HarnessError, score, score_archive
from harness.data.streams.files import list_files
from harness.files import WriteError, sha256
from harness.folders import folder_lock
from harness.scoring.archive import parts as part_files
from harness.scoring.archive import score_archive as score_archive_module

SENTENCES = [f"In {1900 + number} the council spent {number} million on trains." for number in range(240)]


def write_parquet(path: Path, texts: list[str], *, size: int = 40, column: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({column: texts}), path, row_group_size=size)
    return path


def rows_of(folder: Path) -> list[dict]:
    rows = [row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: (row["input"], row["block"], row["row"], row["start"]))


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in folder.glob("*.parquet")}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write_parquet(tmp_path / "in" / "year=2020" / "a.parquet", SENTENCES[:120])
    lines = [json.dumps({"text": text, "claim_id": f"c{number}"}) for number, text in enumerate(SENTENCES[120:200])]
    (tmp_path / "in" / "b.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    with gzip.open(tmp_path / "in" / "c.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write("text\n" + "\n".join(f'"{text}"' for text in SENTENCES[200:]) + "\n")
    (tmp_path / "in" / "_SUCCESS").write_text("")
    return tmp_path / "in"


def test_each_row_has_the_score_that_it_has_alone(archive, tmp_path):
    result = score_archive(archive, "rules", tmp_path / "out", claims=True)
    assert (result.n, result.n_new, result.n_rows, result.n_parts, result.faults) == (240, 240, 240, 5, [])
    rows = rows_of(tmp_path / "out")
    assert [row["text"] for row in rows] == [*SENTENCES[120:], *SENTENCES[:120]]  # b.jsonl, c.csv.gz, year=2020
    assert [row["claim_id"] for row in rows if row["input"].endswith("b.jsonl")] == [f"c{n}" for n in range(80)]
    (tmp_path / "alone.jsonl").write_text("".join(json.dumps({"text": row["text"]}) + "\n" for row in rows), "utf-8")
    alone = score(tmp_path / "alone.jsonl", "rules", claims=True, reasons=False).claims
    assert [row["score:yes"] for row in rows] == [claim.score["yes"] for claim in alone]
    assert [row["predicted"] for row in rows] == [claim.predicted for claim in alone]


def test_a_second_command_makes_nothing_again(archive, tmp_path):
    out = tmp_path / "out"
    score_archive(archive, "rules", out, claims=True)
    before = stamps(out)
    again = score_archive(archive, "rules", out, claims=True)
    assert (again.n, again.n_new) == (240, 0)
    assert stamps(out) == before


def test_shards_give_the_rows_of_one_process(archive, tmp_path):
    score_archive(archive, "rules", tmp_path / "one", claims=True)
    counts = [score_archive(archive, "rules", tmp_path / "two", claims=True, shard=(i, 2)).n_new for i in (1, 2)]
    assert sum(counts) == 240
    assert stamps(tmp_path / "one").keys() == stamps(tmp_path / "two").keys()
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "two")


@pytest.mark.soak
def test_two_processes_give_the_rows_of_one(archive, tmp_path):
    score_archive(archive, "rules", tmp_path / "one", claims=True)
    assert score_archive(archive, "rules", tmp_path / "two", claims=True, jobs=2).n_new == 240
    assert rows_of(tmp_path / "two") == rows_of(tmp_path / "one")


def test_an_interrupted_command_goes_on_without_a_lost_or_doubled_row(tmp_path, monkeypatch):
    source = write_parquet(tmp_path / "in.parquet", SENTENCES)
    out = tmp_path / "out"
    finish = part_files.PartWriter.finish

    def interrupted(writer, file, info):
        if info.block == 2:
            raise KeyboardInterrupt
        return finish(writer, file, info)

    with monkeypatch.context() as patch:
        patch.setattr(part_files.PartWriter, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            score_archive(source, "rules", out, claims=True)
    before = stamps(out)
    assert len(before) == 2
    # What a killed process leaves: an unfinished part, and the follower of a part that it did not remove.
    (out / ".unfinished-1-of-1").mkdir()
    (out / ".unfinished-1-of-1" / "x.parquet").write_bytes(b"PAR1")
    first = min(before)
    stale = pq.read_table(out / first)
    writer_info = part_files.read_part(out / first)
    with part_files.part_writer(out, out / ".unfinished-1-of-1", stale.schema) as writer:
        writer.write(stale)
        (file,) = list_files([str(source)])
        writer.finish(file, replace(writer_info, version="older", content="0" * 16))
    assert len(stamps(out)) == 3
    result = score_archive(source, "rules", out, claims=True)
    assert (result.n, result.n_new) == (240, 160)
    assert stamps(out).items() >= before.items()
    assert [(row["block"], row["row"]) for row in rows_of(out)] == [(n // 40, n % 40) for n in range(240)]
    assert not [path for path in out.iterdir() if path.is_dir()]


@pytest.mark.soak
def test_a_killed_command_goes_on_without_a_lost_or_doubled_row(tmp_path):
    source = write_parquet(tmp_path / "in.parquet", SENTENCES * 10, size=60)
    out = tmp_path / "out"
    code = f"import harness; harness.score_archive({str(source)!r}, 'rules', {str(out)!r}, claims=True)"
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(Path.cwd())})
    while process.poll() is None and len(list(out.glob("*.parquet"))) < 1:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = stamps(out)
    assert 1 <= len(before) < 40
    result = score_archive(source, "rules", out, claims=True)
    assert result.n == 2_400
    assert stamps(out).items() >= before.items()
    assert [(row["block"], row["row"]) for row in rows_of(out)] == [(n // 60, n % 60) for n in range(2_400)]
    assert not [path for path in out.iterdir() if path.is_dir()]


def test_a_damaged_part_is_made_again(archive, tmp_path):
    out = tmp_path / "out"
    score_archive(archive, "rules", out, claims=True)
    rows = rows_of(out)
    cut, flipped, *_ = sorted(out.glob("*.parquet"))
    cut.write_bytes(cut.read_bytes()[:-20])
    data = bytearray(flipped.read_bytes())
    data[200] ^= 255
    flipped.write_bytes(bytes(data))
    result = score_archive(archive, "rules", out, claims=True)
    assert "is damaged; its rows are scored again (and 1 more)" in result.warnings[0]
    assert rows_of(out) == rows


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
@pytest.mark.parametrize(("put", "what"), [(os.mkfifo, "is a device or a pipe"), (os.mkdir, "is a folder")])
def test_what_stands_in_the_place_of_a_part_is_named_and_stays(tmp_path, suffix, put, what):
    source, out = tmp_path / f"in{suffix}", tmp_path / "out"
    if suffix == ".parquet":
        write_parquet(source, SENTENCES[:80])
    else:
        source.write_text("".join(json.dumps({"text": text}) + "\n" for text in SENTENCES[:80]), "utf-8")
    score_archive(source, "rules", out, claims=True)
    part = min(out.glob("*.parquet"))
    part.unlink()
    put(part)
    result = score_archive(source, "rules", out, claims=True)
    assert [(fault.path, fault.message) for fault in result.faults] == [(str(part), f"{what}; expected a file")]
    assert not part.is_file()
    other = write_parquet(tmp_path / "other.parquet", SENTENCES[:1])
    assert "of inputs that this command does not name" in score_archive(other, "rules", out, claims=True).warnings[0]


def test_a_changed_input_replaces_its_part(tmp_path):
    out = tmp_path / "out"
    source = write_parquet(tmp_path / "in.parquet", SENTENCES[:80])
    score_archive(source, "rules", out, claims=True)
    write_parquet(source, ["We hope so!", *SENTENCES[1:30]])
    result = score_archive(source, "rules", out, claims=True)
    assert "block 0: changed since it was scored" in result.warnings[0]
    assert [row["text"] for row in rows_of(out)] == ["We hope so!", *SENTENCES[1:30]]


def test_an_input_that_cannot_be_read_any_more_leaves_no_scores_of_what_it_was(tmp_path):
    source, out = tmp_path / "in.jsonl", tmp_path / "out"
    source.write_text('{"text": "Rents rose."}\n', "utf-8")
    assert score_archive(source, "rules", out, claims=True).n == 1
    source.write_text('{"text": "Rents fell."}\n{"text": "Ren', "utf-8")
    result = score_archive(source, "rules", out, claims=True)
    assert [fault.line for fault in result.faults] == [2]
    assert result.n == 0
    assert rows_of(out) == []


def test_what_cannot_be_read_is_told_and_the_rest_is_scored(archive, tmp_path):
    whole = (archive / "year=2020" / "a.parquet").read_bytes()
    (archive / "half.parquet").write_bytes(whole[: len(whole) // 2])
    write_parquet(archive / "year=2021" / "z.parquet", SENTENCES[:3], column="body")
    (archive / "d.jsonl").write_text('{"text": "Rents rose."}\n{"text": "Ren', "utf-8")
    (archive / "e.jsonl").write_text('{"body": "Rents rose."}\n{"text": 5}\n', "utf-8")
    (archive / "f.csv").write_text("text,b\nRents rose.,1\nRents,rose,2\n", "utf-8")
    (archive / "g.jsonl.gz").write_bytes(gzip.compress(b'{"text": "Rents rose."}\n' * 99)[:-9])
    result = score_archive(archive, "rules", tmp_path / "out", claims=True)
    assert result.n == 240
    messages = [str(fault).removeprefix(f"{archive}/") for fault in result.faults]
    assert [message.split(": ")[0] for message in messages] == [
        *("half.parquet", "d.jsonl:2", "e.jsonl:1", "e.jsonl:2", "f.csv", "g.jsonl.gz", "year=2021/z.parquet")
    ]
    assert "cannot be read as Parquet" in messages[0]
    assert "expected a JSON object" in messages[1]
    assert "--column text=NAME" in messages[2]
    assert "expected text, got 5" in messages[3]
    assert "Expected 2 columns, got 3" in messages[4]
    assert "no column is called 'text'" in messages[6]
    (archive / "half.parquet").write_bytes(whole)
    assert score_archive(archive / "half.parquet", "rules", tmp_path / "out", claims=True).n_new == 120


def test_a_full_disk_keeps_the_finished_parts(tmp_path, monkeypatch):
    source = write_parquet(tmp_path / "in.parquet", SENTENCES)
    out = tmp_path / "out"
    write = pq.ParquetWriter.write_table
    calls = []

    def fills(self, table, *args, **kwargs):
        calls.append(table)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return write(self, table, *args, **kwargs)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", fills)
    with pytest.raises(WriteError, match="the disk is full; free some space and run the same command again"):
        score_archive(source, "rules", out, claims=True)
    assert len(stamps(out)) == 2
    assert score_archive(source, "rules", out, claims=True).n_new == 160


def test_shards_that_begin_at_the_same_time_share_a_new_folder(tmp_path, monkeypatch):
    folder, make_folder = tmp_path / "out", part_files.make_folder

    def make_while_another_shard_begins(path: Path) -> None:
        monkeypatch.undo()
        make_folder(path)
        part_files.prepare(folder, {"labels": ["a"]})

    for labels, is_same in ((["a"], True), (["b"], False)):
        monkeypatch.setattr(part_files, "make_folder", make_while_another_shard_begins)
        with nullcontext() if is_same else pytest.raises(HarnessError, match=r"other settings \(labels\)"):
            part_files.prepare(folder, {"labels": labels})
        shutil.rmtree(folder)


def test_other_settings_and_other_folders_are_refused(archive, tmp_path):
    out = tmp_path / "out"
    score_archive(archive, "rules", out, claims=True)
    with pytest.raises(HarnessError, match=r"made with other settings \(.*system"):
        score_archive(archive, "length", out, claims=True)
    with pytest.raises(HarnessError, match=r"other settings \(--claims\)"):
        score_archive(archive, "rules", out)
    with pytest.raises(HarnessError, match=r"is not empty and has no scores\.json"):
        score_archive(archive, "rules", archive, claims=True)


def test_a_folder_without_scores_takes_other_settings_unless_it_is_in_use(tmp_path):
    source, out = write_parquet(tmp_path / "in.parquet", SENTENCES[:120], column="body"), tmp_path / "out"
    result = score_archive(source, "rules", out, claims=True)
    assert [fault.code for fault in result.faults] == ["missing-column"]  # not one for each of three row groups
    in_use = folder_lock(out, "a test", name=f"{part_files.UNFINISHED}1-of-2.lock")
    with in_use, pytest.raises(HarnessError, match=r"other settings \(--column\)"):
        score_archive(source, "rules", out, claims=True, columns={"text": "body"})
    assert score_archive(source, "rules", out, claims=True, columns={"text": "body"}).n == 120


def test_settings_that_another_process_replaced_end_the_scoring(archive, tmp_path, monkeypatch):
    out, lock = tmp_path / "out", score_archive_module.folder_lock

    def replaced(folder, *args, **options):
        part_files.prepare(folder, {"system": "another"})
        return lock(folder, *args, **options)

    monkeypatch.setattr(score_archive_module, "folder_lock", replaced)
    with pytest.raises(HarnessError, match="made with other settings"):
        score_archive(archive, "rules", out, claims=True)
    assert not list(out.glob("*.parquet"))


def test_a_small_file_of_lines_has_several_blocks(tmp_path):
    lines = [json.dumps({"text": text, "x": "x" * 9_000}) for text in SENTENCES]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), "utf-8")  # 2.2 MB
    result = score_archive(tmp_path / "in.jsonl", "rules", tmp_path / "out", claims=True)
    assert (result.n, result.n_parts) == (240, 3)
    assert [row["text"] for row in rows_of(tmp_path / "out")] == SENTENCES


def test_a_folder_of_an_earlier_version_goes_on_with_its_blocks(tmp_path, monkeypatch):
    lines = [json.dumps({"text": text, "x": "x" * 9_000}) for text in SENTENCES]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), "utf-8")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(part_files, "SMALLEST_BLOCK", 32 << 20)
        score_archive(tmp_path / "in.jsonl", "rules", out, claims=True)
    settings = json.loads((out / "scores.json").read_text("utf-8"))
    assert settings.pop("smallest_block") == 32 << 20
    (out / "scores.json").write_text(json.dumps(settings), "utf-8")
    again = score_archive(tmp_path / "in.jsonl", "rules", out, claims=True)
    assert (again.n, again.n_new, again.n_parts) == (240, 0, 1)


@pytest.mark.parametrize("text", ["[]", "{", '{"smallest_block": 0}', '{"smallest_block": "a"}'])
def test_settings_that_are_none_are_refused(tmp_path, text):
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(HarnessError, match=r"scores\.json: is no JSON of these settings"):
        part_files.prepare(tmp_path, {"labels": ["a"]})


def test_parts_of_inputs_that_are_not_named_are_told(tmp_path):
    for name in "ab":
        write_parquet(tmp_path / "in" / f"{name}.parquet", SENTENCES[:50])
    out = tmp_path / "out"
    assert not score_archive(tmp_path / "in", "rules", out, claims=True).n_other_parts
    result = score_archive(tmp_path / "in" / "a.parquet", "rules", out, claims=True)
    assert (result.n, result.n_other_parts) == (50, 2)
    (warning,) = result.warnings
    assert f"2 parts of inputs that this command does not name, such as {tmp_path / 'in' / 'b.parquet'}" in warning
    assert len(stamps(out)) == 4


def test_nothing_of_an_archive_needs_pandas(archive, tmp_path):
    code = (
        f"import harness, sys; harness.score_archive({str(archive)!r}, 'rules', {str(tmp_path / 'out')!r}, claims=True)"
    )
    code += "; sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())})


def test_pages_are_segmented_and_keep_their_addresses(tmp_path):
    pages = ["Rents rose by 3 percent in 2021. We hope so!", "Taxes fell. Trains ran."]
    records = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 2\r\n\r\nab\r\n\r\n"
    for number, page in enumerate(pages):
        head = f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: https://example.org/{number}\r\n"
        records += f"{head}Content-Length: {len(page)}\r\n\r\n{page}\r\n\r\n".encode()
    (tmp_path / "crawl.wet.gz").write_bytes(gzip.compress(records))
    (tmp_path / "page.txt").write_text(pages[0], "utf-8")
    result = score_archive([tmp_path / "*.wet.gz", tmp_path / "page.txt"], "rules", tmp_path / "out", language="en")
    assert (result.n, result.n_rows) == (6, 3)
    rows = rows_of(tmp_path / "out")
    assert [row["article_id"] for row in rows[:4]] == ["https://example.org/0"] * 2 + ["https://example.org/1"] * 2
    assert [(row["text"], row["start"], row["position"]) for row in rows[2:4]] == [
        ("Taxes fell.", 0, 0),
        ("Trains ran.", 12, 1),
    ]


def test_the_rows_of_an_article_are_context_for_each_other(tmp_path):
    from harness.data.streams.blocks import blocks_of, spans_of
    from harness.data.streams.files import list_files
    from harness.scoring.archive.rows import RowReader

    table = pa.table({"text": ["a", "b", " ", "c", "d"], "article_id": ["x", "x", "x", "y", None]})
    pq.write_table(table, tmp_path / "in.parquet")
    (file,) = list_files([str(tmp_path / "in.parquet")])
    (block,) = blocks_of(spans_of(file)[0], {})
    reader = RowReader(as_claims=True, language="en", detects=False)
    tables = (part for batch in block.batches for part in (batch.slice(0, 1), batch.slice(1)))
    rows = [
        row
        for part in reader.claims(block, tables)
        for row in zip(part.claims.previous, part.claims.text, part.claims.next, part.claims.position, strict=True)
    ]
    assert rows == [("", "a", "b", 0), ("a", "b", "", 1), ("", "c", "", 0), ("", "d", "", 0)]
    assert (reader.n_rows, reader.n_empty) == (5, 1)


def test_a_part_says_what_it_holds(archive, tmp_path):
    score_archive(archive / "b.jsonl", "rules", tmp_path / "out", claims=True)
    (path,) = (tmp_path / "out").glob("*.parquet")
    info = part_files.read_part(path)
    assert (info.input, info.block, info.n_rows, info.n_claims) == (str(archive / "b.jsonl"), 0, 80, 80)
    assert (
        path.name == f"b.jsonl-{path.name.split('-')[1]}-000000-{info.content}-{sha256(path.read_bytes())[:16]}.parquet"
    )
