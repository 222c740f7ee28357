"""Loading of results with their predictions, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arguments import as_list
from harness.arrays import Codes
from harness.compare.chosen import choose_results
from harness.compare.selection import LeftOut, left_out_lines
from harness.data.claims import Gold, codes_of
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.intervals import Intervals
from harness.runner.pairing.runs import ScoredClaims, runs_of, scored_claims
from harness.runner.result_files import Columns, Result
from harness.runner.runs.wide_table import recorded_metric


class ResultEntry(NamedTuple):
    """One system's result: the contents of `result.json`, and the predictions per random seed."""

    name: str
    """Name of the system, with its experiment if several results share the name."""
    result: Result
    """Contents of `result.json`."""
    runs: tuple[Run, ...]
    """Output for the claims with gold, one run per random seed."""
    columns: Columns
    """Columns of `predictions.parquet`: every claim, with or without gold, once per random seed."""


class ResultTable(NamedTuple):
    """Results with the same claims and the same gold."""

    entries: tuple[ResultEntry, ...]
    """Results in the order of their paths."""
    gold: Gold
    """Gold of the claims that have gold."""
    groups: ResamplingGroups
    """Article and resampling unit of these claims."""
    intervals: Intervals
    """Interval settings of the first result."""
    fold: Codes
    """Fold code of each claim, shape (n_claims,); all 0 if the folds differ, or for `protocol: transfer`."""
    left_out: tuple[LeftOut, ...] = ()
    """Other results of the given run folders."""
    notes: tuple[str, ...] = ()
    """Remarks on the choice of results."""


def read_table(paths: str | Path | Sequence[str | Path], *, least: int = 2, all_results: bool = False) -> ResultTable:
    """Load results for comparison.

    Args:
        paths: see `select_results`.
        least: minimum number of results.
        all_results: also take the results of run folders that are not current but over the same claims and gold.
    Raises: HarnessError: fewer than `least` results, results with different claims or gold, or damaged files.
    """
    chosen = choose_results(as_list(paths), all_results=all_results)
    results = chosen.results
    if len(results) < least:
        reasons = "".join(f"; {line}" for line in (*chosen.notes, *left_out_lines(chosen.left_out)))
        amount = f"{results[0][0].path} is the only one" if results else "there is none"
        needed = "two results" if least > 1 else "a result"
        raise HarnessError(f"compare: needs {needed} or more, but {amount}{reasons}")
    first_result, first_columns = results[0]
    scored = scored_claims(first_result, first_columns)
    return ResultTable(
        entries=_named_entries(results, scored),
        gold=scored.gold,
        groups=scored.groups,
        intervals=first_result.provenance.config.intervals,
        fold=_fold_codes(results, scored.is_scored),
        left_out=chosen.left_out,
        notes=chosen.notes,
    )


def _named_entries(results: Sequence[tuple[Result, Columns]], scored: ScoredClaims) -> tuple[ResultEntry, ...]:
    """The results with distinct names: the system, then with its experiment, then with the id of the result."""
    systems = [result.system for result, _ in results]
    entries = list[ResultEntry]()
    for result, columns in results:
        is_ambiguous = systems.count(result.system) > 1
        name = f"{result.system} ({result.experiment})" if is_ambiguous else result.system
        if name in [entry.name for entry in entries]:
            name = f"{name} {result.result_id}"
        entries.append(ResultEntry(name, result, runs_of(result, columns, scored), columns))
    return tuple(entries)


def _fold_codes(results: Sequence[tuple[Result, Columns]], is_scored: npt.NDArray[np.bool_]) -> Codes:
    """The fold of each scored claim; all 0 if results assign a claim to different folds, or for `protocol: transfer`.

    Folds of a transfer share other parts of their training claims than the test over folds assumes.
    """
    first_columns = results[0][1]
    if any(result.provenance.config.split.protocol == "transfer" for result, _ in results):
        return np.zeros(int(is_scored.sum()), dtype=np.int64)
    is_same = all(_has_same_folds(columns, first_columns) for _, columns in results[1:])
    return codes_of(first_columns["fold"][is_scored]) if is_same else np.zeros(int(is_scored.sum()), dtype=np.int64)


def _has_same_folds(columns: Columns, first_columns: Columns) -> bool:
    """Whether each claim is in the same fold as in the first result."""
    if np.array_equal(columns["claim_id"], first_columns["claim_id"]):
        return np.array_equal(columns["fold"], first_columns["fold"])
    fold_of = dict(zip(first_columns["claim_id"], first_columns["fold"], strict=True))
    return all(fold_of[claim_id] == fold for claim_id, fold in zip(columns["claim_id"], columns["fold"], strict=True))


def metric_of(table: ResultTable, name: str | None) -> tuple[str, Metric]:
    """The metric to compare by.

    Args:
        table: results.
        name: see `metric_name`.
    Returns: the name, and the metric with its settings.
    Raises: HarnessError: a metric that no result has.
    """
    chosen = metric_name(table, name)
    recorded = next(result for result in _with_metrics(table) if chosen in result.values)
    metric = recorded_metric(recorded, chosen)
    if metric is not None:
        return chosen, metric
    raise HarnessError(f"compare: {recorded.path} does not record the settings of metric '{chosen}'; run it again")


def metric_name(table: ResultTable, name: str | None) -> str:
    """The name in the results of the metric to compare by.

    Args:
        table: results.
        name: name, or column heading if only one metric has it, of a metric that any of these results, or a result
            left out of their run folders, has; default: the first metric of the first result that all results have, or
            else the first of the first result.
    Raises: UnknownName: a metric that no result has.
    """
    first = table.entries[0].result
    headings = {metric: value.short_name for result in _with_metrics(table) for metric, value in result.values.items()}
    chosen = name or next(iter(common_metrics(table)), next(iter(first.values), ""))
    if chosen in headings:
        return chosen
    headed = [metric for metric, heading in headings.items() if heading == chosen]
    if len(headed) != 1:
        raise UnknownName(f"compare: --metric: {unknown_name('metric of these results', chosen, list(headings))}")
    return headed[0]


def common_metrics(table: ResultTable) -> list[str]:
    """Names of the metrics that all results record, in the order of the first result."""
    first = table.entries[0].result
    return [name for name in first.values if all(name in entry.result.values for entry in table.entries)]


def heading_of(table: ResultTable, name: str) -> str:
    """Column heading of a metric that some result records."""
    return next(result.values[name].short_name for result in _with_metrics(table) if name in result.values)


def _with_metrics(table: ResultTable) -> list[Result]:
    """Results whose metrics can be compared by: those of the table, then those left out of its run folders."""
    task = table.entries[0].result.task
    others = [entry.result for entry in table.left_out if entry.result is not None and entry.result.task == task]
    return [*(entry.result for entry in table.entries), *others]
