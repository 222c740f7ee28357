"""Small data for tests of metrics: gold, runs and groups written out or drawn by Hypothesis."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from harness.data.claims import Gold
from harness.errors import Undefined
from harness.metrics import Metric, ResamplingGroups, Run
from harness.metrics.verification.evidence_counts import SCIFACT_COLUMNS

LABELS = ("no", "yes")
examples = settings(max_examples=40, deadline=None)


@dataclass
class Case:
    gold: Gold
    run: Run
    groups: ResamplingGroups

    def take(self, rows):
        run = self.run
        return Case(
            self.gold.take(rows),
            run.take(rows),
            ResamplingGroups(self.groups.article[rows], self.groups.unit[rows], self.groups.length[rows]),
        )

    def with_groups(self, article, unit):
        return Case(self.gold, self.run, ResamplingGroups(codes(article), codes(unit), self.groups.length))


def evidence(shown):
    """What metrics read of the passages shown: the only gold passage of each claim, or another one."""
    counts = np.zeros((len(shown), SCIFACT_COLUMNS))
    counts[:, 6:9] = shown[:, None]  # documents and sentences that are right under the verdict
    counts[:, -4:] = 1
    return {
        "has_evidence": shown,
        "evidence_counts": {"scifact": counts, "averitec": shown[:, None].astype(np.float64)},
    }


def codes(values):
    return np.asarray(values, dtype=np.int64)


def yes_no(gold, scores, article=None, predicted=None, probabilities=False):
    """A yes-or-no case from 0s and 1s and the scores of "yes"; articles are the units."""
    scores = np.asarray(scores, dtype=np.float64)
    article = codes(np.zeros(len(gold)) if article is None else article)
    predicted = codes(scores > 0.5 if predicted is None else predicted)
    shown = np.ones(len(gold), dtype=bool)
    run = Run(np.stack([1 - scores, scores], axis=1), predicted, probabilities, **evidence(shown))
    gold = codes(gold)
    return Case(
        Gold(LABELS, gold, np.eye(2)[gold]), run, ResamplingGroups(article, article, 5 + np.arange(len(gold)) % 3)
    )


def values(metric: Metric, case: Case, weights=None):
    if weights is None:
        weights = np.ones((1, int(np.max(case.groups.unit, initial=-1)) + 1))
    return metric.values(case.gold, case.run, case.groups, codes(weights))


def value(metric: Metric, case: Case) -> float:
    return float(values(metric, case)[0])


def outcome(metric: Metric, case: Case) -> float | str:
    """The value of the data as they are, or the reason why there is none."""
    try:
        return value(metric, case)
    except Undefined as error:
        return f"undefined: {error}"


def drawn(case: Case, weights) -> Case:
    """The case with the claims of each unit copied out as often as it is drawn; each copy has articles of its own."""
    rows, article = [], []
    for unit, times in enumerate(weights):
        for copy in range(times):
            own = np.flatnonzero(case.groups.unit == unit)
            rows.extend(own)
            article.extend((unit, copy, int(case.groups.article[row])) for row in own)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(article))}
    taken = case.take(codes(rows))
    renumbered = codes([numbers[name] for name in article])
    return taken.with_groups(renumbered, renumbered)


@st.composite
def cases(draw, least=0, units=("article", "claim"), labels=(2, 3), distinct=False):
    """Up to nine claims in up to three articles; small integer scores, because ties are where ranking breaks."""
    n, n_labels = draw(st.integers(least, 9)), draw(st.sampled_from(labels))
    column = st.lists(st.integers(-2, 2), min_size=n, max_size=n)
    if distinct:
        column = st.permutations(range(n))
    scores = np.array([draw(column) for _ in range(n_labels)], dtype=np.float64).reshape(n_labels, n).T
    ones = st.lists(st.integers(0, n_labels - 1), min_size=n, max_size=n)
    predicted = st.lists(st.integers(-1, n_labels - 1), min_size=n, max_size=n)
    article = codes(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    article = np.unique(article, return_inverse=True)[1]
    unit = article if draw(st.sampled_from(units)) == "article" else np.arange(n)
    gold = codes(draw(ones))
    length = codes(draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)))
    labels = ("no", "unclear", "yes") if n_labels == 3 else LABELS
    groups = ResamplingGroups(article, codes(unit), length)
    shown = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    run = Run(scores, codes(draw(predicted)), **evidence(shown))
    return Case(Gold(labels, gold, np.eye(n_labels)[gold]), run, groups)


def fitting(metric: Metric, case: Case) -> Case:
    """The case with probabilities in place of any scores, where the metric reads those."""
    if metric.needs != "probabilities":
        return case
    positive = case.run.scores - case.run.scores.min(initial=0) + 1
    scores = positive / positive.sum(axis=1, keepdims=True)
    return Case(case.gold, replace(case.run, scores=scores, probabilities=True), case.groups)


def labels_case(gold, predicted, labels=("no", "yes")):
    article = codes(np.zeros(len(gold)))
    return Case(Gold(labels, codes(gold)), Run(None, codes(predicted)), ResamplingGroups(article, article))
