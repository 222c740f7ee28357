"""Figures of a report, each with a table of the numbers that it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from harness.arrays import Floats
from harness.metrics.interval_text import describe_intervals, interval_use
from harness.metrics.intervals import Value
from harness.report.curves import (
    Curve,
    Ranking,
    confusion,
    precision_recall,
    ranking,
    receiver_operating,
    reliability,
    workload,
)
from harness.report.report_data import ReportData, ReportedSystem, heading_of, value_of
from harness.report.svg import Frame, Line, Point, line_chart, reliability_chart, rows_chart, span
from harness.runner.slices import SliceValues
from harness.runner.splitting.split_config import SystemAtShare
from harness.runner.tables import format_value
from harness.text_tables import format_number

SHOWN_AT = np.array([0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9])
MAX_ROWS = 16
FILLS = 0.5
"""If all probabilities are below this value, the axes end near the highest one."""


class Grid(NamedTuple):
    """A table of text cells."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Figure(NamedTuple):
    """A chart with its data table."""

    title: str
    caption: str
    chart: Markup
    grid: Grid


class Confusion(NamedTuple):
    """Counts of claims by gold and predicted label for one system."""

    system: str
    key: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str, int], ...]], ...]
    """Gold label, and for each column the count, its share of the row, and the share as a shade from 0 to 10."""


def curve_figures(data: ReportData) -> list[Figure]:
    """Precision-recall, ROC and workload curves of every system with scores; only for yes-or-no tasks."""
    gold = data.table.gold
    n_positive = int(gold.positive.sum())
    if not data.binary or not 0 < n_positive < len(gold):
        return []
    rankings = [(subject, ranking(gold.positive, scores[:, -1])) for subject, scores in _scored(data)]
    if not rankings:
        return []
    share = n_positive / len(gold)
    precision = Frame(
        "Precision against recall",
        "Precision against recall, both from 0 to 1, one line per system. "
        f"The dashed line is the share of positive claims, {share:.3f}.",
        "recall",
        "precision",
        reference=[(0, share), (1, share)],
    )
    receiver = Frame(
        "ROC",
        "True positive rate against false positive rate, one line per system. The dashed line is chance.",
        "false positive rate",
        "true positive rate",
        reference=[(0, 0), (1, 1)],
    )
    reading = Frame(
        "Workload",
        "Share of positive claims found against share of claims read, highest score first, one line per system. "
        "The dashed line is reading in random order.",
        "share of claims read, highest score first",
        "share of positive claims found",
        reference=[(0, 0), (1, 1)],
    )
    return [
        _curves(precision, "Dashed: the share of positive claims.", precision_recall, rankings),
        _curves(receiver, "Dashed: chance.", receiver_operating, rankings),
        _curves(
            reading, "Share of the check-worthy claims that a desk finds if it stops reading early.", workload, rankings
        )
        if data.table.entries[0].result.task == "check_worthiness"
        else _curves(
            reading, "Share of the positive claims that a desk finds if it stops reading early.", workload, rankings
        ),
    ]


def _scored(data: ReportData) -> Iterable[tuple[ReportedSystem, Floats]]:
    """Systems with scores, and their scores for the first random seed, shape (n_claims, n_labels)."""
    for subject in data.subjects:
        scores = subject.entry.runs[0].scores
        if scores is not None:
            yield subject, scores


def _curves(
    frame: Frame, caption: str, curve: Callable[[Ranking], Curve], rankings: Sequence[tuple[ReportedSystem, Ranking]]
) -> Figure:
    lines = [Line(subject.key, subject.name, curve(ranked)) for subject, ranked in rankings]
    head = ("system", *(f"{frame.x_label.split(',')[0]} {position:g}" for position in SHOWN_AT))
    rows = tuple((line.name, *(format_number(value) for value in line.curve.at(SHOWN_AT))) for line in lines)
    return Figure(
        frame.title, caption, line_chart(frame, lines), Grid(f"{frame.title}: {frame.y_label} at", head, rows)
    )


def reliability_figures(data: ReportData) -> list[Figure]:
    """Reliability diagrams of every system with probabilities."""
    return [
        _reliability(data, subject, scores)
        for subject, scores in _scored(data)
        if subject.provenance.gives_probabilities
    ]


def _reliability(data: ReportData, subject: ReportedSystem, scores: Floats) -> Figure:
    gold = data.table.gold
    if data.binary:
        bins, meaning = reliability(gold.positive, scores[:, -1]), "positive claims"
    else:
        bins, meaning = (
            reliability(gold.codes == scores.argmax(axis=1), scores.max(axis=1)),
            "correct predictions",
        )
    highest = max(max(bin_.predicted, bin_.high) for bin_ in bins)
    ends = (0.0, 1.0 if highest > FILLS else highest * 1.05)
    frame = Frame(
        subject.name,
        f"Share of {meaning} against the probability from {subject.name}, in {len(bins)} bins of about equal size. "
        "The dashed line is perfect calibration.",
        "probability",
        "observed share",
        x=ends,
        y=ends,
        width=300,
        height=240,
        reference=[(0, 0), (ends[1], ends[1])],
    )
    rows = tuple(
        (
            format_number(bin_.predicted),
            f"{format_number(bin_.observed)} [{format_number(bin_.low)}, {format_number(bin_.high)}]",
            f"{bin_.n:,}",
        )
        for bin_ in bins
    )
    grid = Grid(f"Reliability of {subject.name}", ("mean probability", "observed share", "claims"), rows)
    return Figure(subject.name, "", reliability_chart(frame, subject.key, bins), grid)


def learning_figure(data: ReportData) -> Figure | None:
    """The main metric against the share of the training claims, if systems were fitted to several shares."""
    heading = _heading(data)
    points: dict[str, list[tuple[float, Value, int]]] = {}
    for subject in data.subjects:
        system = SystemAtShare.parse(subject.name)
        value = value_of(data, subject.name, data.main)
        if system and value.value is not None:
            points.setdefault(system.name, []).append((system.share, value, subject.key))
    for points_of_system in points.values():
        points_of_system.sort(key=lambda point: point[0])
    lines = [
        _learning_line(points_of_system[-1][2], name, points_of_system) for name, points_of_system in points.items()
    ]
    if not any(len(line.curve.x) > 1 for line in lines):
        return None
    heights = [end for line in lines for ends in line.intervals or () for end in ends if end is not None]
    heights += [float(value) for line in lines for value in line.curve.y]
    frame = Frame(
        f"{heading} by share of the training claims",
        f"{heading} with its interval against the share of the training claims, one line per system.",
        "share of the training claims",
        heading,
        y=span(heights),
    )
    rows = tuple(
        (name, f"{share:g}", format_value(value))
        for name, points_of_system in points.items()
        for share, value, _ in points_of_system
    )
    grid = Grid(frame.title, ("system", "share", heading), rows)
    uses = [interval_use("", name, value) for name, measured in points.items() for _, value, _ in measured]
    bars = describe_intervals(uses, data.table.intervals, "Bars: 95% confidence intervals")
    caption = f"Line colors follow the run on the largest training share.{f' {bars}.' if bars else ''}"
    return Figure(frame.title, caption, line_chart(frame, lines), grid)


def _learning_line(key: int, name: str, points: Sequence[tuple[float, Value, int]]) -> Line:
    curve = Curve(
        np.array([share for share, _, _ in points]), np.array([value.value for _, value, _ in points], dtype=float)
    )
    return Line(key, name, curve, [(value.low, value.high) for _, value, _ in points])


def confusions(data: ReportData) -> list[Confusion]:
    """Confusion matrices of every system with labels."""
    return [_confusion(data, subject) for subject in data.subjects if subject.provenance.gives_labels]


def _confusion(data: ReportData, subject: ReportedSystem) -> Confusion:
    gold = data.table.gold
    counts = confusion(gold, subject.entry.runs[0].predicted)
    columns = (*gold.names, "no answer") if counts[:, -1].any() else gold.names
    rows = []
    for label, row in zip(gold.names, counts[:, : len(columns)], strict=True):
        shares = row / max(int(row.sum()), 1)
        cells = (
            (f"{n:,}", f"{share:.0%}", round(share * 10))
            for n, share in zip(row.tolist(), shares.tolist(), strict=True)
        )
        rows.append((label, tuple(cells)))
    return Confusion(subject.name, subject.key, tuple(columns), tuple(rows))


def slice_figures(data: ReportData) -> list[Figure]:
    """The main metric by slice of the test claims, one figure per kind of slice."""
    of_systems = [(subject, subject.entry.result.slices) for subject in data.subjects]
    kinds = dict.fromkeys(part.by for _, parts in of_systems for part in parts)
    figures = (
        _slices(data, by, [(subject, [part for part in parts if part.by == by]) for subject, parts in of_systems])
        for by in kinds
    )
    return [figure for figure in figures if figure is not None]


def _slices(data: ReportData, by: str, of_systems: Sequence[tuple[ReportedSystem, list[SliceValues]]]) -> Figure | None:
    heading, name = _heading(data), data.main
    first_by_name = {part.of: part for _, parts in of_systems for part in parts}
    rows = []
    values: dict[tuple[str, str], Value] = {}
    for slice_name in first_by_name:
        points = []
        for subject, parts in of_systems:
            value = next((part.values.get(name) for part in parts if part.of == slice_name), None)
            if value is None:
                continue
            values[slice_name, subject.name] = value
            if value.value is not None:
                points.append(Point(subject.key, subject.name, value.value, value.low, value.high))
        rows.append((slice_name, points))
    drawn = sorted((row for row in rows if row[1]), key=lambda row: -first_by_name[row[0]].n)[:MAX_ROWS]
    if not drawn:
        return None
    ends = [end for _, points in drawn for point in points for end in (point.value, point.low, point.high)]
    frame = Frame(
        f"By {by}",
        f"{heading} with its interval for each slice by {by}; one point per system.",
        heading,
        "",
        x=span([end for end in ends if end is not None]),
    )
    names = [subject.name for subject, _ in of_systems]
    table = tuple(
        (
            slice_name,
            f"{part.n:,}",
            "-" if part.n_positive is None else f"{part.n_positive:,}",
            f"{part.n_units:,}",
            *(format_value(values[slice_name, system]) if (slice_name, system) in values else "-" for system in names),
            part.note or "",
        )
        for slice_name, part in first_by_name.items()
    )
    uses = [interval_use("", system, value) for (_, system), value in values.items()]
    bars = describe_intervals(uses, data.table.intervals, "Bars: 95% confidence intervals")
    n_slices, caption = len(first_by_name), f"{bars}." if bars else ""
    if len(drawn) < n_slices:
        caption += f" The {len(drawn)} largest of {n_slices} are drawn; the table lists all."
    head = (by, "claims", "positive", f"{data.table.intervals.unit}s", *names, "note")
    return Figure(f"By {by}", caption, rows_chart(frame, drawn), Grid(f"{heading} by {by}", head, table))


def _heading(data: ReportData) -> str:
    return heading_of(data, data.main)
