"""Passages are found, shown by number, judged, and stored as `harness add` stores evidence."""

from __future__ import annotations

import io
import re

import pytest
from dataset_folders import TWO_AXES, lines, to_label, write_lines
from rich.console import Console

from harness import HarnessError, add_claims, check, label
from harness.annotate.evidence import EvidenceDesk, has_passages
from harness.annotate.questions import label_questions
from harness.annotate.session import Session
from harness.data.labels.label_log import open_to_label

VERDICTS = TWO_AXES.replace("tasks:\n", "tasks:\n  verdict: {axis: factual}\n")
PASSAGES = {
    "p1": "The bridge was opened in 1934 by the mayor.",
    "p2": "A toll of two pence was paid to cross the bridge.",
    "p3": "Ferries carried 2,100 people in May \x1b[31m\u202e.",
    "p4": "Nothing of this matters.",
}


@pytest.fixture
def folder(tmp_path):
    folder = to_label(tmp_path / "d", scheme=VERDICTS).folder
    corpus = [{"passage_id": name, "document_id": name, "text": text} for name, text in PASSAGES.items()]
    write_lines(folder / "corpus.jsonl", corpus)
    return folder


def cited(folder):
    return [(e["passage_id"], e["group"], e.get("stance")) for e in lines(folder / "evidence.jsonl")]


def test_passages_are_chosen_by_number_with_a_stance_each(folder, capsys):
    assert label(folder, "ann", keys="e1221q").given == 0
    printed = capsys.readouterr().out
    assert "1  p1: The bridge was opened in 1934 by the mayor." in printed
    assert "1  [refutes] p1: The bridge was opened" in printed
    assert "What does it say of the sentence? The bridge was opened in 1934 by the mayor." in printed
    assert cited(folder) == [("p1", 0, "refutes"), ("p2", 1, "supports")]
    assert check([folder]) == []


def test_words_of_ones_own_find_a_passage_and_hostile_text_is_shown(folder, capsys):
    label(folder, "ann", keys=["e", "/", *"ferries", "\n", "1", "4", "\n", "1", "q"])
    printed = capsys.readouterr().out
    assert "1  p3: Ferries carried 2,100 people in May \\x1b[31m\\u202e." in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert cited(folder) == [("p3", 0, "neutral")]
    assert len(lines(folder / "annotations/ann.jsonl")) == 1


def test_every_screen_of_evidence_fits(folder):
    corpus = [{"passage_id": f"p{n}", "document_id": "d", "text": f"The bridge {n} " * 200} for n in range(20)]
    write_lines(folder / "corpus.jsonl", corpus)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, height=24, highlight=False, no_color=True)
    label(folder, "ann", keys=["e", "9", "1", "2", "\x1b", "/", *"bridge", "\n", "\n", "c", "\x1b"], console=console)
    screens = out.getvalue().split("\x1b[2J")[1:]
    assert any("9  [supports] d: The bridge" in re.sub(r"\x1b\[[0-9;]*m", "", screen) for screen in screens)
    assert max(screen.count("\n") for screen in screens) <= 24


def test_a_stance_can_change_and_be_taken_out_and_other_lines_stay(folder):
    add_claims(folder, [{"text": "Nobody paid to cross it.", "evidence": PASSAGES["p2"], "stance": "refutes"}], "bob")
    others = (folder / "evidence.jsonl").read_bytes()
    with open_to_label(folder, "ann") as (dataset, log):
        session = Session(label_questions(dataset, None, ()), log, evidence=EvidenceDesk(dataset))
        first = session.passages()[0]
        assert (first.passage.passage_id, first.is_cited) == ("p1", False)
        session.judge(first.passage, "supports")
        session.judge(first.passage, "refutes")
        assert session.passages()[0] == (first.passage, True, "refutes")
        assert cited(folder) == [("p2", 0, "refutes"), ("p1", 0, "refutes")]
        session.judge(first.passage, None)
        assert (folder / "evidence.jsonl").read_bytes() == others
    assert check([folder]) == []


def test_what_is_judged_is_what_add_stores(folder):
    label(folder, "ann", keys="e11q")
    row = {"text": "The bridge opened in 1932.", "evidence": PASSAGES["p1"], "stance": "supports"}
    assert add_claims(folder, [row], "bob").evidence_added == 0


def test_two_people_judge_at_once(folder):
    with open_to_label(folder, "ann") as (dataset, _), open_to_label(folder, "bob") as (same, _):
        claim, ann, bob = dataset.current[0], EvidenceDesk(dataset), EvidenceDesk(same)
        first, second, *_ = (judged.passage for judged in ann.passages(claim))
        ann.judge(claim, first, "supports")
        bob.judge(claim, second, "refutes")
        ann.judge(claim, first, "qualifies")
        assert [judged.stance for judged in bob.passages(claim)[:2]] == ["qualifies", "refutes"]
    assert check([folder]) == []


def test_a_dataset_without_a_corpus_has_the_passages_that_it_cites(folder):
    claim = "The bridge opened in 1932."
    add_claims(folder, [{"text": claim, "evidence": PASSAGES["p1"]}], "bob")
    (folder / "corpus.jsonl").unlink()
    label(folder, "ann", keys="e12q")
    assert cited(folder) == [("p1", 0, "refutes")]
    with open_to_label(folder, "ann") as (dataset, _):
        assert has_passages(dataset)
        desk = EvidenceDesk(dataset)
        desk.judge(dataset.current[0], desk.passages(dataset.current[0])[0].passage, None)
    assert cited(folder) == [("p1", 0, None)]


def test_a_scheme_without_verdicts_asks_for_no_evidence(tmp_path, capsys):
    folder = to_label(tmp_path / "d").folder
    write_lines(folder / "corpus.jsonl", [{"passage_id": "p", "document_id": "p", "text": "The bridge."}])
    label(folder, "ann", keys="eq")
    printed = capsys.readouterr().out
    assert "there are no passages to judge here" in printed
    assert "e evidence" not in printed


def test_a_corpus_with_a_fault_ends_the_session_and_loses_nothing(folder):
    (folder / "corpus.jsonl").write_text("{}\n")
    with pytest.raises(HarnessError, match=r"corpus\.jsonl:1: passage_id: is required"):
        label(folder, "ann", keys="1e1q")
    assert len(lines(folder / "annotations/ann.jsonl")) == 1
