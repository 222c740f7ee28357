"""What the keys of a session do, by the log that they leave."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from dataset_folders import lines, to_label

from harness import check
from harness.annotate.drafts import CONFIDENCES
from harness.annotate.questions import dispute_questions, label_questions
from harness.annotate.session import Session
from harness.data.labels.label_log import open_to_label


@contextmanager
def session_of(folder, annotator="ann", axes=()):
    with open_to_label(folder, annotator) as (dataset, log):
        yield Session(label_questions(dataset, None, axes), log)


def place(session):
    return session.current.claim.text, session.current.axis.name


@pytest.fixture
def folder(tmp_path):
    return to_label(tmp_path / "d").folder


def log_of(folder, annotator="ann"):
    return [(a["axis"], a["role"], a["label"]) for a in lines(folder / "annotations" / f"{annotator}.jsonl")]


def test_axes_come_one_after_another_and_each_answer_is_in_the_file_before_the_next(folder):
    with session_of(folder) as session:
        assert place(session) == ("The bridge opened in 1932.", "factual")
        assert session.choose(1)
        assert log_of(folder) == [("factual", "label", "yes")]
        assert place(session) == ("The bridge opened in 1932.", "tone")
        assert session.choose(3)
        assert log_of(folder)[1:] == [("tone", "label", "cannot tell")]
        assert place(session) == ("Nobody paid to cross it.", "factual")
        assert not session.choose(3)
        assert not session.choose(0)
    assert check([folder]) == []


def test_a_later_session_goes_on_where_the_first_one_stopped(folder):
    with session_of(folder) as session:
        session.choose(1)
        session.skip()
        session.choose(2)
    with session_of(folder) as session:
        assert place(session) == ("The bridge opened in 1932.", "tone")
        assert session.n_answered == 2
        session.choose(1)
        assert place(session) == ("Nobody paid to cross it.", "tone")


def test_undo_takes_back_by_a_new_line_and_asks_again(folder):
    with session_of(folder) as session:
        for _ in range(2):
            session.choose(1)
            session.undo()
            assert place(session) == ("The bridge opened in 1932.", "factual")
        session.choose(1)
        assert (session.n_given, session.n_withdrawn, session.n_answered) == (3, 2, 1)
    # The same label, three times in one second: every line has an id of its own.
    records = lines(folder / "annotations/ann.jsonl")
    assert [a["role"] for a in records] == ["label", "withdraw", "label", "withdraw", "label"]
    assert len({a["annotation_id"] for a in records}) == 5
    assert [a.get("withdraws") for a in records[1::2]] == [a["annotation_id"] for a in records[0:4:2]]
    assert check([folder]) == []


def test_undo_goes_back_over_a_skip_and_then_over_the_answer_before_it(folder):
    with session_of(folder) as session:
        session.choose(1)
        session.skip()
        session.undo()
        assert place(session) == ("The bridge opened in 1932.", "tone")
        assert session.n_skipped == session.n_withdrawn == 0
        session.undo()
        assert place(session) == ("The bridge opened in 1932.", "factual")
        session.undo()
        assert session.message == "there is no answer to take back"


def test_undo_reaches_the_last_answer_of_an_earlier_session(folder):
    with session_of(folder) as session:
        session.choose(1)
        session.choose(2)
    with session_of(folder) as session:
        session.undo()
        assert place(session) == ("The bridge opened in 1932.", "tone")
    with session_of(folder) as session:
        assert place(session) == ("The bridge opened in 1932.", "tone")


def test_a_jump_to_an_answered_sentence_changes_its_label_by_a_line_that_supersedes(folder):
    with session_of(folder, axes=["factual"]) as session:
        session.choose(1)
        session.jump(1)
        session.choose(1)
        assert session.message == "unchanged: factual = yes"
        session.jump(1)
        session.choose(2)
        session.jump(9)
        assert session.message == "there is no sentence 9; the last one is 7"
        session.search("LATE on")
        assert place(session)[0] == "It was late on nine days."
        session.search("bridge opened")
        assert place(session)[0] == "The bridge opened in 1932."
        session.search("trams")
        assert session.message == "no other sentence contains 'trams'"
    first, second = lines(folder / "annotations/ann.jsonl")
    assert (second["label"], second["supersedes"]) == ("no", first["annotation_id"])
    assert check([folder]) == []


def test_after_the_last_question_what_was_left_before_a_jump_comes(folder):
    with session_of(folder, axes=["factual"]) as session:
        session.jump(7)
        session.choose(1)
        assert place(session)[0] == "The bridge opened in 1932."
        for _ in range(6):
            session.choose(2)
        assert session.current is None
        assert not session.choose(1)
        session.undo()
        assert place(session)[0] == "It was late on nine days."


def test_a_note_goes_with_one_answer(folder):
    with session_of(folder) as session:
        session.note = "not sure"
        session.choose(1)
        session.choose(1)
    assert [a.get("note") for a in lines(folder / "annotations/ann.jsonl")] == ["not sure", None]


def test_an_annotator_is_shown_nobody_elses_labels_and_an_adjudicator_all(folder):
    for name, label in (("ann", 1), ("bob", 2)):
        with session_of(folder, name) as session:
            assert all(question.marks == () for question in session.questions)
            assert session.n_answered == 0
            session.choose(label)
    with open_to_label(folder, "chief", "adjudicate") as (dataset, log):
        (question,) = dispute_questions(dataset, None, "chief")
        assert {mark.annotator: mark.label for mark in question.marks} == {"ann": "yes", "bob": "no"}
        session = Session([question], log)
        session.choose(2)
        assert session.current is None
        session.undo()
        assert session.current is question
        session.choose(1)
    assert log_of(folder, "chief")[-1] == ("factual", "adjudicate", "yes")
    assert check([folder]) == []


def test_confidence_goes_with_the_next_answer_alone(folder):
    with session_of(folder) as session:
        session.confidence = CONFIDENCES["unsure"]
        session.choose(1)
        assert session.message == "saved: factual = yes (with confidence: unsure)"
        session.choose(1)
    assert check([folder]) == []
    assert [a.get("confidence") for a in lines(folder / "annotations/ann.jsonl")] == [0.5, None]


def test_a_note_waits_at_its_question_until_an_answer_stores_it(folder):
    with session_of(folder) as session:
        session.choose(1)
        session.note, session.confidence = "odd", CONFIDENCES["unsure"]
        session.undo()
        assert session.note is None
        session.choose(2)
        assert (session.note, session.confidence) == ("odd", 0.5)
        assert [str(draft) for draft in session.drafts.pending] == ["the note 'odd' and 'unsure' (sentence 1)"]
        session.jump(5)
        assert session.note is None
        session.jump(1)
        session.choose(1)
        assert session.drafts.pending == []
        # What is taken back is offered again.
        session.jump(1)
        session.undo()
        assert (session.note, session.confidence) == ("odd", 0.5)
    assert [a.get("note") for a in lines(folder / "annotations/ann.jsonl")] == [None, None, None, "odd", None]


def test_skipped_questions_come_again_on_request(folder):
    with session_of(folder, axes=["factual"]) as session:
        for _ in range(7):
            session.skip()
        assert (session.current, session.n_skipped) == (None, 7)
        session.skip()
        assert (place(session)[0], session.n_skipped) == ("The bridge opened in 1932.", 0)


def test_no_time_is_left_when_no_question_is(tmp_path):
    text = " ".join(f"Line {n} is short." for n in range(11))
    with session_of(to_label(tmp_path / "d", {"a": text}).folder, axes=["factual"]) as session:
        for _ in range(10):
            session.choose(1)
        assert session.minutes_left is not None
        session.skip()
        assert session.minutes_left is None
        session.skip()
        session.choose(1)
        assert (session.n_answered, session.minutes_left) == (11, None)
