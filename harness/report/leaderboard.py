"""The leaderboard of a report: systems by the main metric, with published systems and human agreement."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from harness.compare.footnotes import published_notes
from harness.metrics.interval_text import describe_intervals, interval_use
from harness.metrics.intervals import Value
from harness.metrics.seed_text import describe_seeds, format_spread
from harness.report.human_agreement import HumanAgreement
from harness.report.report_data import ReportData, heading_of, value_of
from harness.report.svg import Point, span, strip, strip_scale, ticks
from harness.text_tables import format_number

MAX_ANNOTATOR_PAIRS = 3
"""Maximum number of annotator pairs on the leaderboard."""


class LeaderboardRow(NamedTuple):
    """One row of the leaderboard."""

    name: str
    kind: str
    """`system`, `published` or `annotators`."""
    key: int | None
    value: str
    interval: str
    tie_group: str
    strip: Markup
    reason: str | None


class Leaderboard(NamedTuple):
    """Systems by one metric, with published systems and human agreement."""

    heading: str
    higher_is_better: bool
    scale: Markup
    rows: tuple[LeaderboardRow, ...]
    notes: tuple[str, ...]
    """How the intervals were made, and where those of published systems come from."""


def leaderboard(data: ReportData, agreements: list[HumanAgreement]) -> Leaderboard:
    """The leaderboard by the main metric: systems with intervals and tie groups, published systems, human agreement."""
    name = data.main
    groups = {entry.name: entry.tie_group for entry in data.comparisons[name].systems}
    entries = [*_listed_systems(data), *_listed_others(data, agreements)]
    sign = -1.0 if data.metrics[name].higher_is_better else 1.0
    entries.sort(key=lambda entry: (entry[3].value is None, sign * (entry[3].value or 0.0)))
    ends = [end for *_, value in entries for end in (value.value, value.low, value.high) if end is not None] or [
        0.0,
        1.0,
    ]
    scale = span(ends)
    marks = ticks(*scale, 6)
    rows = tuple(
        LeaderboardRow(
            name=entry_name,
            kind=kind,
            key=key,
            value="-" if value.value is None else format_number(value.value) + format_spread(value),
            interval=format_interval(value),
            tie_group=str(groups.get(entry_name) or "") if kind == "system" else "",
            strip=_strip(value, entry_name, key, scale, marks),
            reason=value.reason,
        )
        for entry_name, kind, key, value in entries
    )
    own = [interval_use("", entry_name, value) for entry_name, kind, _, value in entries if kind != "published"]
    interval_line = describe_intervals(own, data.table.intervals, "Bars are 95% confidence intervals")
    return Leaderboard(
        heading=heading_of(data, name),
        higher_is_better=data.metrics[name].higher_is_better,
        scale=strip_scale(scale, marks),
        rows=rows,
        notes=(
            *([interval_line] if interval_line else []),
            *describe_seeds({row.name: row.random_seeds for row in data.comparisons[name].systems}),
            *published_notes(data.comparisons[name]),
        ),
    )


LeaderboardEntry = tuple[str, str, int | None, Value]
"""Name, kind, color and value of a leaderboard row."""


def _listed_systems(data: ReportData) -> list[LeaderboardEntry]:
    return [(subject.name, "system", subject.key, value_of(data, subject.name, data.main)) for subject in data.subjects]


def _listed_others(data: ReportData, agreements: list[HumanAgreement]) -> list[LeaderboardEntry]:
    """Published systems, and annotators scored against each other, if the main metric applies to them."""
    name = data.main
    pairs = [pair for item in agreements for pair in item.pairs[:MAX_ANNOTATOR_PAIRS]] if name == "f1" else []
    return [
        *(
            (item.system, "published", None, Value(value=item.value, low=item.low, high=item.high, n_units=0))
            for item in data.comparisons[name].published
        ),
        *((f"{pair.first} against {pair.second}", "annotators", None, pair.f1) for pair in pairs),
    ]


def _strip(value: Value, name: str, key: int | None, scale: tuple[float, float], marks: list[float]) -> Markup:
    if value.value is None:
        return Markup("")
    return strip(Point(-1 if key is None else key, name, value.value, value.low, value.high), scale, marks)


def format_interval(value: Value) -> str:
    """Formats the interval of a value; empty if there is none."""
    return (
        "" if value.low is None or value.high is None else f"[{format_number(value.low)}, {format_number(value.high)}]"
    )
