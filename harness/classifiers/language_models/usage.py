"""What calls of a language model took: tokens by their kind, and dollars."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from harness.classifiers.base import ApiUsage
from harness.endpoints.calls import Endpoint, StoredReply
from harness.endpoints.completions import TokenCounts, token_counts
from harness.endpoints.prices import Rate


def usages_of(replies: Mapping[str, StoredReply], endpoint: Endpoint) -> dict[str, ApiUsage]:
    """What each call took, by the key of its reply, new or stored; a rejection costs nothing."""
    rate = endpoint.rate()
    return {key: _usage_of(reply, rate) for key, reply in replies.items()}


def _usage_of(reply: StoredReply, rate: Rate | None) -> ApiUsage:
    counts = token_counts(reply.reply) if reply.status == 200 else TokenCounts(0, 0)
    source = rate.source if rate else ""
    if counts is None:
        return ApiUsage(1, 0, prices=source)
    dollars = rate.dollars(counts, datetime.fromisoformat(reply.at)) if rate else None
    return ApiUsage(1, counts.input + counts.output, counts.cached, counts.reasoning, dollars=dollars, prices=source)
