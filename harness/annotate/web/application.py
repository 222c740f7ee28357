"""The application that serves the pages: which request does what, and which requests are refused."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.annotate.drafts import CONFIDENCES
from harness.annotate.web import pages
from harness.annotate.web.desks import Desk, Desks, Stale
from harness.annotate.web.pages import NO_EVIDENCE
from harness.annotate.web.queue import queue_page
from harness.annotate.web.security import HEADERS, MAX_BODY, MAX_FIELDS, Guard, Visit
from harness.data.labels.label_log import ChangedMeanwhile
from harness.errors import HarnessError
from harness.files import WriteError, explain_os_error
from harness.records import STANCES

Fields = Mapping[str, str]
NO_VISIT = (
    "This page belongs to one annotator. Open your own link, which the command printed when it started. If you have "
    "just opened it from a web page, go on below."
)


class Refused(Exception):
    """A request that is not answered; the status says why to programs, the message to people."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Gate:
    """Lets in only requests that are meant for this server, and gives every reply its headers."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""

        async def send_with_headers(event: Message) -> None:
            if event["type"] == "http.response.start":
                own = {name.lower() for name, _ in event["headers"]}
                extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                event["headers"] = [*event["headers"], *(pair for pair in extra if pair[0] not in own)]
            await send(event)

        if scope["type"] != "http":
            return
        app = self._refusal(Request(scope)) or self._app
        await app(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        guard = self._guard
        if not guard.is_known_host(request.headers.get("host")):
            return _refusal_page(request, 421, "This server does not go by that name. Open the link as it was printed.")
        if request.method == "POST" and not guard.is_own_origin(request.headers):
            return _refusal_page(request, 403, "The form was not sent by a page of this server.")
        if guard.is_busy(guard.visit(request.cookies.get(guard.cookie_name))):
            return _refusal_page(request, 429, "Too many requests in a short time. Wait a moment, and try again.")
        return None


def make_application(desks: Desks, guard: Guard) -> ASGIApp:
    """Returns the application of a server.

    Args:
        desks: the annotators.
        guard: their tokens and visits.
    """
    pages_of = _Pages(desks, guard)
    posted = {
        name: Route(f"/{name}", partial(pages_of.post, name), methods=["POST"]) for name in (*ACTIONS, "span", "again")
    }
    routes = [
        Route("/", pages_of.show, methods=["GET"]),
        Route("/queue", pages_of.queue, methods=["GET"]),
        Route("/enter", pages_of.enter, methods=["GET"]),
        *(Route(f"/{name}", partial(_file, name), methods=["GET"]) for name in pages.FILES),
        *posted.values(),
    ]
    handlers: dict[Any, Callable[..., Awaitable[Response]]] = {404: _unknown, 405: _unknown, Exception: _internal}
    return Gate(Starlette(routes=routes, exception_handlers=handlers), guard)


class _Pages:
    """What each address answers."""

    def __init__(self, desks: Desks, guard: Guard) -> None:
        self._desks, self._guard = desks, guard

    async def enter(self, request: Request) -> Response:
        """Opens a link: the token becomes a cookie, and leaves the address."""
        visit = self._guard.enter(request.query_params.get("token", ""))
        if visit is None:
            return _refusal_page(request, 403, "This link is not valid. The command prints new links when it starts.")
        response = RedirectResponse("/", 303, headers={"Referrer-Policy": "no-referrer"})
        response.set_cookie(self._guard.cookie_name, visit.cookie, httponly=True, samesite="strict")
        return response

    async def show(self, request: Request) -> Response:
        """Shows the page of an annotator."""
        visit = self._visit(request)
        if visit is None:
            return _refusal_page(request, 403, NO_VISIT)
        desk = self._desks.by_name[visit.annotator]
        return HTMLResponse(await run_in_threadpool(pages.page, self._desks, desk, visit))

    async def queue(self, request: Request) -> Response:
        """Shows the claims of an annotator, page by page, with their state."""
        visit = self._visit(request)
        if visit is None:
            return _refusal_page(request, 403, NO_VISIT)
        desk = self._desks.by_name[visit.annotator]
        number, state = _number(request.query_params, "page"), request.query_params.get("state", "all")
        content = await run_in_threadpool(queue_page, self._desks, desk, visit, number=number, state=state)
        return HTMLResponse(content)

    async def post(self, name: str, request: Request) -> Response:
        """Does what a form asks."""
        visit = self._visit(request)
        try:
            if visit is None:
                raise Refused(403, "You are not signed in any more. Open your link again; all your answers are saved.")
            fields = await _fields(request)
            if not self._guard.is_own_form(visit, fields.get("csrf", "")):
                raise Refused(403, "The form is not from this visit. Load the page again.")
            return await run_in_threadpool(self._act, name, request, visit, fields)
        except Refused as refused:
            return _refusal_page(request, refused.status, str(refused))

    def _act(self, name: str, request: Request, visit: Visit, fields: Fields) -> Response:
        desks, desk = self._desks, self._desks.by_name[visit.annotator]
        held = pages.held_window(fields.get("window", ""))
        trouble, status = "", 200
        try:
            if name == "again":
                desks.read_again()
            elif name == "span":
                start, end = (_number(fields, offset) for offset in ("start", "end"))
                desks.correct_span(desk, fields.get("turn", ""), start, end)
            else:
                desks.act(desk, fields.get("turn", ""), partial(ACTIONS[name], fields=fields))
        except Stale as error:
            trouble, status, held = str(error), 409, None
        except ChangedMeanwhile as error:
            trouble, status = str(error), 409
        except WriteError as error:
            trouble, status = f"{error}.", 503
        except HarnessError as error:
            trouble, status = str(error), 422
        except OSError as error:
            trouble, status = f"{explain_os_error(error)}. Your last answer was not saved, all others are.", 503
        if _wants_json(request):
            # After a failure the page stays as it is, so that nothing that was typed is lost.
            stays = bool(trouble) and status != 409
            content = {} if stays else pages.change(desks, desk, visit, held)
            return JSONResponse(content | {"trouble": trouble}, status)
        if not trouble:
            return RedirectResponse("/", 303)
        shown = pages.Trouble(trouble, fields.get("note", ""))
        return HTMLResponse(pages.page(desks, desk, visit, shown), status)

    def _visit(self, request: Request) -> Visit | None:
        return self._guard.visit(request.cookies.get(self._guard.cookie_name))


def _label(desk: Desk, fields: Fields) -> None:
    session = desk.session
    note = fields.get("note", "").strip()
    if session.log.role == "adjudicate" and not note:
        session.message = "give the reason of your decision, too"
        return
    session.note = note or None
    session.confidence = CONFIDENCES.get(fields.get("confidence", ""))
    if not session.choose(_number(fields)):
        session.message = "choose one of the labels"


def _skip(desk: Desk, **_: Fields) -> None:
    desk.session.skip()


def _undo(desk: Desk, **_: Fields) -> None:
    desk.session.undo()


def _flag(desk: Desk, fields: Fields) -> None:
    session = desk.session
    session.note = fields.get("note", "").strip() or None
    session.confidence = CONFIDENCES.get(fields.get("confidence", ""))
    session.flag()


def _jump(desk: Desk, fields: Fields) -> None:
    session = desk.session
    number = fields.get("number", "").strip()
    if number.isascii() and number.isdigit():
        session.jump(_number(fields))
    else:
        session.message = "expected the number of a sentence"


def _find(desk: Desk, fields: Fields) -> None:
    session = desk.session
    session.search(fields.get("text", ""))


def _mark(desk: Desk, fields: Fields) -> None:
    session = desk.session
    question = session.current
    features = question.features if question and session.log.role == "label" else ()
    feature = next((feature for feature in features if feature.axis.name == fields.get("axis")), None)
    if feature is None:
        session.message = "there is no such feature to mark"
        return
    value = fields.get("value", "").strip() if feature.axis.value else ""
    session.mark(feature, value or None)


def _passages(desk: Desk, fields: Fields) -> None:
    desk.find_passages(fields.get("words", "").strip() or None)


def _judge(desk: Desk, fields: Fields) -> None:
    stance = fields.get("stance", "")
    if stance in (*STANCES, NO_EVIDENCE):
        desk.judge(_number(fields, "passage"), stance if stance in STANCES else None)
    else:
        desk.session.message = "choose one of the stances"


ACTIONS: dict[str, Callable[..., None]] = {
    "label": _label,
    "skip": _skip,
    "undo": _undo,
    "jump": _jump,
    "find": _find,
    "flag": _flag,
    "mark": _mark,
    "passages": _passages,
    "judge": _judge,
}
"""What the forms of the page do, by their address."""


def _number(fields: Fields, name: str = "number") -> int:
    """Returns a field that is a number; 0, which is no label, no sentence and no end, if it is none."""
    number = fields.get(name, "").strip()
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0


async def _fields(request: Request) -> Fields:
    """Returns the fields of a form.

    Raises: Refused: it is too large, or no form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise Refused(415, "Expected a form.")
    body = b""
    async for data in request.stream():
        body += data
        if len(body) > MAX_BODY:
            raise Refused(413, f"That is too long: at most {MAX_BODY // 1024} kB can be sent at once.")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise Refused(400, "The form is not valid.") from None
    return dict(pairs)


async def _file(name: str, _: Request) -> Response:
    # The name is that of a route; no part of the address becomes one.
    return Response(pages.file_content(name), media_type=pages.FILES[name])


async def _unknown(request: Request, _: Exception) -> Response:
    return _refusal_page(request, 404, "There is no such page.")


async def _internal(request: Request, error: Exception) -> Response:
    # Neither the address nor the fields, which may hold a token or a label.
    sys.stderr.write(f"harness: internal error of the page (please report it): {type(error).__name__}\n")
    return _refusal_page(request, 500, "Something went wrong here. Load the page again; all saved answers are safe.")


def _wants_json(request: Request) -> bool:
    return request.headers.get("accept") == "application/json"


def _refusal_page(request: Request, status: int, message: str) -> Response:
    if _wants_json(request):
        return JSONResponse({"trouble": message}, status)
    return HTMLResponse(pages.refusal(f"{status}", message), status)
