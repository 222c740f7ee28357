"""The figures of a report, each with the numbers it shows as a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from harness.arrays import Floats
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
from harness.report.report_data import ReportData, ReportedSystem
from harness.report.svg import Frame, Line, Point, line_chart, reliability_chart, rows_chart, span
from harness.runner.slices import SliceValues
from harness.runner.tables import format_value
from harness.text_tables import format_number

SHOWN_AT = np.array([0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9])
MAX_ROWS = 16
FILLS = 0.5
"""Probabilities that stay below this are drawn on a smaller scale."""
TRAIN_SHARE = re.compile(r"[\[,]train_share=([0-9.eE+-]+)\]")


class Grid(NamedTuple):
    """A table of texts."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Figure(NamedTuple):
    """A chart with its data."""

    title: str
    caption: str
    chart: Markup
    grid: Grid


class Confusion(NamedTuple):
    """A system's claims by gold and predicted label."""

    system: str
    key: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str, int], ...]], ...]
    """Gold label; of each column the count, its share of the row, and the share as a shade from 0 to 10."""


def curve_figures(material: ReportData) -> list[Figure]:
    """Precision-recall, ROC and workload curves of every system that gives scores; of a yes-or-no task only."""
    gold = material.table.gold
    n_positive = int(gold.positive.sum())
    if not material.binary or not 0 < n_positive < len(gold):
        return []
    made = [(subject, ranking(gold.positive, scores[:, -1])) for subject, scores in _scored(material)]
    if not made:
        return []
    share = n_positive / len(gold)
    precision = Frame(
        "Precision against recall",
        "Precision, from 0 to 1, over recall, from 0 to 1, a line for each system. "
        f"The dashed line is the share of positive claims, {share:.3f}.",
        "recall",
        "precision",
        reference=[(0, share), (1, share)],
    )
    receiver = Frame(
        "ROC",
        "True positive rate over false positive rate, a line for each system. The dashed line is chance.",
        "false positive rate",
        "true positive rate",
        reference=[(0, 0), (1, 1)],
    )
    reading = Frame(
        "Workload",
        "The share of positive claims found over the share of claims read, best first, a line for each system. "
        "The dashed line is reading in random order.",
        "share of claims read, best first",
        "share of positive claims found",
        reference=[(0, 0), (1, 1)],
    )
    return [
        _curves(precision, "Dashed: the share of positive claims.", precision_recall, made),
        _curves(receiver, "Dashed: chance.", receiver_operating, made),
        _curves(reading, "How much of the check-worthy a desk finds that stops reading early.", workload, made)
        if material.table.entries[0].result.task == "check_worthiness"
        else _curves(reading, "How many of the positive claims a desk finds that stops reading early.", workload, made),
    ]


def _scored(material: ReportData) -> Iterable[tuple[ReportedSystem, Floats]]:
    """Systems that give scores, with those under the first random seed, shape (n_claims, n_labels)."""
    for subject in material.subjects:
        scores = subject.entry.runs[0].scores
        if scores is not None:
            yield subject, scores


def _curves(
    frame: Frame, caption: str, curve: Callable[[Ranking], Curve], made: Sequence[tuple[ReportedSystem, Ranking]]
) -> Figure:
    lines = [Line(subject.key, subject.name, curve(ranked)) for subject, ranked in made]
    head = ("system", *(f"{frame.x_label.split(',')[0]} {place:g}" for place in SHOWN_AT))
    rows = tuple((line.name, *(format_number(value) for value in line.curve.at(SHOWN_AT))) for line in lines)
    return Figure(
        frame.title, caption, line_chart(frame, lines), Grid(f"{frame.title}: {frame.y_label} at", head, rows)
    )


def reliability_figures(material: ReportData) -> list[Figure]:
    """How often claims of like probability are positive, of every system that gives probabilities."""
    return [
        _reliability(material, subject, scores)
        for subject, scores in _scored(material)
        if subject.provenance.gives_probabilities
    ]


def _reliability(material: ReportData, subject: ReportedSystem, scores: Floats) -> Figure:
    gold = material.table.gold
    if material.binary:
        bins, of = reliability(gold.positive, scores[:, -1]), "claims that are positive"
    else:
        bins, of = reliability(gold.codes == scores.argmax(axis=1), scores.max(axis=1)), "first labels that are right"
    reach = max(max(one.predicted, one.high) for one in bins)
    ends = (0.0, 1.0 if reach > FILLS else reach * 1.05)
    frame = Frame(
        subject.name,
        f"The share of {of}, over the probability that {subject.name} gave them, in {len(bins)} bins of equal mass. "
        "On the dashed line probabilities are true.",
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
            format_number(one.predicted),
            f"{format_number(one.observed)} [{format_number(one.low)}, {format_number(one.high)}]",
            f"{one.n:,}",
        )
        for one in bins
    )
    grid = Grid(f"Reliability of {subject.name}", ("mean probability", "observed share", "claims"), rows)
    return Figure(subject.name, "", reliability_chart(frame, subject.key, bins), grid)


def learning_figure(material: ReportData) -> Figure | None:
    """The main metric over the share of the training claims, where systems were fitted to several."""
    heading = _heading(material)
    points: dict[str, list[tuple[float, Value, int]]] = {}
    for subject in material.subjects:
        found = TRAIN_SHARE.search(subject.name)
        value = subject.entry.result.values[material.main]
        if found and value.value is not None:
            base = TRAIN_SHARE.sub(lambda match: "]" if match[0][0] == "," else "", subject.name)
            points.setdefault(base, []).append((float(found[1]), value, subject.key))
    for of in points.values():
        of.sort(key=lambda one: one[0])
    lines = [_learning_line(of[-1][2], name, of) for name, of in points.items()]
    if not any(len(line.curve.x) > 1 for line in lines):
        return None
    heights = [end for line in lines for ends in line.intervals or () for end in ends if end is not None]
    heights += [float(value) for line in lines for value in line.curve.y]
    frame = Frame(
        f"{heading} by share of the training claims",
        f"{heading} with its interval over the share of the training claims, a line for each system.",
        "share of the training claims",
        heading,
        y=span(heights),
    )
    rows = tuple((name, f"{share:g}", format_value(value)) for name, of in points.items() for share, value, _ in of)
    grid = Grid(frame.title, ("system", "share", heading), rows)
    caption = "A system has the color of its largest share. Bars: 95 percent intervals."
    return Figure(frame.title, caption, line_chart(frame, lines), grid)


def _learning_line(key: int, name: str, points: Sequence[tuple[float, Value, int]]) -> Line:
    curve = Curve(
        np.array([share for share, _, _ in points]), np.array([value.value for _, value, _ in points], dtype=float)
    )
    return Line(key, name, curve, [(value.low, value.high) for _, value, _ in points])


def confusions(material: ReportData) -> list[Confusion]:
    """Claims by gold and predicted label, of every system that gives labels."""
    return [_confusion(material, subject) for subject in material.subjects if subject.provenance.gives_labels]


def _confusion(material: ReportData, subject: ReportedSystem) -> Confusion:
    gold = material.table.gold
    counts = confusion(gold, subject.entry.runs[0].predicted)
    columns = (*gold.labels, "no answer") if counts[:, -1].any() else gold.labels
    rows = []
    for label, row in zip(gold.labels, counts[:, : len(columns)], strict=True):
        shares = row / max(int(row.sum()), 1)
        cells = (
            (f"{n:,}", f"{share:.0%}", round(share * 10))
            for n, share in zip(row.tolist(), shares.tolist(), strict=True)
        )
        rows.append((label, tuple(cells)))
    return Confusion(subject.name, subject.key, tuple(columns), tuple(rows))


def slice_figures(material: ReportData) -> list[Figure]:
    """The main metric on parts of the test claims, a figure for each thing that tells them apart."""
    of_systems = [(subject, subject.entry.result.slices) for subject in material.subjects]
    kinds = dict.fromkeys(one.by for _, found in of_systems for one in found)
    figures = (
        _slices(material, by, [(subject, [one for one in found if one.by == by]) for subject, found in of_systems])
        for by in kinds
    )
    return [figure for figure in figures if figure is not None]


def _slices(
    material: ReportData, by: str, of_systems: Sequence[tuple[ReportedSystem, list[SliceValues]]]
) -> Figure | None:
    heading, name = _heading(material), material.main
    parts = {one.of: one for _, found in of_systems for one in found}
    rows = []
    values: dict[tuple[str, str], Value] = {}
    for part in parts:
        points = []
        for subject, found in of_systems:
            value = next((one.values.get(name) for one in found if one.of == part), None)
            if value is None:
                continue
            values[part, subject.name] = value
            if value.value is not None:
                points.append(Point(subject.key, subject.name, value.value, value.low, value.high))
        rows.append((part, points))
    drawn = sorted((row for row in rows if row[1]), key=lambda row: -parts[row[0]].n)[:MAX_ROWS]
    if not drawn:
        return None
    ends = [end for _, points in drawn for point in points for end in (point.value, point.low, point.high)]
    frame = Frame(
        f"By {by}",
        f"{heading} with its interval on each part of the claims, told apart by {by}; a point for each system.",
        heading,
        "",
        x=span([end for end in ends if end is not None]),
    )
    names = [subject.name for subject, _ in of_systems]
    table = tuple(
        (
            part,
            f"{one.n:,}",
            "-" if one.n_positive is None else f"{one.n_positive:,}",
            f"{one.n_units:,}",
            *(format_value(values[part, system]) if (part, system) in values else "-" for system in names),
            one.note or "",
        )
        for part, one in parts.items()
    )
    more = f" The {len(drawn)} largest of {len(parts)} are drawn; the table has all." if len(drawn) < len(parts) else ""
    grid = Grid(
        f"{heading} by {by}", (by, "claims", "positive", f"{material.table.intervals.unit}s", *names, "note"), table
    )
    return Figure(f"By {by}", f"Bars: 95 percent intervals.{more}", rows_chart(frame, drawn), grid)


def _heading(material: ReportData) -> str:
    return material.table.entries[0].result.values[material.main].short_name
