"""Systems side by side: the one function behind `harness compare`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from harness.compare.pairs import Answers, Correction, Difference, corrected, difference, draws_for, resample
from harness.compare.results import Entry, Table, metric_of, read_table
from harness.errors import Undefined
from harness.metrics.base import Metric
from harness.metrics.intervals import Value, measure

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
        return {"metric": self.metric, "systems": systems, "pairs": [_pair_document(pair) for pair in self.pairs]}

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
    return said | {"test": found.test, "minimum_detectable_difference": found.detectable}


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
    answers = _resampled(table, built, tested, draws)
    found = [_pair(table, built, one, other, answers, values) for one, other in combinations(order, 2)]
    p_values = corrected([pair.difference.p for pair in found if pair.difference is not None], correction)
    remaining = iter(p_values)
    pairs = tuple(pair._replace(p_corrected=next(remaining)) if pair.difference else pair for pair in found)
    groups = _tie_groups([entry.name for entry in order if values[entry.name].value is not None], pairs)
    first = table.entries[0].result
    warnings = dict.fromkeys(warning for entry in table.entries for warning in entry.result.warnings)
    return Comparison(
        metric=name,
        heading=first.provenance["headings"][name],
        systems=tuple(System(e.name, values[e.name], groups.get(e.name)) for e in order),
        pairs=pairs,
        n=first.n,
        n_units=int(table.groups.unit.max()) + 1,
        unit=table.intervals.unit,
        resamples=draws,
        correction=correction,
        warnings=tuple(warnings),
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


def _resampled(table: Table, metric: Metric, entries: Sequence[Entry], draws: int) -> dict[str, Answers]:
    """Each system under the same draws; empty where there is one unit only."""
    try:
        return {
            entry.name: resample(metric, table.gold, entry.runs, table.groups, table.intervals, draws)
            for entry in entries
        }
    except Undefined:
        return {}


def _pair(
    table: Table, metric: Metric, one: Entry, other: Entry, answers: dict[str, Answers], values: dict[str, Value]
) -> Pair:
    for entry in (one, other):
        if values[entry.name].value is None:
            return Pair(one.name, other.name, None, None, f"{entry.name}: {values[entry.name].reason}")
    if not answers:
        return Pair(one.name, other.name, None, None, f"one {table.intervals.unit} only")
    a, b = answers[one.name], answers[other.name]
    return Pair(one.name, other.name, difference(metric, table.gold, a, b, table.groups, table.intervals), None)


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
