"""Pairwise comparison of systems: the function behind `harness compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from harness.arrays import Floats
from harness.compare.comparison import ComparedSystem, Comparison, SystemPair
from harness.compare.decision import disagreement, is_significant
from harness.compare.exchanges import randomization_p_values
from harness.compare.paired_tests import (
    Correction,
    Exchanged,
    adjust_p_values,
    choose_test,
    corrected_t_test,
    difference,
    fold_values,
    n_permutations,
)
from harness.compare.results import (
    ResultEntry,
    ResultTable,
    common_metrics,
    heading_of,
    metric_name,
    metric_of,
    read_table,
)
from harness.compare.selection import left_out_lines
from harness.compare.shared_work import SharedWork
from harness.data.labels.tasks import own_label_names
from harness.display import Rows
from harness.errors import Undefined
from harness.metrics.base import Metric
from harness.metrics.intervals import Value, measure
from harness.progress import Advance, Progress, ignore, silent
from harness.runner.official.leaderboards import leaderboards_for, with_borrowed_intervals
from harness.runner.pairing.resampled import ResampledValues, resample


def compare_results(
    results: str | Path | Sequence[str | Path],
    *,
    metric: str | None = None,
    correction: Correction = "holm",
    all_results: bool = False,
    progress: Progress = silent,
) -> Comparison:
    """Compare systems pairwise on the same claims, by resampling whole units, and correct the p-values.

    Args:
        results: result folders, or run folders with several results. Of a run folder, the current result of each system
            is compared: that of the latest run, whichever metrics it asked for. Trials (`--limit`) are left out, and
            so are results over other claims or gold; `Comparison.left_out` names them.
        metric: name, or column heading, of the metric in the results; default: the first. A metric that a result
            does not record is computed from its predictions.
        correction: `holm` or `bh` (Benjamini-Hochberg), over all pairs.
        all_results: also compare results of run folders that are not current but over the same claims and gold.
        progress: shows progress over the pairs.
    Raises: HarnessError: fewer than two results, results with different claims or gold, or an unknown metric.
    """
    table = read_table(results, all_results=all_results)
    n = len(table.entries)
    with progress(n * (n - 1) // 2) as advance:
        return compare_table(table, metric=metric, correction=correction, advance=advance)


def compare_table(
    table: ResultTable,
    *,
    metric: str | None = None,
    correction: Correction = "holm",
    shared: SharedWork | None = None,
    advance: Advance = ignore,
) -> Comparison:
    """Compare results that are already loaded; see `compare_results`. A single result gives no pairs.

    Args:
        table: results.
        metric: see `metric_of`.
        correction: correction over all pairs.
        shared: work that comparisons of the same table by several metrics share.
        advance: called after each pair.
    """
    from threadpoolctl import threadpool_limits

    # Products of this size gain nothing by threads, which wait for each other in busy loops.
    with threadpool_limits(1, "blas"):
        return _compare_table(with_label_names(table), metric, correction, shared or SharedWork(table), advance)


def _compare_table(
    table: ResultTable, metric: str | None, correction: Correction, shared: SharedWork, advance: Advance
) -> Comparison:
    name, compared_metric = metric_of(table, metric)
    values = {entry.name: _value(table, entry, name, compared_metric) for entry in table.entries}
    order = sorted(table.entries, key=lambda entry: _rank(values[entry.name], compared_metric.higher_is_better))
    n_units = int(table.groups.unit.max()) + 1
    defined = [entry for entry in order if values[entry.name].value is not None]
    draws = n_permutations(len(defined) * (len(defined) - 1) // 2, table.intervals)
    resampled = _resample_all(table, compared_metric, defined)
    tested = _TestedSystems(
        table=table,
        metric=compared_metric,
        values=values,
        resampled=resampled,
        exchanged=_exchange(table, compared_metric, resampled, shared, draws),
        per_fold={
            entry.name: fold_values(compared_metric, table.gold, entry.runs, groups=table.groups, fold=table.fold)
            for entry in defined
        },
        shared=shared,
    )
    uncorrected = list[SystemPair]()
    for a, b in combinations(order, 2):
        uncorrected.append(_compare_pair(tested, a, b))
        advance(f"{name}: {a.name} - {b.name}")
    pairs = _correct_pairs(uncorrected, correction, n_units=n_units, unit=table.intervals.unit)
    groups = _tie_groups([entry.name for entry in defined], pairs)
    first = table.entries[0].result
    leaderboards = leaderboards_for(first.provenance.config.document(), [name])
    published = [
        entry
        for leaderboard in leaderboards
        for entry in with_borrowed_intervals(leaderboard, values, compared_metric.bounds)
    ]
    direction = -1 if compared_metric.higher_is_better else 1
    warnings = dict.fromkeys(warning for entry in table.entries for warning in entry.result.warnings)
    return Comparison(
        metric=name,
        heading=heading_of(table, name),
        systems=Rows(
            ComparedSystem(entry.name, values[entry.name], groups.get(entry.name), entry.result.random_seeds)
            for entry in order
        ),
        pairs=Rows(pairs),
        n=first.n,
        n_units=n_units,
        unit=table.intervals.unit,
        resamples=draws,
        correction=correction,
        warnings=tuple(warnings),
        first=table.entries[0].name,
        published=tuple(sorted(published, key=lambda entry: direction * entry.value)),
        published_source="; ".join(f"{board.source} (over {board.n})" for board in leaderboards),
        intervals=table.intervals,
        notes=(*table.notes, *_computed_note(table, name)),
        left_out=tuple(left_out_lines(table.left_out)),
    )


def _computed_note(table: ResultTable, name: str) -> list[str]:
    """Names the systems whose results do not record the metric."""
    names = [entry.name for entry in table.entries if name not in entry.result.values]
    return [f"{heading_of(table, name)} computed from the predictions of {', '.join(names)}"] if names else []


def with_label_names(table: ResultTable) -> ResultTable:
    """The table with the labels named as the schemes of the results name them."""
    schemes = table.entries[0].result.provenance.schemes
    names = own_label_names(table.gold.labels, [scheme.mapping for scheme in schemes])
    return table._replace(gold=replace(table.gold, own_names=names))


def compare_metrics(
    table: ResultTable,
    metrics: Sequence[str] = (),
    *,
    every: bool = False,
    correction: Correction = "holm",
    progress: Progress = silent,
) -> list[Comparison]:
    """Compare systems by several metrics, for one leaderboard.

    Args:
        table: results.
        metrics: names of metrics in the results; none: the first, or with `every` all that the results share.
        every: see `metrics`.
        correction: as for `compare_results`; the pairs of each metric are corrected on their own.
        progress: shows progress over the pairs of all metrics.
    Raises: HarnessError: an unknown metric.
    """
    table = with_label_names(table)
    if every and not metrics:
        metrics = common_metrics(table)
    names = list(dict.fromkeys(metric_name(table, name) for name in metrics)) or [metric_name(table, None)]
    n, shared = len(table.entries), SharedWork(table)
    with progress(len(names) * (n * (n - 1) // 2)) as advance:
        return [
            compare_table(table, metric=name, correction=correction, shared=shared, advance=advance) for name in names
        ]


def _correct_pairs(
    pairs: Sequence[SystemPair], correction: Correction, *, n_units: int, unit: str
) -> tuple[SystemPair, ...]:
    """The pairs with corrected p-values, and with a note where an interval disagrees; only tested pairs count."""
    tested = [pair.difference for pair in pairs if pair.difference is not None]
    p_values = iter(adjust_p_values([difference.p for difference in tested], correction))
    corrected = []
    for pair in pairs:
        if pair.difference is not None:
            p = next(p_values)
            note = disagreement(pair.difference, p, n_pairs=len(tested), n_units=n_units, unit=unit)
            pair = pair._replace(p_corrected=p, note=note)
        corrected.append(pair)
    return tuple(corrected)


def _value(table: ResultTable, entry: ResultEntry, name: str, metric: Metric) -> Value:
    """The value of a system over the common claims; the recorded one if it is undefined, with its reason."""
    recorded = entry.result.values.get(name)
    if recorded is None and metric.needs == "labels" and not entry.result.provenance.gives_labels:
        from harness.runner.results import no_labels

        return no_labels(entry.result.system)
    if recorded is not None and recorded.value is None:
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


def _exchange(
    table: ResultTable, metric: Metric, resampled: Mapping[str, ResampledValues], shared: SharedWork, draws: int
) -> dict[tuple[str, str], Exchanged]:
    """The randomization test of each pair, in the order of the systems; none if the metric has another test."""
    names = list(resampled)
    first = next(iter(resampled.values()), None)
    if first is None or choose_test(metric, table.gold, first.runs[0], table.groups) != "randomization":
        return {}
    systems = [resampled[name] for name in names]
    observed = {(a, b): systems[a].value - systems[b].value for a, b in combinations(range(len(names)), 2)}
    p_values = randomization_p_values(metric, [each.runs for each in systems], shared.exchanges(draws), observed)
    return {(names[a], names[b]): Exchanged(p, draws) for (a, b), p in p_values.items()}


class _TestedSystems(NamedTuple):
    """Systems with everything that the tests of their pairs need, computed once per system."""

    table: ResultTable
    metric: Metric
    values: Mapping[str, Value]
    """Value of each system."""
    resampled: Mapping[str, ResampledValues]
    """Resampled values of each system with a value; empty if there is only one unit."""
    per_fold: Mapping[str, Floats | None]
    """Values in each fold, see `fold_values`, of each system with a value."""
    exchanged: Mapping[tuple[str, str], Exchanged]
    """Outcome of the randomization test of each pair; empty if the metric has another test."""
    shared: SharedWork


def _compare_pair(tested: _TestedSystems, a: ResultEntry, b: ResultEntry) -> SystemPair:
    """Two systems with their difference, uncorrected, or with the reason why there is none."""
    table, metric, values = tested.table, tested.metric, tested.values
    for entry in (a, b):
        if values[entry.name].value is None:
            return SystemPair(a.name, b.name, None, None, f"{entry.name}: {values[entry.name].reason}")
    if not tested.resampled:
        return SystemPair(a.name, b.name, None, None, f"only one {table.intervals.unit}")
    result = difference(
        metric,
        tested.resampled[a.name],
        tested.resampled[b.name],
        groups=table.groups,
        exchanged=tested.exchanged.get((a.name, b.name)),
    )
    # McNemar's test compares single labels, so it needs a metric of labels and one run per system.
    has_single_labels = metric.needs == "labels" and len(a.runs) == len(b.runs) == 1
    result = result._replace(
        mcnemar_p=tested.shared.mcnemar_p(a, b) if has_single_labels else None,
        folds_p=corrected_t_test(tested.per_fold[a.name], tested.per_fold[b.name]),
    )
    return SystemPair(a.name, b.name, result, None)


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
        if is_significant(p):
            leader = name
            number += 1
        groups[name] = max(number, 1)
    return groups
