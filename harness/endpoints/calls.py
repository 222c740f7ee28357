"""Requests to an endpoint, the settings they are sent with, and the stored reply."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from harness.display import displayed
from harness.endpoints.prices import Price, Rate, rate_of
from harness.files import fingerprint
from harness.records import Record

BYTES_PER_TOKEN = 3
"""Bytes per token in estimates: fewer than the 4 or so of English prose, so that estimates are rather too high."""
TOKENS_PER_MESSAGE = 16
"""Upper bound of the tokens that a chat template adds to a message."""


class StoredReply(Record):
    """One request with its reply: a line of a cassette, a row of the cache. Never contains the API key."""

    key: str
    """`Request.key` of the request."""
    endpoint: str
    sample: str
    request: dict[str, Any]
    """Body as sent: model, messages, parameters."""
    status: int
    """HTTP status: 200, or the status with which the endpoint rejected the request."""
    reply: str
    """Body as received."""
    at: str
    """Time of arrival; ISO 8601, UTC."""


@displayed
@dataclass(frozen=True)
class Endpoint:
    """The address of an endpoint and how to send requests: the settings of `LanguageModel` of the same names."""

    endpoint: str
    model: str
    api_key_variable: str | None
    api_key_header: str | None
    concurrency: int
    requests_per_minute: int | None
    timeout_s: float
    retries: int
    backoff_s: float
    max_wait_s: float
    max_calls: int | None
    max_total_tokens: int | None
    max_cost: float | None
    price: Price | None
    batch: bool
    batch_wait_s: float
    cassette: str | None
    record: bool

    @property
    def name(self) -> str:
        """The address and the model, for messages."""
        return f"{self.endpoint} (model {self.model})"

    @property
    def host(self) -> str:
        """The host that receives the claims."""
        return urlsplit(self.endpoint).hostname or self.endpoint

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def replayed(self) -> bool:
        """Whether all replies come from the cassette, so that nothing is sent."""
        return self.cassette is not None and not self.record

    def rate(self) -> Rate | None:
        """What the model costs here; None if neither the config nor the list of prices says it."""
        return rate_of(self.endpoint, self.model, self.price)

    def estimate(self, request: Request) -> Estimate:
        """About what a call takes at most."""
        rate = self.rate()
        if rate is None:
            return Estimate(request.token_estimate, None, "", self.batch)
        dollars = rate.most(request.token_estimate - request.answer_bound, request.answer_bound)
        return Estimate(request.token_estimate, dollars, rate.source, self.batch)


class Cap(NamedTuple):
    """The most dollars that calls may cost together."""

    name: str
    """The address and the model, for messages."""
    budget: str
    """The name that dollars are counted under."""
    max_cost: float
    spent: float
    """Dollars that earlier runs spent of it."""


class Estimate(NamedTuple):
    """About what a call takes at most."""

    tokens: int
    dollars: float | None
    """None if the price is not known."""
    prices: str
    """Who says the price; empty if it is not known."""
    in_batch: bool = False
    """Whether it is part of a batch."""
    cap: Cap | None = None
    """The cap that it is paid under; None without one."""


@dataclass(frozen=True)
class Request:
    """One request for a chat completion."""

    url: str
    body: str
    """JSON with sorted keys."""
    sample: str = ""
    """Distinguishes repeated requests with the same body."""

    @classmethod
    def of(cls, url: str, body: dict[str, Any], sample: str = "") -> Self:
        """The request with a body given as a dictionary."""
        return cls(url, json.dumps(body, ensure_ascii=False, sort_keys=True), sample)

    @cached_property
    def key(self) -> str:
        """A hash of everything that the reply depends on."""
        return fingerprint([self.url, self.body, self.sample])

    @cached_property
    def token_estimate(self) -> int:
        """An estimate of the prompt's tokens, plus the most tokens that the answer may have."""
        return self._prompt_bytes // BYTES_PER_TOKEN + self._tokens_besides_prompt

    @cached_property
    def token_bound(self) -> int:
        """An upper bound of the tokens of the call: a token has at least one byte."""
        return self._prompt_bytes + self._tokens_besides_prompt

    @property
    def prompt_bound(self) -> int:
        """An upper bound of the tokens of the prompt."""
        return self.token_bound - self.answer_bound

    @cached_property
    def _prompt_bytes(self) -> int:
        """UTF-8 bytes of the messages and of the response format, which some endpoints count too."""
        body = json.loads(self.body)
        texts = [message["content"] for message in body["messages"]]
        if "response_format" in body:
            texts.append(json.dumps(body["response_format"]))
        return sum(len(text.encode("utf-8")) for text in texts)

    @cached_property
    def answer_bound(self) -> int:
        """The most tokens that the answer may have; 0 if the request does not say it."""
        body = json.loads(self.body)
        limits = [body.get(name) for name in ("max_tokens", "max_completion_tokens")]
        return max((limit for limit in limits if isinstance(limit, int)), default=0)

    @cached_property
    def _tokens_besides_prompt(self) -> int:
        return self.answer_bound + TOKENS_PER_MESSAGE * len(json.loads(self.body)["messages"])
