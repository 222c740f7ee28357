"""A cache of replies in one SQLite file, which threads and processes share."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Self
from uuid import uuid4

from pydantic import ValidationError

from harness.endpoints.calls import StoredReply
from harness.files import WriteError, fingerprint, make_folder

KEYS_PER_QUERY = 500
"""Keys in one SELECT; SQLite limits the parameters of a statement (999 in old versions)."""
LOCK_WAIT_S = 60.0
"""Longest wait for another process's transaction."""
TABLES = (
    "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS spent (ledger TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS money (budget TEXT PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS asking (key TEXT PRIMARY KEY, process INTEGER NOT NULL, until REAL NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS generations (source TEXT PRIMARY KEY, generation TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS outdated (generation TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL, "
    "PRIMARY KEY (generation, key)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS batches (name TEXT PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, "
    "ledger TEXT NOT NULL, budget TEXT NOT NULL, file TEXT, id TEXT, lost INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS batched (key TEXT PRIMARY KEY, batch TEXT NOT NULL, sample TEXT NOT NULL, "
    "body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS batched_by_batch ON batched (batch)",
)


class Usage(NamedTuple):
    """Calls and tokens that a run has used."""

    calls: int
    tokens: int


class Cache:
    """The reply cache of one folder. Threads share one object; every process opens its own.

    Args:
        folder: created if absent.
    Raises: WriteError: the file cannot be opened or is not a reply cache.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "replies.sqlite"
        self._lock = Lock()
        make_folder(folder)
        with self._exclusive():
            self._database = sqlite3.connect(
                self.path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False
            )
            # With a write-ahead log and NORMAL, saving a reply does not wait for the disk. The reply survives a killed
            # process; only a power failure can lose the last ones.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            for table in TABLES:
                self._database.execute(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Reserves the database for this thread and turns its errors into a WriteError."""
        try:
            with self._lock:
                yield
        except (sqlite3.Error, ValidationError) as error:
            cause = "a row is not a valid reply" if isinstance(error, ValidationError) else error
            message = (
                f"the reply cache cannot be used ({cause}); free some disk space, or set HARNESS_CACHE to another "
                "folder"
            )
            raise WriteError(f"{self.path}: {message}") from None

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Runs a read and the write that depends on it as one step, also for other processes.

        A plain BEGIN takes the write lock only at the first write, so that two processes could both read "free".

        Args:
            durable: whether the write must survive a power failure.
        """
        with self._exclusive():
            self._database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            finally:
                self._database.execute("COMMIT")

    def find(self, keys: Iterable[str]) -> dict[str, StoredReply]:
        """The cached replies to requests, by key; keys without a reply are absent."""
        requested_keys = list(keys)
        replies: dict[str, StoredReply] = {}
        with self._exclusive():
            for start in range(0, len(requested_keys), KEYS_PER_QUERY):
                batch = requested_keys[start : start + KEYS_PER_QUERY]
                placeholders = ",".join("?" * len(batch))
                query = f"SELECT key, record FROM replies WHERE key IN ({placeholders})"  # noqa: S608
                rows = self._database.execute(query, batch)
                replies |= {key: StoredReply.model_validate_json(record) for key, record in rows}
        return replies

    def save(self, reply: StoredReply) -> StoredReply:
        """Saves a reply and returns the one in the cache, which is another process's where that came first."""
        with self._exclusive():
            # Every process must go on with the same reply, or results would depend on which process finished last.
            row = (reply.key, reply.model_dump_json())
            self._database.execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", row)
            saved = self._database.execute("SELECT record FROM replies WHERE key = ?", (reply.key,)).fetchone()
            return StoredReply.model_validate_json(saved[0])

    def generation(self, endpoint: str, model: str) -> str:
        """The generation of the replies of a model: a random name, so that no other cache has the same."""
        with self.transaction():
            return self._generation(endpoint, model)

    def _generation(self, endpoint: str, model: str) -> str:
        source = fingerprint([endpoint, model])
        self._database.execute("INSERT OR IGNORE INTO generations VALUES (?, ?)", (source, uuid4().hex))
        row = self._database.execute("SELECT generation FROM generations WHERE source = ?", (source,)).fetchone()
        return str(row[0])

    def start_generation(self, endpoint: str, model: str) -> None:
        """Starts a new generation of the replies of a model, so that every request is sent again.

        Earlier replies, which may have been paid for, stay in the table `outdated`. Batches that are not read yet are
        not waited for any more.
        """
        with self.transaction():
            generation = self._generation(endpoint, model)
            source = (endpoint, model)
            where = "WHERE json_extract(record, '$.endpoint') = ? AND json_extract(record, '$.request.model') = ?"
            self._database.execute(
                f"INSERT OR REPLACE INTO outdated SELECT ?, key, record FROM replies {where}",  # noqa: S608
                (generation, *source),
            )
            self._database.execute(f"DELETE FROM replies {where}", source)  # noqa: S608
            self._database.execute("DELETE FROM generations WHERE generation = ?", (generation,))
            of_model = "SELECT name FROM batches WHERE endpoint = ? AND model = ?"
            self._database.execute(f"DELETE FROM batched WHERE batch IN ({of_model})", source)  # noqa: S608
            self._database.execute("DELETE FROM batches WHERE endpoint = ? AND model = ?", source)

    def acquire(self, key: str, lease_s: float) -> bool:
        """Reserves a request for this process; returns False while another thread or process holds it.

        Args:
            key: the request's key.
            lease_s: seconds until the reservation expires. It also expires when its process ends, so that a killed
                process blocks nobody.
        """
        with self.transaction():
            row = self._database.execute("SELECT process, until FROM asking WHERE key = ?", (key,)).fetchone()
            is_free = row is None or row[1] < time.time() or not _is_running(row[0])
            if is_free:
                self._set_lease(key, lease_s)
        return is_free

    def extend(self, key: str, lease_s: float) -> None:
        """Extends the reservation of a request to `lease_s` seconds from now."""
        with self._exclusive():
            self._set_lease(key, lease_s)

    def _set_lease(self, key: str, lease_s: float) -> None:
        # Wall-clock time, because monotonic clocks cannot be compared between processes.
        lease = (key, os.getpid(), time.time() + lease_s)
        self._database.execute("INSERT OR REPLACE INTO asking VALUES (?, ?, ?)", lease)

    def release(self, key: str) -> None:
        """Ends this process's reservation of a request."""
        with self._exclusive():
            self._database.execute("DELETE FROM asking WHERE key = ? AND process = ?", (key, os.getpid()))

    def delete(self, keys: Iterable[str]) -> None:
        """Deletes replies, so that their requests are sent again."""
        with self._exclusive():
            self._database.executemany("DELETE FROM replies WHERE key = ?", [(key,) for key in keys])

    def count(self) -> tuple[int, int]:
        """The number of replies, earlier generations included, and of those that are damaged."""
        with self._exclusive():
            every = "SELECT record FROM replies UNION ALL SELECT record FROM outdated"
            query = f"SELECT COUNT(*), COALESCE(SUM(NOT json_valid(record)), 0) FROM ({every})"  # noqa: S608
            entries, damaged = self._database.execute(query).fetchone()
        return int(entries), int(damaged)

    def delete_all(self) -> None:
        """Deletes all replies; what was spent stays counted, and batches that are not read yet are still read."""
        with self._exclusive():
            for table in ("replies", "outdated"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608
            self._database.execute("VACUUM")

    def reserve(self, ledger: str, tokens: int, limit: Usage | None = None) -> bool:
        """Adds one call and its tokens to a run's usage; returns False and adds nothing if that would exceed `limit`.

        Args:
            ledger: the name that usage is counted under.
            tokens: upper bound of the call's tokens.
            limit: the highest usage allowed; None: no limit.
        """
        with self.transaction():
            used = self._usage(ledger)
            total = Usage(used.calls + 1, used.tokens + tokens)
            is_allowed = limit is None or (total.calls <= limit.calls and total.tokens <= limit.tokens)
            if is_allowed:
                self._database.execute("INSERT OR REPLACE INTO spent VALUES (?, ?, ?)", (ledger, *total))
        return is_allowed

    def correct_tokens(self, ledger: str, difference: int) -> None:
        """Adds the difference between a call's actual and reserved tokens to a run's usage; usually negative."""
        with self._exclusive():
            self._database.execute("UPDATE spent SET tokens = tokens + ? WHERE ledger = ?", (difference, ledger))

    def reserve_money(self, budget: str, amount: int, limit: int) -> bool:
        """Adds an amount to what is spent of a budget; returns False and adds nothing if that would exceed `limit`."""
        with self.transaction():
            total = self._money(budget) + amount
            if total <= limit:
                self._database.execute("INSERT OR REPLACE INTO money VALUES (?, ?)", (budget, total))
        return total <= limit

    def correct_money(self, budget: str, difference: int) -> None:
        """Adds the difference between the actual and the reserved amount of a call; usually negative."""
        with self._exclusive():
            self._database.execute("UPDATE money SET amount = amount + ? WHERE budget = ?", (difference, budget))

    def money(self, budget: str) -> int:
        """The amount that is spent of a budget."""
        with self._exclusive():
            return self._money(budget)

    def _money(self, budget: str) -> int:
        row = self._database.execute("SELECT amount FROM money WHERE budget = ?", (budget,)).fetchone()
        return int(row[0]) if row else 0

    def usage(self, ledger: str) -> Usage:
        """The calls and tokens counted under a ledger."""
        with self._exclusive():
            return self._usage(ledger)

    def _usage(self, ledger: str) -> Usage:
        row = self._database.execute("SELECT calls, tokens FROM spent WHERE ledger = ?", (ledger,)).fetchone()
        return Usage(*row) if row else Usage(0, 0)


def _is_running(process: int) -> bool:
    """Whether a process of this machine is running."""
    try:
        os.kill(process, 0)  # signal 0 only checks that the process exists
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists and belongs to another user
        return True
    return True
