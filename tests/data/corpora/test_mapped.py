"""Passages in a memory-mapped file: the same as in memory, and only those that are asked for are made."""

import pytest

from harness.data.corpora import Passage
from harness.data.corpora import mapped as module
from harness.data.corpora.mapped import MappedCorpus, PassageTable, write_passages

PASSAGES = [
    Passage(
        passage_id=f"p{row}", document_id="d", text=f"Text {row}.", start=row, end=row + 7, url=None if row else "u"
    )
    for row in range(7)
]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 3)
    assert write_passages(tmp_path / "p.arrow", iter(PASSAGES)) == 7
    return PassageTable(tmp_path / "p.arrow")


def test_passages_come_back_in_order_and_one_by_one(table):
    assert list(table) == PASSAGES
    assert [table[row] for row in range(-7, 7)] == PASSAGES * 2
    assert table[2:5] == PASSAGES[2:5]
    with pytest.raises(IndexError):
        table[7]


def test_a_mapped_corpus_gives_the_values_of_a_field(table, tmp_path):
    corpus = MappedCorpus(tmp_path / "c.jsonl", table)
    assert len(corpus) == 7
    assert list(corpus.values("url")) == ["u", *[None] * 6]
    assert corpus.row_of["p6"] == 6


def test_no_passage_and_half_a_character_can_be_written(tmp_path):
    write_passages(tmp_path / "none.arrow", [])
    assert list(PassageTable(tmp_path / "none.arrow")) == []
    write_passages(tmp_path / "odd.arrow", [Passage(passage_id="a", document_id="d", text="so \ud800")])
    assert PassageTable(tmp_path / "odd.arrow")[0].text.startswith("so ")
