"""Labels that a system suggests: off by default, shown, and stored in the log when they were."""

from __future__ import annotations

import io

import pytest
from dataset_folders import TWO_AXES, lines, to_label, write_lines
from rich.console import Console

from harness import FaultsError, HarnessError, agreement, check, label, withdraw
from harness.annotate.labeling import Labeling, LabelOptions
from harness.annotate.screen import question_screen
from harness.data.labels.gold import gold_labels
from harness.data.labels.label_log import open_to_label


@pytest.fixture
def dataset(tmp_path):
    return to_label(tmp_path / "d")


@pytest.fixture
def scores(dataset, tmp_path):
    """Scores of all claims but the last: yes, yes, no, yes, yes, no."""
    values = [0.9, 0.8, 0.3, 0.9, 0.8, 0.3]
    rows = [
        {"claim_id": claim.claim_id, "score": {"no": round(1 - value, 3), "yes": value}}
        for claim, value in zip(dataset.current, values, strict=False)
    ]
    write_lines(tmp_path / "model.jsonl", rows)
    return tmp_path / "model.jsonl"


def log_of(dataset, annotator="ann"):
    return lines(dataset.folder / "annotations" / f"{annotator}.jsonl")


def shown(session):
    lines_of_screen = question_screen(Console(file=io.StringIO(), width=80), session, "d", 24)
    return "\n".join(line.plain for line in lines_of_screen)


def test_a_suggestion_is_shown_and_is_the_line_before_the_answer(dataset, scores):
    with open_to_label(dataset.folder, "ann") as (opened, log):
        session = Labeling(opened, LabelOptions(suggest=scores)).session(log)
        assert "suggested by model.jsonl: yes (0.90)" in shown(session)
        session.choose(2)
        # Only the axis that has the labels of the file gets suggestions.
        assert session.current.axis.name == "tone"
        assert "suggested" not in shown(session)
    records = log_of(dataset)
    assert [(a["role"], a["label"]) for a in records] == [("suggest", "yes"), ("label", "no")]
    assert (records[0]["author"], records[0]["confidence"]) == ("model.jsonl", 0.9)
    assert check([dataset.folder]) == []
    gold = gold_labels(opened.annotations, "two-axes", "factual").labels
    assert {one.label for one in gold.values()} <= {"no"}


def test_what_was_shown_is_stored_once_also_for_a_question_that_is_skipped(dataset, scores):
    label(dataset.folder, "ann", axes="factual", suggest=scores, keys="s2u1q")
    assert [(a["role"], a["label"]) for a in log_of(dataset)] == [
        ("suggest", "yes"),
        ("suggest", "yes"),
        ("label", "no"),
        ("withdraw", "no"),
        ("label", "yes"),
    ]
    label(dataset.folder, "ann", axes="factual", suggest=scores, keys="1q")
    assert [a["role"] for a in log_of(dataset)][5:] == ["label"]
    assert check([dataset.folder]) == []


def test_another_suggestion_replaces_the_stored_one(dataset, scores):
    label(dataset.folder, "ann", axes="factual", suggest=scores, keys="1q")
    rows = lines(scores)
    rows[0]["score"] = {"no": 0.7, "yes": 0.3}
    write_lines(scores, rows)
    claim = rows[0]["claim_id"]
    label(dataset.folder, "ann", axes="factual", suggest=scores, claims=claim, keys="2")
    records = log_of(dataset)
    assert [(a["role"], a["label"]) for a in records[2:]] == [("suggest", "no"), ("label", "no")]
    assert records[2]["supersedes"] == records[0]["annotation_id"]
    withdraw(dataset.folder, "ann", claim=claim)
    assert check([dataset.folder]) == []


def test_without_the_option_nothing_is_shown_or_stored(dataset):
    with open_to_label(dataset.folder, "ann") as (opened, log):
        session = Labeling(opened, LabelOptions()).session(log)
        assert session.suggestion is None
        session.choose(1)
    assert [a["role"] for a in log_of(dataset)] == ["label"]


def test_agreement_with_the_suggestions_is_reported(dataset, scores):
    label(dataset.folder, "ann", axes="factual", suggest=scores, keys="1111111")
    label(dataset.folder, "bob", axes="factual", keys="1111112")
    (factual,) = [axis for axis in agreement(dataset.folder).axes if axis.name == "factual"]
    (with_model,) = factual.details.suggestions
    raw = with_model.measures["raw_agreement"]
    assert (with_model.annotator, raw.n, raw.value) == ("ann", 6, pytest.approx(4 / 6))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("{}", "suggests maybe, which are labels of no axis that is asked (factual: yes, no; tone: calm, loud"),
        ("mood={}", "no axis is called 'mood'. Known: factual, tone"),
        ("tone={}", "no label of axis 'tone' is called 'maybe'"),
    ],
)
def test_labels_that_fit_no_axis(dataset, scores, option, message):
    write_lines(scores, [{"claim_id": dataset.current[0].claim_id, "predicted": "maybe"}])
    with pytest.raises(HarnessError) as refused:
        label(dataset.folder, "ann", suggest=option.format(scores), keys="")
    assert message in str(refused.value)


def test_labels_that_fit_several_axes_and_two_files_for_one(tmp_path):
    scheme = TWO_AXES.replace("[calm, loud, cannot tell]", "['yes', 'no', cannot tell]")
    dataset = to_label(tmp_path / "d", scheme=scheme)
    path = tmp_path / "model.csv"
    path.write_text(f"claim_id,label\n{dataset.current[0].claim_id},no\n")
    with pytest.raises(HarnessError, match="the axes factual, tone all have its labels") as refused:
        label(dataset.folder, "ann", suggest=path, keys="")
    assert f"--suggest factual={path}" in str(refused.value)
    label(dataset.folder, "ann", suggest=f"tone={path}", keys="112q")
    assert [(a["role"], a["axis"]) for a in log_of(dataset)] == [
        ("label", "factual"),
        ("suggest", "tone"),
        ("label", "tone"),
        ("label", "factual"),
    ]
    with pytest.raises(HarnessError, match=r"both suggest labels for axis 'tone'; give one"):
        label(dataset.folder, "ann", suggest=[f"tone={path}", f"tone={path}"], keys="")


def test_a_file_with_faults_stops_before_the_first_question(dataset, scores):
    scores.write_text("{}\n")
    with pytest.raises(FaultsError):
        label(dataset.folder, "ann", suggest=scores, keys="1")
    assert not (dataset.folder / "annotations/ann.jsonl").exists()


def verdict_lines(dataset, path, verdicts):
    """Writes what a chain says of the last claims of a dataset, the last one first."""
    write_lines(
        path,
        [
            {
                "claim_id": claim.claim_id,
                "detection_score": 0.5 + 0.1 * number,
                "verdict": verdict,
                "scores": {"no": 0.25, "yes": 0.75},
                "probabilities": True,
                "evidence": [
                    {
                        "passage_id": "p1",
                        "document_id": "law",
                        "text": "\x1b[2JIt rose by 3. " * 20,
                        "published": "2021-01-05",
                    },
                    {"passage_id": "p2", "text": "It fell.", "score": 1.5},
                ][: 2 if verdict else 0],
            }
            for number, (claim, verdict) in enumerate(
                zip(dataset.current[-len(verdicts) :], verdicts, strict=True), start=1
            )
        ],
    )
    return path


def test_the_claims_that_a_chain_judged_come_first_with_its_verdicts(dataset, tmp_path):
    path = verdict_lines(dataset, tmp_path / "out.jsonl", ["yes", None, "yes"])
    label(
        dataset.folder, "ann", axes="factual", from_verify=path, keys=list("1221"), console=Console(file=io.StringIO())
    )
    records = log_of(dataset)
    ids = [claim.claim_id for claim in dataset.current]
    answers = [(a["role"], a["claim_id"], a["label"]) for a in records]
    assert answers[:5] == [
        ("suggest", ids[-1], "yes"),
        ("label", ids[-1], records[1]["label"]),
        ("label", ids[-2], records[2]["label"]),
        ("suggest", ids[-3], "yes"),
        ("label", ids[-3], records[4]["label"]),
    ]
    assert answers[5][:2] == ("label", ids[0])
    assert (records[0]["author"], records[0]["confidence"]) == ("out.jsonl", 0.75)
    assert [passage["passage_id"] for passage in records[0]["shown"]] == ["p1", "p2"]
    assert records[0]["shown"][0]["text"] == "\x1b[2JIt rose by 3. " * 20
    assert check([dataset.folder]) == []


def test_the_passages_that_a_verdict_rests_on_are_on_the_screen(dataset, tmp_path):
    path = verdict_lines(dataset, tmp_path / "out.jsonl", ["yes"])
    with open_to_label(dataset.folder, "ann") as (opened, log):
        session = Labeling(opened, LabelOptions(axes="factual", from_verify=path)).session(log)
        screen = shown(session)
    assert "law, 2021-01-05: " in screen
    assert " …" in screen
    assert "It fell." in screen
    assert "\x1b" not in screen
    assert len(screen.splitlines()) <= 24


def test_a_long_source_leaves_room_for_the_text_of_a_passage(dataset, tmp_path):
    path = verdict_lines(dataset, tmp_path / "out.jsonl", ["yes"])
    source = "The annual report of the office of statistics on prices, rents and wages in all regions, edition 2 " * 4
    path.write_text(path.read_text(encoding="utf-8").replace('"law"', f'"{source}"'), encoding="utf-8")
    with open_to_label(dataset.folder, "ann") as (opened, log):
        session = Labeling(opened, LabelOptions(axes="factual", from_verify=path)).session(log)
        screen = shown(session)
    assert "- The annual report of the" in screen
    assert "It rose by 3." in screen


def test_a_file_that_is_no_output_of_a_chain_is_refused(dataset, tmp_path):
    path = tmp_path / "out.jsonl"
    for rows, message in [
        ([{"claim_id": "c"}], "out.jsonl:1: is no claim with a verdict"),
        ([], "has no claims; expected what harness verify"),
    ]:
        write_lines(path, rows)
        with pytest.raises(FaultsError, match=message):
            label(dataset.folder, "ann", from_verify=path, keys=[])
    with pytest.raises(HarnessError, match=r"are labels of no axis that is asked .*--scheme NAME"):
        label(dataset.folder, "ann", from_verify=verdict_lines(dataset, path, ["maybe"]), keys=[])
    with pytest.raises(HarnessError, match="leave the other orders and --suggest out"):
        label(dataset.folder, "ann", from_verify=path, order="random", keys=[])
    path.write_text(path.read_text(encoding="utf-8").replace(dataset.current[-1].claim_id, "other"), encoding="utf-8")
    with pytest.raises(HarnessError, match="has no claim of the dataset, but ids such as 'other'"):
        label(dataset.folder, "ann", from_verify=path, keys=[])
