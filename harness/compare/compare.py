"""Systems side by side: the one function behind `harness compare`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from harness.compare.comparison import ComparedSystem, Comparison, SystemPair
from harness.compare.pairs import (
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
from harness.errors import Undefined
from harness.metrics.base import Metric
from harness.metrics.intervals import Value, measure
from harness.runner.official.leaderboards import leaderboards_for, with_borrowed_intervals

LEVEL = 0.05


def compare_results(
    results: Sequence[str | Path], *, metric: str | None = None, correction: Correction = "holm"
) -> Comparison:
    """Compares systems pairwise on the same claims, resampling whole units, with p-values corrected for their number.

    Args:
        results: result folders, or run folders with several.
        metric: by its name in the results; default: the first.
        correction: `holm` or `bh` (Benjamini-Hochberg), over all pairs.
    Raises: HarnessError: fewer than two results, results of other claims or other gold, or no such metric.
    """
    return compare_table(read_table(results), metric=metric, correction=correction)


def compare_table(table: ResultTable, *, metric: str | None = None, correction: Correction = "holm") -> Comparison:
    """`compare_results` of results that are read already; of a single one there are no pairs."""
    name, built = metric_of(table, metric)
    values = {entry.name: _value(table, entry, name, built) for entry in table.entries}
    order = sorted(table.entries, key=lambda entry: _rank(values[entry.name], built.higher_is_better))
    tested = [entry for entry in order if values[entry.name].value is not None]
    draws = n_permutations(len(tested) * (len(tested) - 1) // 2, table.intervals)
    answers = _resampled(table, built, tested)
    found = [_pair(table, built, one, other, answers, values, draws) for one, other in combinations(order, 2)]
    p_values = adjust_p_values([pair.difference.p for pair in found if pair.difference is not None], correction)
    remaining = iter(p_values)
    pairs = tuple(pair._replace(p_corrected=next(remaining)) if pair.difference else pair for pair in found)
    groups = _tie_groups([entry.name for entry in order if values[entry.name].value is not None], pairs)
    first = table.entries[0].result
    published = leaderboards_for(first.provenance.config.document(), [name])
    beside = [
        entry for board in published for entry in with_borrowed_intervals(board, list(values.values()), built.bounds)
    ]
    warnings = dict.fromkeys(warning for entry in table.entries for warning in entry.result.warnings)
    return Comparison(
        metric=name,
        heading=first.values[name].short_name,
        systems=tuple(ComparedSystem(e.name, values[e.name], groups.get(e.name)) for e in order),
        pairs=pairs,
        n=first.n,
        n_units=int(table.groups.unit.max()) + 1,
        unit=table.intervals.unit,
        resamples=draws,
        correction=correction,
        warnings=tuple(warnings),
        first=table.entries[0].name,
        published=tuple(sorted(beside, key=lambda entry: -entry.value if built.higher_is_better else entry.value)),
        published_source="; ".join(f"{board.source}; over {board.n}" for board in published),
    )


def _value(table: ResultTable, entry: ResultEntry, name: str, metric: Metric) -> Value:
    kept = entry.result.values[name]
    if kept.value is None:
        return kept
    return measure(metric, table.gold, entry.runs, table.groups, table.intervals)


def _rank(value: Value, higher_is_better: bool) -> tuple[bool, float]:
    if value.value is None:
        return True, 0.0
    return False, -value.value if higher_is_better else value.value


def _resampled(table: ResultTable, metric: Metric, entries: Sequence[ResultEntry]) -> dict[str, ResampledValues]:
    """Each system under the same draws; empty where there is one unit only."""
    try:
        return {
            entry.name: resample(metric, table.gold, entry.runs, table.groups, table.intervals) for entry in entries
        }
    except Undefined:
        return {}


def _pair(
    table: ResultTable,
    metric: Metric,
    one: ResultEntry,
    other: ResultEntry,
    answers: dict[str, ResampledValues],
    values: dict[str, Value],
    draws: int,
) -> SystemPair:
    for entry in (one, other):
        if values[entry.name].value is None:
            return SystemPair(one.name, other.name, None, None, f"{entry.name}: {values[entry.name].reason}")
    if not answers:
        return SystemPair(one.name, other.name, None, None, f"one {table.intervals.unit} only")
    a, b = answers[one.name], answers[other.name]
    found = difference(metric, table.gold, a, b, table.groups, table.intervals, draws)
    labels = metric.needs == "labels" and len(one.runs) == len(other.runs) == 1
    found = found._replace(
        mcnemar_p=mcnemar(table.gold, one.runs[0], other.runs[0]) if labels else None,
        folds_p=corrected_t_test(metric, table.gold, one.runs, other.runs, table.groups, table.fold),
    )
    return SystemPair(one.name, other.name, found, None)


def _tie_groups(ordered: Sequence[str], pairs: Sequence[SystemPair]) -> dict[str, int]:
    """Each group begins with the best system that differs from the first of the group before it."""
    p = {frozenset((pair.a, pair.b)): pair.p_corrected for pair in pairs}
    groups: dict[str, int] = {}
    leader, number = "", 0
    for name in ordered:
        chance = p.get(frozenset((leader, name))) if leader else 0.0
        if chance is not None and chance < LEVEL:
            leader, number = name, number + 1
        groups[name] = max(number, 1)
    return groups
