"""Which questions are asked, in which order."""

from __future__ import annotations

import pytest
from dataset_folders import to_label

from harness import HarnessError, label, new, open_dataset
from harness.annotate.questions import label_questions
from harness.data.labels.gold import active_annotations


def test_every_axis_of_every_claim_in_order_and_no_feature(tmp_path):
    dataset = to_label(tmp_path / "d")
    questions = label_questions(dataset, None, ())
    assert [(q.number, q.axis.name) for q in questions[:3]] == [(1, "factual"), (1, "tone"), (2, "factual")]
    assert [q.claim for q in questions[::2]] == list(dataset.current)
    assert {q.axis.name for q in label_questions(dataset, "two-axes", ["tone"])} == {"tone"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "two-axis"}, "no scheme is called 'two-axis'. Did you mean 'two-axes'?"),
        (
            {"scheme": "verdict"},
            "does not list the scheme 'verdict'; to label by it, add it there: schemes: [two-axes, verdict]",
        ),
        ({"axes": ["mood"]}, "--axis: no axis is called 'mood'. Known: factual, tone"),
        ({"axes": ["quantity"]}, "--axis: no axis is called 'quantity'"),
    ],
)
def test_names_that_are_unknown(tmp_path, options, message):
    folder = to_label(tmp_path / "d").folder
    with pytest.raises(HarnessError) as refused:
        label(folder, "ann", keys="", **options)
    assert message in str(refused.value)
    assert not list((folder / "annotations").glob("*.jsonl"))


def test_a_dataset_without_a_scheme(tmp_path):
    folder = new(tmp_path / "d").folder
    info = folder / "dataset.yaml"
    info.write_text(info.read_text().replace("schemes:\n- d\n", ""))
    with pytest.raises(HarnessError, match=r"dataset\.yaml lists no label scheme; name one under schemes"):
        label(folder, "ann", keys="")


def test_claims_of_a_replaced_article_are_not_asked_about(tmp_path):
    from harness import ingest

    folder = to_label(tmp_path / "d").folder
    source = tmp_path / "bridge.txt"
    source.write_text("The bridge opened in 1932. Everybody paid to cross it.\n")
    ingest([source], folder)
    dataset = open_dataset(folder)
    texts = [q.claim.text for q in label_questions(dataset, None, ["factual"])]
    assert "Everybody paid to cross it." in texts
    assert "Nobody paid to cross it." not in texts


def test_a_question_is_made_when_it_is_asked_for_and_is_where_its_answer_says(tmp_path):
    questions = label_questions(to_label(tmp_path / "d"), None, ())
    assert [questions.places[question.place] for question in questions] == list(range(14))
    assert list(questions.places) == [question.place for question in questions]
    assert questions[-1] == questions[len(questions) - 1] == questions[12:][1]
    assert questions[0] is not questions[0]
    claim_id, scheme, _ = questions[0].place
    assert ("other", scheme, "tone") not in questions.places
    assert (claim_id, scheme, "quantity") not in questions.places
    with pytest.raises(IndexError):
        questions[14]


def test_claims_are_asked_about_again_by_id(tmp_path):
    dataset = to_label(tmp_path / "d")
    folder, (first, second, *_) = dataset.folder, [claim.claim_id for claim in dataset.current]
    label(folder, "ann", keys="1" * 14)
    assert label(folder, "ann", keys="", claims=second).questions == 2
    assert label(folder, "ann", keys="22s1", claims=[second, first])[:5] == (2, 0, 1, 3, 4)
    changed = {(a.claim_id, a.axis): a.label for a in active_annotations(open_dataset(folder).annotations)}
    assert [changed[claim, "factual"] for claim in (first, second)] == ["no", "yes"]
    with pytest.raises(HarnessError, match="--claim: no current claim has the id 'x'"):
        label(folder, "ann", keys="", claims="x")
