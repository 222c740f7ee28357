"""Rows of the files of batches: requests as lines, in parts that a batch may have, and what a row of a result says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from harness.endpoints.calls import Request
from harness.endpoints.client import FailedAttempt, HttpReply

MAX_REQUESTS = 50_000
"""Most requests in one batch."""
MAX_BYTES = 200_000_000
"""Most bytes in the file of one batch."""


def line_of(request: Request) -> bytes:
    """The line of a request in the file of a batch."""
    # Some servers split lines at every character that Unicode calls a line end.
    body = request.body.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
    start = f'{{"custom_id": "{request.key}", "method": "POST", "url": "/v1/chat/completions", "body": '
    return f"{start}{body}}}\n".encode()


def parts_of(requests: Sequence[Request]) -> Iterator[list[Request]]:
    """The requests in parts that a batch may have."""
    part: list[Request] = []
    size = 0
    for request in requests:
        length = len(line_of(request))
        if part and (len(part) == MAX_REQUESTS or size + length > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(request)
        size += length
    if part:
        yield part


def row_of(line: str) -> dict[str, Any]:
    """A line of a result file; empty if it is no JSON object."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def outcome_of(row: dict[str, Any]) -> HttpReply | FailedAttempt:
    """The reply in a row, or the error in its place."""
    response = row.get("response")
    if isinstance(response, dict) and type(response.get("status_code")) is int:
        body = response.get("body")
        return HttpReply(response["status_code"], body if isinstance(body, str) else json.dumps(body), None)
    error = row.get("error")
    words = [str(error[name]) for name in ("code", "message") if error.get(name)] if isinstance(error, dict) else []
    return FailedAttempt(repr(": ".join(words)[:300]) if words else "a row without a reply")
