"""Paraphrases, typing errors and case change no meaning, and always the text."""

from __future__ import annotations

from random import Random

import pytest

from harness.scoring.probes.wording import lower_case, paraphrase, typo, upper_case

PARAPHRASED = [
    ("More ships came than 40.", None),
    ("It cost more than 40 euros.", "It cost over 40 euros."),
    ("It cost over 40 euros.", "It cost more than 40 euros."),
    ("It took about 40 days.", "It took approximately 40 days."),
    ("It took roughly 40 days.", "It took about 40 days."),
    ("It took less than nine days.", "It took under nine days."),
    ("It took nearly nine days.", "It took almost nine days."),
    ("It took almost nine days.", "It took nearly nine days."),
    ("Turnout was 61%.", "Turnout was 61 percent."),
    ("Turnout was 61 percent.", "Turnout was 61%."),
    ("It burned on May 4, 2021.", "It burned on 4 May 2021."),
    ("It burned on 4 May 2021.", "It burned on May 4, 2021."),
    ("The road is 9 kilometers long.", "The road is 9 km long."),
    ("The stone weighs 9 kilograms.", "The stone weighs 9 kg."),
    ("It closed because of rain.", "It closed due to rain."),
    ("It closed due to rain.", "It closed because of rain."),
    ("They met in order to vote.", "They met to vote."),
    ("Work began in May.", "Work started in May."),
    ("They built a mill.", "They constructed a mill."),
    ("They bought a mill.", "They purchased a mill."),
    ("It is the largest mill.", "It is the biggest mill."),
    ("Several mills closed.", None),
    ("It has several mills.", "It has a number of mills."),
    ("The mill isn't open.", "The mill is not open."),
    ("The mill is not open.", "The mill isn't open."),
    ("Work began because of about 40 floods.", "Work started due to approximately 40 floods."),
]


@pytest.mark.parametrize(("text", "expected"), PARAPHRASED)
def test_words_become_others_of_the_same_meaning(text, expected):
    assert paraphrase(text, Random(1)) == expected


@pytest.mark.parametrize("text", [text for text, _ in PARAPHRASED])
def test_case_changes_and_nothing_else(text):
    assert lower_case(text, Random(1)) == text.lower() != text
    assert upper_case(text, Random(1)) == text.upper() != text


def test_a_text_without_case_has_no_edit():
    assert lower_case("12 %", Random(1)) is None
    assert upper_case("12 %", Random(1)) is None


@pytest.mark.parametrize("text", ["The council rejected it.", "Ferries carried trucks.", *(["Water fell daily."] * 2)])
@pytest.mark.parametrize("seed", range(6))
def test_a_typing_error_exchanges_two_letters_inside_a_word(text, seed):
    changed = typo(text, Random(seed))
    places = [place for place, (old, new) in enumerate(zip(text, changed, strict=True)) if old != new]
    first, second = places
    assert second == first + 1
    assert (changed[first], changed[second]) == (text[second], text[first])
    assert text[first - 1].islower()


@pytest.mark.parametrize("text", ["It was so.", "NATO MET", "aaaaaa", ""])
def test_short_words_have_no_typing_error(text):
    assert typo(text, Random(1)) is None
