"""The faults of public sets of claims and evidence, found in the publishers' files."""

from __future__ import annotations

import csv
import json

import pytest
from audited import Row, dataset, results

from harness import audit_targets, open_dataset
from harness.audit.sentences import audit_view
from harness.data.corpora.passages import Passage


def messages(number, source):
    return [result.message for result in results(number, source)]


def json_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.fixture(scope="module")
def citation_integrity(benchmarks):
    folder = benchmarks / "citint"
    documents = json_lines(folder / "corpus.jsonl")
    passages = [
        Passage(passage_id=f"{document['doc_id']}:{number}", document_id=str(document["doc_id"]), text=sentence)
        for document in documents
        for number, sentence in enumerate(document["abstract"])
        if sentence.strip()
    ]
    text_of = {passage.passage_id: passage.text for passage in passages}
    rows = []
    for part in ("train", "dev"):
        for claim in json_lines(folder / f"claims_{part}.jsonl"):
            cited = [
                (f"{document}:{number}", rationale["label"])
                for document, rationales in claim["evidence"].items()
                for rationale in rationales
                for number in rationale["sentences"]
            ]
            evidence = tuple((text_of[name], label, name) for name, label in cited)
            rows.append(Row(claim["claim"], cited[0][1] if cited else "NEI", evidence, part))
    return dataset(rows, passages)


def test_citation_integrity(citation_integrity):
    (placeholder,) = results("A24", citation_integrity)
    assert "is the first passage of its document alone in 2,286 of 2,286 cases" in placeholder.message
    (extracts,) = results("A25", citation_integrity)
    assert extracts.rows == sum(map(len, extracts.groups)) == 2996
    (form,) = [text for text in messages("A23", citation_integrity) if "form of the claims" in text]
    assert "the marker <|cit|> (30% of 'REFUTE', 57% of the others)" in form
    assert not results("A15", citation_integrity)


def test_covid_fact(benchmarks):
    path = benchmarks / "covidfact" / "COVIDFACT_dataset.without_test.jsonl"
    claims = json_lines(path)
    source = dataset([Row(claim["claim"], claim["label"], tuple(claim["evidence"])) for claim in claims])
    (form,) = messages("A23", source)
    assert "the first of the claims that share its evidence or article (97% of 'SUPPORTED', 0% of the others)" in form
    assert "space before punctuation (20% of 'SUPPORTED', 2% of the others)" in form
    assert "same_form: [spacing]" in form
    (claim_alone,) = results("A21", source)
    assert claim_alone.severity == "warning"
    assert [result.rows for result in results("A17", source)] == [3665]
    assert not results("A20", source)


@pytest.fixture(scope="module")
def health_rows(benchmarks):
    path = benchmarks / "healthver" / "healthver_dev.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_healthver_claims_have_two_stances(health_rows):
    stance_of = {"Supports": "supports", "Refutes": "refutes", "Neutral": None}
    evidence = {}
    for row in health_rows:
        evidence.setdefault(row["claim"], []).append((row["evidence"], stance_of[row["label"]]))
    source = dataset([Row(claim, None, tuple(passages)) for claim, passages in evidence.items()])
    (result,) = results("A18", source)
    assert (result.rows, result.where) == (60, "data, stances")


def test_healthver_split_by_rows_crosses(health_rows):
    rows = [
        Row(row["claim"], row["label"], (row["evidence"],), ("train", "test")[number % 2], topic=row["question"])
        for number, row in enumerate(health_rows)
    ]
    (crossing,) = results("A15", dataset(rows))
    assert crossing.severity == "error"
    (topics,) = results("A16", dataset(rows))
    assert "have the topic of claims in 'train'" in topics.message
    (verdicts,) = results("A18", dataset(rows))
    assert "20 'Refutes' and 'Supports'" in verdicts.message


def test_climate_fever_verdicts_are_a_rule(bring):
    source = audit_view(open_dataset("climate-fever", bring("climate-fever")))
    (result,) = results("A19", source)
    assert result.severity == "warning"
    assert "for 400 of 400 claims with evidence" in result.message


def test_averitec_evidence_has_the_verdict(bring):
    source = audit_view(open_dataset("averitec", bring("averitec")))
    (words,) = messages("A20", source)
    assert "'any word that denies' (" in words
    assert "% 'refuted' in " in words
    assert len(results("A22", source)) == 1


def test_the_shipped_data():
    found_checks = {(finding.check, finding.severity) for finding in audit_targets(["public-matters"]).findings}
    verification = {pair for pair in found_checks if pair[0] >= "A15"}
    # Explained on the page of each check, or in the guideline of the verdicts.
    assert verification <= {
        ("A18", "note"),
        ("A19", "warning"),
        ("A21", "note"),
        ("A22", "warning"),
        ("A23", "warning"),
    }
