"""Climate-FEVER's claims, and its pairs with the single votes."""

import json
from pathlib import Path

import pytest

from harness.data.formats.source import SourceFile
from harness.data.formats.verification.climate_fever_jsonl import read_articles
from harness.errors import FaultsError
from harness.schemes import load_scheme

PAIRS = {"items": "pairs", "values": {"NOT_ENOUGH_INFO": "NOT ENOUGH INFO"}}
SENTENCES = [
    {
        "evidence_id": "Ice:1",
        "evidence_label": "REFUTES",
        "article": "Ice",
        "evidence": "Ice melts.",
        "votes": ["REFUTES", None, "SUPPORTS", "REFUTES", None],
    },
    {
        "evidence_id": "Sea:4",
        "evidence_label": "NOT_ENOUGH_INFO",
        "article": "Sea",
        "evidence": "The sea is salty.",
        "votes": ["SUPPORTS", "NOT_ENOUGH_INFO", None, None, None],
    },
]
ROWS = [{"claim_id": "12", "claim": "Ice never melts.", "claim_label": "REFUTES", "evidences": SENTENCES}]


def read(rows, **options):
    data = "\n".join(map(json.dumps, rows)).encode()
    scheme = load_scheme("fever" if options else "climate-fever")
    return read_articles(SourceFile(Path("c.jsonl"), data, scheme, options))


def test_a_claim_has_its_sentences_with_their_stance():
    (article,) = read(ROWS)
    (claim,) = article.claims
    assert [(e.group, e.passage_id, e.source, e.stance) for e in claim.evidence] == [
        (0, "Ice:1", "Wikipedia, Ice", "refutes"),
        (1, "Sea:4", "Wikipedia, Sea", "neutral"),
    ]


def test_pairs_have_all_votes_that_were_given_and_the_derived_label_as_adjudication():
    (article,) = read(ROWS, **PAIRS)
    assert article.article_id == "12"
    assert [claim.text for claim in article.claims] == ["Ice never melts."] * 2
    first, second = ([(x.annotator, x.code, x.role) for x in claim.labels] for claim in article.claims)
    assert first == [
        ("publisher", "REFUTES", "adjudicate"),
        ("vote-1", "REFUTES", "label"),
        ("vote-3", "SUPPORTS", "label"),
        ("vote-4", "REFUTES", "label"),
    ]
    assert second == [
        ("publisher", "NOT ENOUGH INFO", "adjudicate"),
        ("vote-1", "SUPPORTS", "label"),
        ("vote-2", "NOT ENOUGH INFO", "label"),
    ]
    assert [e.passage_id for claim in article.claims for e in claim.evidence] == ["Ice:1", "Sea:4"]


def test_an_id_with_two_texts_is_two_passages():
    other = ROWS[0] | {"claim_id": "13", "evidences": [SENTENCES[0], SENTENCES[1] | {"evidence": "The sea is deep."}]}
    unnamed = ROWS[0] | {"evidences": [{**SENTENCES[0], "evidence_id": None}]}
    names = [e.passage_id for article in read([*ROWS, other, unnamed]) for e in article.claims[0].evidence]
    assert names[:3] == ["Ice:1", "Sea:4", "Ice:1"]
    assert names[3].startswith("Sea:4:")
    assert names[4] is None


@pytest.mark.parametrize("votes", ["SUPPORTS", ["MAYBE"], [["SUPPORTS"]], [1]])
@pytest.mark.parametrize("options", [{}, PAIRS])
def test_other_votes_are_refused_with_their_line(votes, options):
    with pytest.raises(FaultsError) as refused:
        read([*ROWS, ROWS[0] | {"evidences": [SENTENCES[0] | {"votes": votes}]}], **options)
    (fault,) = refused.value.faults
    assert (fault.line, fault.field) == (2, "evidences.votes")
    assert "expected a list of SUPPORTS, REFUTES, NOT_ENOUGH_INFO or null" in fault.message
