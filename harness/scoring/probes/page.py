"""HTML page of a probing: the shifts with their intervals as a table and a plot, examples, and the planted errors."""

from __future__ import annotations

from typing import NamedTuple

from harness.scoring.article_page import page_environment
from harness.scoring.probes.measure import EditedClaim, EditShift
from harness.scoring.probes.probing import ProbedStage, Probing
from harness.scoring.probes.texts import ANSWERS, NOTES, estimate_text, planted_sentences, title_of
from harness.text_tables import format_number

MAX_EXAMPLES = 3
"""Number of examples per edit: those whose score moves most."""
WIDTH = 200
"""Width of the plot of an interval, in pixels."""


class Example(NamedTuple):
    """One edited claim on the page."""

    before: str
    after: str
    from_label: str
    to_label: str
    scores: str
    same_text: bool
    """Whether only the passages change."""


class Row(NamedTuple):
    """One edit on the page."""

    shift: EditShift
    low: float
    """Left end of the interval in the plot."""
    middle: float
    high: float
    texts: tuple[str, str, str]
    """Shift, labels changed, and as expected, with their intervals."""
    examples: tuple[Example, ...]


class StageView(NamedTuple):
    """One stage on the page."""

    stage: ProbedStage
    title: str
    rows: tuple[Row, ...]
    limit: str
    """Largest shift of the plot, at both ends."""


def probe_page(result: Probing) -> str:
    """Returns the page as one HTML document without scripts or external resources; all text is escaped."""
    return (
        page_environment()
        .get_template("probe_page.html")
        .render(
            result=result,
            stages=[_view(stage, result.dataset) for stage in result.stages],
            answers=ANSWERS,
            planted=planted_sentences(result.planted),
            notes=NOTES.splitlines(),
            width=WIDTH,
        )
    )


def _view(stage: ProbedStage, dataset: str) -> StageView:
    ends = [
        abs(number)
        for row in stage.rows
        for number in (row.shift.value, row.shift.low, row.shift.high)
        if number is not None
    ]
    limit = max(ends, default=0.0) or 1.0
    rows = tuple(_row(row, limit) for row in stage.rows)
    return StageView(stage, title_of(stage, dataset), rows, format_number(limit))


def _row(row: EditShift, limit: float) -> Row:
    value = row.shift.value or 0.0
    low, high = (value if end is None else end for end in (row.shift.low, row.shift.high))
    left, middle, right = (round(WIDTH / 2 * (1 + number / limit), 1) for number in (low, value, high))
    texts = (estimate_text(row.shift, signed=True), estimate_text(row.flipped), estimate_text(row.as_expected))
    moved = sorted(row.claims, key=lambda claim: -abs(claim.score_after - claim.score_before))
    return Row(row, left, middle, right, texts, tuple(_example(claim) for claim in moved[:MAX_EXAMPLES]))


def _example(claim: EditedClaim) -> Example:
    return Example(
        before=claim.before,
        after=claim.after,
        from_label=claim.label_before or "no answer",
        to_label=claim.label_after or "no answer",
        scores=f"{format_number(claim.score_before)} to {format_number(claim.score_after)}",
        same_text=claim.before == claim.after,
    )
