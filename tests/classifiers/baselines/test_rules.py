"""The rule scorer: every point it gives has a name, and the points add up."""

from __future__ import annotations

import math

import pytest
from claim_tables import claims_of, gold_of

from harness.classifiers import build
from harness.classifiers.baselines.rules import BASE_LOG_ODDS
from harness.features.cues import CUES, find_cues
from harness.features.shapes import SHAPES, shapes_of

FACT = "The deficit fell by 12 percent in 2011, according to the Treasury."
WISH = "I hope we will all do better!"


def rules():
    return build("rules", {}).fit(claims_of([FACT]), gold_of([1]), 13)


def test_a_fact_with_numbers_ranks_above_a_wish_and_a_question():
    scores = rules().score(claims_of([FACT, WISH, "Who knows?", "Thank you."]))[:, 1]
    assert scores[0] > 0.9
    assert max(scores[1:]) < 0.3


def test_the_reasons_add_up_to_the_score():
    claims = claims_of([FACT, WISH, ""])
    scorer = rules()
    for (_, score), reasons in zip(scorer.score(claims), scorer.explain(claims), strict=True):
        odds = BASE_LOG_ODDS + sum(reason.weight for reason in reasons)
        assert score == pytest.approx(1 / (1 + math.exp(-odds)))
        assert all(reason.text in f"{FACT} {WISH}" for reason in reasons)


def test_reasons_are_named_and_the_strongest_comes_first():
    reasons = rules().explain(claims_of([FACT]))[0]
    named = {reason.name.partition(":")[0]: reason.text for reason in reasons}
    assert named["percent"] == "12 percent"
    assert named["attribution"] == "according to"
    assert [abs(reason.weight) for reason in reasons] == sorted((abs(r.weight) for r in reasons), reverse=True)


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("It cost $4.5 million.", "money"),
        ("It cost 30 euros.", "money"),
        ("Some 40% left.", "percent"),
        ("Seven people came.", "number"),
        ("In 1998 he left.", "date"),
        ("On March 3 he left.", "date"),
        ("We saw Angela Merkel there.", "name"),
        ("They joined NATO.", "name"),
        ("Crime is higher than before.", "comparison"),
        ("It was the largest ever.", "comparison"),
        ("Wages doubled.", "change"),
        ("She said so.", "attribution"),
        ("It failed because of rain.", "cause"),
        ("Congress passed it.", "rule"),
        ("It may rain.", "hedge"),
        ("That is my view.", "first_person"),
        ("We believe in you.", "belief"),
        ("They will win.", "plan"),
        ("Many people left.", "vague"),
        ("Is that so?", "question"),
        ("“Is that so?”", "question"),
        ("Thank you all.", "address"),
        ("(APPLAUSE)", "address"),
    ],
)
def test_each_cue_is_found(text, cue):
    assert cue in {found.name for found in find_cues(text)}


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("Paris is a city.", "name"),
        ("They may come in may.", "date"),
        ("He asked who it was.", "question"),
        ("The rulebook is thick.", "rule"),
    ],
)
def test_cues_are_not_found_where_they_are_not(text, cue):
    assert cue not in {found.name for found in find_cues(text)}


def test_every_cue_has_a_weight_and_every_shape_a_column():
    from harness.classifiers.baselines.rules import WEIGHTS

    assert {cue.name for cue in CUES} == WEIGHTS.keys()
    assert shapes_of([FACT, ""]).shape == (2, len(SHAPES))
    assert len(set(SHAPES)) == len(SHAPES)
