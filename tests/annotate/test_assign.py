"""Claims are assigned, asked about by `label`, asked again without saying so, and counted."""

from __future__ import annotations

import pytest
from dataset_folders import content, lines, to_label

from harness import HarnessError, add_claims, agreement, assign, assignments, check, label, unassign, withdraw
from harness.annotate.labeling import Labeling, LabelOptions
from harness.data.assignments.assignment_files import read_assignments
from harness.data.labels.gold import active_annotations
from harness.data.labels.label_log import open_to_label
from harness.data.load import open_folder


@pytest.fixture
def folder(tmp_path):
    return to_label(tmp_path / "d").folder


def asked(folder, annotator, **options):
    """The claims that an annotator is asked about, in order."""
    with open_to_label(folder, annotator) as (dataset, log):
        questions = Labeling(dataset, LabelOptions(axes="factual", **options)).session(log).questions
        return [question.claim.claim_id for question in questions]


def assigned(folder, annotator):
    return [line.claim_id for line in read_assignments(folder)[annotator]]


def test_label_asks_what_is_assigned_in_its_order_and_all_of_it_if_asked_to(folder):
    result = assign(folder, ["ann", "bob", "cal"], overlap=2, order="random", seed=4)
    assert result.added == {"ann": 5, "bob": 5, "cal": 4} or sorted(result.added.values()) == [4, 5, 5]
    assert result.unassigned == 0
    for name in ("ann", "bob", "cal"):
        assert asked(folder, name) == assigned(folder, name)
    assert len(asked(folder, "ann", everything=True)) == 7
    assert sorted(asked(folder, "ann", order="random", seed=1)) == sorted(assigned(folder, "ann"))
    with pytest.raises(HarnessError, match="nothing is assigned to 'dan', but to ann, bob, cal; give --all"):
        label(folder, "dan", keys="")
    assert label(folder, "dan", keys="1", everything=True).questions == 14
    assert check([folder]) == []


def test_a_second_call_assigns_what_was_added_and_changes_nothing_else(folder, tmp_path):
    assign(folder, ["ann", "bob"], overlap=1)
    before = content(folder)
    assert set(assign(folder, ["ann", "bob"], overlap=1).added.values()) == {0}
    assert content(folder) == before
    table = tmp_path / "more.csv"
    table.write_text("text,factual\nIt carried 12 boats.,yes\nIt sank.,no\n")
    add_claims(folder, table, "eve")
    assert assignments(folder).unassigned == 2
    assert sum(assign(folder, ["ann", "bob"], overlap=1).added.values()) == 2
    for name in ("ann", "bob"):
        path = f"assignments/{name}.jsonl"
        assert (folder / path).read_bytes().startswith(before[path])


def test_hidden_repeats_are_asked_last_and_stored_as_such(folder):
    assign(folder, "ann", repeats=0.2)
    again = [line.claim_id for line in read_assignments(folder)["ann"] if line.role == "repeat"]
    assert len(again) == 1
    with open_to_label(folder, "ann") as (dataset, log):
        session = Labeling(dataset, LabelOptions(axes="factual")).session(log)
        while not session.current.is_repeat:
            session.choose(1)
            session.note = None
        question = session.current
        assert question.claim.claim_id == again[0]
        # The first answer is not shown, nor offered to be replaced.
        assert session.answer_of(question) is None
        # A mark is asked for as at any other question, and stored as a second one.
        feature = question.features[0]
        session.mark(feature)
        assert session.answer_of(feature).role == "repeat"
        session.mark(feature)
        assert session.answer_of(feature) is None
        session.flag()
        assert session.flag_of(question).role == "flag"
        session.flag()
        assert session.flag_of(question) is None
        session.choose(2)
        assert session.current is None
        assert session.answer_of(question).label == "no"
        session.undo()
        assert session.current == question
    # A later session asks the repeat, and undo begins with it.
    with open_to_label(folder, "ann") as (dataset, log):
        session = Labeling(dataset, LabelOptions(axes="factual")).session(log)
        assert session.current.is_repeat
        session.choose(2)
    with open_to_label(folder, "ann") as (dataset, log):
        session = Labeling(dataset, LabelOptions(axes="factual")).session(log)
        assert session.current is None
        session.undo()
        assert session.current.is_repeat
        session.choose(2)
        assert session.n_answered == 8
    log = lines(folder / "annotations/ann.jsonl")
    roles = ["repeat", "withdraw", "flag", "withdraw"] + ["repeat", "withdraw"] * 2 + ["repeat"]
    assert [a["role"] for a in log] == ["label"] * 7 + roles
    assert check([folder]) == []
    label(folder, "bob", axes="factual", keys="1" * 7, everything=True)
    (consistency,) = agreement(folder).axes[0].details.consistency
    assert (consistency.annotator, consistency.measures["raw_agreement"].n) == ("ann", 1)
    assert consistency.measures["raw_agreement"].value == 0


def test_features_that_are_marked_again_count_for_consistency(folder):
    assign(folder, "ann", repeats=0.5)
    with open_to_label(folder, "ann") as (dataset, log):
        session = Labeling(dataset, LabelOptions(axes="factual")).session(log)
        repeated = {session.questions.claims[rank] for rank in session.questions.repeated_claims}
        (single, *_) = (question for question in session.questions if question.claim not in repeated)
        # Marked at first: a claim that is not asked again; the second time: one of the others.
        session.mark(single.features[0])
        while session.current is not None:
            if session.current.is_repeat and not any(a.axis == "quantity" for a in log.repeats.values()):
                session.mark(session.current.features[0])
            session.choose(1)
    (axis,) = [axis for axis in agreement(folder).axes if axis.name == "quantity"]
    (consistency,) = axis.details.consistency
    assert consistency.measures["raw_agreement"].n == 3
    assert consistency.measures["raw_agreement"].value == pytest.approx(2 / 3)
    assert check([folder]) == []


def test_a_repeat_waits_for_the_first_answer(folder):
    assign(folder, "ann", repeats=0.2)
    again = next(line.claim_id for line in read_assignments(folder)["ann"] if line.role == "repeat")
    with open_to_label(folder, "ann") as (dataset, log):
        session = Labeling(dataset, LabelOptions(axes="factual")).session(log)
        while session.current is not None:
            if session.current.claim.claim_id == again:
                session.skip()
            else:
                session.choose(1)
        assert not log.repeats
    # In another order, claims that are asked again come last.
    assert asked(folder, "ann", order="random")[-1] == again


def test_progress_counts_claims_with_an_answer_on_every_axis(folder):
    assign(folder, ["ann", "bob"], repeats=0.25)
    n = len(assigned(folder, "ann"))
    label(folder, "ann", keys="111")
    counted = {one.annotator: one[1:] for one in assignments(folder).progress}
    assert counted["ann"] == (n - 1, 1, 1, 0)
    label(folder, "ann", keys="1" * 100)
    assert assignments(folder).progress[0][1:] == (n - 1, n - 1, 1, 1)
    withdraw(folder, "ann", claim=assigned(folder, "ann")[0])
    assert assignments(folder).progress[0].labeled == n - 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"overlap": 3}, r"--overlap: expected 1 to 2, the number of annotators \(ann, bob\), got 3"),
        ({"by": "page"}, "--by: no unit is called 'page'"),
        ({"order": "outdated"}, "give it to harness label --order outdated"),
        ({"repeats": 0.8}, "--repeats: expected 0% to 50%, got 0.8"),
        ({"order": "uncertainty"}, "--order uncertainty: give --scores"),
    ],
)
def test_what_cannot_be_assigned(folder, options, message):
    with pytest.raises(HarnessError, match=message):
        assign(folder, ["ann", "bob"], **options)
    assert not (folder / "assignments").exists()


def test_a_shipped_dataset_and_a_name_that_names_no_file(folder):
    with pytest.raises(HarnessError, match="shipped dataset"):
        assign("public-matters", "ann")
    with pytest.raises(HarnessError, match="--annotators: expected letters"):
        assign(folder, ["a/b"])


def test_claims_of_an_article_go_to_the_same_people(folder):
    assign(folder, ["ann", "bob"], by="article")
    articles = [{claim_id.rsplit("-", 1)[0] for claim_id in assigned(folder, name)} for name in ("ann", "bob")]
    assert sorted(articles, key=str) == [{"bridge"}, {"ferry"}]


def test_a_part_is_assigned_and_the_rest_later(folder):
    order = [claim.claim_id for claim in open_folder(folder).current]
    in_ferry = [claim_id for claim_id in order if claim_id.startswith("ferry")]
    assign(folder, "ann", articles="ferry")
    assert assigned(folder, "ann") == in_ferry
    assign(folder, "bob", overlap=1, first=2, articles=["ferry", "bridge"])
    # The same call gives the same, a greater number goes on; what ann has needs nobody else.
    for first in (2, 2, 4, len(order)):
        assign(folder, "bob", first=first)
        assert assigned(folder, "bob") == [claim_id for claim_id in order[:first] if claim_id not in in_ferry]
    assert assignments(folder).unassigned == 0
    assert check([folder]) == []


def test_the_article_of_the_last_claim_is_assigned_whole(folder):
    n_of_first = len({line for line in open_folder(folder).current if line.article_id == "bridge"})
    assert assign(folder, "ann", first=1, by="article").added == {"ann": n_of_first}
    assert assign(folder, "ann", first=n_of_first, by="article").added == {"ann": 0}
    assert assign(folder, "ann", first=n_of_first + 1, by="article").unassigned == 0


def test_what_is_not_begun_is_taken_back_and_no_label_is_lost(folder):
    assign(folder, ["ann", "bob"], repeats=0.25, order="random")
    before = assigned(folder, "ann")
    label(folder, "ann", keys="112")  # the first claim on both axes, the second on one
    log = (folder / "annotations" / "ann.jsonl").read_bytes()
    n_claims = len(set(before))
    result = unassign(folder, "ann")
    assert result.dropped == {"ann": n_claims - 2}
    assert assigned(folder, "ann") == before[:2]
    assert (folder / "annotations" / "ann.jsonl").read_bytes() == log
    assert result.unassigned == n_claims - 2
    assert unassign(folder, "ann").dropped == {"ann": 0}
    assert sum(assign(folder, "bob").added.values()) == n_claims - 2
    unassign(folder, "bob", articles="ferry")
    assert {claim_id.rsplit("-", 1)[0] for claim_id in assigned(folder, "bob")} == {"bridge"}
    unassign(folder, "bob")
    assert not (folder / "assignments" / "bob.jsonl").exists(), "nothing is assigned to bob"
    assert check([folder]) == []


def test_a_second_answer_keeps_the_line_of_the_first(folder):
    assign(folder, "ann", repeats=0.25)
    label(folder, "ann", keys="1" * 100)
    again = next(line.claim_id for line in read_assignments(folder)["ann"] if line.role == "repeat")
    for annotation in active_annotations(open_folder(folder).annotations):
        if annotation.claim_id == again and annotation.role == "label":
            withdraw(folder, "ann", annotation=annotation.annotation_id)
    assert unassign(folder, "ann").dropped == {"ann": 0}
    assert check([folder]) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda folder: assign(folder, "ann", articles="fery"),
            "--articles: no article .* 'fery'. Did you mean 'ferry'",
        ),
        (lambda folder: assign(folder, "ann", first=0), "--first: expected 1 or more claims, got 0"),
        (lambda folder: unassign(folder, "anna"), "--drop: no annotator with assignments is called 'anna'"),
        (
            lambda folder: unassign(folder, "ann", articles="fery"),
            "--articles: no article with claims is called 'fery'",
        ),
        (lambda _: unassign("public-matters", "ann"), "shipped dataset"),
    ],
)
def test_a_part_that_there_is_not(folder, call, message):
    assign(folder, "ann")
    before = content(folder)
    with pytest.raises(HarnessError, match=message):
        call(folder)
    assert content(folder) == before
