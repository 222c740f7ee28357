"""COVID-Fact: a claim and its counter-claims are one article, with the sentences that settle them together."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from harness import FaultsError, check, fetch, open_dataset
from harness.data.formats.source import SourceFile
from harness.data.formats.verification.covidfact_jsonl import read_articles
from harness.schemes import load_scheme

EVIDENCE = ["Ferries with open decks had fewer cases.", "The harbor counted them for a year."]
ROWS = [
    {
        "claim": "Open decks lower cases",
        "label": "SUPPORTED",
        "evidence": EVIDENCE,
        "gold_source": "u",
        "flair": "News",
    },
    {"claim": "Fog delays ferries", "label": "SUPPORTED", "evidence": EVIDENCE[:1], "gold_source": "v", "flair": " "},
    {"claim": "Open decks raise cases", "label": "REFUTED", "evidence": EVIDENCE, "gold_source": "w", "flair": None},
]


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def source(text):
    return SourceFile(Path("a.jsonl"), text.encode(), load_scheme("covid-fact"))


def test_claims_with_one_list_of_evidence_are_one_article_also_when_apart():
    articles = read_articles(source(lines(*ROWS)))
    assert [[claim.text for claim in article.claims] for article in articles] == [
        ["Open decks lower cases", "Open decks raise cases"],
        ["Fog delays ferries"],
    ]
    assert [article.url for article in articles] == ["u", "v"]
    claim, counter_claim = articles[0].claims
    assert [(passage.text, passage.group, passage.stance) for passage in claim.evidence] == [
        (EVIDENCE[0], 0, "supports"),
        (EVIDENCE[1], 0, "supports"),
    ]
    assert {passage.stance for passage in counter_claim.evidence} == {"refutes"}
    assert [p.passage_id for p in claim.evidence] == [p.passage_id for p in counter_claim.evidence]
    assert claim.evidence[0].passage_id == articles[1].claims[0].evidence[0].passage_id
    assert (claim.topic, articles[1].claims[0].topic, counter_claim.topic) == ("News", None, None)


def test_a_sentence_that_is_listed_twice_is_one_passage():
    ((claim,),) = (a.claims for a in read_articles(source(lines(ROWS[1] | {"evidence": ["Fog.", "Fog. "]}))))
    assert len(claim.evidence) == 1


def test_claims_without_evidence_or_label_come_in_each_by_itself():
    rows = [{"claim": "One", "evidence": []}, {"claim": "Two", "evidence": [], "label": "REFUTED"}]
    articles = read_articles(source(lines(*rows)))
    assert [(len(a.claims), len(a.claims[0].labels), a.claims[0].evidence) for a in articles] == [
        (1, 0, ()),
        (1, 1, ()),
    ]


def test_every_fault_has_its_line():
    rows = [
        ROWS[0] | {"label": "SUPPORTS"},
        ROWS[0] | {"evidence": "Fog."},
        ROWS[0] | {"evidence": ["Fog.", " "]},
        {"claim": "", "label": "REFUTED"},
    ]
    with pytest.raises(FaultsError) as refused:
        read_articles(source(lines(*rows) + "{"))
    assert [str(fault) for fault in refused.value.faults] == [
        'a.jsonl:1: label: expected one of REFUTED, SUPPORTED, got "SUPPORTS"',
        'a.jsonl:2: evidence: expected a list of sentences, got "Fog."',
        'a.jsonl:3: evidence: expected a list of sentences, got ["Fog.", " "]',
        "a.jsonl:4: claim: is empty",
        "a.jsonl:4: evidence: is missing",
        "a.jsonl:5: is not JSON: Expecting property name enclosed in double quotes",
    ]
    with pytest.raises(FaultsError, match="is empty; expected JSON objects with claim, label and evidence"):
        read_articles(source("\n"))


def test_a_fetched_folder_is_sound_and_its_evidence_is_a_corpus(tmp_path, harness):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "COVIDFACT_dataset.jsonl").write_text(lines(*ROWS), encoding="utf-8")
    got = fetch("covid-fact", tmp_path / "copy", tmp_path / "root")
    assert (got.articles, got.claims) == (2, 3)
    assert check([got.folder]) == []
    assert harness("index", got.folder, "-o", "index").returncode == 0
    assert EVIDENCE[0] in harness("search", "index", "open decks", "-k", "1").stdout


def test_the_published_claims_keep_their_groups(bring):
    dataset = open_dataset("covid-fact", bring("covid-fact"))
    assert Counter(a.label for a in dataset.annotations) == {"supported": 1164, "refuted": 2513}
    evidence = defaultdict(list)
    for passage in dataset.evidence:
        evidence[passage.claim_id].append(passage.text)
    articles = defaultdict(set)
    for claim in dataset.claims:
        articles[tuple(evidence[claim.claim_id])].add(claim.article_id)
    assert len(articles) == len(dataset.articles) == 1159
    assert all(len(names) == 1 for names in articles.values())
    assert {len(passages) for passages in evidence.values()} == {1, 2, 3, 4, 5}
