import numpy as np
import pytest
from metric_cases import Case, codes, outcome, value, yes_no
from sklearn.metrics import brier_score_loss

from harness.data.claims import Gold
from harness.metrics import ResamplingGroups, Run
from harness.metrics.probabilities import (
    Brier,
    BrierReliability,
    BrierResolution,
    BrierUncertainty,
    ExpectedCalibrationError,
    LogLoss,
    equal_mass_bins,
)
from harness.metrics.soft import SoftAccuracy, SoftBrier, SoftLogLoss


def test_hand_worked():
    # (0.8 - 1)^2 = .04, (0.3 - 0)^2 = .09, (0.5 - 1)^2 = .25; their mean is .38 / 3
    assert value(Brier(), yes_no([1, 0, 1], [0.8, 0.3, 0.5], probabilities=True)) == pytest.approx(0.38 / 3)


def test_half_the_squared_distance_for_three_labels():
    scores = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    case = Case(
        Gold(("a", "b", "c"), codes([2, 2])),
        Run(scores, codes([2, 0]), True),
        ResamplingGroups(codes([0, 0]), codes([0, 0])),
    )
    # (.04 + .09 + .25) / 2 = .19; all on a wrong label is the worst: (1 + 0 + 1) / 2 = 1
    assert value(Brier(), case) == pytest.approx((0.19 + 1) / 2)


def test_agrees_with_scikit_learn():
    random = np.random.default_rng(1)
    gold, scores = random.integers(0, 2, 40), random.random(40)
    assert value(Brier(), yes_no(gold, scores, probabilities=True)) == pytest.approx(brier_score_loss(gold, scores))


def test_scores_that_are_no_probabilities_have_no_brier_score():
    assert "not probabilities" in outcome(Brier(), yes_no([1, 0], [0.8, 0.3]))


@pytest.mark.parametrize("seed", range(3))
def test_log_loss_agrees_with_scikit_learn(seed):
    from sklearn.metrics import log_loss

    random = np.random.default_rng(seed)
    gold, scores = random.integers(0, 2, 30), random.choice([0.0, 0.2, 0.7, 1.0], 30)
    case = yes_no(gold, scores, probabilities=True)
    assert value(LogLoss(), case) == pytest.approx(log_loss(gold, scores, labels=[0, 1]))


def test_calibration_hand_worked_in_two_bins():
    # bins of equal mass: (.1, .1) and (.6, .8). Frequencies 0 and 1: ECE (|.2 - 0| + |1.4 - 2|) / 4
    case = yes_no([0, 0, 1, 1], [0.1, 0.1, 0.6, 0.8], probabilities=True)
    assert value(ExpectedCalibrationError(bins=2), case) == pytest.approx((0.2 + 0.6) / 4)
    # reliability: 2 (.1)^2 / 4 + 2 (.3)^2 / 4; resolution: 4 (.5)^2 / 4; uncertainty: .25
    assert value(BrierReliability(bins=2), case) == pytest.approx((2 * 0.01 + 2 * 0.09) / 4)
    assert value(BrierResolution(bins=2), case) == pytest.approx(0.25)
    assert value(BrierUncertainty(bins=2), case) == pytest.approx(0.25)


def test_the_parts_of_the_brier_score_add_up_where_each_forecast_has_its_bin():
    random = np.random.default_rng(4)
    case = yes_no(random.integers(0, 2, 80), random.choice([0.1, 0.4, 0.9], 80), probabilities=True)
    parts = (value(part(bins=80), case) for part in (BrierReliability, BrierResolution, BrierUncertainty))
    reliability, resolution, uncertainty = parts
    assert reliability - resolution + uncertainty == pytest.approx(value(Brier(), case))


def test_equal_forecasts_are_never_in_two_bins():
    bins = equal_mass_bins(np.array([0.5] * 7 + [0.1, 0.9, 0.9]), 5)
    assert len({int(b) for b in bins[:7]}) == 1
    assert bins[7] <= bins[0] < bins[8] == bins[9]
    assert len(equal_mass_bins(np.array([]), 5)) == 0


def test_soft_labels_hand_worked():
    # Two annotators: both yes; one of each. Forecasts .8 and .5.
    case = yes_no([1, 0], [0.8, 0.5], predicted=[1, 1], probabilities=True)
    gold = Gold(case.gold.labels, case.gold.codes, np.array([[0, 1], [0.5, 0.5]]))
    soft = Case(gold, case.run, case.groups)
    assert value(SoftAccuracy(), soft) == pytest.approx((1 + 0.5) / 2)
    assert value(SoftBrier(), soft) == pytest.approx((0.2**2 + 0) / 2)
    assert value(SoftLogLoss(), soft) == pytest.approx((-np.log(0.8) + np.log(2)) / 2)
    alone = Case(Gold(gold.labels, gold.codes), case.run, case.groups)
    assert outcome(SoftAccuracy(), alone) == "undefined: no claim has labels from several annotators"
