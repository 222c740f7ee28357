"""SciFact's corpus: sentences or whole abstracts as passages, every fault with its line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.formats.source import SourceFile
from harness.data.formats.verification.scifact_corpus import read_passages
from harness.errors import FaultsError
from harness.schemes import load_scheme

DOCUMENTS = [
    {"doc_id": 7, "title": "Iron", "abstract": ["Iron rises.", " ", "It falls again."]},
    {"doc_id": "8", "title": "", "abstract": []},
    {"doc_id": 9, "abstract": ["Divers sleep well."]},
]


def corpus(rows, passages=None):
    data = rows if isinstance(rows, bytes) else "\n".join(map(json.dumps, rows)).encode()
    options = {} if passages is None else {"passages": passages}
    return SourceFile(Path("corpus.jsonl"), data, load_scheme("scifact"), options)


def test_sentences_are_passages_with_their_place_in_the_abstract():
    passages = read_passages(corpus(DOCUMENTS))
    assert [(p.passage_id, p.document_id, p.text, p.title) for p in passages] == [
        ("7:0", "7", "Iron rises.", "Iron"),
        ("7:2", "7", "It falls again.", "Iron"),
        ("9:0", "9", "Divers sleep well.", None),
    ]
    abstract = " ".join(DOCUMENTS[0]["abstract"])
    assert [abstract[p.start : p.end] for p in passages[:2]] == ["Iron rises.", "It falls again."]


def test_whole_abstracts_are_passages_and_empty_ones_are_not():
    passages = read_passages(corpus(DOCUMENTS, "abstracts"))
    assert [(p.passage_id, p.text, p.start) for p in passages] == [
        ("7", "Iron rises.   It falls again.", None),
        ("9", "Divers sleep well.", None),
    ]


def test_all_faults_have_their_lines():
    rows = [
        *DOCUMENTS,
        {"doc_id": True, "abstract": []},
        {"abstract": ["a"]},
        {"doc_id": 1, "abstract": "a"},
        {"doc_id": 2, "abstract": ["a", 3]},
        {"doc_id": "7", "abstract": ["a"]},
        [],
    ]
    with pytest.raises(FaultsError) as refused:
        read_passages(corpus(rows))
    assert [(fault.line, fault.field) for fault in sorted(refused.value.faults, key=lambda fault: fault.line or 0)] == [
        (4, "doc_id"),
        (5, "doc_id"),
        (6, "abstract"),
        (7, "abstract"),
        (8, "doc_id"),
        (9, None),
    ]
    assert "duplicate id 7 (first on line 1)" in str(refused.value)


@pytest.mark.parametrize("rows", [[], [{"doc_id": 1, "abstract": []}]])
def test_a_corpus_without_text_is_refused(rows):
    with pytest.raises(FaultsError, match="is empty; expected JSON objects with doc_id"):
        read_passages(corpus(rows))


@given(st.one_of(st.binary(max_size=200), st.text(max_size=80).map(str.encode)))
def test_any_bytes_give_passages_or_faults(data):
    try:
        read = [passage.text for passage in read_passages(corpus(data))]
    except FaultsError as refused:
        read = [fault.message for fault in refused.faults]
    assert read
