"""Connections to an endpoint that end in time, whatever the endpoint sends."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer, local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


class Connection:
    """One connection, used by one thread; it reconnects after it was cut or closed.

    The timeouts of an HTTP client apply to each read, so that a reply whose headers arrive byte by byte never ends.
    A timer therefore cuts the socket.

    Args:
        settings: keyword arguments of the HTTP client.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        import httpx2

        self._http = httpx2.Client(**settings, limits=httpx2.Limits(max_connections=1))
        self._stream: Any = None

    def close(self) -> None:
        """Closes the connection, also in the middle of a reply."""
        self._cut()
        self._http.close()

    @contextmanager
    def post(self, url: str, body: bytes, time_limit_s: float) -> Iterator[httpx2.Response]:
        """Sends a request and yields its reply, unread; cuts the connection after `time_limit_s`, which raises.

        Raises: httpx2.HTTPError, httpx2.StreamError: the connection fails.
        """
        with self.send("POST", url, time_limit_s, content=body) as reply:
            yield reply

    @contextmanager
    def send(self, method: str, url: str, time_limit_s: float, **content: Any) -> Iterator[httpx2.Response]:
        """The same with any method and content, as the HTTP client takes them."""
        timer = Timer(time_limit_s, self._cut)
        timer.daemon = True
        timer.start()
        try:
            with self._http.stream(method, url, extensions={"trace": self._save_stream}, **content) as reply:
                yield reply
        finally:
            timer.cancel()

    def _save_stream(self, _: str, event: Mapping[str, Any]) -> None:
        """Saves the network stream that a trace event returns: once connected, and again once encrypted.

        Trace events are the client's only public way to its socket.
        """
        stream = event.get("return_value")
        if hasattr(stream, "get_extra_info"):
            self._stream = stream

    def _cut(self) -> None:
        network_socket = None if self._stream is None else self._stream.get_extra_info("socket")
        if network_socket is not None:
            with suppress(OSError):  # it is closed already
                # Not `SSLSocket.shutdown`, which discards the TLS state that the reading thread still uses.
                socket.socket.shutdown(network_socket, socket.SHUT_RDWR)


class ConnectionPool:
    """One connection per thread.

    Args:
        settings: keyword arguments of the HTTP clients.
    Raises: ImportError, ValueError, httpx2.InvalidURL: a proxy that the environment names cannot be used.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._thread = local()
        self._connections = [Connection(settings)]  # raises at once if the settings cannot be used

    def for_this_thread(self) -> Connection:
        """The connection of the calling thread."""
        if not hasattr(self._thread, "connection"):
            self._thread.connection = Connection(self._settings)
            self._connections.append(self._thread.connection)
        connection: Connection = self._thread.connection
        return connection

    def close(self) -> None:
        """Closes all connections; a thread that still waits for a reply gets an error."""
        for connection in self._connections:
            connection.close()
