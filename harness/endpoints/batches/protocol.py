"""The protocol of batches: uploads, submits, looks up and downloads; repeats what failed for the moment."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple
from uuid import uuid4

from harness.endpoints.api_keys import hide_key
from harness.endpoints.client import MAX_REPLY_BYTES, RETRYABLE_STATUS, Client, parse_retry_after, remedy
from harness.endpoints.completions import error_summary
from harness.endpoints.connection import ConnectionPool
from harness.errors import HarnessError
from harness.text_tables import one_line

TRANSFER_S = 3_600.0
"""Longest time that a file may take; each read and write has the limit `timeout_s`."""
PAGE_SIZE = 100
"""Batches in one reply to the question for all of them."""
MAX_PAGES = 1_000
MAX_ERRORS = 5
"""Errors of a batch that a message quotes."""
UNKNOWN_STATUS = (404, 405, 501)
"""Statuses of what an endpoint does not have."""


class Refused(HarnessError):
    """The endpoint refuses a call, and repeating it would not help."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_unknown(self) -> bool:
        """Whether the endpoint does not have what was asked for."""
        return self.status in UNKNOWN_STATUS


def explained(error: HarnessError) -> HarnessError:
    """An error of an upload or a submission, with what to do if the endpoint has no batches."""
    if isinstance(error, Refused) and error.is_unknown:
        return HarnessError(f"{error}; the endpoint knows no batches: remove batch: true, and single calls are sent")
    return error


class RemoteBatch(NamedTuple):
    """A batch as the endpoint describes it."""

    id: str
    status: str
    """validating, in_progress, finalizing, cancelling; at the end completed, failed, expired or cancelled."""
    input_file: str | None
    result_files: tuple[str, ...]
    """Ids of the files with the replies and with the errors, in this order; those that there are."""
    completed: int
    failed: int
    total: int
    errors: str
    """Why it failed."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing further will come."""
        return self.status in ("completed", "failed", "expired", "cancelled")

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        status = self.status.replace("_", " ")
        return f"{status}, {self.completed:,} of {self.total:,} answered, {self.failed:,} failed"


class BatchProtocol:
    """Calls about files and batches, to the endpoint of a client.

    Args:
        client: the client, whose key and settings are used.
        connections: its connections.
    """

    def __init__(self, client: Client, connections: ConnectionPool) -> None:
        self._client = client
        self.endpoint = client.endpoint
        self._connections = connections

    def upload(self, requests: IO[bytes]) -> str:
        """Uploads a file of requests; returns its id."""
        boundary = uuid4().hex

        def content() -> dict[str, Any]:
            requests.seek(0)
            return {
                "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
                "data": {"purpose": "batch"},
                "files": {"file": ("requests.jsonl", requests, "application/jsonl")},
            }

        return _id_of(self._json("POST", "/files", content, time_limit_s=TRANSFER_S), "file")

    def submit(self, file: str) -> RemoteBatch:
        """Submits a batch with an uploaded file; after a failure, first looks whether it was submitted all the same."""
        body = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}

        def content() -> dict[str, Any]:
            return {"content": json.dumps(body).encode()}

        def look() -> dict[str, Any] | None:
            try:
                return self._find(file)
            except Refused as error:
                raise HarnessError(f"{error}; whether the batch was submitted is unknown") from None

        return _batch_of(self._json("POST", "/batches", content, otherwise=look))

    def find(self, file: str) -> RemoteBatch | None:
        """The batch that was submitted with an uploaded file; None if there is none.

        Raises: Refused: the endpoint does not list its batches.
        """
        document = self._find(file)
        return None if document is None else _batch_of(document)

    def _find(self, file: str) -> dict[str, Any] | None:
        after = ""
        for _ in range(MAX_PAGES):
            page = self._json("GET", f"/batches?limit={PAGE_SIZE}{after}")
            entries = [entry for entry in page.get("data") or () if isinstance(entry, dict)]
            for entry in entries:
                if entry.get("input_file_id") == file:
                    return entry
            if not page.get("has_more") or not entries:
                return None
            after = f"&after={_id_of(entries[-1], 'batch')}"
        return None

    def look_up(self, batch_id: str) -> RemoteBatch:
        """The present state of a batch."""
        return _batch_of(self._json("GET", f"/batches/{batch_id}"))

    def download(self, file: str, target: IO[bytes], max_bytes: int) -> None:
        """Writes a file of the endpoint into an empty one."""

        def begin() -> dict[str, Any]:
            target.seek(0)
            target.truncate()
            return {}

        self._call("GET", f"/files/{file}/content", begin, target=target, max_bytes=max_bytes, time_limit_s=TRANSFER_S)
        target.seek(0)

    def _json(self, method: str, path: str, content: Callable[[], dict[str, Any]] = dict, **how: Any) -> dict[str, Any]:
        outcome = self._call(method, path, content, **how)
        if isinstance(outcome, dict):
            return outcome
        try:
            document = json.loads(outcome)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise HarnessError(f"{self.endpoint.name}: {path} answers something else than JSON: {_quoted(outcome)}")
        return document

    def _call(
        self,
        method: str,
        path: str,
        content: Callable[[], dict[str, Any]],
        *,
        otherwise: Callable[[], dict[str, Any] | None] = lambda: None,
        target: IO[bytes] | None = None,
        max_bytes: int = MAX_REPLY_BYTES,
        time_limit_s: float | None = None,
    ) -> str | dict[str, Any]:
        """The text of the reply, which for a file goes into `target`; `otherwise` may have the result before a retry.

        Raises: Refused: the endpoint refuses the call. HarnessError: it failed in all attempts.
        """
        failure = ""
        for attempt in range(self.endpoint.retries + 1):
            if attempt:
                result = otherwise()
                if result is not None:
                    return result
            wait_s: float | None = None
            try:
                status, text, wait_s = self._attempt(method, path, content(), target, (max_bytes, time_limit_s))
            except _Failed as error:
                failure = str(error)
            else:
                if status == 200 or status == 201:
                    return text
                failure = f"status {status}: {error_summary(text)}"
                if status not in RETRYABLE_STATUS and (status < 500 or status in UNKNOWN_STATUS):
                    known = "" if status in UNKNOWN_STATUS else remedy(status, self.endpoint)
                    raise Refused(f"{self.endpoint.name}: {path.partition('?')[0]}: {failure}{known}", status)
            if attempt < self.endpoint.retries:
                self._pause(wait_s, attempt)
        raise HarnessError(
            f"{self.endpoint.name}: {path.partition('?')[0]}: no usable reply in {self.endpoint.retries + 1} "
            f"attempts: {failure}; run the same command again to continue"
        )

    def _pause(self, requested_s: float | None, attempt: int) -> None:
        longest = self.endpoint.max_wait_s
        if requested_s is not None and requested_s > longest:
            raise HarnessError(
                f"{self.endpoint.name}: the endpoint asks for a wait of {requested_s:.0f} s, more than max_wait_s "
                f"({longest:g}); run the same command again later"
            )
        time.sleep(max(requested_s or 0.0, min(longest, self.endpoint.backoff_s * 2**attempt)))

    def _attempt(
        self,
        method: str,
        path: str,
        content: dict[str, Any],
        target: IO[bytes] | None,
        limits: tuple[int, float | None],
    ) -> tuple[int, str, float | None]:
        import httpx2

        max_bytes, time_limit_s = limits
        limit_s = time_limit_s or self.endpoint.timeout_s
        text = b""
        size = 0
        try:
            connection = self._connections.for_this_thread()
            with connection.send(method, self._address(path), limit_s, **content) as reply:
                for chunk in reply.iter_bytes():
                    size += len(chunk)
                    if size > max_bytes:
                        raise _Failed(f"the reply is larger than {max_bytes:,} bytes")
                    if target is not None and reply.status_code == 200:
                        target.write(chunk)
                    else:
                        text += chunk
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            reason = hide_key(str(error) or type(error).__name__, self._client.key)
            raise _Failed(f"the connection failed ({reason})") from None
        wait_s = parse_retry_after(reply.headers.get("retry-after"))
        return reply.status_code, hide_key(text.decode("utf-8", "replace"), self._client.key), wait_s

    def _address(self, path: str) -> str:
        base, _, query = self.endpoint.endpoint.partition("?")
        mark = "&" if "?" in path else "?"
        return f"{base}{path}{mark}{query}" if query else f"{base}{path}"


class _Failed(Exception):
    """An attempt without a whole reply."""


def _id_of(document: dict[str, Any], kind: str) -> str:
    """The id in a description; it becomes part of an address.

    Raises: HarnessError: there is none that could be one.
    """
    value = document.get("id")
    if not isinstance(value, str) or not re.fullmatch(r"[\w.:~-]{1,200}", value, re.ASCII):
        raise HarnessError(f"the endpoint describes a {kind} without an id: {_quoted(json.dumps(document))}")
    return value


def _quoted(text: str) -> str:
    return one_line(text, 200)


def _batch_of(document: dict[str, Any]) -> RemoteBatch:
    counts = document.get("request_counts")
    numbers = counts if isinstance(counts, dict) else {}
    files = [document.get(name) for name in ("output_file_id", "error_file_id")]
    return RemoteBatch(
        id=_id_of(document, "batch"),
        status=one_line(str(document.get("status")).lower(), 40),
        input_file=document.get("input_file_id"),
        result_files=tuple(_id_of({"id": file}, "file") for file in files if file),
        completed=_number(numbers.get("completed")),
        failed=_number(numbers.get("failed")),
        total=_number(numbers.get("total")),
        errors="; ".join(_errors(document.get("errors"))),
    )


def _number(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _errors(errors: Any) -> Iterator[str]:
    """The errors of a batch that failed, in words, each kind once."""
    entries = errors.get("data") if isinstance(errors, dict) else errors
    entries = entries if isinstance(entries, list) else [entries] if entries else []
    texts: dict[str, Any] = {}
    for entry in entries:
        is_error = isinstance(entry, dict)
        texts.setdefault(str(entry.get("message") or entry.get("code")) if is_error else str(entry), entry)
    for text, entry in [*texts.items()][:MAX_ERRORS]:
        line = entry.get("line") if isinstance(entry, dict) else None
        yield (f"line {line}: " if type(line) is int else "") + error_summary(text)
    if len(entries) > min(len(texts), MAX_ERRORS):
        yield f"and {len(entries) - min(len(texts), MAX_ERRORS):,} more"
