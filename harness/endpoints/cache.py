"""Replies on disk: kept as soon as they come, found again by everything that shaped them, shared by processes."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Self

from pydantic import ValidationError

from harness.endpoints.calls import StoredReply
from harness.files import WriteError, make_folder

AT_ONCE = 500
WAIT_S = 60.0
TABLES = (
    "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS spent (ledger TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS asking (key TEXT PRIMARY KEY, process INTEGER NOT NULL, until REAL NOT NULL) "
    "WITHOUT ROWID",
)


class Usage(NamedTuple):
    """What a run has used up."""

    calls: int
    tokens: int


class Cache:
    """The replies of one folder. Threads share one; every process opens its own.

    Args:
        folder: created if absent.
    Raises: WriteError: the file cannot be opened or is no reply cache.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "replies.sqlite"
        self._lock = Lock()
        make_folder(folder)
        with self._faults():
            self._open = sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
            self._open.execute("PRAGMA journal_mode = WAL")  # a kept reply costs no wait for the disk, and outlives us
            self._open.execute("PRAGMA synchronous = NORMAL")
            for table in TABLES:
                self._open.execute(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (sqlite3.Error, ValidationError) as error:
            said = "a row is no reply" if isinstance(error, ValidationError) else error
            message = (
                f"the reply cache cannot be used ({said}); free some space, or set HARNESS_CACHE to another folder"
            )
            raise WriteError(f"{self.path}: {message}") from None

    def find(self, keys: Iterable[str]) -> dict[str, StoredReply]:
        """The kept replies among some keys."""
        wanted, found = list(keys), dict[str, StoredReply]()
        with self._faults():
            for first in range(0, len(wanted), AT_ONCE):
                some = wanted[first : first + AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = self._open.execute(f"SELECT key, record FROM replies WHERE key IN ({marks})", some)  # noqa: S608
                found |= {key: StoredReply.model_validate_json(record) for key, record in rows}
        return found

    def keep(self, reply: StoredReply) -> StoredReply:
        """Keeps a reply; where another process was first, its reply stays and is returned."""
        with self._faults():
            self._open.execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", (reply.key, reply.model_dump_json()))
            row = self._open.execute("SELECT record FROM replies WHERE key = ?", (reply.key,)).fetchone()
            return StoredReply.model_validate_json(row[0])

    def begin(self, key: str, most_s: float) -> bool:
        """Whether a call may be sent: True, and noted until `end`, unless another is asking the same right now.

        Args:
            most_s: after this time, or when its process is gone, whoever asks is taken to have died.
        """
        with self._faults():
            self._open.execute("BEGIN IMMEDIATE")
            try:
                row = self._open.execute("SELECT process, until FROM asking WHERE key = ?", (key,)).fetchone()
                free = row is None or row[1] < time.time() or not _alive(row[0])
                if free:
                    self._note(key, most_s)
            finally:
                self._open.execute("COMMIT")
        return free

    def go_on(self, key: str, most_s: float) -> None:
        """Notes that a call which was begun takes up to so much longer."""
        with self._faults():
            self._note(key, most_s)

    def _note(self, key: str, most_s: float) -> None:
        noted = (key, os.getpid(), time.time() + most_s)
        self._open.execute("INSERT OR REPLACE INTO asking VALUES (?, ?, ?)", noted)

    def end(self, key: str) -> None:
        """Notes that a call is no longer being asked."""
        with self._faults():
            self._open.execute("DELETE FROM asking WHERE key = ? AND process = ?", (key, os.getpid()))

    def drop(self, keys: Iterable[str]) -> None:
        """Forgets replies, so that they are asked for again."""
        with self._faults():
            self._open.executemany("DELETE FROM replies WHERE key = ?", [(key,) for key in keys])

    def reserve(self, ledger: str, tokens: int, most: Usage | None = None) -> bool:
        """Adds a call and its tokens to what a run has spent; False, and nothing added, where it would pass `most`."""
        with self._faults():
            self._open.execute("BEGIN IMMEDIATE")
            try:
                spent = self._spent(ledger)
                total = Usage(spent.calls + 1, spent.tokens + tokens)
                allowed = most is None or (total.calls <= most.calls and total.tokens <= most.tokens)
                if allowed:
                    self._open.execute("INSERT OR REPLACE INTO spent VALUES (?, ?, ?)", (ledger, *total))
            finally:
                self._open.execute("COMMIT")
        return allowed

    def record_actual_tokens(self, ledger: str, tokens: int) -> None:
        """Adds tokens to what a run has spent: below 0 where a call took less than was reserved for it."""
        with self._faults():
            self._open.execute("UPDATE spent SET tokens = tokens + ? WHERE ledger = ?", (tokens, ledger))

    def spent(self, ledger: str) -> Usage:
        """What a run has spent."""
        with self._faults():
            return self._spent(ledger)

    def _spent(self, ledger: str) -> Usage:
        row = self._open.execute("SELECT calls, tokens FROM spent WHERE ledger = ?", (ledger,)).fetchone()
        return Usage(*row) if row else Usage(0, 0)


def _alive(process: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and another user's
        return True
    return True
