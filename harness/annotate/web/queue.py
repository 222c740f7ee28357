"""The queue: all claims that an annotator is asked about, with what became of each, page by page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from harness.annotate.web.desks import Desk, Desks
from harness.annotate.web.pages import render
from harness.annotate.web.security import Visit

ROWS = 50
"""Number of claims on a page."""
MAX_TEXT = 200
"""Number of characters of a claim."""
STATES = ("all", "open", "answered", "skipped", "flagged")
"""States by which the queue can be narrowed."""


def queue_page(desks: Desks, desk: Desk, visit: Visit, *, number: int, state: str) -> str:
    """Returns a page of the queue.

    Args:
        desks: all annotators.
        desk: the annotator.
        visit: the browser.
        number: number of the page; 0: that of the current claim.
        state: state of the claims to list, of `STATES`; anything else means all.
    """
    state = state if state in STATES else "all"
    ranks = _ranks(desk, state)
    n_pages = max(1, -(-len(ranks) // ROWS))
    current = desk.session.current
    if not number:
        rank = current.number - 1 if current else 0
        number = bisect_left(ranks, rank) // ROWS + 1
    number = min(number, n_pages)
    rows = [_row(desk, rank) for rank in ranks[(number - 1) * ROWS : number * ROWS]]
    view = {
        "annotator": desk.annotator,
        "csrf": visit.csrf,
        "current": current.number if current else 0,
        "dataset": desks.dataset.info.name,
        "n": len(ranks),
        "n_pages": n_pages,
        "number": number,
        "rows": rows,
        "state": state,
        "states": STATES,
        "turn": desk.turn,
    }
    return render("queue", view)


def _ranks(desk: Desk, state: str) -> Sequence[int]:
    """Returns the claims in a state, each by its rank from 0."""
    starts = desk.starts
    if state == "all":
        return range(len(starts))
    if state == "flagged":
        flagged = {place[0] for place in desk.session.log.flags}
        firsts = ((rank, desk.session.questions[start]) for rank, start in enumerate(starts))
        return [rank for rank, first in firsts if first.claim.claim_id in flagged and not first.is_repeat]
    return [rank for rank in range(len(starts)) if _state(desk, rank) == state]


def _state(desk: Desk, rank: int) -> str:
    """Returns the state of a claim: open or skipped as long as one of its questions is."""
    states = {desk.session.state_of(index) for index in _indexes(desk, rank)}
    return next(state for state in ("open", "skipped", "answered") if state in states)


def _indexes(desk: Desk, rank: int) -> range:
    starts = desk.starts
    return range(starts[rank], starts[rank + 1] if rank + 1 < len(starts) else len(desk.session.questions))


def _row(desk: Desk, rank: int) -> dict[str, Any]:
    session = desk.session
    questions = [session.questions[index] for index in _indexes(desk, rank)]
    labels = [f"{question.axis.name}: {mark.label}" for question in questions if (mark := session.answer_of(question))]
    text = " ".join((questions[0].claim.text or "").split())
    return {
        "number": questions[0].number,
        "text": text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…",
        "state": _state(desk, rank),
        "flagged": any(session.flag_of(question) for question in questions),
        "labels": ", ".join(labels),
    }
