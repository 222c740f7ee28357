"""What would change a verdict: the judge's answers without each passage, and without all."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness.data.claims import Claims, ShownPassage
from harness.runner.verification.gold_evidence import evidence_column
from harness.scoring.verification.left_out import LeftOut, judge_without_passages


class CountingJudge:
    """Answers yes with a probability of a quarter for each passage that it is shown, and no below a half."""

    card = SimpleNamespace(labels=("no", "yes"))

    def score(self, claims):
        shares = np.array([len(passages) / 4 for passages in claims.evidence])
        return np.stack([1 - shares, shares], axis=1)

    def predict(self, claims, scores):
        return ["yes" if yes >= 0.5 else "no" for _, yes in scores]


def table(*n_passages):
    n = len(n_passages)
    column = evidence_column([[ShownPassage(f"p{i}", "text") for i in range(count)] for count in n_passages])
    texts = np.array([f"claim {i}" for i in range(n)], dtype=object)
    nothing = np.full(n, None, dtype=object)
    return Claims(texts, texts, texts, np.arange(n), texts, texts, nothing, nothing, nothing, evidence=column)


def test_each_passage_is_left_out_once_and_then_all():
    three, two, none = judge_without_passages(CountingJudge(), table(3, 2, 0), ["yes", "yes", "no"])
    assert three.each == (LeftOut("yes", 0.5),) * 3
    assert three.all == LeftOut("no", 0.0)
    assert two.each == (LeftOut("no", 0.25),) * 2
    assert (none.each, none.all) == ((), None)


def test_a_claim_without_an_answer_has_no_score_to_change():
    (answers,) = judge_without_passages(CountingJudge(), table(3), [None])
    assert answers.each[0] == LeftOut("yes", None)


def test_no_passage_at_all_asks_nothing():
    judge = SimpleNamespace(score=lambda _: pytest.fail("the judge was asked"))
    assert judge_without_passages(judge, table(0, 0), ["no", "no"])[0].each == ()
