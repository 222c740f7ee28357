"""From calls to replies: the cassette first, then the cache, and only then the endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.endpoints.cache import Cache
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.cassette import add_to_cassette, read_cassette
from harness.endpoints.client import Client
from harness.errors import HarnessError
from harness.folders import cache_folder


def stored_replies(calls: Sequence[Request], endpoint: Endpoint) -> dict[str, StoredReply]:
    """The replies that are there already, by key; asks nobody."""
    found: dict[str, StoredReply] = {}
    if endpoint.cassette is not None and (endpoint.replayed or Path(endpoint.cassette).exists()):
        cassette = read_cassette(Path(endpoint.cassette), recorded=endpoint.record)
        found = {call.key: cassette[call.key] for call in calls if call.key in cassette}
    absent = [call.key for call in calls if call.key not in found]
    if absent and not endpoint.replayed:
        with Cache(cache_folder()) as cache:
            found |= cache.find(absent)
    return found


def get_replies(calls: Sequence[Request], endpoint: Endpoint, ledger: str, seed: int) -> dict[str, StoredReply]:
    """The reply to each call, by key; equal calls are sent once.

    Args:
        ledger: what the caps are counted over.
        seed: of the jitter in waits.
    Raises: HarnessError: the cassette lacks some; or the endpoint fails, and then what came is kept.
    """
    wanted = list({call.key: call for call in calls}.values())
    found = stored_replies(wanted, endpoint)
    waiting = [call for call in wanted if call.key not in found]
    if waiting and endpoint.replayed:
        raise HarnessError(
            f"{endpoint.cassette}: lacks {len(waiting)} of the {len(wanted)} replies that are needed now; it was "
            "recorded with other settings, prompts or claims. Record them: record: true (needs the endpoint)"
        )
    try:
        if waiting:
            with Cache(cache_folder()) as cache:
                try:
                    Client(endpoint, cache, ledger, seed).send_all(waiting)
                finally:
                    found |= cache.find(call.key for call in waiting)
    finally:
        if endpoint.cassette is not None and endpoint.record:
            add_to_cassette(Path(endpoint.cassette), (found[call.key] for call in wanted if call.key in found))
    return found
