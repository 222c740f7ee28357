"""Sends calls to an endpoint: retries in this one layer, paced, capped, every reply kept as soon as it is there."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from threading import Condition, Event
from typing import NamedTuple
from urllib.parse import urlsplit

from harness.endpoints.cache import Cache, Usage
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.completions import completion_of, error_summary, tokens_of
from harness.endpoints.connection import ConnectionPool
from harness.errors import HarnessError

RETRYABLE_STATUS = (408, 409, 425, 429)
"""Statuses below 500 after which the same request can succeed."""
REJECTED_STATUS = (400, 413, 422)
"""Statuses that speak of the request itself: its parameters, or a claim that the endpoint will not take."""
MAX_REPLY_BYTES = 4 << 20
LOOK_AGAIN_S = 0.05
"""Until one looks again whether another process has its answer."""
MIN_KEY_LENGTH = 8
"""Shorter ones are placeholders that local servers ask for, not secrets."""


class HttpReply(NamedTuple):
    """An answer of the endpoint."""

    status: int
    text: str
    wait_s: float | None
    """What it asks to be waited, in seconds."""


class FailedAttempt(NamedTuple):
    """An attempt that gave nothing."""

    why: str
    wait_s: float | None = None


class Cancelled(HarnessError):
    """A call that was given up because another one failed."""


def api_key(endpoint: Endpoint) -> str | None:
    """The key in the environment variable that the endpoint names; None where it names none.

    Raises: HarnessError: the variable is not set, or what it holds cannot be a key. The message does not show it.
    """
    variable = key_variable(endpoint)
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise HarnessError(f"{endpoint.name}: the environment variable {variable}, which holds the API key, is not set")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise HarnessError(f"{endpoint.name}: what {variable} holds cannot be an API key; set it again")
    return key


def key_variable(endpoint: Endpoint) -> str | None:
    """The environment variable that holds the key: the one named; else OPENAI_API_KEY, for OpenAI's own host alone."""
    if endpoint.api_key_variable is None and endpoint.host == "api.openai.com":
        return "OPENAI_API_KEY"
    return endpoint.api_key_variable


class Client:
    """Speaks to one endpoint, once.

    Args:
        endpoint: where, and how.
        cache: where replies are kept.
        ledger: names what the caps are counted over.
        seed: of the jitter in waits.
    Raises: HarnessError: the endpoint needs a key that is not there.
    """

    def __init__(self, endpoint: Endpoint, cache: Cache, ledger: str, seed: int) -> None:
        self.endpoint, self.cache, self.ledger, self.seed = endpoint, cache, ledger, seed
        self._key = api_key(endpoint)
        self._stop = Event()
        self._turn = Condition()
        self._next_at = 0.0
        self._flying = 0

    def send_all(self, calls: Sequence[Request]) -> list[StoredReply]:
        """Sends calls, several at once, and keeps each reply as soon as it comes.

        Raises: HarnessError: the first call that fails for good, what the endpoint answered, and what is kept.
        """
        with self._connected() as lines:
            pool = ThreadPoolExecutor(max_workers=max(1, min(self.endpoint.concurrency, len(calls))))
            sent = [pool.submit(self._finish_or_stop, lines, call) for call in calls]
            try:
                wait(sent, return_when=FIRST_EXCEPTION)
            finally:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
        errors = [error for each in sent if not each.cancelled() and (error := each.exception())]
        finished = sum(not each.cancelled() and each.exception() is None for each in sent)
        for error in sorted(errors, key=lambda error: isinstance(error, Cancelled)):
            if not isinstance(error, HarnessError):
                raise error
            goes_on = "came and are kept; the same command goes on from there"
            raise HarnessError(f"{error}. {finished} of {len(calls)} answers {goes_on}")
        return [each.result() for each in sent]

    def _finish_or_stop(self, lines: ConnectionPool, call: Request) -> StoredReply:
        """One call; where it fails for good, the others are given up."""
        try:
            return self._once(lines, call)
        except BaseException:
            self._stop.set()
            raise

    @contextmanager
    def _connected(self) -> Iterator[ConnectionPool]:
        """Lines to the endpoint, hung up at the end.

        Raises: HarnessError: the environment names a proxy or certificates that cannot be used.
        """
        import httpx2

        headers = {"User-Agent": "claim-harness", "Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        here = _is_this_machine(self.endpoint.host)  # proxies are for other machines
        settings = {"headers": headers, "timeout": self.endpoint.timeout_s, "trust_env": not here}
        encrypted = urlsplit(self.endpoint.endpoint).scheme == "https"
        try:
            settings["verify"] = httpx2.create_ssl_context(trust_env=not here) if encrypted else False  # slow to make
            lines = ConnectionPool(settings)
        except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
            remedy = "check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR in the environment"
            raise HarnessError(f"{self.endpoint.name}: no connection can be made ({error}); {remedy}") from None
        try:
            yield lines
        finally:
            lines.close()

    def _once(self, lines: ConnectionPool, call: Request) -> StoredReply:
        """One call, unless another process or thread asks the same: then its answer, so that none is paid for twice."""
        while not self.cache.begin(call.key, self._longest_s):
            if self._stop.wait(LOOK_AGAIN_S):
                raise Cancelled("stopped")
        try:
            return self.cache.find([call.key]).get(call.key) or self._finish(lines, call)
        finally:
            self.cache.end(call.key)

    @property
    def _longest_s(self) -> float:
        """What one attempt can take, with the waits around it."""
        pause_s = 60 * self.endpoint.concurrency / (self.endpoint.requests_per_minute or sys.maxsize)
        return self.endpoint.timeout_s + self.endpoint.max_wait_s + pause_s

    def _finish(self, lines: ConnectionPool, call: Request) -> StoredReply:
        """One call until it is answered or the attempts are used up."""
        attempts = self.endpoint.retries + 1
        chance = random.Random(f"{self.seed}:{call.key}")  # noqa: S311 - waits, not secrets
        trouble = FailedAttempt("")
        for attempt in range(attempts):
            if attempt:
                self._wait(trouble.wait_s, self.endpoint.backoff_s * 2 ** (attempt - 1) * chance.uniform(0.5, 1.5))
            self.cache.go_on(call.key, self._longest_s)
            came = self._attempt(lines, call)
            if isinstance(came, HttpReply):
                return self._kept(call, came)
            trouble = came
        tries = "1 try" if attempts == 1 else f"{attempts} tries"
        raise HarnessError(f"{self.endpoint.name}: no usable answer in {tries}: {trouble.why}")

    def _wait(self, asked_s: float | None, backoff_s: float) -> None:
        """Waits before another attempt; what the endpoint asks for holds for every call."""
        if asked_s is not None and asked_s > self.endpoint.max_wait_s:
            raise HarnessError(
                f"{self.endpoint.name}: asks to wait {asked_s:.0f} s, more than max_wait_s allows "
                f"({self.endpoint.max_wait_s:g}); run the same command again later"
            )
        if asked_s is not None:
            with self._turn:
                self._next_at = max(self._next_at, time.monotonic() + asked_s)
        if self._stop.wait(backoff_s):
            raise Cancelled("stopped")

    def _attempt(self, lines: ConnectionPool, call: Request) -> HttpReply | FailedAttempt:
        self._take_turn()
        self._reserve(call)
        used = call.most_tokens  # what timed out or broke off may have been counted by the endpoint all the same
        try:
            came = self._post(lines, call)
            if isinstance(came, HttpReply):
                used = (tokens_of(came.text) or used) if came.status == 200 else 0
        finally:
            self.cache.record_actual_tokens(self.ledger, used - call.most_tokens)
            with self._turn:
                self._flying -= 1
                self._turn.notify_all()
        return came if isinstance(came, FailedAttempt) else self._judged(came)

    def _take_turn(self) -> None:
        """Waits for the next place that `requests_per_minute` and the endpoint allow."""
        pause = 60 / self.endpoint.requests_per_minute if self.endpoint.requests_per_minute else 0.0
        with self._turn:
            at = max(self._next_at, time.monotonic())
            self._next_at = at + pause
        if self._stop.wait(max(0.0, at - time.monotonic())):
            raise Cancelled("stopped")

    def _reserve(self, call: Request) -> None:
        """Takes the call from the caps; waits for calls in flight, which may take less than was reserved for them.

        Raises: HarnessError: nothing is in flight, and the caps do not allow the call.
        """
        caps = (self.endpoint.max_calls, self.endpoint.max_total_tokens)
        most = Usage(*(sys.maxsize if cap is None else cap for cap in caps))
        with self._turn:
            while not self.cache.reserve(self.ledger, call.most_tokens, most):
                if not self._flying:
                    raise HarnessError(self._over(call, most))
                if self._stop.is_set():
                    raise Cancelled("stopped")
                self._turn.wait(0.2)
            self._flying += 1

    def _over(self, call: Request, most: Usage) -> str:
        spent = self.cache.spent(self.ledger)
        if spent.calls >= most.calls:
            return f"{self.endpoint.name}: max_calls ({most.calls:,}) are made; raise it to go on"
        return (
            f"{self.endpoint.name}: max_total_tokens ({most.tokens:,}) would be passed: {spent.tokens:,} tokens are "
            f"spent, and the next call may take up to {call.most_tokens:,}; raise it to go on"
        )

    def _post(self, lines: ConnectionPool, call: Request) -> HttpReply | FailedAttempt:
        """One request, within the time limit as a whole and up to a size: an endless or dripping answer ends."""
        import httpx2

        longest_s = self.endpoint.timeout_s
        ends, body, size = time.monotonic() + longest_s, [], 0
        url = f"{call.url}/chat/completions"
        try:
            with lines.mine().post(url, call.body.encode("utf-8"), longest_s) as answer:
                for chunk in answer.iter_bytes():
                    body.append(chunk)
                    size += len(chunk)
                    if size > MAX_REPLY_BYTES:
                        return FailedAttempt(f"its answer is larger than {MAX_REPLY_BYTES:,} bytes")
                    if time.monotonic() > ends:
                        return FailedAttempt(f"it did not finish its answer in {longest_s:g} s")
                wait_s = _seconds(answer.headers.get("retry-after"))
        except httpx2.TimeoutException:
            return FailedAttempt(f"it did not answer in {longest_s:g} s")
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            if time.monotonic() >= ends:
                return FailedAttempt(f"it did not finish its answer in {longest_s:g} s")
            return FailedAttempt(self._hidden(f"the connection failed ({error or type(error).__name__})"))
        return HttpReply(answer.status_code, self._hidden(b"".join(body).decode("utf-8", "replace")), wait_s)

    def _hidden(self, text: str) -> str:
        """The text without the key, should the endpoint have repeated it."""
        if self._key is None or len(self._key) < MIN_KEY_LENGTH:
            return text
        written = (rf"(?:\\*{re.escape(mark)}|\\+u(?i:{ord(mark):04x}))" for mark in self._key)  # as JSON may write it
        return re.sub("".join(written), "[api key]", text)

    def _judged(self, came: HttpReply) -> HttpReply | FailedAttempt:
        """Whether an answer is one; what cannot get better by asking again raises.

        Raises: HarnessError: the endpoint refuses: no permission, no such model, a wrong address.
        """
        if came.status == 200:
            is_answer = completion_of(came.text) is not None
            return (
                came
                if is_answer
                else FailedAttempt(f"it answers with what is no chat completion: {error_summary(came.text)}")
            )
        if came.status in REJECTED_STATUS:
            return came
        said = f"it answers {came.status}: {error_summary(came.text)}"
        if came.status in RETRYABLE_STATUS or came.status >= 500:
            return FailedAttempt(said, came.wait_s)
        raise HarnessError(f"{self.endpoint.name}: {said}{_remedy(came.status, self.endpoint)}")

    def _kept(self, call: Request, came: HttpReply) -> StoredReply:
        return self.cache.keep(
            StoredReply(
                key=call.key,
                endpoint=call.url,
                sample=call.sample,
                request=json.loads(call.body),
                status=came.status,
                reply=came.text,
                at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            )
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(retry_after: str | None) -> float | None:
    """What a Retry-After header asks for, in seconds or as a date; None where it cannot be read."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(retry_after)
        return max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _remedy(status: int, endpoint: Endpoint) -> str:
    if status in (401, 403):
        variable = key_variable(endpoint)
        return f"; check the key in {variable}" if variable else "; set api_key_variable if it needs a key"
    if status == 404:
        return "; check endpoint (the base address, such as http://localhost:8000/v1) and model"
    return "; endpoint must be the final address" if 300 <= status < 400 else ""
