"""Blocks of lines: every line in one block, wherever the ranges fall."""

from __future__ import annotations

import json

import pytest

from harness.data.streams import blocks
from harness.data.streams.blocks import blocks_of, spans_of
from harness.data.streams.files import list_files


@pytest.mark.parametrize("size", [1, 7, 24, 25, 1000])
def test_every_line_is_in_one_block(tmp_path, monkeypatch, size):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    texts = ["é" * number for number in range(1, 12)]
    path = tmp_path / "in.jsonl"
    path.write_text("\n\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts), "utf-8")
    (file,) = list_files([str(path)])
    spans = spans_of(file)
    read = [(block.number, list(block.batches)) for span in spans for block in blocks_of(span, {})]
    assert [text for _, tables in read for table in tables for text in table["text"].to_pylist()] == texts
    assert len({number for number, _ in read}) == len(read)


def test_blocks_of_a_compressed_file_end_at_a_number_of_bytes(tmp_path, monkeypatch):
    import gzip

    monkeypatch.setattr(blocks, "BLOCK_BYTES", 60)
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"text": "number %d"}\n' % number for number in range(7))))
    (file,) = list_files([str(path)])
    (span,) = spans_of(file)
    numbers = [(block.number, sum(len(table) for table in block.batches)) for block in blocks_of(span, {})]
    assert numbers == [(0, 3), (1, 3), (2, 1)]


def test_rows_of_json_under_the_name_of_a_text_are_no_article(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_text('{"text": "Costs rose by 5 percent."}\n')
    (span,) = spans_of(*list_files([str(path)]))
    (block,) = blocks_of(span, {})
    assert [len(table) for table in block.batches] == []
    assert [fault.message.partition(", which")[0] for fault in block.faults] == ["is rows of JSON"]
