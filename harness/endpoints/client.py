"""Sends requests to an endpoint: the only layer that retries, paces, and enforces caps; saves each reply at once."""

from __future__ import annotations

import datetime
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from threading import Condition, Event
from typing import NamedTuple
from urllib.parse import urlsplit

from harness.endpoints.api_keys import api_key, hide_key, key_variable
from harness.endpoints.cache import Cache
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.completions import error_summary, first_choice
from harness.endpoints.connection import ConnectionPool
from harness.endpoints.limits import Limits
from harness.endpoints.refusals import refused_parameters
from harness.errors import EndsRun, HarnessError

RETRYABLE_STATUS = (408, 409, 425, 429)
"""Statuses below 500 after which the same request can succeed."""
REJECTED_STATUS = (400, 413, 422)
"""Statuses that reject the request itself: its parameters, or the claim in it. They are stored as replies."""
REFUSING_STATUS = (200, 403, 404, 405, 406, 500, 501)
"""Statuses that reject the request if their reply names a parameter of it."""
DENIED_STATUS = (403, 501)
"""Statuses of endpoints that deny a part of a request, perhaps without naming it."""
MAX_REPLY_BYTES = 4 << 20
POLL_INTERVAL_S = 0.05
"""Time between checks whether another process has received the same reply."""


class HttpReply(NamedTuple):
    """A reply of the endpoint."""

    status: int
    text: str
    wait_s: float | None
    """Seconds to wait before the next request, if the endpoint asks for a wait."""


class FailedAttempt(NamedTuple):
    """An attempt without a usable reply, which may be repeated."""

    reason: str
    wait_s: float | None = None
    """Seconds to wait before the next request, if the endpoint asks for a wait."""


class LimitReached(EndsRun):
    """A limit of calls, tokens or dollars that the user set is reached."""


class Denied(HarnessError):
    """A reply that denies a request without saying what of it: no permission, or not implemented."""


class Cancelled(HarnessError):
    """A request that was cancelled because another one failed."""


class Client:
    """Sends one batch of requests to one endpoint.

    Args:
        endpoint: the endpoint and its settings.
        cache: receives the replies.
        ledger: the name that usage is counted under.
        seed: random seed of the jitter in waits.
        budget: the name that dollars are counted under; None: as `ledger`.
    Raises: HarnessError: the endpoint needs a key that is not set.
    """

    def __init__(self, endpoint: Endpoint, cache: Cache, ledger: str, seed: int, budget: str | None = None) -> None:
        self.endpoint = endpoint
        self.cache = cache
        self.seed = seed
        self.limits = Limits(endpoint, cache, ledger, budget or ledger)
        self.key = api_key(endpoint)
        self._stop = Event()
        self._schedule = Condition()
        """Guards the two fields below; notified when a request is no longer in flight."""
        self._next_start = 0.0
        """Time (`time.monotonic`) before which no further request may start."""
        self._n_in_flight = 0

    def send_all(
        self, requests: Sequence[Request], n_first: int = 0, check_first: Callable[[], None] = lambda: None
    ) -> list[StoredReply]:
        """Sends requests, several at once, and saves each reply as soon as it arrives.

        Args:
            requests: the requests.
            n_first: the number of requests to wait for before the others are sent.
            check_first: called once their replies are saved; what it raises ends the call.
        Raises: HarnessError: the first request that failed for good, the endpoint's reply, and how many replies are
            saved.
        """
        with self.connected() as connections:
            executor = ThreadPoolExecutor(max_workers=max(1, min(self.endpoint.concurrency, len(requests))))
            futures: list[Future[StoredReply]] = []
            try:
                for start, end in ((0, n_first), (n_first, len(requests))):
                    part = requests[start:end]
                    futures += [executor.submit(self._send_or_stop, connections, request) for request in part]
                    wait(futures, return_when=FIRST_EXCEPTION)
                    if self._stop.is_set():
                        break
                    if start == 0:
                        check_first()
            finally:
                # Also on Ctrl-C: threads that wait or retry would otherwise keep the process alive.
                self._stop.set()
                executor.shutdown(wait=True, cancel_futures=True)
        self._raise_first_error(futures, len(requests))
        return [future.result() for future in futures]

    def _raise_first_error(self, futures: Sequence[Future[StoredReply]], n_requests: int) -> None:
        ended = [future for future in futures if not future.cancelled()]
        errors = [error for future in ended if (error := future.exception())]
        if not errors:
            return
        # Prefer the cause to the requests that were cancelled because of it.
        error = min(errors, key=lambda error: isinstance(error, Cancelled))
        if not isinstance(error, HarnessError):
            raise error
        kind = type(error) if isinstance(error, EndsRun | Denied) else HarnessError
        raise kind(
            f"{error}. {len(ended) - len(errors)} of {n_requests} replies arrived and are saved; run the same "
            "command again to continue"
        )

    def _send_or_stop(self, connections: ConnectionPool, request: Request) -> StoredReply:
        """Sends one request; if it fails for good, stops the others."""
        try:
            return self._send_once(connections, request)
        except BaseException:
            self._stop.set()
            raise

    @contextmanager
    def connected(self) -> Iterator[ConnectionPool]:
        """Connections to the endpoint, closed at the end.

        Raises: HarnessError: the environment names a proxy or certificates that cannot be used.
        """
        import httpx2

        headers = {"User-Agent": "claim-harness", "Content-Type": "application/json"}
        if self.key and self.endpoint.api_key_header:
            headers[self.endpoint.api_key_header] = self.key
        elif self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        # Proxies and certificates from the environment are for other machines. Loading certificates takes long, so
        # they are loaded once for all threads, and only for https.
        trust_env = not self.endpoint.is_local
        settings = {"headers": headers, "timeout": self.endpoint.timeout_s, "trust_env": trust_env}
        is_encrypted = urlsplit(self.endpoint.endpoint).scheme == "https"
        try:
            settings["verify"] = httpx2.create_ssl_context(trust_env=trust_env) if is_encrypted else False
            connections = ConnectionPool(settings)
        except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
            remedy = "check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR in the environment"
            raise HarnessError(f"{self.endpoint.name}: cannot connect ({error}); {remedy}") from None
        try:
            yield connections
        finally:
            connections.close()

    def _send_once(self, connections: ConnectionPool, request: Request) -> StoredReply:
        """Sends one request, or waits for the reply if another thread or process is sending the same request."""
        while not self.cache.acquire(request.key, self._lease_s):
            if self._stop.wait(POLL_INTERVAL_S):
                raise Cancelled("stopped")
        try:
            # Look only now: the previous holder of the request may have saved its reply.
            return self.cache.find([request.key]).get(request.key) or self._send_with_retries(connections, request)
        finally:
            self.cache.release(request.key)

    @property
    def _lease_s(self) -> float:
        """The longest time that one attempt can take, with the waits around it."""
        pacing_s = 60 * self.endpoint.concurrency / (self.endpoint.requests_per_minute or sys.maxsize)
        return self.endpoint.timeout_s + self.endpoint.max_wait_s + pacing_s

    def _send_with_retries(self, connections: ConnectionPool, request: Request) -> StoredReply:
        n_attempts = self.endpoint.retries + 1
        jitter = random.Random(f"{self.seed}:{request.key}")  # noqa: S311 - waits, not secrets
        failure = FailedAttempt("")
        for attempt in range(n_attempts):
            if attempt:
                # Waits double from attempt to attempt. The jitter spreads the retries of parallel requests.
                backoff_s = self.endpoint.backoff_s * 2 ** (attempt - 1) * jitter.uniform(0.5, 1.5)
                self._wait(failure.wait_s, backoff_s)
            self.cache.extend(request.key, self._lease_s)
            outcome = self._attempt(connections, request)
            if isinstance(outcome, HttpReply):
                return self.save(request, outcome)
            failure = outcome
        attempts = "1 attempt" if n_attempts == 1 else f"{n_attempts} attempts"
        raise HarnessError(f"{self.endpoint.name}: no usable reply in {attempts}: {failure.reason}")

    def _wait(self, requested_s: float | None, backoff_s: float) -> None:
        """Waits before another attempt; a wait that the endpoint asks for delays every request."""
        if requested_s is not None and requested_s > self.endpoint.max_wait_s:
            raise HarnessError(
                f"{self.endpoint.name}: the endpoint asks for a wait of {requested_s:.0f} s, more than max_wait_s "
                f"({self.endpoint.max_wait_s:g}); run the same command again later"
            )
        if requested_s is not None:
            with self._schedule:
                self._next_start = max(self._next_start, time.monotonic() + requested_s)
        if self._stop.wait(backoff_s):
            raise Cancelled("stopped")

    def _attempt(self, connections: ConnectionPool, request: Request) -> HttpReply | FailedAttempt:
        self._wait_for_slot()
        self._reserve(request)
        try:
            outcome = self._post(connections, request)
            if isinstance(outcome, HttpReply):
                self.limits.settle(request, outcome.status, outcome.text)
        finally:
            with self._schedule:
                self._n_in_flight -= 1
                self._schedule.notify_all()
        return outcome if isinstance(outcome, FailedAttempt) else self.check(request, outcome)

    def _wait_for_slot(self) -> None:
        """Waits for the next start time that `requests_per_minute` and the endpoint allow."""
        interval_s = 60 / self.endpoint.requests_per_minute if self.endpoint.requests_per_minute else 0.0
        # Each thread books its start time under the lock and sleeps outside of it, so that starts stay evenly spaced.
        with self._schedule:
            start = max(self._next_start, time.monotonic())
            self._next_start = start + interval_s
        if self._stop.wait(max(0.0, start - time.monotonic())):
            raise Cancelled("stopped")

    def _reserve(self, request: Request) -> None:
        """Counts the request towards the caps, at its upper bound; waits while requests in flight may free some.

        Raises: LimitReached: nothing is in flight, and the caps do not allow the request.
        """
        with self._schedule:
            while not self.limits.reserve(request):
                if not self._n_in_flight:
                    raise LimitReached(self.limits.message(request))
                if self._stop.is_set():
                    raise Cancelled("stopped")
                self._schedule.wait(0.2)
            self._n_in_flight += 1

    def _post(self, connections: ConnectionPool, request: Request) -> HttpReply | FailedAttempt:
        """Sends one request; a reply that takes too long or is too large is a failed attempt."""
        import httpx2

        limit_s = self.endpoint.timeout_s
        deadline = time.monotonic() + limit_s
        base, mark, query = request.url.partition("?")
        url = f"{base}/chat/completions{mark}{query}"
        chunks = []
        size = 0
        try:
            with connections.for_this_thread().post(url, request.body.encode("utf-8"), limit_s) as reply:
                for chunk in reply.iter_bytes():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > MAX_REPLY_BYTES:
                        return FailedAttempt(f"the reply is larger than {MAX_REPLY_BYTES:,} bytes")
                    if time.monotonic() > deadline:
                        return FailedAttempt(f"the reply was not complete within {limit_s:g} s")
                wait_s = parse_retry_after(reply.headers.get("retry-after"))
        except httpx2.TimeoutException:
            return FailedAttempt(f"no reply within {limit_s:g} s")
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            # The timer of `Connection.post` cuts the socket, which looks like a broken connection.
            if time.monotonic() >= deadline:
                return FailedAttempt(f"the reply was not complete within {limit_s:g} s")
            return FailedAttempt(hide_key(f"the connection failed ({error or type(error).__name__})", self.key))
        text = b"".join(chunks).decode("utf-8", "replace").removeprefix("\ufeff")
        return HttpReply(reply.status_code, hide_key(text, self.key), wait_s)

    def check(self, request: Request, reply: HttpReply) -> HttpReply | FailedAttempt:
        """The reply if it is a chat completion or a rejection; else a failed attempt.

        Raises: HarnessError: a retry cannot help: no permission, no such model, a wrong address.
        """
        if reply.status == 200 and first_choice(reply.text) is not None:
            return reply
        # Some endpoints refuse a parameter with a status that else means no permission, no such model, a failure, or
        # even success.
        names_parameter = reply.status in REFUSING_STATUS and refused_parameters(reply.text, json.loads(request.body))
        if reply.status in REJECTED_STATUS or names_parameter:
            return reply
        if reply.status == 200:
            return FailedAttempt(f"the reply is not a chat completion: {error_summary(reply.text)}")
        message = f"status {reply.status}: {error_summary(reply.text)}"
        if reply.status in RETRYABLE_STATUS or (reply.status >= 500 and reply.status not in DENIED_STATUS):
            return FailedAttempt(message, reply.wait_s)
        kind = Denied if reply.status in DENIED_STATUS else HarnessError
        raise kind(f"{self.endpoint.name}: {message}{remedy(reply.status, self.endpoint)}")

    def save(self, request: Request, reply: HttpReply) -> StoredReply:
        """Saves a reply that `check` let pass."""
        return self.cache.save(
            StoredReply(
                key=request.key,
                endpoint=request.url,
                sample=request.sample,
                request=json.loads(request.body),
                status=reply.status,
                reply=reply.text,
                at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            )
        )


def parse_retry_after(header: str | None) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or a date; None if it cannot be parsed."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(header)
        return max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def remedy(status: int, endpoint: Endpoint) -> str:
    """What to do about a status that no retry can help, after a semicolon; empty: nothing is known."""
    if status in (401, 403):
        variable = key_variable(endpoint)
        return f"; check the key in {variable}" if variable else "; set api_key_variable if the endpoint needs a key"
    if status == 404:
        return "; check endpoint (the base address, such as http://localhost:8000/v1) and model"
    if 300 <= status < 400:
        # Redirects are not followed: the key would go to an address that the user did not name.
        return "; set endpoint to the final address, without redirects"
    return ""
