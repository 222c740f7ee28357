"""Rows bring passages of evidence: groups, stances and a corpus, all or nothing, and the same again adds nothing."""

from __future__ import annotations

import json

import pytest
from dataset_folders import content, lines, write_lines

from harness import HarnessError, add_claims, check, open_corpus, open_dataset
from harness.errors import FaultsError

TABLE = """\
claim,label,passage,stance,set,outlet,link,day,said
The mill burned in 1911.,refuted,The mill burned in 1912.,REFUTES,0,Town annals,https://a.example/1,1912-03-01,2020-05-01
The mill burned in 1911.,refuted,The insurer paid in May 1912.,refutes,1,,,1912,
The mill burned in 1911.,,"The annals are complete, says the archive.",neutral,1,,,,
The harbor has a crane.,supported,A crane stands in the harbor.,supports,0,Harbor office,,,
Nobody knows the ferryman.,open,,,,,,,
"""
COLUMNS = {
    "text": "claim",
    "verdict": "label",
    "evidence": "passage",
    "group": "set",
    "source": "outlet",
    "url": "link",
    "published": "day",
    "date": "said",
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def add(folder, rows, **settings):
    return add_claims(folder, rows, "me", **({"columns": COLUMNS} | settings))


def cited(folder):
    """(text of the claim, group, text of the passage, stance) of all evidence."""
    dataset = open_dataset(folder)
    texts = {claim.claim_id: claim.text for claim in dataset.claims}
    return [(texts[e.claim_id], e.group, e.text, e.stance) for e in dataset.evidence]


def test_rows_of_one_claim_become_its_passages(tmp_path, table):
    added = add(tmp_path / "d", table)
    assert (added.claims_added, added.annotations_added, added.unchanged) == (3, 3, 0)
    assert (added.evidence_added, added.passages_added) == (4, 4)
    assert "claims without evidence: 1" in added.notes
    mill = "The mill burned in 1911."
    assert cited(tmp_path / "d") == [
        (mill, 0, "The mill burned in 1912.", "refutes"),
        (mill, 1, "The insurer paid in May 1912.", "refutes"),
        (mill, 1, "The annals are complete, says the archive.", "neutral"),
        ("The harbor has a crane.", 0, "A crane stands in the harbor.", "supports"),
    ]
    first = open_corpus(tmp_path / "d").passages[0]
    assert (first.document_id, first.publisher, first.url) == (
        "https://a.example/1",
        "Town annals",
        "https://a.example/1",
    )
    assert first.published == open_dataset(tmp_path / "d").evidence[0].published == "1912-03-01"
    assert open_dataset(tmp_path / "d").claims[0].date == "2020-05-01"
    assert check(tmp_path / "d") == []


def test_the_config_of_a_new_dataset_asks_for_verdicts(tmp_path, table):
    add(tmp_path / "d", table)
    config = (tmp_path / "d/experiment.yaml").read_text()
    assert "task: verdict" in config
    assert "evidence_rules" in config
    assert check(tmp_path / "d/experiment.yaml") == []


def test_adding_again_changes_nothing(tmp_path, table):
    add(tmp_path / "d", table)
    before = content(tmp_path / "d")
    again = add(tmp_path / "d", table)
    assert content(tmp_path / "d") == before
    assert (again.claims_added, again.annotations_added, again.evidence_added, again.passages_added) == (0, 0, 0, 0)
    assert again.unchanged == 3
    assert "passages that the dataset cites already for the same claim: 4" in again.notes


def test_a_further_passage_is_appended(tmp_path, table):
    add(tmp_path / "d", table)
    before = content(tmp_path / "d")
    row = {"claim": "The harbor has a crane.", "passage": "The crane was sold.", "stance": "refutes"}
    added = add(tmp_path / "d", [row | {"label": "supported", "extra": 1}], columns=of(row), ignore_columns="extra")
    assert (added.claims_added, added.evidence_added, added.passages_added) == (0, 1, 1)
    assert any(note.startswith("passages without a group") for note in added.notes)
    assert cited(tmp_path / "d")[-1] == ("The harbor has a crane.", 1, "The crane was sold.", "refutes")
    for name in ("corpus.jsonl", "evidence.jsonl"):
        path = tmp_path / "d" / name
        assert path.read_bytes().startswith(before[next(key for key in before if str(key).endswith(name))])


def of(row):
    """The columns of a row that names no more than these."""
    return {field: column for field, column in COLUMNS.items() if column in row or column == "label"}


def test_a_dry_run_writes_nothing(tmp_path, table):
    assert add(tmp_path / "d", table, dry_run=True).evidence_added == 4
    assert not (tmp_path / "d").exists()


def refused(folder, rows, **settings):
    """The faults of an add, as (line, field, code); it must leave no file behind."""
    with pytest.raises(FaultsError) as caught:
        add(folder, rows, **({"columns": {"verdict": "verdict"}, "new_scheme": "v"} | settings))
    assert not folder.exists()
    return [(fault.line, fault.field, fault.code) for fault in caught.value.faults], str(caught.value)


MILL = {"text": "The mill burned.", "verdict": "supported", "evidence": "It did burn.", "group": "0"}


@pytest.mark.parametrize(
    ("changes", "fault", "words"),
    [
        ({"verdict": "refuted"}, (2, "verdict", "contradiction"), "'supported' (line 1), 'refuted' (line 2)"),
        ({"stance": "disproves"}, (2, "stance", "unknown-name"), "neutral, qualifies, refutes, supports"),
        ({"stance": "refutes"}, (2, "stance", "contradiction"), "line 1 has"),
        ({"group": "first"}, (2, "group", "invalid"), "from 0"),
        ({"published": "12/05/2023"}, (2, "published", "invalid"), "2026-05-10"),
        ({"source": "Another"}, None, ""),
        ({"passage_id": "none", "evidence": ""}, (2, "passage_id", "unknown-id"), "no passage 'none'"),
        ({"evidence": "x" * 5_000_000}, (2, "evidence", "too-long"), "5,000,000 characters"),
        ({"evidence": 7}, (2, "evidence", "invalid"), "expected a text"),
        ({"evidence": "\ud800"}, (2, "evidence", "invalid"), "surrogate"),
    ],
)
def test_a_fault_is_named_with_its_row(tmp_path, changes, fault, words):
    rows = [MILL | {"stance": "supports"}, MILL | changes]
    if fault is None:
        assert add(tmp_path / "d", rows, columns={"verdict": "verdict"}, new_scheme="v").passages_added == 2
        return
    faults, message = refused(tmp_path / "d", rows)
    assert faults == [fault]
    assert words in message


def test_all_faults_are_named_at_once(tmp_path):
    rows = [MILL | {"stance": "x"}, {"verdict": "supported", "evidence": "No claim."}, MILL | {"group": -1}]
    faults, _ = refused(tmp_path / "d", rows)
    assert [place[:2] for place in faults] == [(1, "stance"), (2, "text"), (3, "group")]


def test_a_passage_that_is_cited_twice_and_one_without_text_are_counted(tmp_path):
    bare = {name: cell for name, cell in MILL.items() if name not in ("group", "stance")}
    rows = [MILL, MILL, bare | {"evidence": " ", "source": "Annals"}]
    added = add(tmp_path / "d", rows, columns={"verdict": "verdict"}, new_scheme="v")
    assert added.evidence_added == 1
    assert "passages cited again for the same claim, passed over: 1 (line 2)" in added.notes
    assert "rows that describe a passage without its text, passed over: 1 (line 3)" in added.notes


@pytest.mark.parametrize("stated", [{"group": 0}, {"stance": "supports"}])
def test_a_row_of_a_group_or_a_stance_without_its_passage_is_a_fault(tmp_path, stated):
    bare = {name: cell for name, cell in MILL.items() if name not in ("group", "stance", "evidence")}
    with pytest.raises(FaultsError, match="row:2: evidence: is empty in a row that states a group or a stance"):
        add(tmp_path / "d", [MILL, bare | stated], columns={"verdict": "verdict"}, new_scheme="v")


def test_two_groups_may_share_a_passage(tmp_path):
    add(tmp_path / "d", [MILL, MILL | {"group": 1}], columns={"verdict": "verdict"}, new_scheme="v")
    assert [(group, text) for _, group, text, _ in cited(tmp_path / "d")] == [(0, "It did burn."), (1, "It did burn.")]
    assert len(open_corpus(tmp_path / "d")) == 1


def test_a_passage_of_the_corpus_is_cited_by_its_id_or_its_text(tmp_path):
    add(tmp_path / "d", [MILL], columns={"verdict": "verdict"}, new_scheme="v")
    corpus = lines(tmp_path / "d/corpus.jsonl")
    span = {"passage_id": "annals-0", "document_id": "annals", "text": "Page one.", "start": 0, "end": 9}
    write_lines(tmp_path / "d/corpus.jsonl", [*corpus, span])
    rows = [
        {"text": "A page.", "verdict": "supported", "passage_id": "annals-0"},
        {"text": "Another page.", "verdict": "supported", "evidence": "Page one."},
        {"text": "Third.", "verdict": "supported", "passage_id": "new"},
        {"text": "Fourth.", "verdict": "supported", "passage_id": "new", "evidence": "Brought by a later row."},
    ]
    columns = {"verdict": "verdict", "evidence": "evidence", "passage_id": "passage_id"}
    added = add(tmp_path / "d", rows, columns=columns)
    assert (added.evidence_added, added.passages_added) == (4, 1)
    ids = [(e.passage_id, e.start, e.end) for e in open_dataset(tmp_path / "d").evidence[1:]]
    assert ids == [("annals-0", 0, 9), ("annals-0", 0, 9), ("new", None, None), ("new", None, None)]


def test_rows_of_one_sentence_of_a_document_are_one_claim(tmp_path):
    rows = [
        {"article_id": "speech", "text": "We built a pier.", "verdict": "supported", "evidence": "The pier stands."},
        {"article_id": "speech", "text": "We built a pier.", "verdict": "supported", "evidence": "It has a lamp."},
        {"article_id": "speech", "text": "It is long.", "verdict": "refuted", "evidence": "It is 20 meters long."},
    ]
    assert add(tmp_path / "d", rows, columns={"verdict": "verdict"}, new_scheme="v").claims_added == 2
    assert open_dataset(tmp_path / "d").articles[0].text == "We built a pier.\nIt is long."


def test_evidence_that_a_dataset_had_stays_in_its_corpus(tmp_path):
    add(tmp_path / "d", [MILL], columns={"verdict": "verdict"}, new_scheme="v")
    (tmp_path / "d/corpus.jsonl").unlink()
    add(tmp_path / "d", [MILL | {"evidence": "Ashes.", "group": 1}], columns={"verdict": "verdict"})
    assert [passage.text for passage in open_corpus(tmp_path / "d").passages] == ["It did burn.", "Ashes."]


def test_a_table_without_passages_is_read_as_before(tmp_path):
    rows = [{"text": "A crane.", "label": "yes", "url": "https://b.example"}, {"text": "A mill.", "label": "no"}]
    with pytest.raises(HarnessError, match="neither an axis"):
        add(tmp_path / "d", [row | {"stance": "supports"} for row in rows], columns={}, new_scheme="v")
    added = add(tmp_path / "d", rows, columns={}, new_scheme="v")
    assert (added.claims_added, added.evidence_added) == (2, 0)
    assert open_dataset(tmp_path / "d").articles[0].url == "https://b.example"
    assert not (tmp_path / "d/evidence.jsonl").exists()


def test_an_export_is_added_back_without_its_records(tmp_path, table):
    add(tmp_path / "d", table)
    claim = open_dataset(tmp_path / "d").claims[0]
    record = open_dataset(tmp_path / "d").evidence[0].model_dump()
    for cell in ([record], json.dumps([record]), "[]"):
        row = {"claim_id": claim.claim_id, "verdict": "refuted", "evidence": cell}
        assert add(tmp_path / "d", [row], columns={}).evidence_added == 0


def test_a_dataset_with_labels_gets_evidence_alone(tmp_path, table):
    add(tmp_path / "d", table)
    claims = {claim.text: claim.claim_id for claim in open_dataset(tmp_path / "d").claims}
    rows = [
        {"claim_id": claims["Nobody knows the ferryman."], "evidence": "Two people met him.", "group": 0.0},
        {"claim_id": claims["Nobody knows the ferryman."], "evidence": "He has a sister.", "group": float("nan")},
    ]
    added = add(tmp_path / "d", rows, columns={})
    assert (added.annotations_added, added.evidence_added) == (0, 2)
    assert not any("without a label" in note for note in added.notes)
    assert [group for _, group, _, _ in cited(tmp_path / "d")[-2:]] == [0, 1]
    with pytest.raises(FaultsError, match="expected the number of an evidence group"):
        add(tmp_path / "d", [rows[0] | {"group": 1.5}], columns={})


def test_a_long_cell_is_a_passage_and_one_of_5_mb_is_named_with_its_line(tmp_path):
    path = tmp_path / "long.csv"
    for n_words, fault in ((40_000, None), (1_250_000, 2)):
        path.write_text(f"text,verdict,words\nA pier.,supported,{'pier ' * n_words}\nA mill.,refuted,No.\n")
        columns = {"verdict": "verdict", "evidence": "words"}
        if fault is None:
            assert add(tmp_path / "d", path, columns=columns).passages_added == 2
            continue
        with pytest.raises(FaultsError, match=r"long\.csv:2: evidence: has 6,249,999 characters"):
            add(tmp_path / "e", path, columns=columns)
        assert not (tmp_path / "e").exists()
