"""Data of a report: results side by side, their claims, and one comparison per metric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arguments import as_list
from harness.arrays import Codes
from harness.compare import results as compared
from harness.compare.compare import compare_table, with_label_names
from harness.compare.comparison import Comparison
from harness.compare.paired_tests import Correction
from harness.compare.results import ResultEntry, ResultTable, common_metrics, metric_of, read_table
from harness.compare.shared_work import SharedWork
from harness.errors import HarnessError
from harness.metrics.base import Metric
from harness.metrics.intervals import Value
from harness.progress import Progress, silent
from harness.report.claim_texts import ClaimTexts, open_claim_texts, rows_of
from harness.runner.provenance import Provenance

Mask = npt.NDArray[np.bool_]


class ReportedSystem(NamedTuple):
    """One system of a report."""

    key: int
    """Rank by the main metric, from 0; also selects the color."""
    entry: ResultEntry

    @property
    def name(self) -> str:
        """Name of the system."""
        return self.entry.name

    @property
    def provenance(self) -> Provenance:
        """Provenance of the result."""
        return self.entry.result.provenance


class ReportData(NamedTuple):
    """Everything that a report shows, before rendering."""

    table: ResultTable
    subjects: tuple[ReportedSystem, ...]
    """Systems by the main metric, best first."""
    metrics: dict[str, Metric]
    """Metrics that every result has, the main one first."""
    comparisons: dict[str, Comparison]
    """Comparisons by metric."""
    claim_ids: npt.NDArray[np.object_]
    """Ids of all scored claims, including those without gold."""
    has_gold: Mask
    """Whether each scored claim has gold; the gold of `table` belongs to these claims."""
    text_rows: Codes | None
    """Rows of the scored claims among the claims of `context`; None if their texts are not available."""
    context: ClaimTexts

    @property
    def main(self) -> str:
        """The main metric."""
        return next(iter(self.metrics))

    @property
    def ranks_passages(self) -> bool:
        """Whether systems rank passages for each claim, so that they give no labels."""
        return self.table.entries[0].result.task == "evidence"

    @property
    def binary(self) -> bool:
        """Whether the task is yes-or-no."""
        return len(self.table.gold.labels) == 2 and not self.ranks_passages


def load_report_data(
    results: str | Path | Sequence[str | Path],
    root: str | Path | None,
    metric: str | None,
    correction: Correction,
    *,
    all_results: bool = False,
    progress: Progress = silent,
) -> ReportData:
    """Reads results, opens their dataset and compares them by every metric that all of them have.

    Args:
        results: result folders, or run folders with several.
        root: folder of fetched benchmarks.
        metric: the main metric; default: the first.
        correction: correction of the p-values over the pairs of each metric.
        all_results: see `read_table`.
        progress: shows progress over the pairs of all metrics.
    Raises: HarnessError: no results, results over different claims or gold, or an unknown metric.
    """
    paths = [Path(path) for path in as_list(results)]
    if not paths:
        raise HarnessError("report: no results; give result folders, or a run folder such as runs/NAME")
    table = with_label_names(read_table(paths, least=1, all_results=all_results))
    context = open_claim_texts(table.entries[0].result, root)
    metrics = _metrics(table, metric)
    comparisons = _comparisons(table, metrics, correction, progress)
    rows = _first_seed(table.entries[0])
    claim_ids = table.entries[0].columns["claim_id"][rows]
    gold = table.entries[0].columns["gold"][rows]
    text_rows, context = _texts(context, claim_ids)
    return ReportData(
        table=table,
        subjects=_subjects(table, metrics, comparisons),
        metrics=metrics,
        comparisons=comparisons,
        claim_ids=claim_ids,
        has_gold=np.array([label is not None for label in gold], dtype=bool),
        text_rows=text_rows,
        context=context,
    )


def _metrics(table: ResultTable, main: str | None) -> dict[str, Metric]:
    first = metric_of(table, main)[0]
    return {name: metric_of(table, name)[1] for name in dict.fromkeys([first, *common_metrics(table)])}


def _comparisons(
    table: ResultTable, metrics: Iterable[str], correction: Correction, progress: Progress
) -> dict[str, Comparison]:
    names, n_systems, shared = list(metrics), len(table.entries), SharedWork(table)
    with progress(len(names) * n_systems * (n_systems - 1) // 2) as advance:
        return {
            name: compare_table(table, metric=name, correction=correction, shared=shared, advance=advance)
            for name in names
        }


def _subjects(
    table: ResultTable, metrics: dict[str, Metric], comparisons: dict[str, Comparison]
) -> tuple[ReportedSystem, ...]:
    rank = {system.name: number for number, system in enumerate(comparisons[next(iter(metrics))].systems)}
    ordered = sorted(table.entries, key=lambda entry: rank[entry.name])
    return tuple(ReportedSystem(number, entry) for number, entry in enumerate(ordered))


def _texts(context: ClaimTexts, claim_ids: npt.NDArray[np.object_]) -> tuple[Codes | None, ClaimTexts]:
    if context.claims is None:
        return None, context
    try:
        return rows_of(context.claims, claim_ids), context
    except KeyError as error:
        note = f"The dataset does not have the claim {error}, so claims are shown by id only"
        return None, context._replace(note=note)


def _first_seed(entry: ResultEntry) -> Mask:
    seeds = entry.columns["random_seed"]
    return np.asarray(seeds == seeds[0], dtype=bool)


def first_seed_column(entry: ResultEntry, name: str) -> npt.NDArray[np.object_]:
    """A column of the predictions of a system for its first random seed."""
    return entry.columns[name][_first_seed(entry)]


def heading_of(data: ReportData, name: str) -> str:
    """Column heading of a metric."""
    return compared.heading_of(data.table, name)


def value_of(data: ReportData, system: str, name: str) -> Value:
    """Value of a system by a metric, from the comparison."""
    return next(row.value for row in data.comparisons[name].systems if row.name == system)
