"""Pairwise comparison of systems: the function behind `harness compare`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from harness.compare.comparison import ComparedSystem, Comparison, SystemPair
from harness.compare.paired_tests import (
    Correction,
    ResampledValues,
    adjust_p_values,
    corrected_t_test,
    difference,
    mcnemar,
    n_permutations,
    resample,
)
from harness.compare.results import ResultEntry, ResultTable, metric_of, read_table
from harness.display import Rows
from harness.errors import Undefined
from harness.metrics.base import Metric
from harness.metrics.intervals import Value, measure
from harness.runner.official.leaderboards import leaderboards_for, with_borrowed_intervals

LEVEL = 0.05
"""Significance level of the tie groups."""


def compare_results(
    results: str | Path | Sequence[str | Path], *, metric: str | None = None, correction: Correction = "holm"
) -> Comparison:
    """Compare systems pairwise on the same claims, by resampling whole units, and correct the p-values.

    Args:
        results: result folders, or run folders with several results.
        metric: name of the metric in the results; default: the first.
        correction: `holm` or `bh` (Benjamini-Hochberg), over all pairs.
    Raises: HarnessError: fewer than two results, results with different claims or gold, or an unknown metric.
    """
    return compare_table(read_table(results), metric=metric, correction=correction)


def compare_table(table: ResultTable, *, metric: str | None = None, correction: Correction = "holm") -> Comparison:
    """Compare results that are already loaded; see `compare_results`. A single result gives no pairs."""
    name, compared_metric = metric_of(table, metric)
    values = {entry.name: _value(table, entry, name, compared_metric) for entry in table.entries}
    order = sorted(table.entries, key=lambda entry: _rank(values[entry.name], compared_metric.higher_is_better))
    defined = [entry for entry in order if values[entry.name].value is not None]
    draws = n_permutations(len(defined) * (len(defined) - 1) // 2, table.intervals)
    resampled = _resample_all(table, compared_metric, defined)
    uncorrected = [
        _compare_pair(table, compared_metric, a, b, resampled=resampled, values=values, draws=draws)
        for a, b in combinations(order, 2)
    ]
    # Only tested pairs count for the correction; the corrected values go back to these pairs, in the same order.
    p_values = adjust_p_values([pair.difference.p for pair in uncorrected if pair.difference is not None], correction)
    remaining = iter(p_values)
    pairs = tuple(pair._replace(p_corrected=next(remaining)) if pair.difference else pair for pair in uncorrected)
    groups = _tie_groups([entry.name for entry in defined], pairs)
    first = table.entries[0].result
    leaderboards = leaderboards_for(first.provenance.config.document(), [name])
    published = [
        entry
        for leaderboard in leaderboards
        for entry in with_borrowed_intervals(leaderboard, list(values.values()), compared_metric.bounds)
    ]
    direction = -1 if compared_metric.higher_is_better else 1
    warnings = dict.fromkeys(warning for entry in table.entries for warning in entry.result.warnings)
    return Comparison(
        metric=name,
        heading=first.values[name].short_name,
        systems=Rows(ComparedSystem(entry.name, values[entry.name], groups.get(entry.name)) for entry in order),
        pairs=Rows(pairs),
        n=first.n,
        n_units=int(table.groups.unit.max()) + 1,
        unit=table.intervals.unit,
        resamples=draws,
        correction=correction,
        warnings=tuple(warnings),
        first=table.entries[0].name,
        published=tuple(sorted(published, key=lambda entry: direction * entry.value)),
        published_source="; ".join(f"{board.source} (over {board.n})" for board in leaderboards),
    )


def _value(table: ResultTable, entry: ResultEntry, name: str, metric: Metric) -> Value:
    """The value of a system over the common claims; the recorded one if it is undefined, with its reason."""
    recorded = entry.result.values[name]
    if recorded.value is None:
        return recorded
    return measure(metric, table.gold, entry.runs, table.groups, table.intervals)


def _rank(value: Value, higher_is_better: bool) -> tuple[bool, float]:
    """A sort key that puts the best value first and undefined values last."""
    if value.value is None:
        return True, 0.0
    return False, -value.value if higher_is_better else value.value


def _resample_all(table: ResultTable, metric: Metric, entries: Sequence[ResultEntry]) -> dict[str, ResampledValues]:
    """Each system's metric under the same resamples; empty if there is only one unit."""
    try:
        return {
            entry.name: resample(metric, table.gold, entry.runs, table.groups, table.intervals) for entry in entries
        }
    except Undefined:
        return {}


def _compare_pair(
    table: ResultTable,
    metric: Metric,
    a: ResultEntry,
    b: ResultEntry,
    *,
    resampled: dict[str, ResampledValues],
    values: dict[str, Value],
    draws: int,
) -> SystemPair:
    """Two systems with their difference, uncorrected, or with the reason why there is none."""
    for entry in (a, b):
        if values[entry.name].value is None:
            return SystemPair(a.name, b.name, None, None, f"{entry.name}: {values[entry.name].reason}")
    if not resampled:
        return SystemPair(a.name, b.name, None, None, f"only one {table.intervals.unit}")
    tested = difference(
        metric,
        table.gold,
        resampled[a.name],
        resampled[b.name],
        groups=table.groups,
        intervals=table.intervals,
        draws=draws,
    )
    # McNemar's test compares single labels, so it needs a metric of labels and one run per system.
    has_single_labels = metric.needs == "labels" and len(a.runs) == len(b.runs) == 1
    tested = tested._replace(
        mcnemar_p=mcnemar(table.gold, a.runs[0], b.runs[0]) if has_single_labels else None,
        folds_p=corrected_t_test(metric, table.gold, a.runs, b.runs, groups=table.groups, fold=table.fold),
    )
    return SystemPair(a.name, b.name, tested, None)


def _tie_groups(ordered: Sequence[str], pairs: Sequence[SystemPair]) -> dict[str, int]:
    """The tie group of each system, from 1.

    A new group starts at the best system that differs significantly from the first system of the previous group.
    """
    p_values = {frozenset((pair.a, pair.b)): pair.p_corrected for pair in pairs}
    groups: dict[str, int] = {}
    leader, number = "", 0
    for name in ordered:
        # The first system always opens group 1; an untested pair (None) never opens a group.
        p = p_values.get(frozenset((leader, name))) if leader else 0.0
        if p is not None and p < LEVEL:
            leader = name
            number += 1
        groups[name] = max(number, 1)
    return groups
