import numpy as np
import pytest
from metric_cases import labels_case, outcome, value, yes_no
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from harness.metrics.labels import F1, Accuracy, MacroF1, Precision, Recall


def test_hand_worked_with_a_claim_without_an_answer():
    # gold       yes yes yes no  no  no
    # predicted  yes no  -   yes no  -       TP 1, FP 1, FN 2 (one of them unanswered)
    case = labels_case([1, 1, 1, 0, 0, 0], [1, 0, -1, 1, 0, -1])
    assert value(Accuracy(), case) == pytest.approx(2 / 6)
    assert value(Precision(), case) == pytest.approx(1 / 2)
    assert value(Recall(), case) == pytest.approx(1 / 3)
    assert value(F1(), case) == pytest.approx(2 / (2 + 1 + 2))
    # "no": TP 1, FP 1, FN 2, so F1 2/5 as well; "no answer" is no label of the mean.
    assert value(MacroF1(), case) == pytest.approx(2 / 5)
    # Were the two unanswered claims wrong, 2 of 6 would be right; were they right, 4 of 6.
    note = "2 of 6 claims have no answer: 0.333 if all were wrong, 0.667 if all were right"
    assert Accuracy().note(case.gold, case.run, case.groups) == note


def test_undefined_is_said_with_the_label():
    assert outcome(Precision(), labels_case([1, 0], [0, 0])) == "undefined: no claim is predicted 'yes'"
    assert outcome(Recall(), labels_case([0, 0], [1, 0])) == "undefined: no claim has gold label 'yes'"
    assert outcome(F1(), labels_case([0, 0], [0, -1])) == "undefined: no claim has label 'yes' in gold or predictions"


def test_f1_is_zero_where_no_positive_claim_is_predicted():
    assert value(F1(), labels_case([1, 0], [0, 0])) == 0.0


def test_macro_f1_leaves_out_a_label_that_nobody_has():
    labels = ("opinion", "unclear", "fact")
    case = labels_case([0, 2, 2], [0, 2, 0], labels)
    # opinion: 2 / (2 + 1 + 0) = 2/3; fact: 2 / (2 + 0 + 1) = 2/3; unclear: left out.
    assert value(MacroF1(), case) == pytest.approx(2 / 3)
    assert MacroF1().note(case.gold, case.run, case.groups) == "excludes unclear: absent from gold and predictions"
    # Once predicted, it has an F1 of 0: opinion 2/2, fact 2/3.
    assert value(MacroF1(), labels_case([0, 2, 2], [0, 2, 1], labels)) == pytest.approx((1 + 2 / 3 + 0) / 3)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    gold, predicted = random.integers(0, 3, 50), random.integers(0, 3, 50)
    case = labels_case(gold, predicted, ("a", "b", "c"))
    assert value(Accuracy(), case) == pytest.approx(accuracy_score(gold, predicted))
    assert value(MacroF1(), case) == pytest.approx(f1_score(gold, predicted, average="macro"))
    for metric, oracle in ((Precision(), precision_score), (Recall(), recall_score), (F1(), f1_score)):
        assert value(metric, case) == pytest.approx(oracle(gold, predicted, labels=[2], average="macro"))


def test_scores_do_not_matter():
    case = yes_no([1, 0, 1], [0.1, 0.9, 0.2], predicted=[1, 0, 1])
    assert [value(metric, case) for metric in (Accuracy(), Precision(), Recall(), F1(), MacroF1())] == [1.0] * 5
