"""Evidence that is a placeholder, and documents that are extracts of one source."""

from __future__ import annotations

import json
import random
import shutil

from audited import Row, dataset, results

from harness.audit.verification.corpora import same_source_groups
from harness.data.corpora.passages import Passage
from harness.records import Evidence


def corpus(n=40, size=5):
    return [
        Passage(passage_id=f"d{d}:{s}", document_id=f"d{d}", text=f"Sentence {s} of paper {d} says what {d * s} means.")
        for d in range(n)
        for s in range(size)
    ]


def cite(place_of, n=40):
    cited = [f"d{number}:{place_of(number)}" for number in range(n)]
    return [Row(f"claim {number}", None, ((f"text {name}", None, name),)) for number, name in enumerate(cited)]


def test_evidence_that_is_always_the_first_sentence():
    (result,) = results("A24", dataset(cite(lambda _: 0), corpus()))
    assert (result.severity, result.rows) == ("warning", 40)
    assert "the first passage of its document alone in 40 of 40 cases (100.0%; chance: 20.0%)" in result.message
    (last,) = results("A24", dataset(cite(lambda _: 4), corpus()))
    assert "the last passage" in last.message


def marking(sentences_of, n=40):
    text = " ".join(f"Sentence {number} says more." for number in range(5))
    source = dataset([Row(f"claim {number}", None, ((text, None, f"d{number}"),)) for number in range(n)])
    evidence = tuple(
        (item.model_copy(update={"sentences": sentences_of(number)}),) for number, (item,) in enumerate(source.evidence)
    )
    return source._replace(evidence=evidence)


def test_marked_sentences_that_are_always_the_first_of_a_whole_document():
    (result,) = results("A24", marking(lambda _: "0"))
    assert "the first sentence of its passage alone in 40 of 40 cases (100.0%; chance: 20.0%)" in result.message
    (last,) = results("A24", marking(lambda _: "4"))
    assert "the last sentence" in last.message
    assert not results("A24", marking(lambda number: f"{number % 5}"))
    assert not results("A24", marking(lambda _: "0,1"))
    assert not results("A24", marking(lambda _: None))


def test_evidence_that_annotators_chose_is_no_placeholder():
    draw = random.Random(5)
    assert not results("A24", dataset(cite(lambda _: draw.randrange(5)), corpus()))
    # Two passages each, or one: the first one is no wonder.
    assert not results("A24", dataset(cite(lambda _: 0), corpus(size=1)))
    # Few claims prove nothing.
    assert not results("A24", dataset(cite(lambda _: 0, n=20), corpus()))


def extracts():
    shared = "Nine of ninety patients in the trial had a fever."
    texts = {"a": shared, "b": f"Boats left early. {shared}", "c": "boats", "d": shared.upper(), "e": "x"}
    return [Passage(passage_id=f"{name}.0", document_id=name, text=text) for name, text in texts.items()]


def test_documents_that_share_a_sentence():
    rows = [Row("claim", None, (("text", None, "a.0"),))]
    (result,) = results("A25", dataset(rows, extracts()))
    assert (result.severity, result.rows, result.groups) == ("warning", 3, (("a", "b", "d"),))
    assert "3 of 5 documents share a sentence with another document, in 1 groups ('a', 'b', 'd')" in result.message
    assert not results("A25", dataset(rows, corpus()))


def test_documents_are_connected_through_others():
    one, two = "The first sentence has six words.", "The second sentence has seven words too."
    texts = {"a": one, "b": f"{one} {two}", "c": two}
    passages = [Passage(passage_id=name, document_id=name, text=text) for name, text in texts.items()]
    assert same_source_groups(passages) == [("a", "b", "c")]


def test_boilerplate_connects_nothing():
    notice = "All rights reserved by the publisher of this paper."
    passages = [Passage(passage_id=str(n), document_id=str(n), text=f"Paper {n}. {notice}") for n in range(60)]
    assert same_source_groups(passages) == []
    assert same_source_groups([]) == []


def test_groups_are_in_the_json(harness, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "small")
    claim_id = json.loads((folder / "claims.jsonl").read_text().splitlines()[0])["claim_id"]
    evidence = Evidence(evidence_id="e", claim_id=claim_id, group=0, text=extracts()[0].text, passage_id="a.0")
    (folder / "evidence.jsonl").write_text(evidence.model_dump_json(exclude_none=True) + "\n")
    lines = [passage.model_dump_json(exclude_none=True) for passage in extracts()]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    findings = json.loads(harness("audit", folder, "--json").stdout)["findings"]
    (extract,) = [finding for finding in findings if finding["check"] == "A25"]
    assert extract["groups"] == [["a", "b", "d"]]
    assert all("groups" not in finding for finding in findings if finding["check"] != "A25")
