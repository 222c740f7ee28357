"""Systems by datasets: one table over several experiments, with the mean rank of each system."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from harness.display import displayed
from harness.errors import UnknownName, unknown_name
from harness.metrics.base import Metric
from harness.metrics.functions import build_metric
from harness.metrics.intervals import Value
from harness.runner.result_files import Result
from harness.runner.runs.mean_ranks import MeanRanks, mean_ranks
from harness.text_tables import align_columns, count_of, format_number, html_table

MAX_PAIRS = 12
"""Number of pairs of systems that differ which the notes list."""


class PartResults(NamedTuple):
    """The results of one experiment."""

    experiment: str
    """Its name."""
    task: str
    dataset: str
    results: Sequence[Result]
    failed: Mapping[str, str]
    """Why a system has no result, by its name."""
    reason: str = "not run"
    """Why another system has none."""


@displayed
class Column(NamedTuple):
    """One experiment of a wide table."""

    experiment: str
    task: str
    dataset: str
    metric: str | None
    """Metric of the values; None if the experiment has no result, or no such metric."""
    heading: str
    higher_is_better: bool | None
    """None if the results do not record the settings of the metric, so that nothing is ranked by it."""
    n: int
    """Number of claims behind the values."""
    n_articles: int


@displayed
class WideTable(NamedTuple):
    """Values of systems on datasets."""

    name: str
    columns: tuple[Column, ...]
    systems: tuple[str, ...]
    """By mean rank, then those without one."""
    values: tuple[tuple[Value | None, ...], ...]
    """Value of each system (row) in each experiment (column); None without a result."""
    mean_ranks: MeanRanks | None
    """None unless two systems have a value in each of two experiments."""
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The table for `--json`."""
        ranks = self.mean_ranks
        of_system = dict(zip(ranks.systems, ranks.ranks, strict=True)) if ranks else {}
        return {
            "name": self.name,
            "experiments": [column._asdict() for column in self.columns],
            "systems": [
                {
                    "system": system,
                    "mean_rank": of_system.get(system),
                    "values": [None if value is None else value.model_dump() for value in row],
                }
                for system, row in zip(self.systems, self.values, strict=True)
            ],
            "friedman_p": ranks.p if ranks else None,
            "critical_difference": ranks.critical_difference if ranks else None,
            "differing": [list(pair) for pair in ranks.differing()] if ranks else [],
            "notes": list(self.notes),
        }

    def rows(self) -> list[list[str]]:
        """The table as texts, headings first."""
        ranks = self.mean_ranks
        of_system = dict(zip(ranks.systems, ranks.ranks, strict=True)) if ranks else {}
        rows = [["system", *self._headings(), "mean rank"]]
        for system, row in zip(self.systems, self.values, strict=True):
            rank = of_system.get(system)
            rows.append([system, *map(_cell, row), "-" if rank is None else f"{rank:.2f}"])
        return rows

    def _headings(self) -> list[str]:
        metrics, tasks = self._metrics(), {column.task for column in self.columns}
        headings = []
        for column in self.columns:
            parts = [column.task] if len(tasks) > 1 else []
            parts += [column.dataset, *([column.heading] if len(metrics) > 1 else [])]
            headings.append(" ".join(parts))
        repeated = len(set(headings)) < len(headings)
        return [column.experiment for column in self.columns] if repeated else headings

    def _metrics(self) -> set[str]:
        return {column.heading for column in self.columns if column.metric is not None}

    def title(self) -> str:
        """What the values are."""
        headings = self._metrics()
        metric = f"{next(iter(headings))} " if len(headings) == 1 else ""
        return f"{self.name}: {metric}of {count_of(len(self.systems), 'system')} in {len(self.columns)} experiments"

    def __str__(self) -> str:
        return "\n".join([self.title(), "", align_columns(self.rows()), "", *self.notes])

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"{html_table(self.rows(), self.title())}\n<ul>{notes}</ul>"

    def csv(self) -> str:
        """A row for each system in each experiment, with unrounded numbers."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["system", "experiment", "task", "dataset", "metric", "value", "low", "high", "mean_rank"])
        ranks = self.mean_ranks
        of_system = dict(zip(ranks.systems, ranks.ranks, strict=True)) if ranks else {}
        for system, row in zip(self.systems, self.values, strict=True):
            for column, value in zip(self.columns, row, strict=True):
                numbers = [None] * 3 if value is None else [value.value, value.low, value.high]
                facts = [column.experiment, column.task, column.dataset, column.metric]
                writer.writerow([system, *facts, *numbers, of_system.get(system)])
        return stream.getvalue().rstrip("\n")


def _cell(value: Value | None) -> str:
    if value is None or value.value is None:
        return "-"
    spread = "" if value.standard_deviation is None else f" ±{format_number(value.standard_deviation)}"
    return format_number(value.value) + spread


def wide_table(name: str, parts: Sequence[PartResults], metric: str | None = None) -> WideTable:
    """Puts the results of several experiments side by side.

    Args:
        name: name of the table.
        metric: metric of the values; default: the first of each experiment.
    Raises: UnknownName: no experiment has the metric.
    """
    columns, values = list[Column](), list[dict[str, Value]]()
    for part in parts:
        first = next(iter(part.results), None)
        chosen = None if first is None else metric or next(iter(first.values), None)
        of_system = {
            result.system: value
            for result in part.results
            if chosen is not None and (value := _value_of(result, chosen)) is not None
        }
        with_metric = next((result for result in part.results if result.system in of_system), None)
        key = None if with_metric is None or chosen is None else _key_of(with_metric, chosen)
        built = None if with_metric is None or key is None else recorded_metric(with_metric, key)
        heading = key or "-"
        if with_metric is not None and key is not None:
            heading = with_metric.values[key].short_name or key
        size = (0, 0) if first is None else (first.n, first.n_articles)
        is_higher = None if built is None else built.higher_is_better
        columns.append(Column(part.experiment, part.task, part.dataset, key, heading, is_higher, *size))
        values.append(of_system)
    if metric is not None and not any(values):
        known = sorted({key for part in parts for result in part.results for key in result.values})
        raise UnknownName(unknown_name("metric of these results", metric, known))
    names = list(
        dict.fromkeys(system for part in parts for system in (*(r.system for r in part.results), *part.failed))
    )
    ranks, unranked = _ranks(names, columns, values)
    ordered = (*(ranks.systems if ranks else ()), *unranked)
    grid = tuple(tuple(of_system.get(system) for of_system in values) for system in ordered)
    return WideTable(name, tuple(columns), ordered, grid, ranks, tuple(_notes(parts, columns, values, ranks, ordered)))


def _system_of(result: Result) -> str:
    return result.system


def _key_of(result: Result, metric: str) -> str | None:
    """The name in a result of a metric that is named as there, or as tables head it."""
    return next((key for key, value in result.values.items() if metric in (key, value.short_name)), None)


def _value_of(result: Result, metric: str) -> Value | None:
    key = _key_of(result, metric)
    return None if key is None else result.values[key]


def recorded_metric(result: Result, name: str) -> Metric | None:
    """A metric of a result with its settings; None if the result does not record them."""
    entries = result.provenance.config.metrics
    configured = [dict(entry) if isinstance(entry, dict) else {"name": entry} for entry in entries]
    # Building a metric may import code of the user, so those whose names fit come first.
    configured.sort(key=lambda entry: _misfit(str(entry["name"]), name))
    for settings in configured:
        configured_name = str(settings.pop("name"))
        metric = build_metric(configured_name, settings, result.task)
        if metric.key(configured_name) == name:
            return metric
    return None


def _misfit(configured_name: str, chosen: str) -> int:
    """How far a configured name is from that of a result: 0 the same, 1 the same with settings, 2 another one."""
    return 0 if chosen == configured_name else 1 if chosen.startswith(f"{configured_name}_") else 2


def _ranks(
    names: Sequence[str], columns: Sequence[Column], values: Sequence[Mapping[str, Value]]
) -> tuple[MeanRanks | None, list[str]]:
    """The ranks of the systems with a value in every experiment that has any, and the other systems."""
    used = [
        number for number, of_system in enumerate(values) if of_system and columns[number].higher_is_better is not None
    ]
    signs = [1 if columns[number].higher_is_better else -1 for number in used]
    numbers = {
        name: [value.value for number in used if (value := values[number].get(name)) and value.value is not None]
        for name in names
    }
    whole = [name for name in names if used and len(numbers[name]) == len(used)]
    if len(whole) < 2 or len(used) < 2:
        return None, list(names)
    table = np.array([numbers[name] for name in whole], dtype=np.float64) * np.array(signs)
    return mean_ranks(tuple(whole), table), [name for name in names if name not in whole]


def _notes(
    parts: Sequence[PartResults],
    columns: Sequence[Column],
    values: Sequence[Mapping[str, Value]],
    ranks: MeanRanks | None,
    systems: Sequence[str],
) -> list[str]:
    notes = [
        f"{column.experiment}: {count_of(column.n, 'claim')} in {count_of(column.n_articles, 'article')}"
        for column in columns
        if column.n
    ]
    if any(value.standard_deviation is not None for of_system in values for value in of_system.values()):
        notes.append("±: standard deviation over the random seeds")
    notes += _missing(parts, values, systems)
    unknown = [column for column in columns if column.metric is not None and column.higher_is_better is None]
    notes += [
        f"{column.experiment}: not ranked, because its results do not record the settings of {column.metric}"
        for column in unknown
    ]
    trials = dict.fromkeys(result.trial for part in parts for result in part.results if result.trial)
    notes += [f"trial ({trial}): the values are not those of the whole datasets" for trial in trials]
    if ranks is None:
        return [*notes, "no mean ranks: they need two systems with a value in each of two experiments"]
    left = [system for system in systems if system not in ranks.systems]
    if left:
        notes.append(f"not ranked, because a value is missing: {', '.join(left)}")
    if ranks.critical_difference is not None and ranks.p is not None:
        p = "< .001" if ranks.p < 0.001 else f"= {ranks.p:.3f}".replace("0.", ".")
        notes.append(
            f"mean ranks over {ranks.n_datasets} experiments: critical difference {ranks.critical_difference:.2f}, "
            f"Friedman's test p {p} (Demsar 2006)"
        )
    notes.append(ranks.note)
    differing = ranks.differing()
    shown = [f"{better} over {worse}" for better, worse in differing[:MAX_PAIRS]]
    more = [f"and {len(differing) - MAX_PAIRS} more"] if len(differing) > MAX_PAIRS else []
    return notes + ([f"differ: {', '.join([*shown, *more])}"] if shown else [])


def _missing(parts: Sequence[PartResults], values: Sequence[Mapping[str, Value]], systems: Sequence[str]) -> list[str]:
    """A line for each reason why cells have no value."""
    cells, lines = dict[str, list[str]](), list[str]()
    for part, of_system in zip(parts, values, strict=True):
        has_result = {result.system for result in part.results}
        if not has_result and not part.failed:
            lines.append(f"{part.experiment} has no result: {part.reason}")
        for system in systems if has_result or part.failed else ():
            value = of_system.get(system)
            if value is not None and value.value is not None:
                continue
            reason = part.failed.get(system, part.reason)
            if value is not None:
                reason = value.reason or "undefined"
            elif system in has_result:
                reason = "has no such metric"
            cells.setdefault(reason, []).append(f"{system} on {part.experiment}")
    return lines + [f"no value: {', '.join(where)}: {reason}" for reason, where in cells.items()]
