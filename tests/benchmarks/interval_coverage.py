"""How often 95 percent intervals hold the true value, and how often equal systems are called different.

    python tests/benchmarks/interval_coverage.py [REPETITIONS]

prints the table of docs/explanation/intervals.md. Articles differ in length, in their share of positive claims and in
how well scores work in them; positive claims are rare and unevenly spread. The true value of a metric over articles
(MAP) or over claims (F1, AP) is its value on a sample of 20,000 articles of the same process.
"""

from __future__ import annotations

import sys
from itertools import combinations

import numpy as np

from harness.compare.exchanges import Exchanges, randomization_p_values
from harness.compare.paired_tests import Exchanged, adjust_p_values, choose_test, difference
from harness.data.claims import Gold
from harness.metrics import METRICS, Intervals, ResamplingGroups, Run, measure
from harness.runner.pairing.resampled import resample

METRIC_NAMES = ("f1", "average_precision", "mean_average_precision")
UNITS = (7, 12, 40, 100)
SYSTEMS = 4
INTERVALS = Intervals(resamples=1000)
LARGE = 20_000


def sample(random: np.random.Generator, articles: int, systems: int):
    """Articles of 20 to 300 claims, skewed; shares of positive claims around 12 percent, very uneven; systems that are
    exchangeable: equally good on average, each with errors of its own, and better in some articles than in others."""
    lengths = np.clip(random.lognormal(4.2, 0.6, articles), 20, 300).astype(np.int64)
    article = np.repeat(np.arange(articles), lengths)
    share = random.beta(1.2, 8.0, articles)
    positive = random.random(len(article)) < share[article]
    easy = random.normal(1.2, 0.4, articles)
    shared = random.normal(0, 0.7, len(article)) + easy[article] * positive
    runs = []
    for _ in range(systems):
        scores = shared + random.normal(0, 0.7, len(article)) + random.normal(0, 0.25, articles)[article] * positive
        chance = 1 / (1 + np.exp(-(2 * scores - 1.6)))
        runs.append(Run(np.stack([1 - chance, chance], axis=1), (chance >= 0.5).astype(np.int64), True))
    return Gold(("no", "yes"), positive.astype(np.int64)), runs, ResamplingGroups(article, article)


def true_values(random: np.random.Generator) -> dict[str, float]:
    gold, runs, groups = sample(random, LARGE, 1)
    ones = np.ones((1, LARGE), dtype=np.int64)
    return {name: float(METRICS.get(name)().values(gold, runs[0], groups, ones)[0]) for name in METRIC_NAMES}


def coverage(repetitions: int, units: int, truth: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Share of intervals that hold the true value, and their mean width, by metric."""
    held = {name: list[bool]() for name in METRIC_NAMES}
    width = {name: list[float]() for name in METRIC_NAMES}
    for repetition in range(repetitions):
        gold, runs, groups = sample(np.random.default_rng([units, repetition]), units, 1)
        for name in METRIC_NAMES:
            found = measure(METRICS.get(name)(), gold, runs, groups, INTERVALS)
            if found.low is None or found.high is None:
                held[name].append(False)
                continue
            held[name].append(found.low <= truth[name] <= found.high)
            width[name].append(found.high - found.low)
    return {name: (float(np.mean(held[name])), float(np.mean(width[name]))) for name in METRIC_NAMES}


def false_findings(repetitions: int, units: int) -> dict[str, float]:
    """Share of tables of equal systems in which a pair is called different at .05 after Holm's correction."""
    found = {name: list[bool]() for name in METRIC_NAMES}
    for repetition in range(repetitions):
        gold, runs, groups = sample(np.random.default_rng([1000 + units, repetition]), units, SYSTEMS)
        for name in METRIC_NAMES:
            metric = METRICS.get(name)()
            answers = [resample(metric, gold, [run], groups, INTERVALS) for run in runs]
            observed = {(a, b): answers[a].value - answers[b].value for a, b in combinations(range(len(answers)), 2)}
            exchanged = dict.fromkeys(observed)
            if choose_test(metric, gold, runs[0], groups) == "randomization":
                exchanges = Exchanges(gold, groups, seed=INTERVALS.random_seed, draws=2400)
                by_pair = randomization_p_values(metric, [answer.runs for answer in answers], exchanges, observed)
                exchanged = {pair: Exchanged(p, 2400) for pair, p in by_pair.items()}
            p_values = [
                difference(metric, answers[a], answers[b], groups=groups, exchanged=exchanged[a, b]).p
                for a, b in observed
            ]
            found[name].append(min(adjust_p_values(p_values)) < 0.05)
    return {name: float(np.mean(found[name])) for name in METRIC_NAMES}


def main(repetitions: int) -> None:
    truth = true_values(np.random.default_rng(99))
    names = {"f1": "F1", "average_precision": "AP, pooled", "mean_average_precision": "MAP"}
    print("| units | " + " | ".join(f"{names[n]}: coverage (width)" for n in METRIC_NAMES) + " |")  # noqa: T201
    print("|---|" + "---|" * len(METRIC_NAMES))  # noqa: T201
    for units in UNITS:
        found = coverage(repetitions, units, truth)
        print(f"| {units} | " + " | ".join(f"{c:.3f} ({w:.3f})" for c, w in found.values()) + " |", flush=True)  # noqa: T201
    print("\n| units | " + " | ".join(f"{names[n]}: false findings" for n in METRIC_NAMES) + " |")  # noqa: T201
    print("|---|" + "---|" * len(METRIC_NAMES))  # noqa: T201
    for units in UNITS:
        wrong = false_findings(repetitions, units)
        print(f"| {units} | " + " | ".join(f"{w:.3f}" for w in wrong.values()) + " |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
