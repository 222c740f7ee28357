"""Batches that are not read yet, beside the cached replies, so that no stop loses one or submits it twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.endpoints.cache import KEYS_PER_QUERY, Cache
from harness.endpoints.calls import Request


class OpenBatch(NamedTuple):
    """A batch that is not read yet."""

    name: str
    """Our own name of it, which exists before the endpoint has named it."""
    endpoint: str
    """`Request.url` of its requests."""
    ledger: str
    """The name that its calls and tokens are counted under."""
    budget: str
    """The name that its dollars are counted under."""
    file: str | None
    """The endpoint's id of the file with its requests; None: it is not uploaded."""
    id: str | None
    """The endpoint's id of the batch; None: it is not known to be submitted."""
    is_lost: bool
    """Whether the endpoint did not know the batch when it was asked last."""


class BatchStore:
    """The batches that are not read yet, with their requests. A request is in one batch at most.

    Args:
        cache: the cache that receives their replies.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def add(self, name: str, model: str, counted: tuple[str, str], requests: Sequence[Request]) -> set[str]:
        """Adds a batch with those requests that have no reply and are in no other batch; returns their keys.

        Without any, it adds nothing.

        Args:
            name: a new name.
            model: the model of the requests.
            counted: the names that its calls and tokens, and its dollars, are counted under.
            requests: at least one request, all with the same address.
        """
        rows = [(request.key, name, request.sample, request.body, request.key) for request in requests]
        with self._cache.transaction(durable=True) as database:
            # Another process may have read a batch with these requests a moment ago.
            database.executemany(
                "INSERT OR IGNORE INTO batched SELECT ?, ?, ?, ? WHERE NOT EXISTS "
                "(SELECT 1 FROM replies WHERE key = ?)",
                rows,
            )
            keys = {row[0] for row in database.execute("SELECT key FROM batched WHERE batch = ?", (name,))}
            if keys:
                row = (name, requests[0].url, model, *counted)
                database.execute(
                    "INSERT INTO batches (name, endpoint, model, ledger, budget) VALUES (?, ?, ?, ?, ?)", row
                )
        return keys

    def held(self, keys: Sequence[str]) -> dict[str, str]:
        """The batches that hold any of these requests: names by key."""
        held: dict[str, str] = {}
        with self._cache.transaction() as database:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                part = keys[start : start + KEYS_PER_QUERY]
                query = f"SELECT key, batch FROM batched WHERE key IN ({','.join('?' * len(part))})"  # noqa: S608
                held |= dict(database.execute(query, part))
        return held

    def find(self, name: str) -> OpenBatch | None:
        """The batch of this name; None if it was read or dropped in the meantime."""
        with self._cache.transaction() as database:
            query = "SELECT name, endpoint, ledger, budget, file, id, lost FROM batches WHERE name = ?"
            row = database.execute(query, (name,)).fetchone()
        return None if row is None else OpenBatch._make((*row[:6], bool(row[6])))

    def set_file(self, name: str, file: str) -> None:
        """Notes that the requests of a batch are uploaded."""
        self._set("UPDATE batches SET file = ? WHERE name = ?", file, name)

    def set_id(self, name: str, batch_id: str) -> None:
        """Notes that the endpoint has a batch."""
        self._set("UPDATE batches SET id = ?, lost = 0 WHERE name = ?", batch_id, name)

    def set_lost(self, name: str) -> None:
        """Notes that the endpoint does not know a batch."""
        self._set("UPDATE batches SET lost = 1 WHERE name = ?", name)

    def _set(self, statement: str, *values: object) -> None:
        with self._cache.transaction(durable=True) as database:
            database.execute(statement, values)

    def drop(self, name: str) -> None:
        """Forgets a batch: it is read, or was never submitted."""
        with self._cache.transaction() as database:
            database.execute("DELETE FROM batched WHERE batch = ?", (name,))
            database.execute("DELETE FROM batches WHERE name = ?", (name,))

    def keys(self, name: str) -> set[str]:
        """The keys of the requests of a batch."""
        with self._cache.transaction() as database:
            return {row[0] for row in database.execute("SELECT key FROM batched WHERE batch = ?", (name,))}

    def request(self, batch: OpenBatch, key: str) -> Request | None:
        """The request of a batch with this key."""
        with self._cache.transaction() as database:
            query = "SELECT body, sample FROM batched WHERE batch = ? AND key = ?"
            row = database.execute(query, (batch.name, key)).fetchone()
        return None if row is None else Request(batch.endpoint, *row)
