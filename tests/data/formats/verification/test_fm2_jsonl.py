"""Fool Me Twice: the statements on a page are one article, and the retrieved sentences of all pages are the corpus."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from harness import FaultsError, check, fetch, open_dataset
from harness.data.corpora.passages import open_corpus
from harness.data.formats.source import SourceFile
from harness.data.formats.verification.fm2_jsonl import read_articles
from harness.schemes import load_scheme


def sentences(*texts):
    return [{"section_header": "History", "text": text} for text in texts]


ROWS = [
    {
        "id": "a1",
        "text": "The pier\nnever burned.",
        "label": "REFUTES",
        "category": "Travel",
        "wikipedia_page": "Pier (Harbor)",
        "gold_evidence": sentences("It burned in 1912.", "It was rebuilt."),
        "retrieved_evidence": sentences("It is long.", "It burned in 1912.", "It was rebuilt.", "It is long."),
        "correct_votes": 1,
        "total_votes": 2,
    },
    {
        "text": "The ferry is red.",
        "label": "SUPPORTS",
        "wikipedia_page": "Ferry",
        "gold_evidence": sentences("It is red."),
        "retrieved_evidence": sentences("It is red.", "It is long."),
    },
    {
        "text": "The pier burned once.",
        "label": "SUPPORTS",
        "wikipedia_page": "Pier (Harbor)",
        "gold_evidence": sentences("It burned in 1912."),
        "retrieved_evidence": sentences("It burned in 1912."),
    },
]


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def source(text):
    return SourceFile(Path("a.jsonl"), text.encode(), load_scheme("fool-me-twice"))


def test_statements_on_one_page_are_one_article():
    pier, ferry = read_articles(source(lines(*ROWS)))
    assert [claim.text for claim in pier.claims] == ["The pier\nnever burned.", "The pier burned once."]
    assert (pier.title, ferry.title, len(ferry.claims)) == ("Pier (Harbor)", "Ferry", 1)
    refuted, supported = pier.claims
    assert [(e.text, e.group, e.stance) for e in refuted.evidence] == [
        ("It burned in 1912.", 0, "refutes"),
        ("It was rebuilt.", 0, "refutes"),
    ]
    assert supported.evidence[0].passage_id == refuted.evidence[0].passage_id
    assert (refuted.topic, supported.topic) == ("Travel", None)


def test_guesses_of_players_stand_beside_the_label():
    voted, unvoted, _ = (claim for article in read_articles(source(lines(*ROWS))) for claim in article.claims)
    assert [(label.code, label.annotator, label.role) for label in voted.labels] == [
        ("REFUTES", "publisher", "adjudicate"),
        ("REFUTES", "vote-1", "label"),
        ("SUPPORTS", "vote-2", "label"),
    ]
    assert len(unvoted.labels) == 1


@pytest.mark.parametrize(("right", "total"), [(3, 2), (-1, 2), ("1", 2), (True, 2), (1, 10**6), (1, None)])
def test_numbers_of_guesses_that_cannot_be(right, total):
    with pytest.raises(FaultsError, match="total_votes: expected numbers with 0 <= correct_votes"):
        read_articles(source(lines(ROWS[0] | {"correct_votes": right, "total_votes": total})))


def test_the_corpus_of_a_fetched_folder_has_each_sentence_of_a_page_once(tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "test.jsonl").write_text(lines(*ROWS), encoding="utf-8")
    got = fetch("fool-me-twice", tmp_path / "copy", tmp_path / "root")
    assert (got.articles, got.claims) == (2, 3)
    assert check([got.folder]) == []
    passages = open_corpus(got.folder).passages
    assert [(passage.document_id, passage.text) for passage in passages] == [
        ("Pier (Harbor)", "It burned in 1912."),
        ("Pier (Harbor)", "It was rebuilt."),
        ("Pier (Harbor)", "It is long."),
        ("Ferry", "It is red."),
        ("Ferry", "It is long."),
    ]
    assert {e.passage_id for e in open_dataset(got.folder).evidence} <= {p.passage_id for p in passages}


def test_a_statement_without_label_and_evidence_comes_in():
    ((claim,),) = (a.claims for a in read_articles(source(lines({"text": "One.", "wikipedia_page": "Pier"}))))
    assert (claim.labels, claim.evidence) == ((), ())


def test_every_fault_has_its_line():
    rows = [
        ROWS[0] | {"label": "REFUTED"},
        ROWS[0] | {"gold_evidence": ["It burned."]},
        ROWS[0] | {"retrieved_evidence": {"text": "It burned."}},
        {"text": "One.", "label": "SUPPORTS"},
    ]
    with pytest.raises(FaultsError) as refused:
        read_articles(source(lines(*rows)))
    assert [str(fault) for fault in refused.value.faults] == [
        'a.jsonl:1: label: expected one of REFUTES, SUPPORTS, got "REFUTED"',
        'a.jsonl:2: gold_evidence: expected a list of objects with a text, got ["It burned."]',
        'a.jsonl:3: retrieved_evidence: expected a list of objects with a text, got {"text": "It burned."}',
        "a.jsonl:4: wikipedia_page: is missing",
    ]


def test_the_published_statements(bring):
    root = bring("fool-me-twice")
    dataset, corpus = open_dataset("fool-me-twice", root), open_corpus("fool-me-twice", root)
    labels = {a.claim_id: a.label for a in dataset.annotations if a.annotator == "publisher"}
    assert Counter(labels.values()) == {"supported": 596, "refuted": 573}
    guesses = [a for a in dataset.annotations if a.annotator != "publisher"]
    assert len(guesses) == 2402
    assert sum(a.label == labels[a.claim_id] for a in guesses) == 1935
    assert len({a.claim_id for a in guesses}) == 1169 - 585
    assert len(dataset.articles) == 209
    assert len(corpus) == 8003  # 12,050 retrieved sentences, each once per page
    assert {e.passage_id for e in dataset.evidence} <= corpus.row_of.keys()
