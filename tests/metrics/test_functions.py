"""Plain functions as metrics: what they get, their interval, and the errors of those that are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from metric_cases import codes, labels_case, outcome, value, values, yes_no
from pydantic import ValidationError

from harness.data.claims import Gold
from harness.metrics import METRICS, Intervals, ResamplingGroups, Run, measure
from harness.metrics.functions import build_metric
from harness.metrics.intervals import tie_range
from harness.registry import UnknownComponent

SOURCE = """
from sklearn.metrics import average_precision_score, fbeta_score
seen = []
def f2(gold, predicted): return fbeta_score(gold, predicted, beta=2)
def ranking(scores, gold): return average_precision_score(gold, scores)
def forecast(gold, probabilities): return float(probabilities.mean())
def share_of(gold, predicted, *, label, least=0): return max(least, float((gold == label).mean()))
def remember(gold, predicted): seen.append((list(gold), list(predicted))); return 1
def divides(gold, predicted): return 1 / 0
def says(gold, predicted): return "much"
def nan(gold, predicted): return float("nan")
def a_truth(gold, predicted): return True
def unclear(a, b): return 1
def no_output(gold): return 1
number = 3
"""


@pytest.fixture(autouse=True)
def own_metrics(tmp_path, monkeypatch):
    (tmp_path / "own_metrics.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def case():
    random = np.random.default_rng(7)
    gold = random.integers(0, 2, 120)
    scores = np.clip(gold * 0.3 + random.random(120) * 0.7, 0, 1)
    return yes_no(gold, scores, article=np.repeat(np.arange(12), 10), probabilities=True)


@pytest.mark.parametrize("method", ["auto", "bca", "percentile"])
def test_a_function_of_labels_has_the_value_and_the_interval_of_the_same_metric_here(case, method):
    built_in = METRICS.get("f_beta")(beta=2.0)
    own = build_metric("own_metrics:f2", {"bounds": [0, 1]})
    settings = Intervals(method=method, resamples=200)
    expected = measure(built_in, case.gold, [case.run], case.groups, settings)
    actual = measure(own, case.gold, [case.run], case.groups, settings)
    assert expected.low < expected.value < expected.high
    assert (actual.value, actual.low, actual.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert actual.method == expected.method


def test_f_beta_is_that_of_scikit_learn(case):
    from sklearn.metrics import fbeta_score

    for beta in (0.5, 1, 2, 3):
        expected = fbeta_score(case.gold.codes, case.run.predicted, beta=beta)
        assert value(METRICS.get("f_beta")(beta=float(beta)), case) == pytest.approx(expected)
    assert METRICS.get("f_beta")(beta=2.0).title() == "F2"
    assert METRICS.get("f_beta")(beta=0.5).key("f_beta") == "f_beta_0.5"


def test_a_function_of_scores_gets_those_of_the_positive_label_in_any_order_of_its_parameters(case):
    own = build_metric("own_metrics:ranking", {})
    assert own.needs == "scores"
    assert value(own, case) == pytest.approx(value(METRICS.get("average_precision")(), case))


def test_a_function_of_probabilities_has_no_value_for_other_scores(case):
    own = build_metric("own_metrics:forecast", {})
    assert value(own, case) == pytest.approx(case.run.scores[:, 1].mean())
    case.run = Run(case.run.scores, case.run.predicted)
    assert outcome(own, case).startswith("undefined: ")


def test_scikit_learn_functions_are_taken_by_their_own_names(case):
    own = build_metric("sklearn.metrics:fbeta_score", {"beta": 2})
    assert value(own, case) == pytest.approx(value(METRICS.get("f_beta")(beta=2.0), case))
    assert own.title() == "fbeta_score(beta=2)"
    assert own.key("sklearn.metrics:fbeta_score") == "sklearn.metrics:fbeta_score_2"


def test_an_unanswered_claim_is_passed_as_a_wrong_label_and_counted():
    import own_metrics

    case = labels_case([1, 0, 1], [1, -1, -1])
    own = build_metric("own_metrics:remember", {})
    value(own, case)
    assert own_metrics.seen == [([1, 0, 1], [1, 1, 0])]
    assert "2 of 3 claims have no answer" in own.note(case.gold, case.run, case.groups)


def test_with_more_labels_a_function_gets_their_names():
    labels = ("false", "mixed", "true")
    case = labels_case([0, 1, 2], [0, 1, 1], labels)
    assert value(build_metric("own_metrics:share_of", {"label": "mixed"}), case) == pytest.approx(1 / 3)


def test_claims_count_as_often_as_their_unit_is_drawn():
    case = yes_no([1, 0, 1, 0], [0.9, 0.8, 0.1, 0.2], article=[0, 0, 1, 1])
    own = build_metric("own_metrics:f2", {})
    expected = values(METRICS.get("f_beta")(beta=2.0), case, [[1, 1], [2, 0], [0, 2], [3, 1]])
    assert values(own, case, [[1, 1], [2, 0], [0, 2], [3, 1]]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "reason"), [("divides", "ZeroDivisionError"), ("says", "'much'"), ("nan", "nan"), ("a_truth", "True")]
)
def test_a_function_that_fails_or_returns_no_number_has_a_reason_in_place_of_a_value(case, name, reason):
    measured = measure(build_metric(f"own_metrics:{name}", {}), case.gold, [case.run], case.groups, Intervals())
    assert measured.value is None
    assert f"own_metrics:{name}" in measured.reason
    assert reason in measured.reason


@pytest.mark.parametrize("name", ["unclear", "no_output", "number", "missing", "seen"])
def test_what_is_no_metric_is_refused(name):
    with pytest.raises(UnknownComponent):
        build_metric(f"own_metrics:{name}", {})


def test_arguments_are_checked_before_anything_runs():
    for settings in ({}, {"label": "yes", "most": 1}, {"label": "yes", "bounds": 3}):
        with pytest.raises(ValidationError):
            build_metric("own_metrics:share_of", settings)


def test_a_parameter_that_nothing_gives_is_said_with_what_a_function_may_get():
    with pytest.raises(ValidationError, match="own_metrics:share_of has a parameter 'label' that is neither gold, "):
        build_metric("own_metrics:share_of", {})


def test_lower_can_be_better():
    own = build_metric("own_metrics:f2", {"higher_is_better": False, "bounds": [0, 2]})
    assert own.higher_is_better is False
    assert own.bounds == (0, 2)
    assert build_metric("own_metrics:f2", {}).higher_is_better is True


def test_scores_with_a_column_per_label_for_more_labels():
    labels = ("a", "b", "c")
    groups = ResamplingGroups(codes([0, 1]), codes([0, 1]))
    run = Run(np.array([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]]), codes([2, 0]), True)
    measured = measure(
        build_metric("own_metrics:forecast", {}), Gold(labels, codes([2, 0])), [run], groups, Intervals(method="none")
    )
    assert measured.value == pytest.approx(1 / 3)


def test_ties_of_a_function_of_scores_have_no_range_since_it_may_use_more_than_their_order(case):
    tied = replace(case.run, scores=np.full_like(case.run.scores, 0.5))
    assert tie_range(METRICS.get("average_precision")(), case.gold, [tied], case.groups) is not None
    assert tie_range(build_metric("own_metrics:ranking", {}), case.gold, [tied], case.groups) is None


def test_a_reason_has_the_label_names_of_the_scheme():
    gold = Gold(("no", "yes"), np.zeros(3, dtype=np.int64), own_names=("opinion", "claim"))
    reasons = {METRICS.get("f_beta")(beta=2.0).undefined_reason(gold), METRICS.get("f1")().undefined_reason(gold)}
    assert reasons == {"no claim has label 'claim' in gold or predictions"}
