"""A connection to an endpoint, which is cut in time whatever the endpoint sends or does not send."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer, local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


class Connection:
    """One connection, used by one thread; made again after it was cut or closed.

    The time limits of an HTTP client are for each read, so that an answer whose headers drip never ends.

    Args:
        settings: of the HTTP client.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        import httpx2

        self._http = httpx2.Client(**settings, limits=httpx2.Limits(max_connections=1))
        self._stream: Any = None

    def close(self) -> None:
        """Hangs up, also in the middle of an answer."""
        self._cut()
        self._http.close()

    @contextmanager
    def post(self, url: str, body: bytes, longest_s: float) -> Iterator[httpx2.Response]:
        """Sends a request, whose answer is read in the block; after `longest_s` the connection is cut, which raises.

        Raises: httpx2.HTTPError, httpx2.StreamError: the connection fails.
        """
        watch = Timer(longest_s, self._cut)
        watch.daemon = True
        watch.start()
        try:
            with self._http.stream("POST", url, content=body, extensions={"trace": self._heard}) as answer:
                yield answer
        finally:
            watch.cancel()

    def _heard(self, _: str, said: Mapping[str, Any]) -> None:
        """Notes the connection when it is made, and again when it is encrypted."""
        made = said.get("return_value")
        if hasattr(made, "get_extra_info"):
            self._stream = made

    def _cut(self) -> None:
        found = None if self._stream is None else self._stream.get_extra_info("socket")
        if found is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(found, socket.SHUT_RDWR)  # also of an encrypted one, without its farewell


class ConnectionPool:
    """A line for every thread.

    Args:
        settings: of the HTTP clients.
    Raises: ImportError, ValueError, httpx2.InvalidURL: a proxy that the environment names cannot be used.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._own = local()
        self._all = [Connection(settings)]  # so that what is wrong with them is known at once

    def mine(self) -> Connection:
        """The line of the thread that asks."""
        if not hasattr(self._own, "line"):
            self._own.line = Connection(self._settings)
            self._all.append(self._own.line)
        line: Connection = self._own.line
        return line

    def close(self) -> None:
        """Hangs up all lines; a thread that still waits for an answer gets none."""
        for line in self._all:
            line.close()
