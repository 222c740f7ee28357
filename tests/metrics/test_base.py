"""What holds for every registered metric: a new one is tested by being listed."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from metric_cases import Case, cases, codes, drawn, evidence, examples, fitting, outcome, values, yes_no

from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics import METRICS, Intervals, ResamplingGroups, Run, measure
from harness.metrics.article_means import ArticleMean

OFFICIAL = [name for name in METRICS.names() if name.startswith("checkthat_")]
OURS = [name for name in METRICS.names() if name not in OFFICIAL]
SETTINGS = {
    "f_beta": {"beta": 2},
    "precision_at": {"k": 2},
    "checkthat_precision_at": {"k": 2},
    "recall_at": {"k": 2},
    "pooled_precision_at": {"n": 2},
    "pooled_recall_at": {"n": 2},
    "claims_read_per_hit": {"n": 2},
    "recall_at_text_fraction": {"share": 0.5},
    # Bins are those of the whole data; with so many, each forecast has a bin of its own in any draw.
    "brier_reliability": {"bins": 100},
    "brier_resolution": {"bins": 100},
    "brier_uncertainty": {"bins": 100},
    "expected_calibration_error": {"bins": 100},
    "label_precision": {"label": "yes"},
    "label_recall": {"label": "yes"},
    "label_specificity": {"label": "yes"},
    "label_f1": {"label": "yes"},
}


def metric_of(name):
    return METRICS.get(name)(**SETTINGS.get(name, {}))


def best(name, case):
    """What a run that is right everywhere scores, where that is not 1 (or 0 for a loss)."""
    metric = metric_of(name)
    of_articles = np.bincount(case.groups.article, weights=case.gold.positive)
    positives = int(case.gold.positive.sum())
    if name in ("precision_at", "checkthat_precision_at"):
        return np.mean(np.minimum(of_articles, 2) / 2)
    if name == "recall_at":
        return np.mean(np.minimum(of_articles, 2)[of_articles > 0] / of_articles[of_articles > 0])
    if name == "pooled_precision_at":
        return min(positives, 2) / 2
    if name == "pooled_recall_at":
        return min(positives, 2) / max(positives, 1)
    if name == "claims_read_per_hit":
        return min(len(case.gold), 2) / max(min(positives, 2), 1)
    if name == "recall_at_text_fraction":
        ranked, length = positives, case.groups.length
        right = length[case.gold.positive].sum()
        return positives * min(1, length.sum() / 2 / right) / positives if ranked else None
    if name in ("brier_resolution", "brier_uncertainty"):
        share = case.gold.positive.mean() if len(case.gold.labels) == 2 else 1.0
        return share * (1 - share)
    if name in OFFICIAL:
        return np.mean(of_articles > 0)
    return 1.0 if metric.higher_is_better else 0.0


def same(one, other):
    return one == other if isinstance(one, str) else one == pytest.approx(other, abs=1e-12)


@pytest.mark.parametrize("name", OURS)
@examples
@given(cases(), st.randoms())
def test_the_order_of_the_file_does_not_matter(name, case, random):
    metric = metric_of(name)
    case = fitting(metric, case)
    shuffled = list(range(len(case.gold)))
    random.shuffle(shuffled)
    assert same(outcome(metric, case), outcome(metric, case.take(codes(shuffled))))


@pytest.mark.parametrize("name", OFFICIAL)
@examples
@given(cases(distinct=True), st.randoms())
def test_the_order_of_the_file_matters_officially_only_for_ties(name, case, random):
    metric = metric_of(name)
    shuffled = list(range(len(case.gold)))
    random.shuffle(shuffled)
    assert same(outcome(metric, case), outcome(metric, case.take(codes(shuffled))))


@pytest.mark.parametrize("name", OFFICIAL)
def test_ties_keep_the_order_of_the_file_officially(name):
    metric = METRICS.get(name)(k=1) if name in SETTINGS else metric_of(name)
    first, last = yes_no([1, 0, 0], [0.5] * 3), yes_no([0, 0, 1], [0.5] * 3)
    assert outcome(metric, first) == 1.0
    assert outcome(metric, last) == (1 / 3 if name in OFFICIAL[:2] else 0.0)


@pytest.mark.parametrize("name", METRICS.names())
@examples
@given(st.data())
def test_a_unit_drawn_several_times_counts_as_copies_of_it(name, data):
    metric = metric_of(name)
    units = ("article",) if isinstance(metric, ArticleMean) else ("article", "claim")
    case = fitting(metric, data.draw(cases(least=1, units=units)))
    n_units = int(case.groups.unit.max()) + 1
    counts = st.lists(st.integers(0, 3), min_size=n_units, max_size=n_units)
    weights = data.draw(st.lists(counts, min_size=1, max_size=3))
    try:
        together = values(metric, case, weights)
    except Undefined:
        assume(False)
    low, high = metric.bounds
    for row, got in zip(weights, together, strict=True):
        literally = outcome(metric, drawn(case, row))
        assert np.isnan(got) if isinstance(literally, str) else got == pytest.approx(literally, abs=1e-12)
        assert np.isnan(got) or low <= got <= high


@pytest.mark.parametrize("name", METRICS.names())
@examples
@given(cases(least=1))
def test_a_perfect_run_has_the_best_value(name, case):
    metric = metric_of(name)
    right = np.eye(len(case.gold.labels))[case.gold.codes]
    shown = np.ones(len(case.gold), dtype=bool)
    perfect = Case(case.gold, Run(right, case.gold.codes, True, **evidence(shown)), case.groups)
    got = outcome(metric, perfect)
    assert isinstance(got, str) or got == pytest.approx(best(name, case), abs=1e-12)
    if case.gold.positive.any() and not case.gold.positive.all():
        assert not isinstance(got, str)


@pytest.mark.parametrize("name", METRICS.names())
def test_without_claims_every_metric_is_undefined(name):
    empty = Case(
        Gold(("no", "yes"), codes([])),
        Run(np.empty((0, 2)), codes([]), True, **evidence(np.zeros(0, dtype=bool))),
        ResamplingGroups(codes([]), codes([])),
    )
    with pytest.raises(Undefined, match=r"\w{4}"):
        values(metric_of(name), empty, np.ones((1, 0)))
    measured = measure(metric_of(name), empty.gold, [empty.run], empty.groups, Intervals())
    assert (measured.value, measured.low, measured.n_units) == (None, None, 0)
    assert measured.reason


@pytest.mark.parametrize("name", METRICS.names())
def test_a_run_of_labels_only_has_no_value_where_scores_are_read(name):
    case = yes_no([1, 0], [0.9, 0.1])
    labels_only = Case(case.gold, Run(None, codes([1, 0]), **evidence(case.run.has_evidence)), case.groups)
    if metric_of(name).needs == "labels":
        assert outcome(metric_of(name), labels_only) == best(name, case)
    else:
        assert "only labels" in outcome(metric_of(name), labels_only)


@pytest.mark.parametrize("name", METRICS.names())
@examples
@given(cases(least=1, units=("article",)))
def test_the_value_of_a_mean_over_units_is_the_mean_of_the_unit_values(name, case):
    metric = metric_of(name)
    case = fitting(metric, case)
    unit_values = metric.unit_values(case.gold, case.run, case.groups)
    assert (unit_values is not None) == isinstance(metric, ArticleMean)
    got = outcome(metric, case)
    if unit_values is not None and not isinstance(got, str):
        assert got == pytest.approx(np.nanmean(unit_values), abs=1e-12)


@pytest.mark.parametrize("name", METRICS.names())
def test_weights_are_taken_in_parts_that_fit_into_memory(name, monkeypatch):
    random = np.random.default_rng(3)
    case = yes_no(random.integers(0, 2, 60), random.integers(0, 5, 60) / 4, random.integers(0, 12, 60), None, True)
    weights = random.integers(0, 3, (50, 12))
    whole = values(metric_of(name), case, weights)
    monkeypatch.setattr("harness.metrics.sums.BYTES_AT_ONCE", 3 * 8 * 60 * 7)
    np.testing.assert_array_equal(values(metric_of(name), case, weights), whole)


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_says_what_it_is(name):
    metric = metric_of(name)
    assert "Undefined" in type(metric).__doc__ or "Undefined" in type(metric).__mro__[1].__doc__
    assert metric.title()
    assert metric.needs in ("labels", "scores", "probabilities")
