"""A benchmark with a corpus: the passages come in with the claims, or the claims alone."""

import json

import pytest

from harness import FaultsError, check, fetch, open_dataset
from harness.data.corpora import open_corpus

DOCUMENTS = [{"doc_id": 7, "title": "Iron", "abstract": ["Iron rises.", "It falls."]}]
CLAIMS = [{"id": 1, "claim": "Iron falls.", "evidence": {"7": [{"sentences": [1], "label": "SUPPORT"}]}}]


def write(path, rows):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def publisher(tmp_path):
    write(tmp_path / "copy" / "data" / "claims_test.jsonl", CLAIMS)
    return tmp_path / "copy"


def test_the_corpus_is_written_where_the_publisher_gives_it(publisher, tmp_path):
    alone = fetch("scifact", publisher, tmp_path / "alone")
    assert "data/corpus.jsonl" in alone.absent
    assert not (alone.folder / "corpus.jsonl").exists()
    write(publisher / "data" / "corpus.jsonl", DOCUMENTS)
    folder = fetch("scifact", publisher, tmp_path / "root").folder
    corpus, (evidence,) = open_corpus(folder), open_dataset(folder).evidence
    assert [passage.passage_id for passage in corpus.passages] == ["7:0", "7:1"]
    assert (evidence.passage_id, evidence.text) == ("7:1", "It falls.")
    assert check([folder]) == []
    # The same files again, then without the corpus: nothing of the first fetch is left.
    fetch("scifact", publisher, tmp_path / "root")
    (publisher / "data" / "corpus.jsonl").unlink()
    assert not (fetch("scifact", publisher, tmp_path / "root").folder / "corpus.jsonl").exists()


def test_a_corpus_alone_is_no_benchmark(tmp_path):
    write(tmp_path / "copy" / "corpus.jsonl", DOCUMENTS)
    with pytest.raises(Exception, match="contains none of the files of 'scifact'"):
        fetch("scifact", tmp_path / "copy", tmp_path / "root")


def test_a_corpus_that_is_none_is_refused_and_nothing_is_written(publisher, tmp_path):
    write(publisher / "data" / "corpus.jsonl", [*DOCUMENTS, *CLAIMS])
    with pytest.raises(FaultsError, match=r"corpus\.jsonl:2: doc_id: expected a number or a text, got null"):
        fetch("scifact", publisher, tmp_path / "root")
    assert not (tmp_path / "root" / "scifact").exists()


def test_a_corpus_of_other_claims_is_refused(publisher, tmp_path):
    write(publisher / "data" / "corpus.jsonl", [{"doc_id": 8, "abstract": ["Salt."]}])
    with pytest.raises(FaultsError, match=r"claims_test\.jsonl:1: evidence: cites '7:1', which the corpus lacks"):
        fetch("scifact", publisher, tmp_path / "root")


def test_citation_integrity_keeps_ids_apart_and_shows_every_claim_its_document(bring):
    root = bring("citint")
    dataset, corpus = open_dataset("citint", root), open_corpus("citint", root)
    assert len(corpus) == 3_060  # of 3,063 documents, three are empty
    assert len({claim.claim_id for claim in dataset.claims}) == len(dataset.claims) == len(dataset.evidence)
    assert {evidence.passage_id for evidence in dataset.evidence} <= corpus.row_of.keys()
    part = dataset.splits["official"]
    topics = {claim.topic: part[claim.claim_id] for claim in dataset.claims}
    assert sorted(topics.values()).count("dev") == 10
    assert len(topics) == 80
    open_claims = [e for e in dataset.evidence if e.stance == "neutral"]
    assert sum(part[e.claim_id] == "dev" for e in open_claims) == 24
