"""Negation, hedge and future of plain English sentences."""

from __future__ import annotations

import pytest

from harness.scoring.probes.verbs import VERBS, find_verb, hedge, negate, to_future

EDITS = [
    # sentence, negated, hedged, as a future (None: the edit does not apply)
    ("The harbor is deep.", "The harbor is not deep.", "The harbor may be deep.", None),
    ("The mills are empty.", "The mills are not empty.", "The mills may be empty.", None),
    ("The pier was long.", "The pier was not long.", "The pier may have been long.", "The pier will be long."),
    ("The roads were dry.", "The roads were not dry.", "The roads may have been dry.", "The roads will be dry."),
    (
        "The town has sold the well.",
        "The town has not sold the well.",
        "The town may have sold the well.",
        None,
    ),
    (
        "The towns have sold the well.",
        "The towns have not sold the well.",
        "The towns may have sold the well.",
        None,
    ),
    (
        "The town had sold the well.",
        "The town had not sold the well.",
        "The town may have sold the well.",
        "The town will have sold the well.",
    ),
    ("The lake has two islands.", "The lake does not have two islands.", "The lake may have two islands.", None),
    (
        "The fort had five gates.",
        "The fort did not have five gates.",
        "The fort may have had five gates.",
        "The fort will have five gates.",
    ),
    ("The bog covers nine acres.", "The bog does not cover nine acres.", "The bog may cover nine acres.", None),
    (
        "The council rejected the plan.",
        "The council did not reject the plan.",
        "The council may have rejected the plan.",
        "The council will reject the plan.",
    ),
    (
        "The miller took the money.",
        "The miller did not take the money.",
        "The miller may have taken the money.",
        "The miller will take the money.",
    ),
    (
        "The ferry sank near the quay.",
        "The ferry did not sink near the quay.",
        "The ferry may have sunk near the quay.",
        "The ferry will sink near the quay.",
    ),
    (
        "In 1912, the pier was built on oak.",
        "In 1912, the pier was not built on oak.",
        "In 1912, the pier may have been built on oak.",
        None,
    ),
    (
        "The baker, a widow, won the vote.",
        "The baker, a widow, did not win the vote.",
        "The baker, a widow, may have won the vote.",
        "The baker, a widow, will win the vote.",
    ),
    (
        "The bridge was opened by the queen.",
        "The bridge was not opened by the queen.",
        "The bridge may have been opened by the queen.",
        "The bridge will be opened by the queen.",
    ),
    # A subject that is some of many: its denial says something else.
    ("Forty men signed the letter.", None, "Forty men may have signed the letter.", "Forty men will sign the letter."),
    (
        "Some 51 percent voted for it.",
        None,
        "Some 51 percent may have voted for it.",
        "Some 51 percent will vote for it.",
    ),
    # Denied already.
    ("The harbor is not deep.", "The harbor is deep.", None, None),
    ("The mills weren't empty.", "The mills were empty.", None, None),
    ("The council did not reject the plan.", "The council rejected the plan.", None, None),
    ("The bog does not cover nine acres.", "The bog covers nine acres.", None, None),
]
NOT_PLAIN = [
    "Was the harbor deep?",
    "The harbor was deep and the pier was long.",
    "The mayor, who was ill, left.",
    "All wells were dry.",
    "The mayor said that the harbor was deep.",
    "The bridge built by the army was sold.",
    "The clerk never signed it.",
    "“The harbor is deep.”",
    "The harbor may be deep.",
    "Row after row of gray twigs",
    "The bridge built by masons fell.",
    "",
]


@pytest.mark.parametrize(("text", "negated", "hedged", "future"), EDITS)
def test_the_finite_verb_is_denied_weakened_and_moved_to_the_future(text, negated, hedged, future):
    assert (negate(text), hedge(text), to_future(text)) == (negated, hedged, future)


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_sentences_of_more_than_one_plain_clause_are_left_alone(text):
    assert find_verb(text) is None
    assert negate(text) is None


@pytest.mark.parametrize("when", ["in 1912", "last year", "two weeks ago", "until March", "for the first time"])
def test_a_sentence_with_a_time_is_not_moved_to_the_future(when):
    assert to_future(f"The council rejected the plan {when}.") is None


def test_denying_twice_gives_the_sentence_again():
    for text, negated, _, _ in EDITS:
        if negated is not None and "n't" not in text:
            assert negate(negated) == text


def test_each_verb_has_four_forms_once():
    assert all(len(forms) == 4 for forms in VERBS)
    assert len({forms.base for forms in VERBS}) == len(VERBS)
