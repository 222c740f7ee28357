"""Claims of SciFact with the passages of their corpus."""

import json
from pathlib import Path

import pytest

from harness.data.formats.source import SourceFile
from harness.data.formats.verification import scifact_corpus, scifact_jsonl
from harness.errors import FaultsError
from harness.schemes import load_scheme

DOCUMENTS = [
    {"doc_id": 2000, "title": "Iron", "abstract": ["Iron rises.", "It falls again.", "Divers sleep."]},
    {"doc_id": 2001, "title": "Salt", "abstract": ["Salt is white."]},
    {"doc_id": 3000, "title": "", "abstract": []},
]
CLAIMS = [
    {
        "id": 0,
        "claim": "Iron rises in divers.",
        "evidence": {
            "2000": [{"sentences": [0, 1], "label": "SUPPORT"}, {"sentences": [2], "label": "SUPPORT"}],
            "2001": [{"sentences": [0], "label": "SUPPORT"}],
        },
        "cited_doc_ids": [2000, 2001],
    },
    {"id": 1, "claim": "Salt is black.", "evidence": {}, "cited_doc_ids": [2001, 2000]},
    {"id": 2, "claim": "Divers sleep badly.", "cited_doc_ids": [2000]},
]


def lines(rows):
    return "\n".join(map(json.dumps, rows)).encode()


def read(claims, **options):
    scheme = load_scheme("scifact")
    corpus = SourceFile(Path("corpus.jsonl"), lines(DOCUMENTS), scheme, options)
    passages = {passage.passage_id: passage for passage in scifact_corpus.read_passages(corpus)}
    articles = scifact_jsonl.read_articles(
        SourceFile(Path("claims.jsonl"), lines(claims), scheme, options, passages=passages)
    )
    return [article.claims[0] for article in articles]


def evidence_of(claim):
    return [(e.group, e.passage_id, e.stance) for e in claim.evidence]


def test_the_sentences_of_a_rationale_are_one_group():
    settled, open_claim, unlabeled = read(CLAIMS)
    assert evidence_of(settled) == [
        (0, "2000:0", "supports"),
        (0, "2000:1", "supports"),
        (1, "2000:2", "supports"),
        (2, "2001:0", "supports"),
    ]
    assert settled.evidence[1].text == "It falls again."
    assert open_claim.evidence == unlabeled.evidence == ()


def test_whole_abstracts_stand_with_those_that_settle_nothing_and_in_no_test_file():
    settled, open_claim, unlabeled = read(CLAIMS, passages="abstracts")
    assert evidence_of(settled) == [(0, "2000", "supports"), (1, "2001", "supports")]
    assert [e.sentences for e in (*settled.evidence, *open_claim.evidence)] == ["0,1,2", "0", None, None]
    assert evidence_of(open_claim) == [(0, "2001", "neutral"), (1, "2000", "neutral")]
    assert open_claim.evidence[0].text == "Salt is white."
    assert unlabeled.evidence == ()


def test_documents_numbered_in_blocks_give_the_cited_article():
    assert [claim.topic for claim in read(CLAIMS)] == [None] * 3
    assert [claim.topic for claim in read(CLAIMS, documents_per_article=1000)] == ["article 2"] * 3


@pytest.mark.parametrize(
    ("evidence", "cited", "missing"),
    [
        ({"2000": [{"sentences": [5], "label": "REFUTE"}]}, {}, "'2000:5'"),
        ({"999": [{"sentences": [0], "label": "REFUTE"}]}, {"passages": "abstracts"}, "'999'"),
        ({}, {"passages": "abstracts"}, "'3000'"),
    ],
)
def test_a_passage_that_the_corpus_lacks_is_named_with_the_line(evidence, cited, missing):
    row = {"id": 5, "claim": "A.", "evidence": evidence, "cited_doc_ids": [3000]}
    with pytest.raises(FaultsError) as refused:
        read([CLAIMS[0], row], **cited)
    (fault,) = refused.value.faults
    assert (fault.path, fault.line, fault.field, fault.code) == ("claims.jsonl", 2, "evidence", "unknown-id")
    assert f"cites {missing}" in fault.message
