"""The files of an archive: folders, patterns and other file systems."""

from __future__ import annotations

import os

import fsspec
import pytest

from harness import FaultsError
from harness.data.streams.blocks import blocks_of, spans_of
from harness.data.streams.files import list_files


def test_another_file_system_is_read_as_the_disk_is():
    memory = fsspec.filesystem("memory")
    memory.pipe({"/pages/lang=en/a.jsonl": b'{"text": "one"}\n', "/pages/_log.jsonl": b"", "/pages/b.md": b""})
    try:
        files = list_files(["memory://pages", "memory://pages/*/*.jsonl"])
        assert [file.url for file in files] == ["memory:///pages/lang=en/a.jsonl"]
        (block,) = blocks_of(spans_of(files[0])[0], {})
        assert [table["text"].to_pylist() for table in block.batches] == [["one"]]
    finally:
        memory.rm("/pages", recursive=True)


@pytest.mark.parametrize("pattern", ["", "*", "*.jsonl", "[a]*.jsonl"])
def test_a_hidden_folder_that_the_input_names_is_read(tmp_path, pattern):
    folder = tmp_path / "_work" / ".pages"
    folder.mkdir(parents=True)
    for name in ("a.jsonl", "_b.jsonl", ".c.jsonl"):
        (folder / name).write_text('{"text": "one"}\n')
    assert [file.url for file in list_files([f"{folder}/{pattern}"])] == [str(folder / "a.jsonl")]


def test_all_inputs_that_cannot_be_listed_are_told_at_once(tmp_path):
    (tmp_path / "page.docx").write_text("x")
    (tmp_path / "empty").mkdir()
    inputs = [
        tmp_path / "page.docx",
        tmp_path / "empty",
        tmp_path / "none.jsonl",
        "nosuch://x",
        "https://example.org/a.jsonl",
        "-",
    ]
    with pytest.raises(FaultsError) as error:
        list_files([str(name) for name in inputs])
    messages = [fault.message for fault in error.value.faults]
    assert messages[0].startswith("has no known suffix; known: .parquet, .jsonl")
    assert messages[1].startswith("has no file of a known kind")
    assert messages[2] == "does not exist; check the path"
    assert messages[3].startswith("cannot be listed: Protocol not known: nosuch")
    assert messages[4].startswith("is on the web; download the files")
    assert messages[5].startswith("standard input cannot be continued")


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.csv.gz"])
def test_a_pipe_and_a_device_are_no_files_of_an_archive(tmp_path, name):
    os.mkfifo(tmp_path / name)
    (tmp_path / "b.jsonl").symlink_to("/dev/zero")
    with pytest.raises(FaultsError) as error:
        list_files([str(tmp_path / name), str(tmp_path / "b.jsonl")])
    assert [fault.code for fault in error.value.faults] == ["not-a-file", "not-a-file"]
