"""Waits until a batch has ended, and says how far it is."""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable

from harness.endpoints.batches.protocol import BatchProtocol, Refused, RemoteBatch
from harness.endpoints.calls import Endpoint
from harness.endpoints.client import LimitReached
from harness.errors import HarnessError

PAUSE_GROWTH = 1.5
MAX_PAUSE_S = 60.0
"""Longest pause between two questions for the state of a batch; the first one is `backoff_s`."""
REPORT_S = 30.0
"""Shortest time between two lines about a batch that has gone on."""
SILENCE_S = 600.0
"""Longest time without a line."""
OUTAGE_S = 600.0
"""Time for which a wait goes on although the endpoint does not answer."""

log = logging.getLogger(__name__)


def wait_for(remote: RemoteBatch, protocol: BatchProtocol, still_waits: Callable[[], None]) -> RemoteBatch:
    """Asks for a batch until it has ended, and says how far it is; an outage may last a while.

    Args:
        remote: the batch as it is now.
        protocol: asks the endpoint.
        still_waits: called before each question.
    Raises: LimitReached: it takes longer than `batch_wait_s`. HarnessError: the endpoint refuses the question, or does
        not answer for `OUTAGE_S`.
    """
    endpoint = protocol.endpoint
    start = answered_at = time.monotonic()
    pause_s = endpoint.backoff_s
    reported, reported_at = "", -SILENCE_S
    trouble = ""
    while not remote.has_ended:
        waited_s = time.monotonic() - start
        state = trouble or remote.progress
        if waited_s - reported_at >= (SILENCE_S if state == reported else REPORT_S):
            say(endpoint, remote, f"{state}, waited {datetime.timedelta(seconds=int(waited_s))}")
            reported, reported_at = state, waited_s
        if waited_s >= endpoint.batch_wait_s:
            raise too_long(endpoint, f"batch {remote.id} is {remote.progress}")
        time.sleep(min(pause_s, endpoint.batch_wait_s - waited_s))
        pause_s = max(pause_s, min(MAX_PAUSE_S, pause_s * PAUSE_GROWTH))
        still_waits()
        try:
            remote, trouble, answered_at = protocol.look_up(remote.id), "", time.monotonic()
        except HarnessError as error:
            if isinstance(error, Refused) or time.monotonic() - answered_at > OUTAGE_S:
                raise
            trouble = f"no answer ({error})"
    return remote


def too_long(endpoint: Endpoint, state: str) -> LimitReached:
    """The error of a wait that is longer than the config allows."""
    return LimitReached(
        f"{endpoint.name}: {state} after batch_wait_s ({endpoint.batch_wait_s:g} s); run the same command again to "
        "wait on, nothing is sent twice"
    )


def say(endpoint: Endpoint, remote: RemoteBatch, text: str) -> None:
    """Says something of a batch."""
    # A warning, since Python shows these where nobody has set up logging: a wait of hours must not be silent.
    log.warning("batch %s at %s: %s", remote.id, endpoint.host, text)
