"""Systems side by side: the one function behind `harness compare`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from harness.compare.pairs import (
    Answers,
    Correction,
    Difference,
    corrected,
    difference,
    draws_for,
    folds_p,
    mcnemar,
    resample,
)
from harness.compare.results import Entry, Table, metric_of, read_table
from harness.errors import Undefined
from harness.metrics.base import Metric
from harness.metrics.intervals import Value, measure
from harness.runner.official.leaderboards import Implied, implied, published_of

LEVEL = 0.05


class System(NamedTuple):
    """One system of a comparison."""

    name: str
    value: Value
    tie_group: int | None
    """1 for the best and all that do not differ from it significantly, and so on down; None without a value."""


class Pair(NamedTuple):
    """Two systems, the one with the better value first."""

    a: str
    b: str
    difference: Difference | None
    p_corrected: float | None
    reason: str | None = None
    """Why there is no difference."""


class Comparison(NamedTuple):
    """Systems by value, every pair tested."""

    metric: str
    heading: str
    systems: tuple[System, ...]
    pairs: tuple[Pair, ...]
    n: int
    n_units: int
    unit: str
    resamples: int
    correction: Correction
    warnings: tuple[str, ...]
    first: str = ""
    """The system of the first result given."""
    published: tuple[Implied, ...] = ()
    """The leaderboards that these results stand beside as one, the best first, their intervals as wide as ours."""
    published_source: str = ""

    def document(self) -> dict[str, Any]:
        """The comparison as `harness compare --json` prints it."""
        systems = [
            {
                "system": system.name,
                "value": system.value.value,
                "low": system.value.low,
                "high": system.value.high,
                "tie_group": system.tie_group,
                **({"reason": system.value.reason} if system.value.value is None else {}),
            }
            for system in self.systems
        ]
        document: dict[str, Any] = {
            "metric": self.metric,
            "systems": systems,
            "pairs": [_pair_document(pair) for pair in self.pairs],
        }
        if self.published:
            document["published"] = {
                "source": self.published_source,
                "systems": [entry._asdict() for entry in self.published],
            }
        return document

    def __str__(self) -> str:
        from harness.compare.tables import comparison_text

        return comparison_text(self)

    def _repr_html_(self) -> str:
        from harness.compare.tables import comparison_html

        return comparison_html(self)


def _pair_document(pair: Pair) -> dict[str, Any]:
    found = pair.difference
    said = {
        "a": pair.a,
        "b": pair.b,
        "difference": found.value if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "p": found.p if found else None,
        "p_corrected": pair.p_corrected,
    }
    if found is None:
        return said | {"reason": pair.reason}
    more = {"mcnemar_p": found.mcnemar_p, "folds_p": found.folds_p}
    said |= {"test": found.test, "minimum_detectable_difference": found.detectable}
    return said | {name: p for name, p in more.items() if p is not None}


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


def compare_table(table: Table, *, metric: str | None = None, correction: Correction = "holm") -> Comparison:
    """`compare_results` of results that are read already; of a single one there are no pairs."""
    name, built = metric_of(table, metric)
    values = {entry.name: _value(table, entry, name, built) for entry in table.entries}
    order = sorted(table.entries, key=lambda entry: _rank(values[entry.name], built.higher_is_better))
    tested = [entry for entry in order if values[entry.name].value is not None]
    draws = draws_for(len(tested) * (len(tested) - 1) // 2, table.intervals)
    answers = _resampled(table, built, tested)
    found = [_pair(table, built, one, other, answers, values, draws) for one, other in combinations(order, 2)]
    p_values = corrected([pair.difference.p for pair in found if pair.difference is not None], correction)
    remaining = iter(p_values)
    pairs = tuple(pair._replace(p_corrected=next(remaining)) if pair.difference else pair for pair in found)
    groups = _tie_groups([entry.name for entry in order if values[entry.name].value is not None], pairs)
    first = table.entries[0].result
    published = published_of(first.provenance.config.document(), [name])
    beside = [entry for board in published for entry in implied(board, list(values.values()), built.bounds)]
    warnings = dict.fromkeys(warning for entry in table.entries for warning in entry.result.warnings)
    return Comparison(
        metric=name,
        heading=first.values[name].short_name,
        systems=tuple(System(e.name, values[e.name], groups.get(e.name)) for e in order),
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


def _value(table: Table, entry: Entry, name: str, metric: Metric) -> Value:
    kept = entry.result.values[name]
    if kept.value is None:
        return kept
    return measure(metric, table.gold, entry.runs, table.groups, table.intervals)


def _rank(value: Value, higher_is_better: bool) -> tuple[bool, float]:
    if value.value is None:
        return True, 0.0
    return False, -value.value if higher_is_better else value.value


def _resampled(table: Table, metric: Metric, entries: Sequence[Entry]) -> dict[str, Answers]:
    """Each system under the same draws; empty where there is one unit only."""
    try:
        return {
            entry.name: resample(metric, table.gold, entry.runs, table.groups, table.intervals) for entry in entries
        }
    except Undefined:
        return {}


def _pair(
    table: Table,
    metric: Metric,
    one: Entry,
    other: Entry,
    answers: dict[str, Answers],
    values: dict[str, Value],
    draws: int,
) -> Pair:
    for entry in (one, other):
        if values[entry.name].value is None:
            return Pair(one.name, other.name, None, None, f"{entry.name}: {values[entry.name].reason}")
    if not answers:
        return Pair(one.name, other.name, None, None, f"one {table.intervals.unit} only")
    a, b = answers[one.name], answers[other.name]
    found = difference(metric, table.gold, a, b, table.groups, table.intervals, draws)
    labels = metric.reads == "labels" and len(one.runs) == len(other.runs) == 1
    found = found._replace(
        mcnemar_p=mcnemar(table.gold, one.runs[0], other.runs[0]) if labels else None,
        folds_p=folds_p(metric, table.gold, one.runs, other.runs, table.groups, table.fold),
    )
    return Pair(one.name, other.name, found, None)


def _tie_groups(ordered: Sequence[str], pairs: Sequence[Pair]) -> dict[str, int]:
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
