import numpy as np
import pytest
from metric_cases import Case, codes, outcome, value, yes_no
from sklearn.metrics import brier_score_loss

from harness.data.claims import Gold
from harness.metrics import Groups, Run
from harness.metrics.probabilities import Brier


def test_hand_worked():
    # (0.8 - 1)^2 = .04, (0.3 - 0)^2 = .09, (0.5 - 1)^2 = .25; their mean is .38 / 3
    assert value(Brier(), yes_no([1, 0, 1], [0.8, 0.3, 0.5], probabilities=True)) == pytest.approx(0.38 / 3)


def test_half_the_squared_distance_for_three_labels():
    scores = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    case = Case(
        Gold(("a", "b", "c"), codes([2, 2])), Run(scores, codes([2, 0]), True), Groups(codes([0, 0]), codes([0, 0]))
    )
    # (.04 + .09 + .25) / 2 = .19; all on a wrong label is the worst: (1 + 0 + 1) / 2 = 1
    assert value(Brier(), case) == pytest.approx((0.19 + 1) / 2)


def test_agrees_with_scikit_learn():
    random = np.random.default_rng(1)
    gold, scores = random.integers(0, 2, 40), random.random(40)
    assert value(Brier(), yes_no(gold, scores, probabilities=True)) == pytest.approx(brier_score_loss(gold, scores))


def test_scores_that_are_no_probabilities_have_no_brier_score():
    assert "not probabilities" in outcome(Brier(), yes_no([1, 0], [0.8, 0.3]))
