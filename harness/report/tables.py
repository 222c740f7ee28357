"""The tables of a report: leaderboards, pairs, costs, warnings, and where the numbers come from."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from harness.compare.compare import LEVEL
from harness.compare.comparison import Comparison
from harness.metrics.intervals import Value
from harness.report.figures import Grid
from harness.report.human_agreement import HumanAgreement
from harness.report.report_data import ReportData
from harness.report.svg import Point, span, strip, strip_scale, ticks
from harness.runner.official.leaderboards import ReferenceResult
from harness.runner.result_files import Result
from harness.runner.tables import MAX_PUBLISHED_ROWS, chosen_of, format_value
from harness.text_tables import format_number

MAX_ANNOTATOR_PAIRS = 3
"""Pairs of annotators that stand on the leaderboard."""


class LeaderboardRow(NamedTuple):
    """A line of the leaderboard."""

    name: str
    kind: str
    """`system`, `published` or `people`."""
    key: int | None
    value: str
    interval: str
    tie_group: str
    strip: Markup
    reason: str | None


class Leaderboard(NamedTuple):
    """Systems by one metric, published ones and people beside them."""

    heading: str
    higher_is_better: bool
    scale: Markup
    rows: tuple[LeaderboardRow, ...]


class Cell(NamedTuple):
    """A value of the table of all metrics."""

    value: str
    interval: str
    tie_group: int | None
    reason: str | None


class MetricTable(NamedTuple):
    """Every metric of every system, and below them published systems under the metric that they report."""

    headings: tuple[tuple[str, str], ...]
    """Heading and arrow."""
    rows: tuple[tuple[str, int | None, tuple[Cell, ...]], ...]
    """Name, color (None: published) and a cell per heading, empty where a published system reports nothing."""
    sources: tuple[str, ...]
    """Where the published values are from."""


class PairRow(NamedTuple):
    """Two systems and how they differ."""

    a: str
    b: str
    cells: tuple[str, ...]
    significant: bool


class PairTable(NamedTuple):
    """The tests of one metric."""

    heading: str
    how: str
    rows: tuple[PairRow, ...]


class ReportNote(NamedTuple):
    """A warning, and the systems it is about; none: all."""

    text: str
    systems: str


def heading_of(material: ReportData, name: str) -> str:
    """How tables name a metric."""
    return material.table.entries[0].result.values[name].short_name


def value_of(material: ReportData, system: str, name: str) -> Value:
    """A system's value, as its comparison gives it."""
    return next(one.value for one in material.comparisons[name].systems if one.name == system)


def leaderboard(material: ReportData, ceilings: list[HumanAgreement]) -> Leaderboard:
    """The main metric: systems with intervals and tie groups, published ones and people beside them."""
    name = material.main
    groups = {one.name: one.tie_group for one in material.comparisons[name].systems}
    listed = [*_listed_systems(material), *_listed_others(material, ceilings)]
    sign = -1.0 if material.metrics[name].higher_is_better else 1.0
    listed.sort(key=lambda one: (one[3].value is None, sign * (one[3].value or 0.0)))
    ends = [end for *_, value in listed for end in (value.value, value.low, value.high) if end is not None] or [
        0.0,
        1.0,
    ]
    scale = span(ends)
    marks = ticks(*scale, 6)
    rows = tuple(
        LeaderboardRow(
            called,
            kind,
            key,
            "-" if value.value is None else format_number(value.value),
            _interval(value),
            str(groups.get(called) or "") if kind == "system" else "",
            _strip(value, called, key, scale, marks),
            value.reason,
        )
        for called, kind, key, value in listed
    )
    return Leaderboard(
        heading_of(material, name), material.metrics[name].higher_is_better, strip_scale(scale, marks), rows
    )


LeaderboardEntry = tuple[str, str, int | None, Value]
"""Name, kind, color and value."""


def _listed_systems(material: ReportData) -> list[LeaderboardEntry]:
    return [
        (subject.name, "system", subject.key, value_of(material, subject.name, material.main))
        for subject in material.subjects
    ]


def _listed_others(material: ReportData, ceilings: list[HumanAgreement]) -> list[LeaderboardEntry]:
    """Published systems, and annotators against each other, where the main metric is theirs."""
    name = material.main
    pairs = [pair for one in ceilings for pair in one.pairs[:MAX_ANNOTATOR_PAIRS]] if name == "f1" else []
    return [
        *(
            (one.system, "published", None, Value(value=one.value, low=one.low, high=one.high, n_units=0))
            for one in material.comparisons[name].published
        ),
        *((f"{pair.first} against {pair.second}", "people", None, pair.f1) for pair in pairs),
    ]


def _strip(value: Value, name: str, key: int | None, scale: tuple[float, float], marks: list[float]) -> Markup:
    if value.value is None:
        return Markup("")
    return strip(Point(-1 if key is None else key, name, value.value, value.low, value.high), scale, marks)


def _interval(value: Value) -> str:
    return (
        "" if value.low is None or value.high is None else f"[{format_number(value.low)}, {format_number(value.high)}]"
    )


def metric_table(material: ReportData) -> MetricTable:
    """Every metric that all results have."""
    headings = tuple(
        (heading_of(material, name), "↑" if metric.higher_is_better else "↓")
        for name, metric in material.metrics.items()
    )
    rows = tuple(
        (subject.name, subject.key, tuple(_cell(material, subject.name, name) for name in material.metrics))
        for subject in material.subjects
    )
    published = tuple(
        (one.system, None, tuple(_published_cell(one) if name == metric else NOTHING for metric in material.metrics))
        for name, made in material.comparisons.items()
        for one in made.published[:MAX_PUBLISHED_ROWS]
    )
    sources = tuple(made.published_source for made in material.comparisons.values() if made.published)
    return MetricTable(headings, (*rows, *published), sources)


NOTHING = Cell("", "", None, None)


def _published_cell(entry: ReferenceResult) -> Cell:
    value = Value(value=entry.value, low=entry.low, high=entry.high, n_units=0)
    return Cell(format_number(entry.value), _interval(value), None, None)


def _cell(material: ReportData, system: str, name: str) -> Cell:
    value = value_of(material, system, name)
    group = next(one.tie_group for one in material.comparisons[name].systems if one.name == system)
    shown = "-" if value.value is None else format_number(value.value)
    return Cell(shown, _interval(value), group, value.reason)


def pair_tables(material: ReportData) -> list[PairTable]:
    """The tests of every metric, the main one first; nothing for a single system."""
    return [_pairs(heading_of(material, name), made) for name, made in material.comparisons.items() if made.pairs]


def _pairs(heading: str, made: Comparison) -> PairTable:
    tests = sorted({pair.difference.test for pair in made.pairs if pair.difference is not None})
    correction = {"holm": "Holm", "bh": "Benjamini-Hochberg"}[made.correction]
    how = (
        f"{made.n:,} claims in {made.n_units:,} {made.unit}s, {made.resamples:,} draws of {made.unit}s; "
        f"p by {' or '.join(tests) or 'no test'}, corrected by {correction} over {len(made.pairs)} pairs"
    )
    rows = []
    for pair in made.pairs:
        found, p = pair.difference, pair.p_corrected
        if found is None or p is None:
            rows.append(PairRow(pair.a, pair.b, ("-", pair.reason or "", "-", "-", "-"), False))
            continue
        interval = f"[{format_number(found.low)}, {format_number(found.high)}]"
        cells = (
            format_number(found.value),
            interval,
            format_p_value(found.p),
            format_p_value(p),
            format_number(found.detectable),
        )
        rows.append(PairRow(pair.a, pair.b, cells, p < LEVEL))
    return PairTable(heading, how, tuple(rows))


def format_p_value(p: float) -> str:
    """A p-value."""
    return "<.001" if p < 0.001 else format_number(p)


def warnings(material: ReportData) -> list[ReportNote]:
    """The warnings of all results, each once, with the systems it is about."""
    found: dict[str, list[str]] = {}
    for entry in material.table.entries:
        for text in entry.result.warnings:
            found.setdefault(text, []).append(entry.name)
    everyone = len(material.table.entries)
    return [ReportNote(text, "" if len(names) == everyone else ", ".join(names)) for text, names in found.items()]


def notes(material: ReportData) -> list[ReportNote]:
    """What a reader must know of single values: why there is none, or how rough it is."""
    found: dict[str, dict[str, list[str]]] = {}
    for subject in material.subjects:
        for name in material.metrics:
            value = subject.entry.result.values[name]
            for text in [value.reason] if value.reason else (value.note or "").split("; "):
                if text:
                    found.setdefault(text, {}).setdefault(subject.name, []).append(heading_of(material, name))
    return [ReportNote(text, _whose(material, systems)) for text, systems in found.items()]


def _whose(material: ReportData, systems: dict[str, list[str]]) -> str:
    """Metrics where a note holds for every system, else systems with their metrics."""
    alike = len({tuple(metrics) for metrics in systems.values()}) == 1
    if alike and len(systems) == len(material.subjects):
        metrics = next(iter(systems.values()))
        return "all values" if len(metrics) == len(material.metrics) else ", ".join(metrics)
    return "; ".join(f"{system} ({', '.join(metrics)})" for system, metrics in systems.items())


def deduplicated_grid(material: ReportData) -> Grid | None:
    """The values without claims that systems were trained on, where there are any."""
    names = list(material.metrics)
    rows = [
        (subject.name, f"{kept.n_duplicates:,}", f"{kept.n:,}", *(format_value(kept.values[name]) for name in names))
        for subject in material.subjects
        for kept in [subject.entry.result.deduplicated]
        if kept is not None
    ]
    if not rows:
        return None
    head = ("system", "left out", "claims", *(heading_of(material, name) for name in names))
    return Grid("Values without the claims whose text, or nearly, a system was trained on", head, tuple(rows))


def costs(material: ReportData) -> Grid | None:
    """Time and memory beside the main metric, where results record them."""
    rows = []
    for subject in material.subjects:
        cost = subject.entry.result.cost
        if cost is not None:
            rate = (
                f"{cost.claims_scored / cost.score_seconds:,.0f}" if cost.claims_scored and cost.score_seconds else "-"
            )
            quality = format_value(value_of(material, subject.name, material.main))
            fits = "-" if cost.fits is None else f"{cost.fits:,}"
            spent = (_amount(cost.fit_seconds), fits, _amount(cost.score_seconds), rate, _amount(cost.peak_megabytes))
            rows.append((subject.name, quality, *spent))
    if not rows:
        return None
    head = (
        "system",
        heading_of(material, material.main),
        "training, s",
        "fits",
        "scoring, s",
        "claims a second",
        "memory, MB",
    )
    return Grid("What a system took, beside what it reached", head, tuple(rows))


def _amount(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"


def agreement_grid(ceiling: HumanAgreement) -> Grid:
    """The measures of agreement, and pairs of annotators."""
    names = {
        "raw": "raw agreement",
        "cohen_kappa": "Cohen's kappa",
        "fleiss_kappa": "Fleiss' kappa",
        "krippendorff_alpha": "Krippendorff's alpha",
        "gwet_ac1": "Gwet's AC1",
    }
    rows = []
    for name, value in ceiling.measures.items():
        shown = "-" if value.value is None else format_number(value.value)
        if value.low is not None and value.high is not None:
            shown += f" [{format_number(value.low)}, {format_number(value.high)}]"
        said = "; ".join(part for part in (value.reason, value.note) if part)
        rows.append((names.get(name, name), shown, f"{value.n:,}", said))
    both = "test claims that both labelled"
    rows += [
        (f"F1 of {one.first} against {one.second}", format_value(one.f1), f"{one.n:,}", both) for one in ceiling.pairs
    ]
    caption = f"{ceiling.dataset}: {ceiling.annotators} annotators on '{ceiling.axis}'"
    return Grid(caption, ("measure", "value", "claims", "note"), tuple(rows))


def origin(material: ReportData) -> Grid:
    """What made the numbers, a line for each result."""
    rows = [_origin(subject.name, subject.entry.result) for subject in material.subjects]
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
