"""What the pages show, as HTML; a page that is open gets only the parts of it that change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.annotate.questions import Question
from harness.annotate.session import CONFIDENCES
from harness.annotate.web.article_text import ArticleText, Window, to_html
from harness.annotate.web.desks import Desk, Desks
from harness.annotate.web.security import Visit
from harness.records import STANCES

TEMPLATES = Path(__file__).parent / "templates"
FILES = {"label.css": "text/css; charset=utf-8", "label.js": "text/javascript; charset=utf-8"}
"""Files that the pages load, and their types."""
NO_EVIDENCE = "no evidence"
"""What is chosen for a passage that says nothing of the claim."""


class Trouble(NamedTuple):
    """Why something was not stored."""

    message: str
    note: str = ""
    """What the annotator typed, so that it is not lost."""


def file_content(name: str) -> bytes:
    """Returns a file of `FILES`."""
    return (TEMPLATES / name).read_bytes()


def page(desks: Desks, desk: Desk, visit: Visit, trouble: Trouble | None = None) -> str:
    """Returns the whole page of an annotator."""
    question = desk.session.current
    view = _view(desks, desk, visit, trouble)
    if question is not None:
        text = desks.text_of(question)
        window = text.window(question.claim.start, question.claim.end)
        view["window"] = _window_name(window)
        view["article"] = _article(text, window, question)
        view["is_whole"] = text.is_whole(window)
    return render("page", view)


def change(desks: Desks, desk: Desk, visit: Visit, held: Window | None) -> dict[str, Any]:
    """Returns what changes on a page that is open.

    Args:
        desks: all annotators.
        desk: the annotator.
        visit: the browser.
        held: the part of an article that the page holds.
    """
    view = _view(desks, desk, visit, None)
    reply: dict[str, Any] = {
        "panel": render("panel", view),
        "progress": render("progress", view),
        "message": view["message"],
        "title": view["title"],
    }
    question = desk.session.current
    if question is None:
        return reply | {"window": "", "article": "", "source": "", "is_whole": True}
    text = desks.text_of(question)
    start, end = question.claim.start, question.claim.end
    window = text.window(start, end, held)
    if window == held:
        return reply | {"pieces": text.marked_pieces(start, end)}
    return reply | {
        "window": _window_name(window),
        "article": _article(text, window, question),
        "source": _source(question),
        "is_whole": text.is_whole(window),
    }


def refusal(title: str, message: str) -> str:
    """Returns a page that says why there is nothing to see."""
    return render("refusal", {"title": title, "message": message})


def held_window(name: str) -> Window | None:
    """Returns the window that a page says it holds; None if it says nothing that makes sense."""
    article_id, _, numbers = name.rpartition("@")
    first, _, last = numbers.partition("-")
    if not (article_id and first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        return None
    return Window(article_id, int(first[:9]), int(last[:9]))


def _window_name(window: Window) -> str:
    return f"{window.article_id}@{window.first}-{window.last}"


def _article(text: ArticleText, window: Window, question: Question) -> Markup:
    return Markup(text.html(window, question.claim.start, question.claim.end))  # noqa: S704  (escaped by to_html)


def _view(desks: Desks, desk: Desk, visit: Visit, trouble: Trouble | None) -> dict[str, Any]:
    session = desk.session
    question = session.current
    n, n_answered = len(session.questions), session.n_answered
    last = session.questions[-1].number if session.questions else 0
    where = f"Sentence {question.number:,} of {last:,}" if question else "No question is left"
    minutes = session.minutes_left
    return {
        "annotator": desk.annotator,
        "confidences": CONFIDENCES,
        "csrf": visit.csrf,
        "dataset": desks.dataset.info.name,
        "decides": desks.role == "adjudicate",
        "flag": session.flag_of(question) if question else None,
        "features": _features(desk, question),
        "last": last,
        "message": session.message,
        "minutes": None if minutes is None else max(1, round(minutes)),
        "n": n,
        "n_answered": n_answered,
        "n_skipped": session.n_skipped,
        "has_passages": session.has_passages,
        "passages": desk.passages,
        "stances": (*STANCES, NO_EVIDENCE),
        "own": session.answer_of(question) if question else None,
        "question": question,
        "schemes": _schemes(desk),
        "source": _source(question) if question else "",
        "stopped": desk.changed,
        "suggestion": session.suggestion,
        "title": f"{where} · {desks.dataset.info.name}",
        "trouble": trouble,
        "turn": desk.turn,
        "where": where,
    }


def _features(desk: Desk, question: Question | None) -> list[Mapping[str, Any]]:
    if question is None or desk.session.log.role != "label":
        return []
    return [
        {"axis": feature.axis, "mark": desk.session.log.standing.get(feature.place)} for feature in question.features
    ]


def _schemes(desk: Desk) -> list[Any]:
    question = desk.session.current or (desk.session.questions[-1] if desk.session.questions else None)
    return [] if question is None else [question.scheme]


def _source(question: Question) -> str:
    article = question.article
    parts = (article.title or article.article_id, question.claim.speaker, article.publisher, article.published)
    return " · ".join(" ".join(part.split()) for part in parts if part)


def render(name: str, view: Mapping[str, Any]) -> str:
    """Returns a template with its values."""
    return _environment().get_template(f"{name}.html.jinja").render(view)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["unwrapped"] = _unwrapped
    environment.filters["shown"] = lambda text: Markup(to_html(text))  # noqa: S704  (escaped by to_html)
    return environment


def _unwrapped(text: str) -> str:
    """Returns a text without the line ends within its paragraphs and list items, which fit another width."""
    return re.sub(r"(?<!\n)\n[ \t]*(?![ \t\n]|[-*\u2022] |\d+[.)] )", " ", text)
