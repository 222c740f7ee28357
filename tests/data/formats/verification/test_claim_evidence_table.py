"""Tables with a claim and its evidence per row: each row is a pair with its own label, grouped by a column."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness import FaultsError, check, fetch, open_dataset
from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.formats.source import SourceFile
from harness.data.formats.verification.claim_evidence_table import read_articles
from harness.schemes import load_scheme

RTE = """index	sentence1	{claim}	{label}
0	Ferries sank.	None sank	not_entailment
1	Ferries "sank.	All sank	entailment
"""


def source(name, text):
    described = load_benchmark(name)
    return SourceFile(Path("a.tsv"), text.encode(), load_scheme(described.scheme), described.options)


def shown(articles):
    return [
        (claim.text, [label.code for label in claim.labels], [(e.text, e.stance) for e in claim.evidence])
        for article in articles
        for claim in article.claims
    ]


@pytest.mark.parametrize(("claim", "label"), [("Sentence2", "entailment"), ("sentence2", "label")])
def test_headers_of_the_pairs_of_covid_fact_vary(claim, label):
    assert shown(read_articles(source("covid-fact-rte", RTE.format(claim=claim, label=label)))) == [
        ("None sank", ["REFUTED"], [("Ferries sank.", "refutes")]),
        ("All sank", ["SUPPORTED"], [('Ferries "sank.', "supports")]),
    ]


def test_pairs_without_labels_and_with_other_line_ends_come_in():
    rows = ["index\tsentence1\tsentence2", "0\tFerries sank.\tNone sank", "1\tFerries sank.\tAll sank", ""]
    (article,) = read_articles(source("covid-fact-rte", "\r\n".join(rows)))
    assert [(claim.text, claim.labels, claim.evidence[0].stance) for claim in article.claims] == [
        ("None sank", (), None),
        ("All sank", (), None),
    ]


def test_every_fault_has_its_line():
    rows = [
        "index\tsentence1\tSentence2\tlabel",
        "0\tFerries sank.\tNone sank\tneutral",
        "1\tFerries sank.\tNone sank",
        "2\t \tNone sank\tentailment",
        "3\tFerries sank.\t\tentailment",
    ]
    with pytest.raises(FaultsError) as refused:
        read_articles(source("covid-fact-rte", "\n".join(rows)))
    assert [str(fault).split(";")[0] for fault in refused.value.faults] == [
        'a.tsv:2: label: expected one of REFUTED, SUPPORTED, got "neutral"',
        "a.tsv:3: has 3 cells, the header has 4",
        "a.tsv:4: evidence: is empty",
        "a.tsv:5: claim: is empty",
    ]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("index\tsentence1\tlabel", "needs a column 'Sentence2' or 'sentence2': no column is called 'Sentence2'"),
        ("index\tsentence1\tSentence2\tlabels", "needs a column 'label' or 'entailment': no column is called 'label'"),
        ("index\tsentence1\tSentence2\tlable", "needs a column 'label' or 'entailment': no column is called 'label'"),
        ("sentence1\tsentence1\tSentence2\tlabel", "2 columns are called 'sentence1'; remove or rename all but one"),
        ("", "is empty; expected a header"),
    ],
)
def test_a_wrong_header_is_refused(header, problem):
    with pytest.raises(FaultsError) as refused:
        read_articles(source("covid-fact-rte", header and f"{header}\n" + "\t".join("x" * len(header.split("\t")))))
    assert problem in str(refused.value)


def test_the_published_pairs_of_covid_fact(bring):
    dataset = open_dataset("covid-fact-rte", bring("covid-fact-rte"))
    parts, labels = dataset.splits["official"], {a.claim_id: a.label for a in dataset.annotations}
    counted = Counter((parts[claim_id], label) for claim_id, label in labels.items())
    assert counted["train", "supported"] == 1036
    assert counted["dev", "supported"] == 130
    assert sum(counted.values()) == 3263 + 419


HEALTHVER = (
    "id,evidence,claim,label,topic_ip,question\n"
    '1,"Sea air, in a trial, helped.",Sea air helps ,Supports,4,Does sea air help?\n'
    '2,"In a ""blind"" trial, no help.",Sea air helps,Refutes,4,Does sea air help?\n'
    "3,Fog is wet.,Fog helps,Neutral,5,Does fog help?\n"
    '4,"Sea air, in a trial, helped.",Sea air helps ,Supports,4,Does sea air help?\n'
)


def test_a_pair_of_healthver_is_a_claim_of_its_question():
    sea, fog = read_articles(source("healthver", HEALTHVER))
    assert (sea.title, fog.title) == ("Does sea air help?", "Does fog help?")
    assert shown([sea, fog]) == [
        ("Sea air helps ", ["Supports"], [("Sea air, in a trial, helped.", "supports")]),
        ("Sea air helps", ["Refutes"], [('In a "blind" trial, no help.', "refutes")]),
        ("Sea air helps ", ["Supports"], [("Sea air, in a trial, helped.", "supports")]),
        ("Fog helps", ["Neutral"], [("Fog is wet.", "neutral")]),
    ]
    first, second, repeated = sea.claims
    assert first.evidence == repeated.evidence
    assert {e.question for claim in (first, second) for e in claim.evidence} == {None}


def test_pairs_of_several_parts_of_healthver_meet_in_their_question(tmp_path):
    (tmp_path / "copy").mkdir()
    for part in ("train", "test"):
        (tmp_path / "copy" / f"healthver_{part}.csv").write_text(HEALTHVER, encoding="utf-8")
    got = fetch("healthver", tmp_path / "copy", tmp_path / "root")
    assert (got.articles, got.claims) == (2, 8)
    assert check([got.folder]) == []
    dataset = open_dataset(got.folder)
    assert Counter(dataset.splits["official"].values()) == {"train": 4, "test": 4}
    assert {claim.text for claim in dataset.claims} == {"Sea air helps", "Fog helps"}


def test_the_published_pairs_of_healthver(bring):
    dataset = open_dataset("healthver", bring("healthver"))
    labels = {a.claim_id: a.label for a in dataset.annotations}
    assert Counter(labels.values()) == {"neutral": 993, "supported": 533, "refuted": 391}
    assert len({claim.text for claim in dataset.claims}) == 230
    assert len({e.passage_id for e in dataset.evidence}) == 474  # of 475 texts, two differ by a blank at the end
    assert len(dataset.articles) == len({article.title for article in dataset.articles}) == 58
    texts = {claim.claim_id: claim.text for claim in dataset.claims}
    pairs = Counter((texts[e.claim_id], e.passage_id) for e in dataset.evidence)
    assert sum(times - 1 for times in pairs.values()) == 198
    verdicts = {(texts[e.claim_id], e.passage_id, labels[e.claim_id]) for e in dataset.evidence}
    assert len(verdicts) == len(pairs)


def test_files_of_covid_fact_come_in_by_the_names_that_a_flat_copy_gives_them(tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "RTE_test1.tsv").write_text(RTE.format(claim="sentence2", label="label"), encoding="utf-8")
    unlabeled = "index\tsentence1\tsentence2\r\n0\tFerries sank.\tSome sank\r\n"
    (tmp_path / "copy" / "RTE_test.tsv").write_bytes(unlabeled.encode())
    got = fetch("covid-fact-rte", tmp_path / "copy", tmp_path / "root")
    assert [(part.part, part.claims) for part in got.parts] == [("test", 2), ("test-unlabeled", 1)]
    assert got.articles == 2
    assert check([got.folder]) == []
