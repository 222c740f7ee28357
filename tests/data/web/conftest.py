from __future__ import annotations

from collections.abc import Iterator

import pytest
from web_server import WebServer, web_serving


@pytest.fixture(scope="session")
def running() -> Iterator[WebServer]:
    with web_serving() as server:
        yield server


@pytest.fixture
def web(running: WebServer) -> WebServer:
    """A server without pages."""
    for content in (running.routes, running.requests, running.waits):
        content.clear()
    return running
