import numpy as np
import pytest
import sklearn.metrics as oracle
from metric_cases import labels_case, outcome, value

from harness.metrics.confusion import (
    BalancedAccuracy,
    CohenKappa,
    Coverage,
    LabelF1,
    LabelPrecision,
    LabelRecall,
    LabelSpecificity,
    MacroPrecision,
    MacroRecall,
    MatthewsCorrelation,
    WeightedF1,
    WeightedPrecision,
    WeightedRecall,
)


@pytest.mark.parametrize("n_labels", [2, 3, 6])
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_scikit_learn(seed, n_labels):
    random = np.random.default_rng(seed)
    gold, predicted = random.integers(0, n_labels, 60), random.integers(0, n_labels, 60)
    case = labels_case(gold, predicted, tuple("abcdef"[:n_labels]))
    for metric, name in ((MacroPrecision, "precision"), (MacroRecall, "recall")):
        expected = getattr(oracle, f"{name}_score")(gold, predicted, average="macro", zero_division=0)
        assert value(metric(), case) == pytest.approx(expected)
    for metric, name in ((WeightedPrecision, "precision"), (WeightedRecall, "recall"), (WeightedF1, "f1")):
        expected = getattr(oracle, f"{name}_score")(gold, predicted, average="weighted", zero_division=0)
        assert value(metric(), case) == pytest.approx(expected)
    for at, label in enumerate("abcdef"[:n_labels]):
        for metric, name in ((LabelPrecision, "precision"), (LabelRecall, "recall"), (LabelF1, "f1")):
            expected = getattr(oracle, f"{name}_score")(gold, predicted, labels=[at], average="macro")
            assert value(metric(label=label), case) == pytest.approx(expected)
        others = oracle.recall_score(gold != at, predicted != at)
        assert value(LabelSpecificity(label=label), case) == pytest.approx(others)
    assert value(BalancedAccuracy(), case) == pytest.approx(oracle.balanced_accuracy_score(gold, predicted))
    assert value(MatthewsCorrelation(), case) == pytest.approx(oracle.matthews_corrcoef(gold, predicted))
    assert value(CohenKappa(), case) == pytest.approx(oracle.cohen_kappa_score(gold, predicted))


def test_hand_worked_with_a_claim_without_an_answer():
    # gold       a a b b c
    # predicted  a b b - c
    case = labels_case([0, 0, 1, 1, 2], [0, 1, 1, -1, 2], ("a", "b", "c"))
    assert value(Coverage(), case) == pytest.approx(4 / 5)
    assert value(BalancedAccuracy(), case) == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)
    assert value(LabelSpecificity(label="b"), case) == pytest.approx(2 / 3)
    assert value(LabelSpecificity(label="c"), case) == 1
    assert value(MacroPrecision(), case) == pytest.approx((1 + 1 / 2 + 1) / 3)
    # observed 3/5; expected (1*2 + 2*2 + 1*1) / 25 = 7/25; the unanswered claim agrees with nothing
    assert value(CohenKappa(), case) == pytest.approx((3 / 5 - 7 / 25) / (1 - 7 / 25))
    # as scikit-learn has it with "no answer" as a label that gold never has
    expected = oracle.matthews_corrcoef([0, 0, 1, 1, 2], [0, 1, 1, 3, 2])
    assert value(MatthewsCorrelation(), case) == pytest.approx(expected)


def test_a_label_that_the_task_does_not_have_is_said():
    message = outcome(LabelF1(label="maybe"), labels_case([0, 1], [0, 1]))
    assert message == "undefined: the task has no label 'maybe'; its labels: no, yes"


def test_one_label_everywhere_has_no_correlation_and_no_kappa():
    case = labels_case([1, 1], [1, 1])
    assert outcome(MatthewsCorrelation(), case) == "undefined: gold has only one label, or only one label is predicted"
    assert outcome(CohenKappa(), case) == (
        "undefined: there are no claims, or gold and predictions have one and the same label"
    )
