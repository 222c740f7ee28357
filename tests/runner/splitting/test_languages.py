"""Warnings about systems that meet another language in the test claims."""

from __future__ import annotations

import pytest

from harness.runner.splitting.languages import language_warnings

LANGUAGE_OF = {"a": "en", "b": "en-GB", "c": "de", "d": "fr"}


def warnings(train: str, test: str, made_for: tuple[str, ...] = (), *, learns: bool = True) -> list[str]:
    return language_warnings("nb", made_for, learns=learns, sides=[(train, test)], language_of=LANGUAGE_OF)


@pytest.mark.parametrize(("train", "test"), [("a", "b"), ("ac", "c"), ("acd", "dca"), ("", "c")])
def test_a_language_of_the_training_claims_needs_no_warning(train, test):
    assert warnings(train, test) == []


def test_a_language_that_is_only_in_the_test_claims_is_named():
    assert warnings("ab", "acd") == ["nb was trained on 'en, en-GB'; the test claims contain 'de, fr'"]
    assert warnings("ab", "c", learns=False) == []


def test_a_classifier_made_for_a_language_says_that_alone():
    assert warnings("a", "c", ("en",)) == ["nb was made for en; the data is in 'de'"]


def test_each_fold_is_looked_at_on_its_own():
    sides = [("a", "c"), ("c", "d")]
    assert language_warnings("nb", (), learns=True, sides=sides, language_of=LANGUAGE_OF) == [
        "nb was trained on 'de, en'; the test claims contain 'de, fr'"
    ]
