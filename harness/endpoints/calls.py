"""What is sent to an endpoint, and what is kept of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from urllib.parse import urlsplit

from harness.files import fingerprint
from harness.records import Record

BYTES_PER_TOKEN = 3
"""For estimates: below the 4 or so of English prose, so that an estimate is rather too high."""
TOKENS_PER_MESSAGE = 16
"""What chat templates put around a message, at most."""


class StoredReply(Record):
    """One exchange: a line of a cassette, a row of the cache. Carries no key."""

    key: str
    """`Request.key` of what was asked."""
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
    """Where calls go, and how they are made; the settings of `LanguageModel` of the same names."""

    endpoint: str
    model: str
    api_key_variable: str | None
    concurrency: int
    requests_per_minute: int | None
    timeout_s: float
    retries: int
    backoff_s: float
    max_wait_s: float
    max_calls: int | None
    max_total_tokens: int | None
    cassette: str | None
    record: bool

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.endpoint} (model {self.model})"

    @property
    def host(self) -> str:
        """For messages and for whom to contact."""
        return urlsplit(self.endpoint).hostname or self.endpoint

    @property
    def replayed(self) -> bool:
        """Whether the cassette alone answers."""
        return self.cassette is not None and not self.record


@dataclass(frozen=True)
class Request:
    """One request for a chat completion."""

    url: str
    body: str
    """The request's body, JSON with sorted keys."""
    sample: str = ""
    """Tells repeated requests for the same body apart."""

    @classmethod
    def of(cls, url: str, request: dict[str, Any], sample: str = "") -> Self:
        """The call of a request."""
        return cls(url, json.dumps(request, ensure_ascii=False, sort_keys=True), sample)

    @cached_property
    def key(self) -> str:
        """Names the call by everything that its reply depends on."""
        return fingerprint([self.url, self.body, self.sample])

    @cached_property
    def tokens(self) -> int:
        """An estimate of the tokens of the prompt, and the most that the answer may have."""
        return self._prompt_bytes // BYTES_PER_TOKEN + self._beside_the_prompt

    @cached_property
    def most_tokens(self) -> int:
        """More tokens than the call can take: no token is shorter than a byte."""
        return self._prompt_bytes + self._beside_the_prompt

    @cached_property
    def _prompt_bytes(self) -> int:
        """Of the messages, and of the answer's form, which some endpoints count too."""
        request = json.loads(self.body)
        texts = [message["content"] for message in request["messages"]]
        texts += [json.dumps(request["response_format"])] if "response_format" in request else []
        return sum(len(text.encode("utf-8")) for text in texts)

    @cached_property
    def _beside_the_prompt(self) -> int:
        request = json.loads(self.body)
        answer = request.get("max_tokens") or request.get("max_completion_tokens") or 0
        return int(answer) + TOKENS_PER_MESSAGE * len(request["messages"])
