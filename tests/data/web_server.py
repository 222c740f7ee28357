"""A web server on this machine, and a client that may connect to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

from harness.data.web.addresses import why_not_public
from harness.data.web.client import Limits, WebClient

Route = Callable[[BaseHTTPRequestHandler], None]
PAGE = (
    "<!doctype html><html lang='en'><head><title>{title}</title></head><body><article><h1>{title}</h1>"
    "<p>The ferry to the island ran 412 times in 2023, the company said. It carried 90,000 people.</p>"
    "<p>The council paid 3 million for the new pier. Nobody was hurt during the work.</p></article></body></html>"
)


@dataclass
class WebServer:
    """Answers by path, and records what it is asked."""

    port: int
    routes: dict[str, Route] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def url(self, path: str, host: str = "news.test") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests if path != "/robots.txt"]

    def page(self, path: str, body: bytes | str, *, status: int = 200, **headers: str) -> str:
        """Adds a page; returns its URL."""
        data = body.encode() if isinstance(body, str) else body
        fields = {"Content-Type": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in (fields | {"Content-Length": str(len(data))}).items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(data)

        self.routes[path] = answer
        return self.url(path)

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        return self.page(path, b"", status=status, Location=target)

    def endless(self, path: str, chunk: bytes, pause_s: float = 0.0, seconds: float = 5.0) -> str:
        """Adds a page that ends only when the client goes, or after some seconds; returns its URL."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.send_header("Content-Type", "text/html")
            request.end_headers()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                request.wfile.write(chunk)
                time.sleep(pause_s)

        self.routes[path] = answer
        return self.url(path)

    def client(self, **settings: Any) -> WebClient:
        """A client that may connect to this machine, and to it alone of what is not public."""
        limits = {"connect_s": 2.0, "read_s": 1.0, "total_s": 3.0} | settings.pop("limits", {})
        arguments = {"resolver": to_this_machine, "refusal": but_this_machine, "any_port": True}
        return WebClient(limits=Limits(**limits), sleep=self.waits.append, **(arguments | settings))


def to_this_machine(host: str) -> list[str]:
    """Every name is this machine; an address is itself."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        return ["127.0.0.1"]


def but_this_machine(address: str) -> str | None:
    return None if address == "127.0.0.1" else why_not_public(address)


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        self.server.web.requests.append((self.path, dict(self.headers.items())))
        route = self.server.web.routes.get(self.path)
        try:
            if route is None:
                self.send_error(404)
            else:
                route(self)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client has enough
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    web: WebServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def web_serving(context: Any = None) -> Iterator[WebServer]:
    """Runs a server; with TLS if a context is given."""
    server = _Quiet(("127.0.0.1", 0), _Handler)
    server.web = WebServer(server.server_address[1])
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
