"""One self-contained HTML file of results: the one function behind `harness report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.compare.pairs import Correction
from harness.files import write_text
from harness.report.browser_data import browser_data, compress_json
from harness.report.figures import confusions, curve_figures, learning_figure, reliability_figures, slice_figures
from harness.report.human_agreement import measure_human_agreement
from harness.report.render import render
from harness.report.report_data import ReportData, load_report_data
from harness.report.tables import (
    agreement_grid,
    costs,
    deduplicated_grid,
    leaderboard,
    metric_table,
    notes,
    origin,
    pair_tables,
    warnings,
)


class Report(NamedTuple):
    """A report that was written."""

    path: Path
    size: int
    """Bytes."""
    systems: int
    claims: int
    note: str | None
    """Why claims are shown without their texts."""

    def __str__(self) -> str:
        line = f"{self.path}: {self.systems} systems, {self.claims:,} claims, {self.size / 1e6:.1f} MB"
        return f"{line}\n{self.note}" if self.note else line


def build_report(
    results: Sequence[str | Path],
    out: str | Path,
    *,
    metric: str | None = None,
    correction: Correction = "holm",
    title: str | None = None,
    root: str | Path | None = None,
) -> Report:
    """Writes one HTML file that opens from disk, without a network: tables, figures, and every claim with its answers.

    The same results give the same bytes.

    Args:
        results: result folders, or run folders with several; over the same claims.
        out: the file to write.
        metric: what systems are ordered by; default: the first of the results.
        correction: of the p-values over all pairs: `holm` or `bh`.
        title: default: the experiments' names.
        root: where fetched benchmarks live, for the texts of claims; default `$HARNESS_DATA_ROOT`, else the user cache
            folder. Where the dataset cannot be opened, claims are shown by their ids.
    Raises: HarnessError: no results, results of other claims or other gold, no such metric, or no place to write.
    """
    found = load_report_data(results, root, metric, correction)
    page = render(view(found, title), len(found.subjects))
    write_text(Path(out), page)
    size = len(page.encode("utf-8"))
    return Report(Path(out), size, len(found.subjects), len(found.claim_ids), found.context.note)


def view(found: ReportData, title: str | None = None) -> dict[str, Any]:
    """What the template shows."""
    first = found.table.entries[0].result
    results = [entry.result for entry in found.table.entries]
    people = measure_human_agreement(found)
    seeds = len(found.table.entries[0].runs)
    return {
        "title": title or ", ".join(dict.fromkeys(result.experiment for result in results)),
        "first": first,
        "made": max(result.provenance.made_at for result in results)[:10],
        "version": first.provenance.versions.get("claim-harness", ""),
        "datasets": first.provenance.datasets,
        "labels": found.table.gold.labels,
        "n_claims": len(found.claim_ids),
        "n_units": int(found.table.groups.unit.max()) + 1,
        "intervals": found.table.intervals,
        "several_seeds": seeds if seeds > 1 else None,
        "no_texts": found.context.note,
        "warnings": warnings(found),
        "notes": notes(found),
        "deduplicated": deduplicated_grid(found),
        "leaderboard": leaderboard(found, people),
        "board": metric_table(found),
        "pairs": pair_tables(found),
        "published": found.comparisons[found.main].published_source,
        "systems": [(subject.key, subject.name) for subject in found.subjects],
        "curves": curve_figures(found),
        "binary": found.binary,
        "explained": any("reasons" in entry.columns for entry in found.table.entries),
        "reliability": reliability_figures(found),
        "learning": learning_figure(found),
        "confusions": confusions(found),
        "slices": slice_figures(found),
        "people": [agreement_grid(one) for one in people],
        "costs": costs(found),
        "origin": origin(found),
        "data": compress_json(browser_data(found)),
    }
