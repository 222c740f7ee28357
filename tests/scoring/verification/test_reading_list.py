"""The reading budget: a number of sentences, or minutes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.scoring.verification.reading_list import BudgetError, ReadingBudget


def claims(*lengths):
    texts = [SimpleNamespace(text="word " * n) for n in lengths]
    return [SimpleNamespace(text=own.text, evidence=[SimpleNamespace(passage=own)]) for own in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20", (20, None)), (7, (7, None)), ("30min", (None, 30)), ("1.5 minutes", (None, 1.5)), (None, (None, None))],
)
def test_a_budget_is_sentences_or_minutes(text, expected):
    assert ReadingBudget.parse(text) == expected


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5", "0min", "", "20h"])
def test_what_is_no_budget_is_refused(text):
    with pytest.raises(BudgetError, match="expected a number of sentences"):
        ReadingBudget.parse(text)


def test_minutes_count_the_sentence_and_its_passages():
    # 238 words a minute: 2 x 100 fit, and 2 x 20 more do not.
    assert ReadingBudget(minutes=1).count(claims(100, 20, 1)) == 1
    assert ReadingBudget(minutes=1).count(claims(100, 19)) == 2
    assert ReadingBudget(minutes=1).count(claims(120)) == 0
    assert ReadingBudget(sentences=2).count(claims(1, 1, 1)) == 2
    assert ReadingBudget().count(claims(1, 1, 1)) == 3
