"""Evidence on two sides of a split."""

from __future__ import annotations

from audited import Row, dataset, results

from harness.data.corpora.passages import Passage

GAUGE = "The gauge at the old bridge stood at two meters."
LEDGER = "The ledger of the harbor lists forty boats in May."
TRIAL = "In the trial nine of ninety patients had a fever."


def rows(*passages, sides=("train", "train", "test")):
    pairs = zip(passages, sides, strict=True)
    return [Row(f"Claim number {n} of them", None, (passage,), side) for n, (passage, side) in enumerate(pairs)]


def test_a_passage_that_is_evidence_on_two_sides():
    (result,) = results("A15", dataset(rows(GAUGE, LEDGER, "the GAUGE at the old bridge -- stood at two meters")))
    assert (result.severity, result.where, result.rows) == ("error", "data, official", 1)
    assert result.message == (
        "1 of 1 claims (100.0%) of 'test' have a passage that is evidence in 'train' (1 of 1 passages), "
        "for example 'data-2' and 'data-0'"
    )
    assert not results("A15", dataset(rows(GAUGE, LEDGER, TRIAL)))


def test_few_claims_with_crossing_evidence_are_a_warning():
    tests = [Row(f"Test {n}", None, (f"Page {n} of the ledger lists boat number {n}.",), "test") for n in range(9)]
    (result,) = results("A15", dataset([*rows(GAUGE, LEDGER, GAUGE), *tests]))
    assert (result.severity, result.rows) == ("warning", 1)


def test_short_passages_repeat_by_chance():
    assert not results("A15", dataset(rows("No answer found.", LEDGER, "No answer found.")))


def test_documents_and_topics_on_two_sides():
    passages = [Passage(passage_id=f"{d}.{n}", document_id=d, text=d) for d in ("ledger", "trial") for n in range(3)]
    sides = ("train", "train", "test")
    cited = [("ledger.0", "boats"), ("trial.0", "fever"), ("ledger.2", "fish")]
    data = [
        Row("A claim", None, ((f"text of {passage}", None, passage),), side, topic=topic)
        for (passage, topic), side in zip(cited, sides, strict=True)
    ]
    (result,) = results("A16", dataset(data, passages))
    assert (result.severity, result.rows) == ("note", 1)
    assert "evidence from a document of claims in 'train', for example 'data-2' and 'data-0'" in result.message
    (topic,) = results("A16", dataset([row._replace(evidence=(LEDGER,), topic="boats") for row in data]))
    assert "1 of 1 claims (100.0%) of 'test' have the topic of claims in 'train'" in topic.message
    assert not results("A16", dataset([*data[1:], data[0]._replace(side="train", evidence=())], passages))


def test_claims_of_two_articles_with_the_same_evidence():
    (result,) = results("A17", dataset(rows(GAUGE, LEDGER, GAUGE)))
    assert (result.severity, result.rows) == ("note", 2)
    assert "'data-0' and 'data-2'" in result.message
    same_article = [row._replace(article="one") for row in rows(GAUGE, LEDGER, GAUGE)]
    assert not results("A17", dataset(same_article))
