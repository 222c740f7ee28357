"""From requests to replies: the cassette first, then the cache, and only then the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.endpoints.batches.batches import Batches
from harness.endpoints.batches.store import BatchStore
from harness.endpoints.cache import Cache
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.cassette import add_to_cassette, read_cassette
from harness.endpoints.client import Client
from harness.errors import HarnessError
from harness.files import fingerprint
from harness.folders import cache_folder


def stored_replies(requests: Sequence[Request], endpoint: Endpoint) -> dict[str, StoredReply]:
    """The replies in the cassette or the cache, by key; sends nothing."""
    replies: dict[str, StoredReply] = {}
    if endpoint.cassette is not None and (endpoint.replayed or Path(endpoint.cassette).exists()):
        cassette = read_cassette(Path(endpoint.cassette), recorded=endpoint.record)
        replies = {request.key: cassette[request.key] for request in requests if request.key in cassette}
    missing_keys = [request.key for request in requests if request.key not in replies]
    # A replay reads the cassette alone: it must give the same result on a machine whose cache is empty.
    if missing_keys and not endpoint.replayed:
        with Cache(cache_folder()) as cache:
            replies |= cache.find(missing_keys)
    return replies


def submitted_requests(requests: Sequence[Request], endpoint: Endpoint) -> set[str]:
    """The keys of the requests that are in batches which are not read yet; sends nothing."""
    if not endpoint.batch or endpoint.replayed:
        return set()
    with Cache(cache_folder()) as cache:
        return set(BatchStore(cache).held([request.key for request in requests]))


def budget_of(requests: Sequence[Request]) -> str:
    """The budget of a set of requests, so that whoever repeats a call that stopped goes on paying from the same."""
    return fingerprint(sorted({request.key for request in requests}))


N_FIRST = 5
"""Requests whose replies are looked at before any further one is sent."""
MIN_BATCH_AFTER_FIRST = 100
"""Fewest missing replies for which the first requests are sent as single calls before a batch."""


def get_replies(
    requests: Sequence[Request],
    endpoint: Endpoint,
    ledger: str,
    seed: int,
    check_first: Callable[[Sequence[StoredReply]], None] | None = None,
    *,
    budget: str | None = None,
    wait: bool = True,
) -> dict[str, StoredReply]:
    """The reply to each request, by key; identical requests are sent once.

    Args:
        requests: the requests, in the order in which a cassette records their replies.
        endpoint: the endpoint and its settings.
        ledger: the name that calls and tokens are counted under.
        seed: random seed of the jitter in waits.
        check_first: called with the first replies before any further request is sent; what it raises ends the call.
            A small batch is sent whole, and looked at once it is answered.
        budget: the name that dollars are counted under; None: as `ledger`.
        wait: whether to wait for batches; without, those replies are absent that have not come yet.
    Raises: HarnessError: the cassette has no reply to some requests, or the endpoint fails; replies that arrived are
        saved.
    """
    unique_requests = list({request.key: request for request in requests}.values())
    replies = stored_replies(unique_requests, endpoint)
    pending = [request for request in unique_requests if request.key not in replies]
    if pending and endpoint.replayed:
        raise _not_recorded(endpoint, len(pending), len(unique_requests))
    try:
        if pending:
            with Cache(cache_folder()) as cache:
                first = unique_requests[:N_FIRST]

                def check() -> None:
                    arrived = replies | cache.find(request.key for request in first)
                    if check_first is not None and all(request.key in arrived for request in first):
                        check_first([arrived[request.key] for request in first])

                try:
                    n_first = sum(request.key not in replies for request in first)
                    n_single = _n_single(endpoint, len(pending), 0 if check_first is None else n_first)
                    if n_single:
                        Client(endpoint, cache, ledger, seed, budget).send_all(pending[:n_single], n_first, check)
                    if endpoint.batch:
                        batches = Batches(Client(endpoint, cache, ledger, seed, budget), ledger, budget or ledger)
                        batches.answer(pending, wait=wait)
                        check()
                finally:
                    # Also after a failure, so that the cassette below gets the replies that did arrive.
                    replies |= cache.find(request.key for request in pending)
    finally:
        if endpoint.cassette is not None and endpoint.record:
            arrived = [replies[request.key] for request in unique_requests if request.key in replies]
            add_to_cassette(Path(endpoint.cassette), arrived)
    return replies


def _not_recorded(endpoint: Endpoint, n_missing: int, n_requests: int) -> HarnessError:
    return HarnessError(
        f"{endpoint.cassette}: has no recorded reply for {n_missing} of {n_requests} requests: it was recorded with "
        "other settings, prompts or claims. To record the missing replies, set record: true (needs the endpoint)"
    )


def _n_single(endpoint: Endpoint, n_pending: int, n_checked: int) -> int:
    """The number of requests that are sent as single calls; before a large batch, those whose replies are checked."""
    if not endpoint.batch:
        return n_pending
    return n_checked if n_pending > MIN_BATCH_AFTER_FIRST else 0
