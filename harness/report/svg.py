"""Charts as inline SVG: lines, points with intervals. Colors are classes (`k0`, `k1`, ...) that the page's CSS defines.

Every text is escaped; every chart has a title and a description for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

from harness.report.curves import Bin, Curve

COLORS = 10
TICKS = 5


class Line(NamedTuple):
    """A line of a chart."""

    key: int
    """Number of the system, which has the same color in every figure."""
    name: str
    curve: Curve
    intervals: Sequence[tuple[float | None, float | None]] | None = None
    """Interval of each point, drawn with dots; None: a plain line."""


class Point(NamedTuple):
    """A value with its interval."""

    key: int
    name: str
    value: float
    low: float | None
    high: float | None


class Frame(NamedTuple):
    """Texts of a chart, and the ranges of its axes."""

    title: str
    description: str
    x_label: str
    y_label: str
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    width: int = 360
    height: int = 270
    reference: Sequence[tuple[float, float]] = ()
    """Points of a dashed reference line."""

    def left(self, value: float) -> float:
        """Horizontal pixel of a value."""
        return 46 + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.width - 60)

    def top(self, value: float) -> float:
        """Vertical pixel of a value."""
        return self.height - 42 - (value - self.y[0]) / (self.y[1] - self.y[0]) * (self.height - 54)


def color(key: int) -> str:
    """The classes of a system's color; after the last color the same ones come again. Below 0: none of the systems."""
    return "k-none" if key < 0 else f"key-{key} k{key % COLORS}"


def short(value: float) -> str:
    """A number on an axis, as tables show it: without the leading zero."""
    text = f"{value:.6g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def ticks(low: float, high: float, wanted: int = TICKS) -> list[float]:
    """Round numbers between two ends."""
    step = (high - low) / wanted
    power = 10.0 ** np.floor(np.log10(step))
    size = next(float(unit * power) for unit in (1, 2, 2.5, 5, 10) if unit * power >= step * 0.999)
    first = int(np.ceil(low / size - 1e-9))
    return [round(number * size, 10) for number in range(first, int(np.floor(high / size + 1e-9)) + 1)]


def span(values: Sequence[float], bounds: tuple[float, float] = (-np.inf, np.inf)) -> tuple[float, float]:
    """A range that shows all values with a margin, within bounds."""
    low, high = min(values), max(values)
    air = (high - low or abs(high) or 1.0) * 0.06
    return max(low - air, bounds[0]), min(high + air, bounds[1])


def line_chart(frame: Frame, lines: Sequence[Line]) -> Markup:
    """Lines over two axes."""
    return _figure(frame, Markup("").join([_axes(frame), *(_line(frame, line) for line in lines)]))


def reliability_chart(frame: Frame, key: int, bins: Sequence[Bin]) -> Markup:
    """Observed shares with their intervals against predicted ones."""
    points = Curve(np.array([bin_.predicted for bin_ in bins]), np.array([bin_.observed for bin_ in bins]))
    line = Line(key, "", points, [(bin_.low, bin_.high) for bin_ in bins])
    return _figure(frame, Markup("").join([_axes(frame), _line(frame, line)]))


def rows_chart(frame: Frame, rows: Sequence[tuple[str, Sequence[Point]]], label_width: int = 130) -> Markup:
    """Values with intervals side by side, one row per item with its points below each other.

    The frame's height is not used: the rows make it.
    """
    step, gap = 9, 12
    heights = [max(step * len(points), 14) + gap for _, points in rows]
    frame = frame._replace(height=int(sum(heights)) + 50)
    parts, top = [], 8.0
    parts += [_row_tick(frame, label_width, tick) for tick in ticks(*frame.x)]
    for (name, points), height in zip(rows, heights, strict=True):
        parts.append(_row(frame, label_width, name, points, top=top, height=height, step=step))
        top += height
    middle = label_width + (frame.width - label_width) / 2
    parts.append(_text(middle, frame.height - 6, frame.x_label, "axis", "middle"))
    return _figure(frame, Markup("").join(parts))


def strip(point: Point, ends: tuple[float, float], marks: Sequence[float], width: int = 220) -> Markup:
    """A value with its interval on a line of its own, for a table's cell; the numbers stand beside it."""
    frame = Frame("", "", "", "", x=ends, width=width)
    at = _strip_place(frame, point.value)
    grid = [_rule(_strip_place(frame, mark), 0, _strip_place(frame, mark), 24) for mark in marks]
    bar = [_interval(_strip_place(frame, point.low), 12, _strip_place(frame, point.high), 12, point.key)] * (
        point.low is not None and point.high is not None
    )
    dot = Markup('<circle class="dot {}" cx="{}" cy="12" r="4"/>').format(color(point.key), _pixel(at))
    return Markup('<svg class="strip" viewBox="0 0 {} 24" width="{}" height="24" aria-hidden="true">{}</svg>').format(
        width, width, Markup("").join([*grid, *bar, dot])
    )


def strip_scale(ends: tuple[float, float], marks: Sequence[float], width: int = 220) -> Markup:
    """The scale above a column of strips."""
    frame = Frame("", "", "", "", x=ends, width=width)
    texts = Markup("").join(_text(_strip_place(frame, mark), 12, short(mark), "tick", "middle") for mark in marks)
    return Markup('<svg class="strip" viewBox="0 0 {} 16" width="{}" height="16" aria-hidden="true">{}</svg>').format(
        width, width, texts
    )


def _strip_place(frame: Frame, value: float | None) -> float:
    low, high = frame.x
    return 8 + ((value if value is not None else low) - low) / (high - low) * (frame.width - 16)


def _figure(frame: Frame, inside: Markup) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>{}</svg>').format(
        frame.width, frame.height, frame.title, frame.description, inside
    )


def _axes(frame: Frame) -> Markup:
    bottom, start, end = frame.top(frame.y[0]), frame.left(frame.x[0]), frame.left(frame.x[1])
    parts = []
    for tick in ticks(*frame.y):
        parts.append(_rule(start, frame.top(tick), end, frame.top(tick)))
        parts.append(_text(start - 6, frame.top(tick) + 4, short(tick), "tick", "end"))
    for tick in ticks(*frame.x):
        parts.append(_rule(frame.left(tick), bottom, frame.left(tick), bottom + 4))
        parts.append(_text(frame.left(tick), bottom + 16, short(tick), "tick", "middle"))
    if frame.reference:
        parts.append(Markup('<polyline class="reference" points="{}"/>').format(_points(frame, frame.reference)))
    middle = frame.top((frame.y[0] + frame.y[1]) / 2)
    parts.append(_text((start + end) / 2, frame.height - 6, frame.x_label, "axis", "middle"))
    parts.append(
        Markup('<text class="axis" text-anchor="middle" transform="translate(11 {}) rotate(-90)">{}</text>').format(
            _pixel(middle), frame.y_label
        )
    )
    return Markup("").join(parts)


def _line(frame: Frame, line: Line) -> Markup:
    places = list(zip(line.curve.x.tolist(), line.curve.y.tolist(), strict=True))
    parts = [Markup('<polyline points="{}"/>').format(_points(frame, places))]
    for place, ends in zip(places, line.intervals or (), strict=False):
        x, y = frame.left(place[0]), frame.top(place[1])
        if ends[0] is not None and ends[1] is not None:
            parts.append(_interval(x, frame.top(ends[0]), x, frame.top(ends[1]), line.key))
        parts.append(Markup('<circle class="dot {}" cx="{}" cy="{}" r="3.5"/>').format(color(line.key), *_both(x, y)))
    title = Markup("<title>{}</title>").format(line.name) if line.name else ""
    return Markup('<g class="line {}">{}{}</g>').format(color(line.key), title, Markup("").join(parts))


def _row(
    frame: Frame, label_width: int, name: str, points: Sequence[Point], top: float, height: float, step: int
) -> Markup:
    shown = name if len(name) <= 22 else name[:21] + "…"
    label = Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}<title>{}</title></text>').format(
        label_width - 10, _pixel(top + (height - 12) / 2 + 4), shown, name
    )
    parts = [label, _rule(0, top + height - 6, frame.width, top + height - 6)]
    for number, point in enumerate(points):
        y, x = top + step * number + step / 2, _row_place(frame, label_width, point.value)
        inner = Markup("<title>{}: {}</title>").format(f"{name}, {point.name}", short(round(point.value, 3)))
        if point.low is not None and point.high is not None:
            low, high = (_row_place(frame, label_width, end) for end in (point.low, point.high))
            inner += _interval(low, y, high, y, point.key)
        inner += Markup('<circle class="dot {}" cx="{}" cy="{}" r="3.5"/>').format(color(point.key), *_both(x, y))
        parts.append(Markup('<g class="{}">{}</g>').format(color(point.key), inner))
    return Markup("").join(parts)


def _row_place(frame: Frame, label_width: int, value: float) -> float:
    low, high = frame.x
    return label_width + (min(max(value, low), high) - low) / (high - low) * (frame.width - label_width - 14)


def _row_tick(frame: Frame, label_width: int, tick: float) -> Markup:
    x = _row_place(frame, label_width, tick)
    return _rule(x, 4, x, frame.height - 38) + _text(x, frame.height - 24, short(tick), "tick", "middle")


def _points(frame: Frame, places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{frame.left(x):.1f},{frame.top(y):.1f}" for x, y in places)


def _interval(x1: float, y1: float, x2: float, y2: float, key: int) -> Markup:
    places = (_pixel(place) for place in (x1, y1, x2, y2))
    return Markup('<line class="interval {}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(color(key), *places)


def _rule(x1: float, y1: float, x2: float, y2: float) -> Markup:
    places = (_pixel(place) for place in (x1, y1, x2, y2))
    return Markup('<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(*places)


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, _pixel(x), _pixel(y), anchor, escape(text)
    )


def _both(x: float, y: float) -> tuple[str, str]:
    return _pixel(x), _pixel(y)


def _pixel(value: float) -> str:
    return f"{value:.1f}"
