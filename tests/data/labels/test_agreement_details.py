"""What stands behind agreement: pairs, claims that split annotators, drift over time, and repeats."""

from __future__ import annotations

import datetime
import json
import random

import pytest
from small_dataset import make_dataset

from harness import agreement
from harness.data.jsonl import to_json_lines
from harness.data.labels.agreement import AnswerLog, axis_agreement
from harness.data.labels.agreement_details import Repeat, parse_time
from harness.data.labels.annotations import new_annotation

START = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def drifting(days, n=80, turn=40):
    """Two annotators who agree on every claim before the turn, and on every second after it."""
    given, times = [], {}
    for number in range(n):
        claim = f"c{number:02}"
        label = "yes" if number % 3 else "no"
        other = {"yes": "no", "no": "yes"}[label]
        given += [(claim, "ann", label), (claim, "bob", other if number >= turn and number % 2 else label)]
        times[claim, "ann"] = START
        times[claim, "bob"] = START + datetime.timedelta(days=days(number))
    return given, times


def details_of(given, log):
    claims = {claim: claim for claim, _, _ in given}
    return axis_agreement("axis", given, ("no", "yes"), claims, log=log, resamples=200).details


def test_agreement_that_falls_over_time():
    given, times = drifting(lambda number: number)
    random.Random(1).shuffle(given)
    drift = details_of(given, AnswerLog(times)).drift
    assert [period.measures["raw_agreement"].value for period in drift.periods] == [1, 1, 0.5, 0.5]
    assert [period.measures["raw_agreement"].n for period in drift.periods] == [20, 20, 20, 20]
    assert (drift.periods[0].start, drift.periods[-1].end) == ("2026-03-01T12:00:00+00:00", "2026-05-19T12:00:00+00:00")
    assert drift.change.value == -0.5
    assert drift.change.low < -0.5 < drift.change.high < 0


def test_labels_of_one_time_stay_in_one_period():
    given, times = drifting(lambda number: 0 if number < 50 else 1)
    periods = details_of(given, AnswerLog(times)).drift.periods
    assert [period.measures["raw_agreement"].n for period in periods] == [50, 30]
    given, times = drifting(lambda _: 0)
    assert details_of(given, AnswerLog(times)).drift.reason == "no periods: the labels have one time"


def test_every_period_has_ten_claims_where_many_labels_have_one_time():
    def sizes(*groups):
        day_of = [day for day, size in enumerate(groups) for _ in range(size)]
        given, times = drifting(lambda number: day_of[number], n=len(day_of))
        drift = details_of(given, AnswerLog(times)).drift
        return [period.measures["raw_agreement"].n for period in drift.periods], drift.reason

    assert sizes(5, 17, 35) == ([22, 35], None)
    assert sizes(12, 3, 30, 11) == ([15, 30, 11], None)
    numbers, reason = sizes(9, 40, 9)
    assert numbers == []
    assert reason.startswith("no periods: no time parts the claims into two periods of 10")


def test_few_claims_with_times_have_no_periods():
    given, times = drifting(lambda number: number, n=19)
    drift = details_of(given, AnswerLog(times)).drift
    assert (drift.periods, drift.change) == ((), None)
    assert drift.reason.endswith("19 claims have them")
    assert details_of(given, AnswerLog({})).drift.reason.endswith("and 0 claims have them")


def test_the_most_divided_claims_come_first():
    given = [("c1", who, label) for who, label in zip("abcd", ("yes", "yes", "yes", "no"), strict=True)]
    given += [("c2", who, label) for who, label in zip("abcd", ("yes", "no", "yes", "no"), strict=True)]
    given += [("c3", who, "yes") for who in "abcd"]
    splits = details_of(given, AnswerLog({})).splits
    # Of six pairs of labels, three are equal on c1 and two on c2.
    assert [(split.claim_id, split.agreement) for split in splits] == [("c2", pytest.approx(1 / 3)), ("c1", 0.5)]


def test_many_annotators_have_no_pairs():
    given = [("c1", f"w{number:02}", "yes") for number in range(21)]
    assert details_of(given, AnswerLog({})).pairs == []


def test_repeats_are_measured_for_each_annotator():
    given = [(f"c{n}", "ann", "yes" if n < 5 else "no") for n in range(10)]
    repeats = [Repeat(f"c{n}", "ann", "yes" if n < 5 else "no", "yes") for n in range(10)]
    (consistency,) = details_of(given, AnswerLog({}, repeats)).consistency
    assert consistency.measures["raw_agreement"].value == 0.5
    assert consistency.measures["cohen_kappa"].value == 0  # the second answers are all yes
    assert consistency.measures["raw_agreement"].n == 10


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01T12:00:00Z", START),
        ("2026-03-01T13:00:00+01:00", START),
        ("2026-03-01T12:00:00", START),
        ("2026-03-01", START.replace(hour=0)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times(text, time):
    assert parse_time(text) == time


def test_a_repeat_in_a_log_counts_for_consistency_alone(tmp_path, harness):
    folder = make_dataset(tmp_path)
    log = next((folder / "annotations").glob("*.jsonl"))
    first = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    labels = sorted({line["label"] for line in first})
    first = [line for line in first if line["axis"] == first[0]["axis"] and line["role"] == "label"][:2]
    answers = (first[0]["label"], next(label for label in labels if label != first[1]["label"]))
    again = [
        new_annotation(
            *(line[key] for key in ("claim_id", "scheme", "axis")),
            label,
            *(line[key] for key in ("annotator", "guideline")),
            role="repeat",
            at="2026-03-01T12:00:00Z",
        )
        for line, label in zip(first, answers, strict=True)
    ]
    before = agreement(folder)
    with log.open("a", encoding="utf-8") as lines:
        lines.write("".join(to_json_lines(again)))
    checked = harness("check", folder)
    assert checked.returncode == 0, checked.stdout
    after = agreement(folder)
    axis = next(axis for axis in after.axes if axis.name == first[0]["axis"])
    (consistency,) = axis.details.consistency
    assert consistency.annotator == first[0]["annotator"]
    assert consistency.measures["raw_agreement"].value == 0.5
    assert len(before.alone) - len(after.alone) in (0, 1)  # an axis of one annotator has repeats to tell of
