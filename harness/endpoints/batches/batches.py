"""Answers requests by batches: submits them, waits, and saves the replies where single calls save theirs.

A batch is written down before anything about it is sent, then the id of its file, then its own id. So a process that
is killed at any moment leaves a batch that the next one waits for. Where only the file is known, the endpoint is asked
whether it has a batch with that file.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, takewhile
from types import MappingProxyType
from typing import IO
from uuid import uuid4

from harness.endpoints.api_keys import hide_key
from harness.endpoints.batches.protocol import BatchProtocol, Refused, RemoteBatch, explained
from harness.endpoints.batches.rows import line_of, outcome_of, parts_of, row_of
from harness.endpoints.batches.store import BatchStore, OpenBatch
from harness.endpoints.batches.waiting import say, too_long, wait_for
from harness.endpoints.calls import Request
from harness.endpoints.client import MAX_REPLY_BYTES, Client, FailedAttempt, HttpReply, LimitReached
from harness.endpoints.limits import Limits
from harness.errors import HarnessError
from harness.files import translate_os_errors

MAX_TRIES = 2
"""Batches that a request may be in before its failures end the call."""
LEASE_S = 7_200.0
"""Time for which a process reserves a batch at a time; a process that ended blocks nobody."""
POLL_S = 0.2
"""Time between checks whether another process still waits for the same batch."""

NOT_SENT = (0, "")
"""Status and text in place of a reply where nothing was processed."""
ENDINGS = {"completed": "ended", "failed": "failed", "expired": "expired", "cancelled": "was cancelled"}
"""How a batch ended, in words, by its status."""


class Batches:
    """Answers requests to one endpoint by batches.

    Args:
        client: client of the endpoint, with its cache.
        ledger, budget: the names that calls and tokens, and dollars, are counted under.
    """

    def __init__(self, client: Client, ledger: str, budget: str) -> None:
        self._client = client
        self._counted = (ledger, budget)
        self._endpoint = client.endpoint
        self._store = BatchStore(client.cache)
        self._tries: Counter[str] = Counter()
        """Batches that a request was in without a usable reply."""
        self._reasons: dict[str, str] = {}
        """Why the last one gave none."""

    def answer(self, requests: Sequence[Request], *, wait: bool = True) -> None:
        """Submits the requests that have no reply and are in no batch, and waits until each has a reply in the cache.

        Args:
            requests: the requests.
            wait: whether to wait; without, requests that the caps do not allow yet are left out.
        Raises: LimitReached: a batch takes longer than `batch_wait_s`, or a cap is reached. HarnessError: the endpoint
            refuses a batch, or some requests have no usable reply in two batches; replies that came are saved.
        """
        with self._client.connected() as connections:
            protocol = BatchProtocol(self._client, connections)
            while pending := self._pending(requests):
                self._refuse_repeated(pending, len(requests))
                self._submit(protocol, pending)
                if not wait:
                    return
                for name in sorted(set(self._store.held([request.key for request in pending]).values())):
                    with self._leased(name) as batch:
                        if batch is not None:
                            self._finish(protocol, batch)

    def _pending(self, requests: Sequence[Request]) -> list[Request]:
        replies = self._client.cache.find(request.key for request in requests)
        return [request for request in requests if request.key not in replies]

    def _refuse_repeated(self, pending: Sequence[Request], n_requests: int) -> None:
        failed = [request.key for request in pending if self._tries[request.key] >= MAX_TRIES]
        if failed:
            raise HarnessError(
                f"{self._endpoint.name}: {len(failed):,} of {n_requests:,} requests have no usable reply in "
                f"{MAX_TRIES} batches: {self._reasons[failed[0]]}. {n_requests - len(pending):,} replies arrived and "
                "are saved; run the same command again to continue"
            )

    @contextmanager
    def _leased(self, name: str) -> Iterator[OpenBatch | None]:
        """The batch, reserved for this process once no other one has it; None if another one has read it by then."""
        deadline = time.monotonic() + self._endpoint.batch_wait_s
        while not self._client.cache.acquire(name, LEASE_S):
            if self._store.find(name) is None:
                yield None
                return
            if time.monotonic() > deadline:
                raise too_long(self._endpoint, "another process waits for a batch with the same requests")
            time.sleep(POLL_S)
        try:
            yield self._store.find(name)
        finally:
            self._client.cache.release(name)

    def _submit(self, protocol: BatchProtocol, pending: Sequence[Request]) -> None:
        """Submits those requests that no batch holds, as far as the caps allow."""
        held = self._store.held([request.key for request in pending])
        free = [request for request in pending if request.key not in held]
        # Requests count towards the caps at their upper bound until their batch is read.
        allowed = list(takewhile(self._client.limits.reserve, free))
        if free and not allowed and not held:
            raise LimitReached(self._client.limits.message(free[0]))
        parts = list(parts_of(allowed))
        for number, part in enumerate(parts, start=1):
            try:
                self._submit_part(protocol, part, "" if len(parts) == 1 else f" (part {number} of {len(parts)})")
            except BaseException:
                for request in chain.from_iterable(parts[number:]):
                    self._client.limits.settle(request, *NOT_SENT)
                raise

    def _submit_part(self, protocol: BatchProtocol, part: Sequence[Request], shown: str) -> None:
        name = f"{time.time_ns():020d}-{uuid4().hex}"
        self._client.cache.acquire(name, LEASE_S)
        try:
            keys = self._store.add(name, self._endpoint.model, self._counted, part)
            for request in part:
                if request.key not in keys:  # another process was faster
                    self._client.limits.settle(request, *NOT_SENT)
            if not keys:
                return
            own = [request for request in part if request.key in keys]
            file = None
            try:
                file = self._upload(protocol, own)
                self._store.set_file(name, file)
                remote = protocol.submit(file)
            except HarnessError as error:
                if file is None or isinstance(error, Refused):  # else it may have been submitted
                    self._drop(self._store.find(name))
                raise explained(error) from None
            self._store.set_id(name, remote.id)
            say(
                self._endpoint,
                remote,
                f"submitted with {len(own):,} requests{shown}. If this process stops, run the same command again",
            )
        finally:
            self._client.cache.release(name)

    def _upload(self, protocol: BatchProtocol, requests: Sequence[Request]) -> str:
        with self._temporary_file() as stream:
            for request in requests:
                stream.write(line_of(request))
            return protocol.upload(stream)

    @contextmanager
    def _temporary_file(self) -> Iterator[IO[bytes]]:
        folder = self._client.cache.path.parent
        with translate_os_errors(folder), tempfile.TemporaryFile(dir=folder) as stream:
            yield stream

    def _drop(self, batch: OpenBatch | None, unusable: Mapping[str, HttpReply] = MappingProxyType({})) -> None:
        """Forgets a batch; those of its requests that have no reply count as not sent.

        Args:
            batch: the batch.
            unusable: replies by key that are not saved, but were billed if their status is 200.
        """
        if batch is None:  # `--fresh` in another process has forgotten it
            return
        keys = self._store.keys(batch.name)
        limits = self._limits_of(batch)
        for key in keys - self._client.cache.find(keys).keys():
            request = self._store.request(batch, key)
            if request is not None:
                reply = unusable.get(key)
                limits.settle(request, *(NOT_SENT if reply is None else (reply.status, reply.text)))
        self._store.drop(batch.name)

    def _limits_of(self, batch: OpenBatch) -> Limits:
        """The caps that a batch counts towards, which another process may have sent."""
        return Limits(self._endpoint, self._client.cache, batch.ledger, batch.budget)

    def _finish(self, protocol: BatchProtocol, batch: OpenBatch) -> None:
        """Waits for a batch and reads it; drops one that was never submitted."""
        remote = self._look_up(protocol, batch)
        if remote is not None:
            ended = wait_for(remote, protocol, lambda: self._client.cache.extend(batch.name, LEASE_S))
            self._read(protocol, batch, ended)

    def _look_up(self, protocol: BatchProtocol, batch: OpenBatch) -> RemoteBatch | None:
        """The state of a batch; None, and it is dropped, if it was never submitted."""
        if batch.id is not None:
            try:
                remote = protocol.look_up(batch.id)
            except Refused as error:
                if not error.is_unknown:
                    raise
                self._lose(batch, str(error))
                return None
            if batch.is_lost:
                self._store.set_id(batch.name, batch.id)
            return remote
        submitted: RemoteBatch | None = None
        try:
            if batch.file is not None:
                submitted = protocol.find(batch.file)
        except Refused as error:
            raise HarnessError(
                f"{error}; a process stopped while it submitted a batch, and the endpoint does not say whether it has "
                "it. To ask everything anew, at the risk of paying twice, run once with --fresh"
            ) from None
        if submitted is None:
            self._drop(batch)
        else:
            self._store.set_id(batch.name, submitted.id)
        return submitted

    def _lose(self, batch: OpenBatch, reason: str) -> None:
        """Drops a batch that the endpoint does not know; the first time, only notes it.

        Raises: HarnessError: the first time.
        """
        if batch.is_lost:
            self._drop(batch)
            return
        self._store.set_lost(batch.name)
        raise HarnessError(
            f"{reason}: the endpoint does not know batch {batch.id} or its files any more, which an earlier call "
            "submitted. If the key has changed, set the earlier one; otherwise run the same command again, which "
            "submits the requests anew"
        )

    def _read(self, protocol: BatchProtocol, batch: OpenBatch, remote: RemoteBatch) -> None:
        """Saves the replies of a batch that has ended, and drops it.

        Raises: HarnessError: it failed as a whole, it was cancelled, or a reply says that no retry can help.
        """
        keys = self._store.keys(batch.name)
        n_requests = len(keys)
        missing = keys - self._client.cache.find(keys).keys()  # a process may have been killed while it read
        if remote.status == "failed" and not remote.result_files:
            self._drop(batch)
            raise HarnessError(
                f"{self._endpoint.name}: the endpoint refuses batch {remote.id} of {n_requests:,} requests: "
                f"{remote.errors or 'it gives no reason'}; mend that, then run the same command again"
            )
        limits = self._limits_of(batch)
        reasons: dict[str, str] = {}
        unusable: dict[str, HttpReply] = {}
        final: HarnessError | None = None
        try:
            for request, outcome in self._outcomes(protocol, batch, remote, n_requests):
                if request.key not in missing:  # a second row about the same request
                    continue
                try:
                    checked = outcome if isinstance(outcome, FailedAttempt) else self._client.check(request, outcome)
                except HarnessError as error:
                    final, checked = error, FailedAttempt(str(error))
                if isinstance(checked, FailedAttempt):
                    reasons[request.key] = checked.reason
                    if isinstance(outcome, HttpReply):
                        unusable[request.key] = outcome
                    continue
                self._client.save(request, checked)
                limits.settle(request, checked.status, checked.text)
                missing.remove(request.key)
        except Refused as error:
            if not error.is_unknown:
                raise
            self._lose(batch, str(error))
            return
        ending = f"the batch {ENDINGS[remote.status]} without a reply to it"
        for key in missing:
            self._tries[key] += 1
            self._reasons[key] = reasons.get(key, ending)
        self._drop(batch, unusable)
        self._conclude(remote, n_requests, sorted(missing), final)

    def _conclude(
        self, remote: RemoteBatch, n_requests: int, missing: Sequence[str], final: HarnessError | None
    ) -> None:
        """Says how a batch ended.

        Raises: HarnessError: it was cancelled, or a reply says that no retry can help.
        """
        saved = f"{n_requests - len(missing):,} of {n_requests:,} replies arrived and are saved"
        if missing and (remote.status == "cancelled" or final is not None):
            reason = f"{self._endpoint.name}: batch {remote.id} was cancelled" if final is None else str(final)
            raise HarnessError(f"{reason}. {saved}; run the same command again to ask the others in a new batch")
        others = f"; {len(missing):,} without a usable one ({self._reasons[missing[0]]})" if missing else ""
        say(self._endpoint, remote, f"{remote.status}, {saved}{others}")

    def _outcomes(
        self, protocol: BatchProtocol, batch: OpenBatch, remote: RemoteBatch, n_requests: int
    ) -> Iterator[tuple[Request, HttpReply | FailedAttempt]]:
        """The rows of the result files; those that are none or about no request of the batch are left out."""
        for file in remote.result_files:
            with self._temporary_file() as stream:
                protocol.download(file, stream, (n_requests + 1) * MAX_REPLY_BYTES)
                for line in stream:
                    row = row_of(hide_key(line.decode("utf-8", "replace"), self._client.key))
                    custom_id = row.get("custom_id")
                    request = self._store.request(batch, custom_id) if isinstance(custom_id, str) else None
                    if request is not None:
                        yield request, outcome_of(row)
