"""Reasons in words: what an editor reads instead of the names of features."""

from __future__ import annotations

import pytest

from harness.classifiers.base import Reason
from harness.scoring.reason_words import in_words

TEXT = "The ferry, they say, carried 2,100 people in May, more than last year."


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("word:2 ,", "2,", 1.0), "a number: “2,100”"),
        (Reason("char:100", "100", 1.0), "a number: “2,100”"),
        (Reason("char:opl", "opl", 1.0), "the word “people”"),
        (Reason("word:people in", "people in", 1.0), "the words “people in”"),
        (Reason("word:than", "than", 1.0), "a comparison or a ranking: “more than”"),
        (Reason("word:,", ",", 1.0), "a comma"),
        (Reason("word:?", "?", 1.0), "a question mark"),
        (Reason("number: a number", "2,100", 1.0), "a number: “2,100”"),
        (Reason("shape:words", "", 1.0), "its length: 13 words"),
        (Reason("shape:quotation marks", "", 1.0), "without quotation marks"),
        (Reason("shape:commas", "", 1.0), "commas"),
        (Reason("shape:question", "", 1.0), "without a question"),
        (Reason("words: 13", "", 1.0), "words: 13"),
        (Reason("word:gone", "gone", 1.0), "the words “gone”"),
    ],
)
def test_a_feature_in_words(reason, words):
    assert [spoken.words for spoken in in_words([reason], TEXT)] == [words]


def test_features_of_the_same_characters_are_one_reason_and_the_strongest_is_first():
    reasons = [Reason("word:2", "2", 0.2), Reason("word:people", "people", -0.4), Reason("char:100", "100", 0.3)]
    assert [tuple(spoken) for spoken in in_words(reasons, TEXT)] == [
        ("a number: “2,100”", 0.5),
        ("the word “people”", -0.4),
    ]


def test_a_comma_inside_a_number_is_the_number():
    assert in_words([Reason("word:,", ",", 1.0)], "It cost 2,100 coins.")[0].words == "a number: “2,100”"


def test_a_number_and_its_unit_are_one_reason():
    text = "They took more than 1,000 square miles in 4 million hours."
    reasons = [
        Reason("word:square", "square", 0.1),
        Reason("word:miles", "miles", 0.2),
        Reason("word:million", "million", 0.3),
    ]
    assert [reason.words for reason in in_words(reasons, text)] == [
        "a number with a unit: “1,000 square miles”",
        "a number with a unit: “4 million hours”",
    ]
