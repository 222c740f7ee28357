"""Thresholds carried from the group that they were chosen on to every group, beside the best one of each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.data.claims import Gold
from harness.data.splits.folds import leave_one_out
from harness.display import displayed
from harness.metrics import METRICS
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import Intervals, measure
from harness.records import Record
from harness.runner.config import LoadedExperiment, System
from harness.runner.splitting.transfer import name_before_training
from harness.runner.tuning.calibrate import Aim, CalibratedClassifier, choose_threshold
from harness.text_tables import fits, format_number

if TYPE_CHECKING:
    from harness.runner.plan import ExperimentData, Unit
    from harness.runner.units.unit_file import Predictions

MAX_GROUPS = 8
"""Maximum number of groups that a table shows, the largest."""
ORACLE = "oracle"
LEGEND = (
    f"in parentheses, the {ORACLE}: the same scores with a threshold chosen for the same aim on the labels of the "
    "tested claims, which no system has; from a {by} to itself: in folds of articles inside it"
)


class ThresholdOnGroup(Record):
    """A threshold as it is applied to one group."""

    group: str
    """Group (source, topic, speaker) whose claims are scored."""
    n: int
    """Number of claims behind the values."""
    value: float | None
    """Value of the metric with the carried threshold; None if undefined."""
    oracle_value: float | None
    """Value with a threshold chosen for the same aim on the labels of these claims: an oracle, not a result."""
    oracle_thresholds: tuple[float, ...]
    """Threshold of the oracle for each random seed."""
    reason: str | None = None
    """Reason why a value is undefined."""


class CarriedThresholds(Record):
    """Thresholds of one system of a `transfer` experiment, on every group."""

    classifier: str
    """Name of the system without its training group."""
    by: str
    """Kind of groups."""
    train_on: str
    """Group that the system is fitted to and the thresholds are chosen on."""
    aim: Aim
    """Aim of the threshold."""
    metric: str
    """Name of the metric: that of the aim if the experiment has it, else its first metric of labels, else F1."""
    short_name: str
    """Name of the metric in table headings."""
    thresholds: tuple[float, ...]
    """Threshold of each random seed, from the fit to the whole group; empty if none was chosen."""
    groups: tuple[ThresholdOnGroup, ...]
    """Values on each group, in the order of the claims."""


class _Applied(NamedTuple):
    """What the values of every group are computed from."""

    data: ExperimentData
    metric: Metric
    aim: Aim
    rows: Codes
    """Test rows of all folds, ascending."""
    runs: Sequence[Predictions]
    """Predictions for `rows`, one per random seed."""


def carried_thresholds(
    loaded: LoadedExperiment,
    data: ExperimentData,
    system: System,
    runs: Sequence[Predictions],
    units: Sequence[tuple[Unit, Predictions]],
) -> CarriedThresholds | None:
    """Returns the thresholds of a system on every group; None unless it is trained on one group with a threshold.

    Args:
        loaded: the experiment.
        data: the data as the system sees them.
        system: the system.
        runs: predictions for the test rows of all folds, ascending, one per random seed.
        units: units of the system with their predictions.
    """
    classifier, split = system.classifier, loaded.experiment.split
    if system.train_on is None or not isinstance(classifier, CalibratedClassifier) or classifier.aim is None:
        return None
    name, metric = _metric_for(loaded.metrics, classifier.aim)
    applied = _Applied(
        data=data,
        metric=metric,
        aim=classifier.aim,
        rows=np.sort(np.concatenate([fold.test for fold in data.folds])),
        runs=runs,
    )
    groups = []
    for fold in leave_one_out(data.claims, by=split.by):
        rows = np.intersect1d(fold.test, np.intersect1d(applied.rows, data.gold.rows_with_gold))
        if len(rows):
            tested = [predictions for unit, predictions in units if np.isin(rows, unit.fold.test).any()]
            without = next((predictions.chosen for predictions in tested if predictions.threshold is None), None)
            groups.append(_on_group(applied, fold.name, rows, without))
    whole = [predictions.threshold for unit, predictions in units if unit.fold.name == data.folds[0].name]
    return CarriedThresholds(
        classifier=name_before_training(system.system_name, system.train_on),
        by=split.by,
        train_on=system.train_on,
        aim=classifier.aim,
        metric=name,
        short_name=metric.title(),
        thresholds=tuple(threshold for threshold in whole if threshold is not None),
        groups=tuple(groups),
    )


def _metric_for(metrics: Mapping[str, Metric], aim: Aim) -> tuple[str, Metric]:
    """The metric of the values, with its name."""
    of_labels = {name: metric for name, metric in metrics.items() if metric.needs == "labels"}
    if aim.aim in of_labels:
        return aim.aim, of_labels[aim.aim]
    return next(iter(of_labels.items()), ("f1", METRICS.get("f1")()))


def _on_group(applied: _Applied, group: str, rows: Codes, without: str | None) -> ThresholdOnGroup:
    """The values on a group.

    Args:
        rows: the tested claims of the group with gold.
        without: what a fit says that has no threshold; None if all have one.
    """
    data = applied.data
    gold = data.gold.gold.take(np.searchsorted(data.gold.rows_with_gold, rows))
    article = data.claims.take(rows).article_codes()
    places = np.searchsorted(applied.rows, rows)
    carried = [Run(None, run.predicted[places], False) for run in applied.runs]
    value, reason = (None, without) if without is not None else _value(applied.metric, gold, carried, article)
    if gold.positive.all() or not gold.positive.any():
        reason = reason or "only one label, so no threshold can be chosen for comparison"
        return ThresholdOnGroup(
            group=group, n=len(rows), value=value, oracle_value=None, oracle_thresholds=(), reason=reason
        )
    scores = [run.scores[places, -1] for run in applied.runs]
    thresholds = [choose_threshold(applied.aim, of_run, gold.positive).threshold for of_run in scores]
    best = [
        # A claim without an answer stays without one, whatever its score.
        replace(run, predicted=np.where(run.predicted >= 0, (of_run >= threshold).astype(np.int64), -1))
        for run, of_run, threshold in zip(carried, scores, thresholds, strict=True)
    ]
    oracle_value, oracle_reason = _value(applied.metric, gold, best, article)
    return ThresholdOnGroup(
        group=group,
        n=len(rows),
        value=value,
        oracle_value=oracle_value,
        oracle_thresholds=tuple(thresholds),
        reason=reason or oracle_reason,
    )


def _value(metric: Metric, gold: Gold, runs: Sequence[Run], article: Codes) -> tuple[float | None, str | None]:
    value = measure(metric, gold, runs, ResamplingGroups(article, article), Intervals(method="none"))
    return value.value, value.reason


@displayed
class ThresholdTable(NamedTuple):
    """The thresholds of one classifier: from each group, on each group."""

    rows: list[list[str]]
    """Cells; the first row has the headings."""
    notes: list[str]
    """How to read the table, and why values are undefined."""


def threshold_tables(systems: Sequence[CarriedThresholds | None], *, narrow: bool = True) -> list[ThresholdTable]:
    """Returns a table for each classifier with a threshold.

    Args:
        systems: carried thresholds of results; None for results without any.
        narrow: whether to list pairs of groups, one a line, if a matrix would be wider than the terminal.
    """
    by_classifier: dict[tuple[str, str], list[CarriedThresholds]] = {}
    for of_system in systems:
        if of_system is not None:
            by_classifier.setdefault((of_system.classifier, of_system.metric), []).append(of_system)
    return [_table(of_classifier, narrow) for of_classifier in by_classifier.values()]


def _table(systems: Sequence[CarriedThresholds], narrow: bool) -> ThresholdTable:
    first = systems[0]
    sizes = {cell.group: cell.n for of_system in systems for cell in of_system.groups}
    largest = sorted(sizes, key=lambda group: -sizes[group])[:MAX_GROUPS]
    shown = [group for group in sizes if group in largest]
    cells = {
        (of_system.train_on, cell.group): cell
        for of_system in systems
        if of_system.train_on in shown
        for cell in of_system.groups
        if cell.group in shown
    }
    title = f"{first.short_name} of {first.classifier}, threshold from"
    rows = [[title, "threshold", *(f"on {group}" for group in shown)]]
    for of_system in systems:
        if of_system.train_on in shown:
            values = [_cell(cells.get((of_system.train_on, group))) for group in shown]
            rows.append([of_system.train_on, _thresholds(of_system.thresholds), *values])
    if narrow and not fits(rows):
        rows = [[title, "on", first.short_name, ORACLE], *_pairs(cells)]
    aim = " ".join(map(str, first.aim.model_dump().values()))
    notes = [LEGEND.format(by=first.by), f"{first.classifier}: thresholds for the aim {aim}"]
    if first.metric != first.aim.aim:
        notes[-1] += f"; its {first.short_name} can be above that of the {ORACLE}, which is for the same aim"
    reasons: dict[str, list[str]] = {}
    for (train_on, group), cell in cells.items():
        if cell.reason:
            reasons.setdefault(cell.reason, []).append(f"{train_on} on {group}")
    notes += [f"{first.classifier}, {', '.join(pairs)}: {reason}" for reason, pairs in reasons.items()]
    if len(sizes) > len(shown):
        notes.append(f"the {len(shown)} largest of {len(sizes)} groups; all are in result.json")
    return ThresholdTable(rows, notes)


def _pairs(cells: Mapping[tuple[str, str], ThresholdOnGroup]) -> Iterator[list[str]]:
    for (train_on, group), cell in cells.items():
        yield [train_on, group, _number(cell.value), _number(cell.oracle_value)]


def _cell(cell: ThresholdOnGroup | None) -> str:
    return "" if cell is None else f"{_number(cell.value)} ({_number(cell.oracle_value)})"


def _number(value: float | None) -> str:
    return "-" if value is None else format_number(value)


def _thresholds(thresholds: Sequence[float]) -> str:
    """The threshold, or the lowest and the highest of several random seeds."""
    return " to ".join(dict.fromkeys(f"{end:.3g}" for end in (min(thresholds), max(thresholds)))) if thresholds else "-"
