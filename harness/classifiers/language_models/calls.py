"""What is sent to an endpoint, and what is kept of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.files import fingerprint
from harness.records import Record

BYTES_PER_TOKEN = 3
"""For estimates: below the 4 or so of English prose, so that an estimate is rather too high."""
TOKENS_PER_MESSAGE = 8


class Kept(Record):
    """One exchange: a line of a cassette, a row of the cache. Carries no key."""

    key: str
    """`Call.key` of what was asked."""
    endpoint: str
    sample: str
    request: dict[str, Any]
    """The body as sent: model, messages, parameters."""
    status: int
    """HTTP status: 200, or what the endpoint said of a request that it would not take."""
    reply: str
    """The body as it came."""
    at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True)
class Endpoint:
    """Where calls go, and how they are made."""

    url: str
    """The base address, such as http://localhost:8000/v1."""
    model: str
    key_variable: str | None
    concurrency: int
    requests_per_minute: int | None
    timeout_s: float
    retries: int
    backoff_s: float
    longest_wait_s: float
    most_tokens: int | None
    cassette: str | None
    record: bool

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.url} (model {self.model})"


@dataclass(frozen=True)
class Call:
    """One request for a chat completion."""

    url: str
    body: str
    """The request's body, JSON with sorted keys."""
    sample: str = ""
    """Tells repeated requests for the same body apart."""

    @cached_property
    def key(self) -> str:
        """Names the call by everything that its reply depends on."""
        return fingerprint([self.url, self.body, self.sample])

    @cached_property
    def tokens(self) -> int:
        """An estimate of the tokens of the prompt, and the most that the answer may have."""
        request = json.loads(self.body)
        messages = request["messages"]
        prompt = sum(len(message["content"].encode("utf-8")) // BYTES_PER_TOKEN + 1 for message in messages)
        answer = request.get("max_tokens") or request.get("max_completion_tokens") or 0
        return int(prompt + TOKENS_PER_MESSAGE * len(messages) + answer)


def call_of(endpoint: str, request: dict[str, Any], sample: str = "") -> Call:
    """The call of a request."""
    return Call(endpoint, json.dumps(request, ensure_ascii=False, sort_keys=True), sample)
