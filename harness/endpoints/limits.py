"""The caps of calls, tokens and dollars: counted before each call at its most, and corrected by its reply."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from math import ceil, floor, log10

from harness.endpoints.cache import Cache, Usage
from harness.endpoints.calls import Cap, Endpoint, Estimate, Request
from harness.endpoints.completions import TokenCounts, token_counts
from harness.files import fingerprint
from harness.folders import cache_folder

NANO = 1_000_000_000
"""Units in which dollars are counted: whole numbers, whose sums are exact."""


class Limits:
    """The caps of an endpoint, and what is used of them.

    Args:
        endpoint: the endpoint and its settings.
        cache: keeps the counts, which processes share.
        ledger: the name that calls and tokens are counted under.
        budget: the name that dollars are counted under.
    """

    def __init__(self, endpoint: Endpoint, cache: Cache, ledger: str, budget: str) -> None:
        self._endpoint = endpoint
        self._cache = cache
        self._ledger = ledger
        self._budget = budget
        self._rate = endpoint.rate()
        caps = (endpoint.max_calls, endpoint.max_total_tokens)
        self._limit = Usage(*(sys.maxsize if cap is None else cap for cap in caps))

    @cached_property
    def _budget_key(self) -> str:
        """The budget of one generation of replies: who asks for all of them anew starts to pay anew."""
        generation = self._cache.generation(self._endpoint.endpoint, self._endpoint.model)
        return fingerprint([self._budget, self._endpoint.endpoint, self._endpoint.model, generation])

    def _most(self, request: Request) -> int:
        if self._rate is None:
            return 0
        return ceil(NANO * self._rate.most(request.prompt_bound, request.answer_bound))

    def cap(self) -> Cap | None:
        """The cap of dollars with what is spent of it; None without one."""
        if self._endpoint.max_cost is None or self._endpoint.replayed:
            return None
        spent = self._cache.money(self._budget_key) / NANO
        return Cap(self._endpoint.name, self._budget_key, self._endpoint.max_cost, spent)

    def reserve(self, request: Request) -> bool:
        """Counts a request at its most; returns False and counts nothing if a cap does not allow it."""
        if self._rate is not None:
            cap = sys.maxsize if self._endpoint.max_cost is None else int(NANO * self._endpoint.max_cost)
            if not self._cache.reserve_money(self._budget_key, self._most(request), cap):
                return False
        if self._cache.reserve(self._ledger, request.token_bound, self._limit):
            return True
        self._correct_money(-self._most(request))
        return False

    def settle(self, request: Request, status: int, text: str) -> None:
        """Corrects the count of a reserved request by its reply.

        An attempt without a reply is not corrected: the endpoint may have processed and billed it.

        Args:
            request: the request.
            status: HTTP status of the reply.
            text: the reply, which may report its tokens; where it reports none, the request counts in full.
        """
        counts = token_counts(text) if status == 200 else TokenCounts(0, 0)
        if counts is None:
            return
        self._cache.correct_tokens(self._ledger, counts.input + counts.output - request.token_bound)
        if self._rate is not None:
            dollars = self._rate.dollars(counts, datetime.now(UTC))
            self._correct_money(ceil(NANO * dollars) - self._most(request))

    def _correct_money(self, difference: int) -> None:
        if self._rate is not None:
            self._cache.correct_money(self._budget_key, difference)

    def message(self, request: Request) -> str:
        """Which cap does not allow a request, what is used of it, and what to do."""
        name, used = self._endpoint.name, self._cache.usage(self._ledger)
        if used.calls >= self._limit.calls:
            return f"{name}: the max_calls limit ({self._limit.calls:,}) is reached; raise it to continue"
        if used.tokens + request.token_bound > self._limit.tokens:
            return (
                f"{name}: the max_total_tokens limit ({self._limit.tokens:,}) would be exceeded: {used.tokens:,} "
                f"tokens are used, and the next call may use up to {request.token_bound:,}; raise the limit to continue"
            )
        spent = self._cache.money(self._budget_key) / NANO
        return (
            f"{name}: the max_cost limit ({shown_dollars(self._endpoint.max_cost or 0.0)}) would be exceeded: "
            f"{shown_dollars(spent)} are spent, earlier runs of this experiment included, and the next call may cost "
            f"up to {shown_dollars(self._most(request) / NANO)}; raise the limit to continue"
        )


def cap_of(endpoint: Endpoint, budget: str) -> Cap | None:
    """The cap of dollars of an endpoint with what is spent of it; None without one.

    Args:
        endpoint: the endpoint.
        budget: the name that dollars are counted under.
    """
    with Cache(cache_folder()) as cache:
        return Limits(endpoint, cache, budget, budget).cap()


def cap_warnings(calls: Iterable[Estimate]) -> tuple[str, ...]:
    """A warning for each cap of dollars that calls are estimated to exceed.

    Args:
        calls: the calls of a run, each once.
    """
    caps, dollars = dict[str, Cap](), dict[str, float]()
    for call in calls:
        if call.cap is not None:
            key = call.cap.budget
            caps[key] = min(caps.get(key, call.cap), call.cap, key=lambda cap: cap.max_cost)
            dollars[key] = dollars.get(key, 0.0) + (call.dollars or 0.0)
    return tuple(
        f"{cap.name}: max_cost ({shown_dollars(cap.max_cost)}) is below the estimate: the calls may cost up to about "
        f"{shown_dollars(dollars[key])}{_besides(cap.spent)}, and the run ends where the cap is reached; raise "
        f"max_cost to {shown_dollars(dollars[key] + cap.spent)}, or choose fewer claims"
        for key, cap in caps.items()
        if dollars[key] + cap.spent > cap.max_cost
    )


def _besides(spent: float) -> str:
    return f" besides the {shown_dollars(spent)} that are spent" if spent else ""


def shown_dollars(dollars: float) -> str:
    """Dollars for a message: cents, and below a dollar three digits that tell it from nothing."""
    decimals = 2 if dollars >= 1 or not dollars else 2 - floor(log10(dollars))
    return f"${dollars:,.{decimals}f}"
