"""One self-contained HTML file of results: the function behind `harness report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.arguments import as_list
from harness.compare.paired_tests import Correction
from harness.compare.several import is_of_several
from harness.errors import HarnessError
from harness.files import write_text
from harness.progress import Progress, silent
from harness.report.browsed_claims import BrowsedClaims, browsed_claims
from harness.report.figures import confusions, curve_figures, learning_figure, reliability_figures, slice_figures
from harness.report.human_agreement import measure_human_agreement
from harness.report.leaderboard import leaderboard
from harness.report.render import render
from harness.report.report import Report
from harness.report.report_data import ReportData, load_report_data
from harness.report.several import build_several_report
from harness.report.tables import (
    agreement_grid,
    costs,
    deduplicated_grid,
    metric_table,
    notes,
    origin,
    pair_tables,
    seed_grid,
    threshold_grids,
    warnings,
)
from harness.report.verification import verification_figures
from harness.runner.verification.reads_evidence import evidence_gains

HTML_SUFFIXES = (".html", ".htm")


def build_report(
    results: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    metric: str | None = None,
    correction: Correction = "holm",
    title: str | None = None,
    root: str | Path | None = None,
    all_results: bool = False,
    most_claims: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Writes one HTML file that opens from disk without a network: tables, figures, and predictions for every claim.

    The same results give the same bytes.

    Args:
        results: result folders, or run folders with several; over the same claims. Of a run folder, the current result
            of each system is shown, as in `compare_results`; `Report.left_out` names the others. Or the folder of a
            config with several experiments, whose report has systems by datasets instead of figures and claims.
        out: the file to write; default: `report.html` in the folder of the first result.
        metric: metric that ranks the systems; default: the first metric of the results.
        correction: correction of the p-values over all pairs: `holm` or `bh`.
        title: title of the page; default: the names of the experiments.
        root: folder of fetched benchmarks, for the texts of claims; default `$HARNESS_DATA_ROOT`, else the user cache
            folder. If the dataset cannot be opened, claims are shown by id.
        all_results: also show results of run folders that are not current but over the same claims and gold.
        most_claims: number of claims in the error browser, those on which systems disagree or err most; default: all of
            up to 10,000 claims, else as many as keep the page under 4 MB.
        progress: shows progress over the pairs of systems that are tested by each metric.
    Raises: HarnessError: no results, `most_claims` below 1, results over different claims or gold, an unknown metric, a
        file name that does not end in .html or .htm, or an unwritable file.
    """
    results = as_list(results)
    if out is None:
        out = Path(results[0]) / "report.html" if results else "report.html"
    if Path(out).suffix.lower() not in HTML_SUFFIXES:
        raise HarnessError(
            f"{out}: a report is an HTML file; expected a name that ends in {' or '.join(HTML_SUFFIXES)}"
        )
    if len(results) == 1 and is_of_several(results[0]):
        return build_several_report(results[0], Path(out), metric=metric, title=title, all_results=all_results)
    if most_claims is not None and most_claims < 1:
        raise HarnessError(f"most_claims: expected at least 1, got {most_claims}")
    report_data = load_report_data(results, root, metric, correction, all_results=all_results, progress=progress)
    browsed = browsed_claims(report_data, most_claims)
    page = render(view(report_data, title, browsed), len(report_data.subjects))
    write_text(Path(out), page)
    size = len(page.encode("utf-8"))
    return Report(
        path=Path(out),
        size=size,
        systems=len(report_data.subjects),
        claims=len(report_data.claim_ids),
        browsed=browsed.shown,
        note=report_data.context.note,
        notes=report_data.comparisons[report_data.main].notes,
        left_out=report_data.comparisons[report_data.main].left_out,
    )


def view(report_data: ReportData, title: str | None, browsed: BrowsedClaims) -> dict[str, Any]:
    """The values that the template shows."""
    first = report_data.table.entries[0].result
    results = [entry.result for entry in report_data.table.entries]
    human_agreements = measure_human_agreement(report_data)
    seeds = max(len(entry.runs) for entry in report_data.table.entries)
    return {
        "title": title or ", ".join(dict.fromkeys(result.experiment for result in results)),
        "first": first,
        "made": max(result.provenance.made_at for result in results)[:10],
        "version": first.provenance.versions.get("claim-harness", ""),
        "datasets": first.provenance.datasets,
        "labels": report_data.table.gold.names,
        "n_claims": len(report_data.claim_ids),
        "intervals": report_data.table.intervals,
        "several_seeds": seeds > 1,
        "by_seed": seed_grid(report_data),
        "no_texts": report_data.context.note,
        "warnings": warnings(report_data),
        "notes": notes(report_data),
        "gains": evidence_gains(results),
        "deduplicated": deduplicated_grid(report_data),
        "leaderboard": leaderboard(report_data, human_agreements),
        "board": metric_table(report_data),
        "pairs": pair_tables(report_data),
        "systems": [(subject.key, subject.name) for subject in report_data.subjects],
        "curves": [*curve_figures(report_data), *verification_figures(report_data)],
        "binary": report_data.binary,
        "explained": any("reasons" in entry.columns for entry in report_data.table.entries),
        "reliability": reliability_figures(report_data),
        "learning": learning_figure(report_data),
        "confusions": confusions(report_data),
        "slices": slice_figures(report_data),
        "thresholds": threshold_grids(report_data),
        "people": [agreement_grid(agreement) for agreement in human_agreements],
        "costs": costs(report_data),
        "origin": origin(report_data),
        "n_browsed": browsed.shown,
        "data": browsed.encoded,
    }
