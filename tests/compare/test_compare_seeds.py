"""Comparisons over several random seeds use every run, also against a system that was fitted once."""

from __future__ import annotations

import csv
import io
import itertools
import json

import numpy as np
import pytest

from harness import build_report, compare_results, run
from harness.compare.compare import compare_metrics
from harness.compare.exchanges import Exchanges, randomization_p_values
from harness.compare.paired_tests import Exchanged, corrected_t_test, difference
from harness.compare.results import read_table
from harness.compare.tables import FORMATS
from harness.data.claims import Gold
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import Intervals
from harness.metrics.labels import F1
from harness.metrics.ranking_per_article import MeanAveragePrecision
from harness.runner.pairing.resampled import resample

INTERVALS = Intervals(resamples=200, random_seed=5)
UNIT = np.repeat(np.arange(8), 6)
GROUPS = ResamplingGroups(UNIT, UNIT)


def system(gold, random, errors) -> Run:
    scores = np.abs(gold.codes - (random.random(48) < errors)) * 0.5 + random.random(48) * 0.5
    return Run(np.column_stack([1 - scores, scores]), (scores > 0.5).astype(np.int64), probabilities=True)


@pytest.fixture(scope="module")
def systems():
    random = np.random.default_rng(3)
    gold = Gold(("no", "yes"), random.integers(0, 2, 48))
    return gold, system(gold, random, 0.25), [system(gold, random, 0.3) for _ in range(3)]


def compared(metric, gold, runs_a, runs_b, draws=4000):
    exchanges = Exchanges(gold, GROUPS, seed=5, draws=draws)
    a, b = (resample(metric, gold, runs, GROUPS, INTERVALS) for runs in (runs_a, runs_b))
    p_values = randomization_p_values(metric, [runs_a, runs_b], exchanges, {(0, 1): a.value - b.value})
    return difference(metric, a, b, groups=GROUPS, exchanged=Exchanged(p_values[0, 1], draws))


def test_one_run_against_three_is_tested_by_every_exchange_of_the_mean(systems):
    gold, once, several = systems

    def f1(predicted):
        hits = ((predicted == 1) & (gold.codes == 1)).sum()
        return 2 * hits / ((predicted == 1).sum() + (gold.codes == 1).sum())

    def mean_difference(traded):
        first = [f1(np.where(traded, run.predicted, once.predicted)) for run in several]
        second = [f1(np.where(traded, once.predicted, run.predicted)) for run in several]
        return np.mean(first) - np.mean(second)

    observed = mean_difference(np.zeros(48, dtype=bool))
    every = [mean_difference(np.array(traded)[UNIT]) for traded in itertools.product([False, True], repeat=8)]
    exact = np.mean(np.abs(every) >= abs(observed) - 1e-12)
    result = compared(F1(), gold, [once], several)
    assert (result.test, result.draws) == ("randomization", 4000)
    assert result.value == pytest.approx(observed)
    assert result.p == pytest.approx(exact, abs=0.03)
    assert 0.01 < exact < 0.5  # so that the test can fail


def test_a_repeated_run_is_the_run(systems):
    gold, once, several = systems
    for metric in (F1(), MeanAveragePrecision()):
        single = compared(metric, gold, [once], several[:1])
        assert compared(metric, gold, [once], several[:1] * 3).p == single.p
        assert compared(metric, gold, [once] * 2, several[:1] * 3).p == single.p
        assert compared(metric, gold, several, [once]).p == compared(metric, gold, [once], several).p


def test_false_findings_of_one_run_against_three_are_as_rare_as_they_should_be():
    """Two systems of one kind on 30 articles, 200 times: about 5 percent of p-values are below .05."""
    random = np.random.default_rng(11)
    unit = np.repeat(np.arange(30), 8)
    groups = ResamplingGroups(unit, unit)
    n_significant = 0
    for _ in range(200):
        gold = Gold(("no", "yes"), random.integers(0, 2, 240))
        hard = np.repeat(random.random(30), 8) * 0.5
        runs = [Run(None, gold.codes ^ (random.random(240) < hard)) for _ in range(4)]
        a, b = (resample(F1(), gold, of_system, groups, INTERVALS) for of_system in (runs[:1], runs[1:]))
        exchanges = Exchanges(gold, groups, seed=5, draws=400)
        p_values = randomization_p_values(F1(), [a.runs, b.runs], exchanges, {(0, 1): a.value - b.value})
        n_significant += p_values[0, 1] < 0.05
    # binomial(200, .05): 20 or more in 1 of 1,000 such tests
    assert n_significant <= 20


def test_the_test_over_folds_takes_every_seed():
    once, several = np.array([[0.5], [0.75]]), np.array([[0.25, 0.5, 0.5], [0.5, 0.5, 0.25]])
    repeated = np.repeat(once, 3, axis=1)
    assert corrected_t_test(once, several) == corrected_t_test(repeated, several)
    assert corrected_t_test(several, once) == pytest.approx(corrected_t_test(several, repeated))
    assert corrected_t_test(several, several[:, :2]) is None


CONFIG = """\
name: seeds
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2, by: article}}
classifiers: [length, majority, prior_random]
metrics: [f1, mean_average_precision]
random_seeds: [3, 4, 5]
intervals: {{resamples: 100}}
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    from small_dataset import make_dataset

    folder = tmp_path_factory.mktemp("seeds")
    config = folder / "seeds.yaml"
    config.write_text(CONFIG.format(dataset=make_dataset(folder)))
    return run(config, out=folder / "runs")


def test_pairs_with_and_without_seeds_have_the_same_test(outcome):
    pairs = {frozenset((pair.a, pair.b)): pair.difference for pair in compare_results([outcome.folder]).pairs}
    assert {result.test for result in pairs.values()} == {"randomization"}
    assert all(result.folds_p is not None for result in pairs.values())
    # McNemar's test compares single labels, so it needs a single run of both systems.
    assert pairs[frozenset(("length", "majority"))].mcnemar_p is not None
    assert pairs[frozenset(("length", "prior_random"))].mcnemar_p is None


def test_values_are_those_of_the_run(outcome):
    table = compare_results([outcome.folder])
    of_run = {result.system: result.values["f1"] for result in outcome.results}
    for compared_system in table.systems:
        recorded = of_run[compared_system.name]
        assert compared_system.value.value == recorded.value
        assert compared_system.value.standard_deviation == recorded.standard_deviation
        assert compared_system.value.seed_values == recorded.seed_values


def test_every_format_shows_the_deviation_and_each_seed(outcome):
    comparisons = compare_metrics(read_table([outcome.folder]), every=True)
    value = next(result for result in outcome.results if result.system == "prior_random").values["f1"]
    spread = f"{value.standard_deviation:.3f}".removeprefix("0")
    numbers = [f"{each.value:.3f}".removeprefix("0") for each in value.seed_values]
    text = {name: write(comparisons) for name, write in FORMATS.items()}
    for name in ("table", "markdown", "html"):
        assert f"± {spread}" in text[name]
        assert "mean ± standard deviation over 3 random seeds (3, 4, 5)" in text[name]
        assert "fitted once, as the random seed changes nothing: " in text[name]
        assert all(number in text[name] for number in numbers)
    assert f"$\\pm$ {spread}" in text["latex"]
    assert "±" not in text["latex"]
    assert f"F1 with each random seed: prior\\_random {', '.join(numbers)}." in text["latex"]
    rows = [row for row in csv.DictReader(io.StringIO(text["csv"])) if row["metric"] == "f1"]
    seeds = [row for row in rows if row["kind"] == "seed"]
    assert [(row["system"], row["random_seed"]) for row in seeds] == [("prior_random", seed) for seed in "345"]
    assert [float(row["value"]) for row in seeds] == [each.value for each in value.seed_values]
    deviations = {row["system"]: row["standard_deviation"] for row in rows if row["kind"] == "system"}
    assert deviations.pop("prior_random") == str(value.standard_deviation)
    assert set(deviations.values()) == {""}
    systems = {each["system"]: each for each in json.loads(json.dumps(comparisons[0].document()))["systems"]}
    assert systems["prior_random"]["seed_values"][0] == {
        "random_seed": 3,
        "value": value.seed_values[0].value,
        "reason": None,
    }
    assert "seed_values" not in systems["length"]


def test_a_report_shows_them(outcome, tmp_path):
    page = build_report([outcome.folder], tmp_path / "report.html").path.read_text(encoding="utf-8")
    value = next(result for result in outcome.results if result.system == "prior_random").values["f1"]
    spread = f"{value.standard_deviation:.3f}".removeprefix("0")
    assert f" ± {spread}</td>" in page  # the leaderboard
    assert f" ± {spread}</span>" in page  # every metric
    assert "Values with each random seed" in page
    assert page.count('<th scope="row">prior_random</th>') >= 3
    assert "Mean ± standard deviation over 3 random seeds (3, 4, 5)" in page
    assert "Values are means over random seeds" in page
