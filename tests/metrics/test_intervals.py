import numpy as np
import pytest
from metric_cases import Case, codes, yes_no
from pydantic import ValidationError
from scipy import stats

from harness.metrics import Intervals, ResamplingGroups, Run, mean_over_seeds, measure
from harness.metrics.intervals import Value
from harness.metrics.labels import Accuracy, Precision
from harness.metrics.ranking_per_article import MeanAveragePrecision, PrecisionAt
from harness.metrics.ranking_pooled import AveragePrecision
from harness.uncertainty.resampling import Resamples, bca, bootstrap_t, jackknife_weights, percentile, unit_weights


def articles(n_articles, seed=0, claims=8):
    """Articles with a positive claim each, and scores that follow the gold a little."""
    random = np.random.default_rng(seed)
    gold = random.random((n_articles, claims)) < 0.3
    gold[:, 0] = True
    scores = random.random(gold.shape) + 0.5 * gold
    return yes_no(gold.ravel(), scores.ravel() / 2, np.repeat(np.arange(n_articles), claims))


def measured(metric, case, **settings):
    return measure(metric, case.gold, [case.run], case.groups, Intervals(**settings))


def test_auto_takes_bootstrap_t_for_a_mean_over_few_units():
    case = articles(12)
    got = measured(MeanAveragePrecision(), case)
    unit_values = MeanAveragePrecision().unit_values(case.gold, case.run, case.groups)
    low, high, left_out = bootstrap_t(unit_values, unit_weights(12, 1000, 13))
    assert got == Value(value=got.value, low=low, high=min(high, 1.0), n_units=12, method="bootstrap-t")
    assert got.value == pytest.approx(np.mean(unit_values))
    assert (got.low < got.value < got.high, left_out) == (True, 0)


def test_auto_takes_bca_for_means_over_many_units():
    metric, n_articles = MeanAveragePrecision(), 40
    case = articles(n_articles)
    got = measured(metric, case)
    resampled = mean_over_seeds(metric, case.gold, [case.run], case.groups, unit_weights(n_articles, 1000, 13))
    jackknifed = mean_over_seeds(metric, case.gold, [case.run], case.groups, jackknife_weights(n_articles, 13))
    low, high, _ = bca(got.value, resampled, jackknifed)
    assert got == Value(value=got.value, low=low, high=high, n_units=n_articles, method="bca")


def test_auto_takes_the_jackknife_for_few_units_of_what_is_no_mean_over_them():
    case = articles(12)
    got = measured(AveragePrecision(), case)
    left_out = mean_over_seeds(AveragePrecision(), case.gold, [case.run], case.groups, jackknife_weights(12, 13))
    error = np.sqrt(np.sum((left_out - left_out.mean()) ** 2)) / (got.value * (1 - got.value))
    middle = np.log(got.value / (1 - got.value))
    reach = stats.t.ppf(0.975, 10) * error
    low, high = (1 / (1 + np.exp(-end)) for end in (middle - reach, middle + reach))
    assert (got.low, got.high, got.method) == (pytest.approx(low), pytest.approx(high), "jackknife-t")


def test_a_value_at_its_bound_has_no_spread_to_jackknife():
    case = yes_no([1, 0] * 4, [0.9, 0.1] * 4, np.repeat(np.arange(4), 2))
    got = measured(AveragePrecision(), case)
    assert (got.value, got.low, got.high, got.method) == (1, 1, 1, "bca")
    asked = measured(AveragePrecision(), case, method="jackknife-t")
    assert "bca used instead of jackknife-t, which needs three units and a value off its bound" in asked.note


def test_auto_takes_bca_where_many_resamples_have_no_spread():
    # precision at 1 of seven articles, one right: (6/7)^7 = 34 percent of the resamples hold no right one
    case = yes_no([1, 0] * 7, [0.9, 0.1] + [0.1, 0.9] * 6, np.repeat(np.arange(7), 2))
    assert measured(PrecisionAt(k=1), case).method == "bca"
    asked = measured(PrecisionAt(k=1), case, method="bootstrap-t")
    assert asked.method == "bootstrap-t"
    assert "resamples have no spread" in asked.note


def test_the_methods_that_one_can_ask_for():
    case = articles(12)
    resampled = mean_over_seeds(MeanAveragePrecision(), case.gold, [case.run], case.groups, unit_weights(12, 500, 7))
    got = measured(MeanAveragePrecision(), case, method="percentile", resamples=500, random_seed=7)
    assert (got.low, got.high, got.method) == (*percentile(resampled)[:2], "percentile")
    assert measured(MeanAveragePrecision(), case, method="bca").method == "bca"
    none = measured(MeanAveragePrecision(), case, method="none")
    assert (none.low, none.high, none.method, none.note) == (None, None, None, None)
    fallback = measured(Accuracy(), case, method="bootstrap-t")
    note = "bca used instead of bootstrap-t, which needs a mean over units"
    assert (fallback.method, fallback.note) == ("bca", note)


def test_few_units_are_said():
    assert measured(MeanAveragePrecision(), articles(9)).note == "only 9 articles, so the interval is rough"
    assert measured(MeanAveragePrecision(), articles(10)).note is None


def test_one_unit_has_a_value_but_no_interval():
    got = measured(Accuracy(), articles(1))
    assert got.value is not None
    assert (got.low, got.high, got.method, got.n_units) == (None, None, None, 1)
    assert got.note == "no interval: only one article"
    # Three articles, one of them with a positive claim.
    sparse = yes_no([1, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], [0, 0, 1, 2])
    assert (
        measured(MeanAveragePrecision(), sparse).note
        == "over 1 of 3 articles; no interval: only one article with a value"
    )


def test_units_that_split_articles_leave_a_mean_over_articles_without_interval():
    case = articles(12)
    split = case.with_groups(case.groups.article, np.arange(len(case.gold)))
    got = measured(MeanAveragePrecision(), split, unit="claim")
    assert got.value == measured(MeanAveragePrecision(), case).value
    assert got.low is None
    assert got.note == "no interval: resampling by claim splits articles, and the metric is a mean over articles"
    assert measured(AveragePrecision(), split, unit="claim").low is not None


def test_undefined_has_a_reason_and_no_numbers():
    case = yes_no([1, 0], [0.1, 0.2], [0, 1], predicted=[0, 0])
    assert measured(Precision(), case) == Value(value=None, reason="no claim is predicted 'yes'", n_units=2)


def test_undefined_resamples_are_counted():
    # Precision is undefined where article 0 is not drawn: (3/4)^4 = 32 percent of the resamples.
    case = yes_no([1, 0, 1, 0], [0.9, 0.1, 0.1, 0.1], [0, 1, 2, 3])
    got = measured(Precision(), case)
    left_out = int(np.count_nonzero(unit_weights(4, 1000, 13)[:, 0] == 0))
    notes = [
        "only 4 articles, so the interval is rough",
        f"{left_out} of 1000 resamples are undefined",
        "the interval has no width, because every resample gives the same value",
    ]
    assert got.note == "; ".join(notes)
    assert 270 < left_out < 360
    assert (got.low, got.high) == (1.0, 1.0)


def test_intervals_stay_within_the_bounds():
    case = articles(4, seed=5)
    got = measured(MeanAveragePrecision(), case, method="bootstrap-t")
    unit_values = MeanAveragePrecision().unit_values(case.gold, case.run, case.groups)
    assert bootstrap_t(unit_values, unit_weights(4, 1000, 13)).high > 1
    assert got.high == 1.0


def test_several_runs_are_averaged_under_the_same_weights():
    case, other = articles(12, seed=1), articles(12, seed=2)
    runs = [case.run, Run(other.run.scores, other.run.predicted)]
    got = measure(AveragePrecision(), case.gold, runs, case.groups, Intervals())
    alone = [measured(AveragePrecision(), Case(case.gold, run, case.groups)).value for run in runs]
    assert got.value == pytest.approx(np.mean(alone))
    weights = unit_weights(12, 1000, 13).astype(np.int64)
    both = np.mean([AveragePrecision().values(case.gold, run, case.groups, weights) for run in runs], axis=0)
    low, high = np.quantile(both, [0.025, 0.975])
    asked = measure(AveragePrecision(), case.gold, runs, case.groups, Intervals(method="percentile"))
    assert (asked.low, asked.high) == pytest.approx((low, high))
    # bootstrap-t works on the articles' means over runs
    mean = measure(MeanAveragePrecision(), case.gold, runs, case.groups, Intervals())
    per_run = [MeanAveragePrecision().unit_values(case.gold, run, case.groups) for run in runs]
    assert mean.low == pytest.approx(bootstrap_t(np.mean(per_run, axis=0), weights).low)


def test_the_run_that_is_undefined_is_named():
    case = yes_no([1, 0], [0.9, 0.2], [0, 1])
    runs = [case.run, Run(case.run.scores, codes([0, 0]))]
    got = measure(Precision(), case.gold, runs, case.groups, Intervals())
    assert got.reason == "run 2 of 2: no claim is predicted 'yes'"


def test_each_seed_has_its_value_and_the_deviation_is_that_of_a_sample():
    case = yes_no([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.2], [0, 1, 2, 3])
    # Of four claims, 4, 2 and 3 are right: mean .75, deviations .25, -.25 and 0, so sqrt((.0625 + .0625) / 2) = .25.
    answers = {5: [1, 0, 1, 0], 7: [0, 1, 1, 0], 6: [1, 0, 1, 1]}
    runs = [Run(case.run.scores, codes(predicted), False, seed) for seed, predicted in answers.items()]
    got = measure(Accuracy(), case.gold, runs, case.groups, Intervals())
    assert (got.value, got.standard_deviation) == pytest.approx((0.75, 0.25))
    assert [(each.random_seed, each.value, each.reason) for each in got.seed_values] == [
        (5, 1.0, None),
        (7, 0.5, None),
        (6, 0.75, None),
    ]
    single = measure(Accuracy(), case.gold, runs[:1], case.groups, Intervals())
    assert (single.value, single.standard_deviation, single.seed_values) == (1.0, None, ())


def test_a_seed_without_a_value_is_named_and_not_averaged_over():
    case = yes_no([1, 0], [0.9, 0.2], [0, 1])
    runs = [
        Run(case.run.scores, codes(answer), False, seed) for seed, answer in ((3, [1, 0]), (4, [0, 0]), (5, [0, 0]))
    ]
    got = measure(Precision(), case.gold, runs, case.groups, Intervals())
    assert (got.value, got.low, got.standard_deviation) == (None, None, None)
    assert got.reason == "2 of 3 random seeds (4, 5): no claim is predicted 'yes'"
    assert [each.value for each in got.seed_values] == [1.0, None, None]
    assert [each.reason for each in got.seed_values] == [None, *["no claim is predicted 'yes'"] * 2]
    never = measure(Precision(), case.gold, runs[1:], case.groups, Intervals())
    assert never.reason == "no claim is predicted 'yes'"


def test_codes_with_gaps_are_no_units():
    case = articles(12)
    spread = case.with_groups(case.groups.article * 5 + 2, case.groups.unit * 5 + 2)
    assert measured(AveragePrecision(), spread) == measured(AveragePrecision(), case)


def test_too_few_resamples_are_refused():
    with pytest.raises(ValidationError):
        Intervals(resamples=99)


def test_a_share_of_claims_as_units_has_the_exact_interval():
    case = yes_no([1, 1, 1, 0, 0, 0, 1, 0, 1, 1], [0.9, 0.8, 0.7, 0.2, 0.1, 0.9, 0.1, 0.2, 0.8, 0.7], np.arange(10))
    got = measured(Accuracy(), case, unit="claim")
    expected = stats.binomtest(8, 10).proportion_ci(method="exact")
    assert (got.low, got.high, got.method) == (
        pytest.approx(expected.low),
        pytest.approx(expected.high),
        "clopper-pearson",
    )
    assert measured(Accuracy(), case, unit="claim", method="bca").method == "bca"


def test_stratified_resampling_keeps_the_size_of_each_stratum():
    strata = (0, 0, 0, 1, 1, 2)
    weights = unit_weights(6, 300, 13, strata)
    assert (weights[:, :3].sum(axis=1) == 3).all()
    assert (weights[:, 3:5].sum(axis=1) == 2).all()
    assert (weights[:, 5] == 1).all()
    assert weights[:, 0].mean() == pytest.approx(1, abs=0.15)


def test_an_interval_by_strata_leaves_out_what_lies_between_them():
    # articles of one source are alike and sources differ: drawn by source, the value hardly varies
    gold, right = np.ones(80, dtype=np.int64), np.repeat([0.9] * 40 + [0.1] * 40, 1)
    article = np.repeat(np.arange(8), 10)
    case = yes_no(gold, right, article)
    plain = measure(Accuracy(), case.gold, [case.run], case.groups, Intervals(resamples=300))
    source = ResamplingGroups(case.groups.article, case.groups.unit, None, codes(article // 4))
    by = Intervals(resamples=300, stratify="source")
    got = measure(Accuracy(), case.gold, [case.run], source, by)
    assert (got.low, got.high, got.method) == (0.5, 0.5, "bca")
    assert plain.high - plain.low > 0.5
    assert "2 strata by source" in got.note
    across = ResamplingGroups(case.groups.article, case.groups.unit, None, codes(np.arange(80) % 2))
    assert "article belongs to several strata (source)" in measure(Accuracy(), case.gold, [case.run], across, by).note


class _Halved(AveragePrecision):
    def values(self, gold, run, groups, weights):
        assert weights.dtype == np.int64
        return super().values(gold, run, groups, weights) / 2


def test_values_that_a_subclass_changes_are_changed_in_each_resample():
    case = articles(12)
    weights = Resamples(12, 100, 13)
    whole, halved = (
        mean_over_seeds(metric, case.gold, [case.run], case.groups, weights)
        for metric in (AveragePrecision(), _Halved())
    )
    np.testing.assert_array_equal(halved, whole / 2)


@pytest.mark.parametrize("metric", [AveragePrecision(), Accuracy(), MeanAveragePrecision()])
def test_resamples_in_blocks_give_the_values_of_all_at_once(metric, monkeypatch):
    case = articles(12)
    whole = metric.values(case.gold, case.run, case.groups, unit_weights(12, 100, 13).astype(np.int64))
    monkeypatch.setattr("harness.uncertainty.resampling.BLOCK_CELLS", 12 * 7)
    monkeypatch.setattr("harness.uncertainty.resampling.KEPT_CELLS", 0)
    in_blocks = mean_over_seeds(metric, case.gold, [case.run], case.groups, Resamples(12, 100, 13))
    np.testing.assert_allclose(in_blocks, whole, rtol=1e-14)


def test_groups_of_some_claims_are_numbered_by_appearance():
    groups = ResamplingGroups(
        np.array([0, 1, 2, 1, 0]), np.array([4, 0, 2, 0, 4]), np.arange(5), np.array([1, 0, 1, 0, 1])
    )
    some = groups.take(np.array([False, True, True, True, True]))
    assert (some.article.tolist(), some.unit.tolist()) == ([0, 1, 0, 2], [0, 1, 0, 2])
    assert (some.length.tolist(), some.stratum.tolist()) == ([1, 2, 3, 4], [0, 1, 0, 1])
