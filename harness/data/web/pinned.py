"""Connects to addresses that were checked before, whatever the host's name means by then, and ends in time."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore2


class Deadline:
    """The time at which a request ends, whatever is still sent."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return time.monotonic() >= self._end

    def extend(self, seconds: float) -> None:
        """Adds the time of a pause, which is none of the request's."""
        self._end += seconds

    def limit(self, timeout: float | None, error: type[Exception]) -> float:
        """The time limit of the next step: its own, or what is left.

        Raises: an error of the class `error`: nothing is left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise error("no time is left")
        return left if timeout is None else min(timeout, left)


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the first of some addresses that answers; names and certificates stay those of the URL's host.

    Args:
        addresses: the addresses, which were checked. Nothing is resolved here.
        deadline: when everything ends.
    """

    def __init__(self, addresses: Sequence[str], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connects to an address that was checked; `host` is not looked at."""
        error: Exception | None = None
        for address in self._addresses:
            limit = self._deadline.limit(timeout, httpcore2.ConnectTimeout)
            try:
                stream = self._backend.connect_tcp(address, port, limit, local_address, socket_options or ())
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failure:
                error = failure
            else:
                return _TimedStream(stream, self._deadline)
        raise error or httpcore2.ConnectError("the host has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        """Refuses."""
        raise httpcore2.ConnectError("no Unix sockets")


class _TimedStream(httpcore2.NetworkStream):
    """A stream each step of which ends before the deadline, so that a reply in drips ends, too."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.limit(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.limit(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        limit = self._deadline.limit(timeout, httpcore2.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, limit), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
