"""A server's application without a network, and the real command with a browser in front of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from dataset_folders import TWO_AXES, to_label, write_lines

from harness.annotate.evidence import EvidenceDesk, has_passages
from harness.annotate.questions import label_questions
from harness.annotate.session import Session
from harness.annotate.web.application import make_application
from harness.annotate.web.desks import Desks
from harness.annotate.web.security import Guard
from harness.data.dataset import Dataset
from harness.data.labels.label_log import LabelLog, hold_logs

HOST = "127.0.0.1:8000"
HOSTILE = (
    'Ha\u202elf\u202c of <script>document.title="x"</script> & {{ 7 * 7 }} \U0001f600 cost 5 million.\r\n'
    "A line\x1b[31m of 2021.\tIt ended.\n\nThe ferry carried 2,100 people in May. It was late.\n"
)


VERDICTS = TWO_AXES.replace("tasks:\n", "tasks:\n  verdict: {axis: factual}\n")
PASSAGES = {
    "p1": "The bridge opened in 1932.",
    "p2": "A ferry carried 2,100 people & <b>more</b> in May.",
    "p3": "Cost.",
}


def to_verify(folder: Any, articles: dict[str, str] | None = None) -> Any:
    """A dataset folder with a corpus, whose scheme answers verdict."""
    to_label(folder, articles, VERDICTS)
    corpus = [{"passage_id": name, "document_id": name, "text": text} for name, text in PASSAGES.items()]
    write_lines(folder / "corpus.jsonl", corpus)
    return folder


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def call(app: Any, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
    """Sends one request to an ASGI application."""
    target, _, query = path.partition("?")
    sent = {"host": HOST, **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
    }
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    # In a thread of its own: the browser of other tests keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(app(scope, receive, send))).result()
    start = messages[0]
    content = b"".join(message.get("body", b"") for message in messages[1:])
    return Reply(start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, content)


class Browser:
    """One browser of one annotator: follows the link, keeps the cookie, sends forms."""

    def __init__(self, site: Site, annotator: str) -> None:
        self.site, self.annotator = site, annotator
        entered = call(site.app, "GET", f"/enter?token={site.guard.tokens[annotator]}")
        self.cookie = entered.headers["set-cookie"].partition(";")[0]
        visit = site.guard.visit(self.cookie.partition("=")[2])
        assert visit is not None
        self.csrf = visit.csrf

    def get(self, path: str = "/", **headers: str) -> Reply:
        return call(self.site.app, "GET", path, {"cookie": self.cookie, **headers})

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Reply:
        form = {"csrf": self.csrf, "turn": self.site.desks.by_name[self.annotator].turn} | fields
        sent = {
            "cookie": self.cookie,
            "origin": f"http://{HOST}",
            "accept": "application/json",
            "content-type": "application/x-www-form-urlencoded",
            **(headers or {}),
        }
        return call(self.site.app, "POST", path, sent, urlencode(form).encode())


class Site(NamedTuple):
    app: Any
    desks: Desks
    guard: Guard

    def browser(self, annotator: str = "ann") -> Browser:
        return Browser(self, annotator)

    def session(self, annotator: str = "ann") -> Session:
        return self.desks.by_name[annotator].session


def begin(opened: Dataset) -> Callable[[LabelLog], Session]:
    evidence = EvidenceDesk(opened) if has_passages(opened) else None
    return lambda log: Session(label_questions(opened, None, ()), log, evidence=evidence)


@contextmanager
def site_of(
    folder: Any, *annotators: str, begin: Callable[[Dataset], Callable[[LabelLog], Session]] = begin
) -> Iterator[Site]:
    with hold_logs(folder, annotators):
        desks = Desks(folder, annotators, "label", begin)
        guard = Guard(annotators, "127.0.0.1", 8000)
        yield Site(make_application(desks, guard), desks, guard)


@pytest.fixture
def site(tmp_path: Any) -> Iterator[Site]:
    """A server for ann and bob."""
    folder = to_label(tmp_path / "d").folder
    with site_of(folder, "ann", "bob") as made:
        yield made


@contextmanager
def served(cwd: Any, *args: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Runs the real command; yields it with the link of each annotator."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "harness", *args],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    ) as process:
        assert process.stdout is not None
        links = {}
        for line in process.stdout:
            words = line.split()
            if len(words) == 2 and words[1].startswith("http"):
                links[words[0]] = words[1]
            if line.startswith(("Only this machine", "Whoever has")):
                break
        try:
            yield process, links
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=20)


@pytest.fixture(scope="module")
def page_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str]]]:
    """The real command on a hostile article, for several annotators."""
    base = tmp_path_factory.mktemp("page")
    folder = to_verify(base / "d", {"a": HOSTILE})
    names = [f"p{number}" for number in range(9)]
    with served(base, "label", "d", "--web", *(part for name in names for part in ("--as", name))) as (_, links):
        yield folder, links


@pytest.fixture
def open_as(chromium: Any, page_site: Any) -> Iterator[Callable[..., Any]]:
    """Opens the page of an annotator; what the page complains of fails the test, unless the test expects it."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_link(annotator: str, *, expects: str = "", **settings: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}} | settings)
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()

        def complain(text: str) -> None:
            if not expects or expects not in text:
                complaints.append(text)

        page.on("console", lambda message: complain(message.text))
        page.on("pageerror", lambda error: complain(str(error)))
        page.goto(page_site[1][annotator])
        return page

    yield open_link
    for context in contexts:
        context.close()
    assert complaints == []
