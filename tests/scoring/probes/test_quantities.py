"""Numbers and units of a claim become wrong ones."""

from __future__ import annotations

import re
from random import Random

import pytest

from harness.scoring.probes.quantities import FACTORS, change_number, change_unit

NUMBERS = [
    # before the number, the number, after it
    ("The pier is ", "312", " meters long."),
    ("The town has ", "48,210", " people."),
    ("Repairs cost $", "4.5", " million."),
    ("It rained on ", "17", " days in May."),
    ("The vote was won with ", "61", " percent."),
    ("A ticket costs ", "12", " euros."),
    ("The mill employs ", "230", " people."),
    ("The tower weighs ", "9,400", " tons."),
    ("They planted ", "650", " trees."),
    ("The reserve covers ", "88.4", " hectares."),
    ("In 1912 the fire destroyed ", "46", " houses."),
    ("On 4 May the ferry carried ", "1,250", " cars."),
    ("On May 4, 2021, the ferry carried ", "350", " cars."),
    ("The council approved ", "9", " plans."),
    ("The library lent ", "7,700", " books."),
    ("By the count of the harbor office, ", "5,300", " ships came."),
    ("Milk rose by ", "8", " percent."),
    ("The lock is ", "24", " meters wide."),
    ("Nobody expected ", "75", " entries."),
    ("The choir has sung in ", "38", " towns."),
    ("The dam holds ", "2.75", " million liters."),
]
LEFT_ALONE = [
    "The pier burned in 1912.",
    "The ferry left on May 4, 2021.",
    "The ferry left on 4 May.",
    "Flight 143 landed.",
    "Taipei 101 is a tower.",
    "Nine in ten voted.",
    "It took 3 to 5 days.",
    "The 21st ship came.",
    "The score was 3:1.",
    "It lasted 1 day.",
    "There is no number here.",
]
UNITS = [
    ("They took 1,000 square miles.", ("1,000 miles",)),
    ("The lake covers 50 square kilometers.", ("50 kilometers",)),
    ("The hall has 400 square meters.", ("400 meters",)),
    ("The farm has 70 acres.", ("70 square miles",)),
    ("The forest has 900 hectares.", ("900 square kilometers",)),
    ("The pier is 312 meters long.", ("312 kilometers", "312 centimeters")),
    ("The pier is 312 metres long.", ("312 kilometres", "312 centimetres")),
    ("The road is 14 miles long.", ("14 yards",)),
    ("The wall is 9 feet high.", ("9 miles", "9 inches")),
    ("The trip took 6 hours.", ("6 weeks", "6 minutes")),
    ("The trip took three days.", ("three months", "three hours")),
    ("Repairs took nine months.", ("nine decades", "nine days")),
    ("The lease runs for 20 years.", ("20 centuries", "20 weeks")),
    ("The truce held for two weeks.", ("two years", "two hours")),
    ("The fort stood for four centuries.", ("four millennia", "four years")),
    ("The well cost 12 million.", ("12 billion", "12 thousand")),
    ("The debt is $3 billion.", ("$3 trillion", "$3 million")),
    ("The stone weighs 40 kilograms.", ("40 tons", "40 grams")),
    ("The ship carried 800 tons.", ("800 kilograms",)),
    ("The dose is 50 milligrams.", ("50 grams",)),
    ("It cost more than 12 million.", ("12 billion",)),
    ("It took less than 6 hours.", ("6 minutes",)),
    ("The 312-meter tower fell.", ("312-kilometer", "312-centimeter")),
    ("A six-hour trip followed.", ("six-week", "six-minute")),
]


def number_of(text):
    return float(text.replace(",", ""))


@pytest.mark.parametrize(("before", "number", "after"), NUMBERS)
@pytest.mark.parametrize("seed", range(4))
def test_the_number_alone_changes_by_a_large_factor(before, number, after, seed):
    changed = change_number(before + number + after, Random(seed))
    assert changed.startswith(before)
    assert changed.endswith(after)
    new = changed[len(before) : len(changed) - len(after)]
    ratio = number_of(new) / number_of(number)
    assert ratio >= min(FACTORS) * 0.99 or ratio <= 1 / min(FACTORS) * 1.2
    assert "percent" not in after or number_of(new) <= 100


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_years_dates_names_and_shares_are_left_alone(text):
    assert change_number(text, Random(1)) is None


@pytest.mark.parametrize("seed", range(8))
def test_a_bound_is_moved_to_the_side_on_which_it_is_wrong(seed):
    random = Random(seed)
    assert number_of(re.search(r"[\d,]+", change_number("More than 4,000 ships came.", random)).group()) > 4000
    assert number_of(re.search(r"[\d,]+", change_number("Fewer than 4,000 ships came.", random)).group()) < 4000
    assert change_number("More than 90 percent came.", random) is None
    assert change_number("At least nine came.", random) in {
        f"At least {word} came." for word in ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
    }


@pytest.mark.parametrize(("text", "expected"), UNITS)
def test_the_unit_becomes_another_and_the_number_stays(text, expected):
    changed = {change_unit(text, Random(seed)) for seed in range(20)}
    assert len(changed) == len(expected)
    for new in expected:
        assert any(new in one for one in changed), changed


@pytest.mark.parametrize("text", ["He was 30 years old.", "It fell 20 years ago.", "The 2 Days Festival", "No unit."])
def test_ages_and_dates_keep_their_units(text):
    assert change_unit(text, Random(1)) is None
