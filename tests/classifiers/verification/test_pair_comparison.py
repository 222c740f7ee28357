"""What a comparison of a claim with its passages shows."""

from __future__ import annotations

from harness.classifiers.verification.pair_comparison import comparison, stem_of, tagged_words
from harness.data.claims import ShownPassage


def shown(*texts: str) -> tuple[ShownPassage, ...]:
    return tuple(ShownPassage(str(number), text) for number, text in enumerate(texts))


def test_words_are_tagged_by_where_their_stems_occur():
    tags = tagged_words("Emissions doubled", shown("The emission of 1990 halved."))
    assert set(tags) == {
        "claim:emissions",
        "claim:doubled",
        "in:emissions",
        "out:doubled",
        *(f"evidence:{word}" for word in ("the", "of", "1990", "halved")),
    }


def test_a_word_that_stands_in_the_place_of_another_is_replaced():
    passage = shown("The bridge was built of stone in Prague.")
    assert comparison("The bridge was built of timber in Prague.", passage)["words replaced"] == 1
    assert comparison("The bridge was built of stone in Prague.", passage)["words replaced"] == 0


def test_more_against_less_and_before_against_after():
    fewer = comparison("Prices rose before the war.", shown("Prices fell after the war."))
    assert (fewer["direction"], fewer["time"]) == (-1, -1)
    assert comparison("Prices rose.", shown("Prices increased."))["direction"] == 1


def test_negations_are_compared_with_the_sentence_that_shares_most_words():
    passage = shown("Cats do not bark. The river flooded the town.")
    assert comparison("The river flooded the town", passage)["negations odd"] == 0
    assert comparison("The river didn't flood the town", passage)["negations odd"] == 1


def test_numbers_that_contradict():
    numbers = comparison("It is 96 meters high", shown("It is 98 meters high"))
    assert (numbers["number contradicted"], numbers["numbers in"]) == (1, 0)
    assert comparison("It is 98 meters high", shown("It is 98 meters high"))["number contradicted"] == 0


def test_without_words_nothing_is_divided_by_zero():
    assert comparison("…", shown("…"))["overlap"] == 0
    assert comparison("", shown("Some text"))["stem overlap"] == 0
    assert comparison("Some text", ())["passages"] == 0


def test_stems_unite_inflected_words_and_keep_numbers():
    assert stem_of("increasing") == stem_of("increased") == "incre"
    assert stem_of("cats") == stem_of("cat")
    assert stem_of("123456") == "123456"
