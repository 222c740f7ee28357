"""What tables say of their intervals, from the method that each value records."""

from __future__ import annotations

from harness.metrics.interval_text import IntervalUse, describe_intervals
from harness.metrics.intervals import Intervals

ARTICLES = Intervals(resamples=200, random_seed=7)


def test_nothing_is_said_to_be_resampled_where_nothing_is():
    uses = [IntervalUse("F1", "a", "jackknife-t", 12), IntervalUse("AP", "a", "jackknife-t", 12)]
    line = describe_intervals(uses, ARTICLES)
    assert line == "95% confidence intervals, leaving out one article at a time: jackknife-t for F1, AP"
    exact = describe_intervals([IntervalUse("", "a", "clopper-pearson", 80)], Intervals(unit="claim"))
    assert exact == "95% confidence intervals, exact, nothing is resampled: clopper-pearson"
    assert describe_intervals([IntervalUse("F1", "a", None, 1)], ARTICLES) == ""


def test_each_method_is_named_with_what_it_is_used_for():
    uses = [
        IntervalUse("MAP", "a", "bootstrap-t", 12),
        IntervalUse("MAP", "b", "bca", 12),
        IntervalUse("F1", "a", "jackknife-t", 400),
        IntervalUse("F1", "b", "jackknife-t", 400),
    ]
    assert describe_intervals(uses, ARTICLES) == (
        "95% confidence intervals from 200 resamples of articles, seed 7: bootstrap-t for MAP of a; bca for MAP of b; "
        "leaving out one of 200 groups of articles at a time: jackknife-t for F1"
    )


def test_of_many_systems_those_are_named_whose_method_is_rare():
    uses = [IntervalUse("F1", name, "bca" if name in "ce" else "bootstrap-t", 12) for name in "abcdefgh"]
    assert describe_intervals(uses, ARTICLES).endswith("seed 7: bootstrap-t for F1 of the other 6; bca for F1 of c, e")
    line = describe_intervals(uses[:-1], ARTICLES)
    assert line.endswith("seed 7: bootstrap-t for F1 of a, b, d, f, g; bca for F1 of c, e")


def test_strata_are_named():
    line = describe_intervals([IntervalUse("", "a", "bca", 12)], Intervals(stratify="source"))
    assert line == "95% confidence intervals from 1,000 resamples of articles within strata by source, seed 13: bca"
