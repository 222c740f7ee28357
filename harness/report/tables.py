"""Tables of a report: leaderboard, all metrics, pairs, costs, warnings and provenance."""

from __future__ import annotations

from typing import NamedTuple

from harness.compare.comparison import Comparison
from harness.compare.decision import is_significant
from harness.compare.footnotes import format_p, pair_notes, published_notes, size_note, value_interval_line
from harness.data.labels.agreement_values import interval_method
from harness.endpoints.limits import shown_dollars
from harness.metrics.interval_text import describe_intervals, interval_use
from harness.metrics.intervals import Value
from harness.metrics.seed_text import format_spread, seed_rows
from harness.report.figures import Grid
from harness.report.human_agreement import HumanAgreement
from harness.report.leaderboard import format_interval
from harness.report.report_data import ReportData, heading_of, value_of
from harness.runner.official.leaderboards import ReferenceResult
from harness.runner.result_files import Result
from harness.runner.tables import MAX_PUBLISHED_ROWS, chosen_of, format_value
from harness.runner.tuning.carried_thresholds import threshold_tables
from harness.text_tables import count_of, format_number


class Cell(NamedTuple):
    """One value in the table of all metrics."""

    value: str
    interval: str
    tie_group: int | None
    reason: str | None


class MetricTable(NamedTuple):
    """Every metric of every system, followed by published systems with the metric that they report."""

    headings: tuple[tuple[str, str], ...]
    """Column headings, each with an arrow towards better values."""
    rows: tuple[tuple[str, int | None, tuple[Cell, ...]], ...]
    """Name, color (None: published) and one cell per heading; empty if a published system does not report it."""
    intervals: str
    """How the intervals were made; empty if there is none."""
    sources: tuple[str, ...]
    """Sources of the published values, and where their intervals come from."""


class PairRow(NamedTuple):
    """Two systems and their difference."""

    a: str
    b: str
    cells: tuple[str, ...]
    significant: bool
    note: str | None
    """What decides if the interval and the test disagree."""


class PairTable(NamedTuple):
    """Pairwise tests of one metric."""

    heading: str
    notes: tuple[str, ...]
    """How intervals and p-values were made, and what decides."""
    rows: tuple[PairRow, ...]


class ThresholdGrids(NamedTuple):
    """Thresholds on every group, a table for each classifier with a threshold; empty unless there is one."""

    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    """How to read the tables, and why values are undefined."""


class ReportNote(NamedTuple):
    """A warning or note, and the systems that it concerns; empty: all."""

    text: str
    systems: str


def metric_table(data: ReportData) -> MetricTable:
    """The table of every metric that all results share."""
    headings = tuple(
        (heading_of(data, name), "↑" if metric.higher_is_better else "↓") for name, metric in data.metrics.items()
    )
    rows = tuple(
        (subject.name, subject.key, tuple(_cell(data, subject.name, name) for name in data.metrics))
        for subject in data.subjects
    )
    published = tuple(
        (entry.system, None, tuple(_published_cell(entry) if name == metric else NOTHING for metric in data.metrics))
        for name, comparison in data.comparisons.items()
        for entry in comparison.published[:MAX_PUBLISHED_ROWS]
    )
    comparisons = list(data.comparisons.values())
    sources = tuple(line for comparison in comparisons for line in published_notes(comparison))
    return MetricTable(headings, (*rows, *published), value_interval_line(comparisons), sources)


NOTHING = Cell("", "", None, None)


def _published_cell(entry: ReferenceResult) -> Cell:
    value = Value(value=entry.value, low=entry.low, high=entry.high, n_units=0)
    return Cell(format_number(entry.value), format_interval(value), None, None)


def _cell(data: ReportData, system: str, name: str) -> Cell:
    value = value_of(data, system, name)
    group = next(row.tie_group for row in data.comparisons[name].systems if row.name == system)
    text = "-" if value.value is None else format_number(value.value) + format_spread(value)
    return Cell(text, format_interval(value), group, value.reason)


def seed_grid(data: ReportData) -> Grid | None:
    """Every metric of each system with each random seed, if a system has several."""
    values = {subject.name: [value_of(data, subject.name, name) for name in data.metrics] for subject in data.subjects}
    rows = seed_rows([heading_of(data, name) for name in data.metrics], values, max_seeds=None)
    return Grid("Values with each random seed", tuple(rows[0]), tuple(map(tuple, rows[1:]))) if rows else None


def threshold_grids(data: ReportData) -> ThresholdGrids:
    """Thresholds from each group on each group, a table for each classifier with a threshold."""
    tables = threshold_tables([entry.result.carried_thresholds for entry in data.table.entries], narrow=False)
    grids = [Grid(table.rows[0][0], tuple(table.rows[0]), tuple(map(tuple, table.rows[1:]))) for table in tables]
    return ThresholdGrids(tuple(grids), tuple(dict.fromkeys(note for table in tables for note in table.notes)))


def pair_tables(data: ReportData) -> list[PairTable]:
    """Pairwise tests of every metric, the main one first; empty for a single system."""
    return [
        _pairs(heading_of(data, name), comparison) for name, comparison in data.comparisons.items() if comparison.pairs
    ]


def _pairs(heading: str, comparison: Comparison) -> PairTable:
    rows = []
    for pair in comparison.pairs:
        difference, p_corrected = pair.difference, pair.p_corrected
        if difference is None or p_corrected is None:
            rows.append(PairRow(pair.a, pair.b, ("-", pair.reason or "", "-", "-", "-"), False, None))
            continue
        interval = f"[{format_number(difference.low)}, {format_number(difference.high)}]"
        cells = (
            format_number(difference.value),
            interval,
            format_p(difference.p),
            format_p(p_corrected),
            format_number(difference.detectable),
        )
        rows.append(PairRow(pair.a, pair.b, cells, is_significant(p_corrected), pair.note))
    return PairTable(heading, (size_note(comparison), *pair_notes([comparison])), tuple(rows))


def warnings(data: ReportData) -> list[ReportNote]:
    """Warnings of all results, each once, with the systems that they concern."""
    systems_by_text: dict[str, list[str]] = {}
    for entry in data.table.entries:
        for text in entry.result.warnings:
            systems_by_text.setdefault(text, []).append(entry.name)
    n_systems = len(data.table.entries)
    return [
        ReportNote(text, "" if len(names) == n_systems else ", ".join(names)) for text, names in systems_by_text.items()
    ]


def notes(data: ReportData) -> list[ReportNote]:
    """Notes on single values: why a value is undefined, or how uncertain it is."""
    headings_by_text: dict[str, dict[str, list[str]]] = {}
    for subject in data.subjects:
        for name in data.metrics:
            value = subject.entry.result.values.get(name) or value_of(data, subject.name, name)
            for text in [value.reason] if value.reason else (value.note or "").split("; "):
                if text:
                    headings_by_text.setdefault(text, {}).setdefault(subject.name, []).append(heading_of(data, name))
    return [ReportNote(text, _whose(data, systems)) for text, systems in headings_by_text.items()]


def _whose(data: ReportData, systems: dict[str, list[str]]) -> str:
    """Names metrics if a note holds for every system, else systems with their metrics."""
    same_for_all = len({tuple(metrics) for metrics in systems.values()}) == 1
    if same_for_all and len(systems) == len(data.subjects):
        metrics = next(iter(systems.values()))
        return "all values" if len(metrics) == len(data.metrics) else ", ".join(metrics)
    return "; ".join(f"{system} ({', '.join(metrics)})" for system, metrics in systems.items())


def deduplicated_grid(data: ReportData) -> Grid | None:
    """Values without duplicates of training claims, if there are any."""
    names = list(data.metrics)
    rows = [
        (
            subject.name,
            f"{deduplicated.n_duplicates:,}",
            f"{deduplicated.n:,}",
            *(format_value(deduplicated.values[name]) if name in deduplicated.values else "-" for name in names),
        )
        for subject in data.subjects
        for deduplicated in [subject.entry.result.deduplicated]
        if deduplicated is not None
    ]
    if not rows:
        return None
    head = ("system", "duplicates", "claims", *(heading_of(data, name) for name in names))
    return Grid("Values without test claims that are exact or near duplicates of training claims", head, tuple(rows))


def costs(data: ReportData) -> Grid | None:
    """Time and memory with the main metric, if results record them."""
    rows = []
    for subject in data.subjects:
        cost = subject.entry.result.cost
        if cost is not None:
            rate = (
                f"{cost.claims_scored / cost.score_seconds:,.0f}" if cost.claims_scored and cost.score_seconds else "-"
            )
            quality = format_value(value_of(data, subject.name, data.main))
            fits = "-" if cost.fits is None else f"{cost.fits:,}"
            spent = (_amount(cost.fit_seconds), fits, _amount(cost.score_seconds), rate, _amount(cost.peak_megabytes))
            tokens = (_counted(cost.calls), _counted(cost.tokens), _counted(cost.cached_tokens))
            money = "-" if cost.dollars is None else shown_dollars(cost.dollars)
            calls = (*tokens, _counted(cost.reasoning_tokens), money, cost.prices or "-")
            rows.append((subject.name, quality, *spent, *calls))
    if not rows:
        return None
    n_columns = len(rows[0])
    if all(row[n_columns - len(CALLS)] == "-" for row in rows):  # no system calls a service
        n_columns -= len(CALLS)
    head = (
        "system",
        heading_of(data, data.main),
        "training, s",
        "fits",
        "scoring, s",
        "claims per second",
        "memory, MB",
        *CALLS,
    )
    return Grid("Cost and quality", head[:n_columns], tuple(row[:n_columns] for row in rows))


CALLS = ("calls", "tokens", "of them cached", "of thoughts", "price", "prices by")
"""Columns about calls of a service."""


def _counted(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _amount(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"


def agreement_grid(human: HumanAgreement) -> Grid:
    """Agreement measures, and pairs of annotators."""
    names = {
        "raw_agreement": "raw agreement",
        "cohen_kappa": "Cohen's kappa",
        "fleiss_kappa": "Fleiss' kappa",
        "krippendorff_alpha": "Krippendorff's alpha",
        "gwet_ac1": "Gwet's AC1",
    }
    rows = []
    for name, value in human.measures.items():
        text = "-" if value.value is None else format_number(value.value)
        if value.low is not None and value.high is not None:
            text += f" [{format_number(value.low)}, {format_number(value.high)}]"
        remarks = "; ".join(part for part in (value.reason, value.note) if part)
        rows.append((names.get(name, name), text, f"{value.n:,}", remarks))
    pair_note = "test claims labeled by both"
    rows += [
        (f"F1 of {pair.first} against {pair.second}", format_value(pair.f1), f"{pair.n:,}", pair_note)
        for pair in human.pairs
    ]
    caption = f"{human.dataset}: {human.annotators} annotators on '{human.axis}'"
    if human.n_disagreements:
        left_out = count_of(human.n_disagreements, "test claim")
        effect = "the F1 of pairs is too high" if human.pairs else "they have no F1"
        caption += f"; the gold leaves out {left_out} on which they disagree, so {effect}"
    if any(value.low is not None for value in human.measures.values()):
        caption += f"; 95% confidence intervals of the measures: {interval_method()}"
    f1_intervals = [interval_use("", f"{pair.first} against {pair.second}", pair.f1) for pair in human.pairs]
    if line := describe_intervals(f1_intervals, human.intervals, "of F1"):
        caption += f"; {line}"
    return Grid(caption, ("measure", "value", "claims", "note"), tuple(rows))


def origin(data: ReportData) -> Grid:
    """Provenance of the numbers, one row per result."""
    rows = [_origin(subject.name, subject.entry.result) for subject in data.subjects]
    head = ("system", "classifier", "chosen in fitting", "made", "versions", "commit", "result")
    return Grid("Where the numbers come from", head, tuple(rows))


def _origin(name: str, result: Result) -> tuple[str, ...]:
    provenance = result.provenance
    settings = ", ".join(f"{key} {value}" for key, value in provenance.classifier.settings.items())
    versions = {**provenance.versions, "python": provenance.python}
    return (
        name,
        provenance.classifier.name + (f" ({settings})" if settings else ""),
        chosen_of(result) or "-",
        provenance.made_at[:16].replace("T", " "),
        ", ".join(f"{package} {version}" for package, version in versions.items()),
        (provenance.git_commit or "-")[:12],
        result.result_id,
    )
