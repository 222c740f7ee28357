"""One HTML file for a config with several experiments: systems by datasets, mean ranks, and the values of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.compare.several import results_of_several
from harness.errors import HarnessError
from harness.files import write_text
from harness.report.figures import Figure, Grid
from harness.report.render import render
from harness.report.report import Report
from harness.report.svg import Frame, Point, rows_chart
from harness.runner.runs.mean_ranks import MeanRanks
from harness.runner.runs.wide_table import PartResults, wide_table
from harness.runner.tables import format_value

TEMPLATE = "several.html.jinja"


def build_several_report(
    folder: str | Path, out: Path, *, metric: str | None = None, title: str | None = None, all_results: bool = False
) -> Report:
    """Writes the report of the experiments of a config with several.

    Args:
        folder: the folder of their run folders.
        out: the file to write.
        metric: metric of the table; default: the first of each experiment.
        title: title of the page; default: the name of the config.
        all_results: take every result of a run folder, not only the current one of each system.
    Raises: HarnessError: no results, an unknown metric, or an unwritable file.
    """
    name, parts = results_of_several(folder, all_results=all_results)
    results = [result for part in parts for result in part.results]
    if not results:
        raise HarnessError(f"{folder}: no experiment has a result; run the config first")
    table = wide_table(name, parts, metric)
    view = {
        "title": title or name,
        "wide": table,
        "grid": _grid(table.title(), table.rows()),
        "ranks": None if table.mean_ranks is None else _rank_figure(table.mean_ranks),
        "experiments": [_experiment(part) for part in parts],
        "made": max(result.provenance.made_at for result in results)[:10],
        "version": results[0].provenance.versions.get("claim-harness", ""),
    }
    page = render(view, 1, TEMPLATE)
    write_text(out, page)
    return Report(
        path=out,
        size=len(page.encode("utf-8")),
        systems=len(table.systems),
        claims=sum(column.n for column in table.columns),
        browsed=None,
        note=None,
        notes=table.notes,
    )


def _grid(caption: str, rows: Sequence[Sequence[str]]) -> Grid:
    head, *body = (tuple(row) for row in rows)
    return Grid(caption, head, tuple(body))


def _rank_figure(ranks: MeanRanks) -> Figure:
    """Mean ranks as points; where there is a critical difference, bars that do not overlap are that far apart."""
    half = None if ranks.critical_difference is None else ranks.critical_difference / 2
    rows, texts = [], []
    for system, rank in zip(ranks.systems, ranks.ranks, strict=True):
        ends = (None, None) if half is None else (rank - half, rank + half)
        rows.append((system, [Point(0, "mean rank", rank, *ends)]))
        texts.append((system, f"{rank:.2f}"))
    caption = "1 is best. " + (f"{ranks.note[0].upper()}{ranks.note[1:]}." if ranks.note else "")
    if half is not None:
        caption += " Each bar is as long as the critical difference: bars that do not overlap lie further apart."
    margin = half or 0.0
    frame = Frame(
        "Mean ranks",
        "Mean rank of each system over the experiments",
        "mean rank",
        "",
        x=(1 - margin, len(ranks.systems) + margin),
        width=620,
    )
    grid = Grid("Mean ranks", ("system", "mean rank"), tuple(texts))
    return Figure("Mean ranks", caption, rows_chart(frame, rows, label_width=170), grid)


def _experiment(part: PartResults) -> dict[str, Any]:
    """What the page shows of one experiment."""
    names = list(dict.fromkeys(name for result in part.results for name in result.values))
    short = {
        name: next((r.values[name].short_name for r in part.results if name in r.values), "") or name for name in names
    }
    rows = [["system", *short.values()]]
    rows += [
        [result.system, *(format_value(result.values[n]) if n in result.values else "-" for n in names)]
        for result in part.results
    ]
    rows += [[system, "failed", *[""] * (len(names) - 1)] for system in part.failed] if names else []
    notes = [f"{system} failed: {reason}" for system, reason in part.failed.items()]
    warnings = dict[str, list[str]]()
    for result in part.results:
        for warning in result.warnings:
            warnings.setdefault(warning, []).append(result.system)
    notes += [
        warning if len(systems) == len(part.results) else f"{', '.join(systems)}: {warning}"
        for warning, systems in warnings.items()
    ]
    first = next(iter(part.results), None)
    return {
        "name": part.experiment,
        "task": part.task.replace("_", " "),
        "dataset": part.dataset,
        "n": first.n if first else 0,
        "n_articles": first.n_articles if first else 0,
        "grid": _grid(f"{part.experiment}: values with intervals", rows) if first else None,
        "reason": part.reason,
        "notes": notes,
    }
