"""FEVEROUS in the published format: a header line, and evidence sets of named sentences and cells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import FaultsError, check, fetch, open_dataset
from harness.data.formats.source import SourceFile
from harness.data.formats.verification.feverous_jsonl import read_articles
from harness.schemes import load_scheme

HEADER = {"id": "", "label": "", "claim": "", "evidence": [{"content": [], "context": {}}], "challenge": ""}
ROWS = [
    {
        "id": 7,
        "label": "SUPPORTS",
        "claim": "The pier burned in 1912.",
        "evidence": [
            {"content": ["Pier_sentence_3", "Pier_cell_0_1_2", "Pier_cell_0_1_2"], "context": {"Pier_sentence_3": []}},
            {"content": ["Fire of 1912_header_cell_0_0_1"], "context": {}},
        ],
        "challenge": "Numerical Reasoning",
    },
    {"id": 9, "label": "NOT ENOUGH INFO", "claim": "It rained.", "evidence": [{"content": ["Pier_sentence_1"]}]},
]


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def source(text):
    return SourceFile(Path("a.jsonl"), text.encode(), load_scheme("feverous"))


def test_an_evidence_set_is_a_group():
    supported, open_claim = read_articles(source(lines(HEADER, *ROWS)))
    (claim,) = supported.claims
    assert [(e.group, e.passage_id, e.stance) for e in claim.evidence] == [
        (0, "Pier_sentence_3", "supports"),
        (0, "Pier_cell_0_1_2", "supports"),
        (1, "Fire of 1912_header_cell_0_0_1", "supports"),
    ]
    assert (supported.article_id, claim.topic, [label.code for label in claim.labels]) == (
        "7",
        "Numerical Reasoning",
        ["SUPPORTS"],
    )
    assert [(e.passage_id, e.stance) for e in open_claim.claims[0].evidence] == [("Pier_sentence_1", None)]


def test_claims_of_a_file_without_header_or_labels_come_in():
    assert len(read_articles(source(lines(*ROWS)))) == 2
    (article,) = read_articles(source(lines(HEADER, {"id": 1, "claim": "It rained."})))
    assert (article.claims[0].labels, article.claims[0].evidence) == ((), ())


def test_every_fault_has_its_line():
    rows = [ROWS[0] | {"label": "SUPPORTED"}, ROWS[0] | {"evidence": [["Pier_title"]]}, {"claim": ""}]
    with pytest.raises(FaultsError) as refused:
        read_articles(source(lines(HEADER, *rows)))
    assert [str(fault) for fault in refused.value.faults] == [
        'a.jsonl:2: label: expected one of REFUTES, NOT ENOUGH INFO, SUPPORTS, got "SUPPORTED"',
        'a.jsonl:3: evidence: expected sets such as {content: [PIECE]}, got [["Pier_title"]]',
        "a.jsonl:4: claim: is empty",
    ]


def test_a_copy_comes_in_and_its_evidence_without_text_is_not_shown(tmp_path, harness):
    (tmp_path / "copy").mkdir()
    rows = [ROWS[0] | {"id": number, "claim": f"The pier burned in {1900 + number}."} for number in range(6)]
    (tmp_path / "copy" / "feverous_dev_challenges.jsonl").write_text(lines(HEADER, *rows), encoding="utf-8")
    got = fetch("feverous", tmp_path / "copy", tmp_path / "data-root")
    assert (got.claims, len(open_dataset(got.folder).evidence)) == (6, 18)
    assert check([got.folder]) == []
    config = "name: a\ntask: verdict\ndataset: feverous\nclassifiers: [evidence_rules]\n"
    (tmp_path / "a.yaml").write_text(config, encoding="utf-8")
    run = harness("run", "a.yaml")
    assert run.returncode != 0
    assert "the gold evidence has no text" in run.stderr
