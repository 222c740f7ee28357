"""The rules of `evidence_rules`: which one applies, and to which words."""

from __future__ import annotations

import pytest

from harness.classifiers.verification.evidence_rules import rule_of
from harness.data.claims import ShownPassage

BRIDGE = "The bridge of Riga, 2,300 meters long, was opened in 1992 by the mayor. It did not close in the flood."


@pytest.mark.parametrize(
    ("claim", "rule", "words"),
    [
        ("The bridge of Riga was opened in 1995.", "year differs", ("1995",)),
        ("The bridge of Riga is 2,100 meters long.", "number differs", ("2100",)),
        ("The bridge of Riga is 2,310 meters long.", "all words agree", ()),
        ("The bridge of Riga has 40 lamps.", "number missing", ("40",)),
        ("The bridge of Riga is long: some miles.", "unit differs", ("miles",)),
        ("The bridge did close in the flood.", "passage denies", ("close",)),
        ("The mayor never opened the bridge.", "claim denies", ("bridg", "opene")),
        ("The bridge of Oslo was opened by the mayor.", "name missing", ("oslo",)),
        ("A ferry sank off Oslo.", "names and words missing", ("oslo",)),
        ("The mayor opened the bridge.", "all words agree", ()),
        ("The mayor opened the bridge of Riga, proudly.", "nearly all words agree", ()),
        ("Nurses sleep badly.", "little in common", ()),
    ],
)
def test_the_first_rule_that_applies_and_its_words(claim, rule, words):
    assert rule_of(claim, (ShownPassage("p", BRIDGE),)) == (rule, words)


@pytest.mark.parametrize(
    ("claim", "passage", "rule"),
    [
        ("Ticket prices rose in the city.", "Ticket prices fell in the city after May.", "opposite direction"),
        ("COVID-19 spreads in crowded buses.", "The virus spreads in crowded buses.", "most words agree"),
        ("Seven boats left the harbor.", "7 boats left the harbor.", "all words agree"),
        ("Boats left the harbor.", "", "no passage"),
    ],
)
def test_rules_of_other_passages(claim, passage, rule):
    assert rule_of(claim, (ShownPassage("p", passage),))[0] == rule


def test_without_passages_no_rule_compares():
    assert rule_of("The bridge was opened in 1995.", ()) == ("no passage", ())
