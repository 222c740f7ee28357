"""A cache of bytes: one file of bounded size that processes share, and of which damaged entries are known."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.display import displayed
from harness.files import translate_os_errors

LOCK_TIMEOUT_S = 60.0
"""Seconds to wait while another process writes."""
LARGE = 1_000_000
"""Bytes from which an entry is written in parts of this size."""
KEYS_PER_QUERY = 500
"""Keys in one query; SQLite supports at least 999."""
CHECK = 8
"""Bytes of the digest before each entry."""


class Contents(NamedTuple):
    """What a cache holds."""

    entries: int
    damaged: int
    """Entries that are not as they were written; they are computed again."""


@displayed
@dataclass(frozen=True)
class CheckedCache:
    """Bytes by key in a SQLite file. If the file cannot be read or written, nothing is cached, without an error.

    `contents` counts such a file as one damaged entry.
    """

    path: Path
    """Path of the file."""
    max_bytes: int
    """Size in bytes above which the oldest entries are deleted."""

    def get_bytes(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Returns the cached entries by key; those that are damaged are left out."""
        entries: dict[str, bytes] = {}
        with suppress(sqlite3.Error, OSError), closing(self._open()) as connection:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                batch = list(keys[start : start + KEYS_PER_QUERY])
                marks = ",".join("?" * len(batch))
                rows = connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", batch)  # noqa: S608
                entries |= {key: entry[CHECK:] for key, entry in rows if _is_whole(key, entry)}
        return entries

    def put_bytes(self, entries: Mapping[str, bytes | memoryview]) -> None:
        """Adds entries in one transaction, except those that are larger than the whole cache may be."""
        fitting = [(key, entry) for key, entry in entries.items() if len(entry) <= self.max_bytes]
        rows = [(key, _digest(key, entry) + entry) for key, entry in fitting if len(entry) < LARGE]
        with suppress(sqlite3.Error, OSError), closing(self._open()) as connection:
            with connection:  # a damaged entry is replaced
                connection.executemany("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", rows)
                for key, entry in fitting:
                    if len(entry) >= LARGE:
                        _write_in_place(connection, key, entry)
            self._evict_oldest(connection)

    def contents(self) -> Contents:
        """Counts and checks the entries; none if the file does not exist, a damaged one if it is no cache."""
        entries = damaged = 0
        if self.path.exists():
            try:
                with closing(self._open()) as connection:
                    for key, entry in connection.execute("SELECT key, vector FROM vectors"):
                        entries += 1
                        damaged += not _is_whole(key, entry)
            except (sqlite3.Error, OSError):
                entries, damaged = entries + 1, damaged + 1
        return Contents(entries, damaged)

    def clear(self) -> None:
        """Deletes all entries; a file that is no cache is deleted itself.

        Raises: WriteError: it is a folder.
        """
        try:
            with closing(self._open()) as connection:
                with connection:
                    connection.execute("DELETE FROM vectors")
                connection.execute("VACUUM")
        except sqlite3.DatabaseError:
            with translate_os_errors(self.path):
                self.path.unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S)
        # A damaged entry may have become text that is none; it must not end the reading of the others.
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key TEXT UNIQUE, vector BLOB)"
            )
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _evict_oldest(self, connection: sqlite3.Connection) -> None:
        """Deletes the older half of the entries, but not the newest, if the file is too large."""
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if pages * size <= self.max_bytes:
            return
        # Half at a time, because rewriting the file (VACUUM) is slow and should be rare.
        with connection:
            middle = "SELECT number FROM vectors ORDER BY number LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM vectors)"
            connection.execute(f"DELETE FROM vectors WHERE number < ({middle})")  # noqa: S608
        connection.execute("VACUUM")


def _digest(key: str, entry: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(key.encode())
    digest.update(entry)  # not joined with the key, which would copy it
    return digest.digest()[:CHECK]


def _write_in_place(connection: sqlite3.Connection, key: str, entry: bytes | memoryview) -> None:
    """Writes an entry without a copy of it in memory."""
    size = CHECK + len(entry)
    row = connection.execute("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, zeroblob(?))", (key, size))
    with connection.blobopen("vectors", "vector", row.lastrowid or 0) as blob:
        blob.write(_digest(key, entry))
        for start in range(0, len(entry), LARGE):
            blob.write(entry[start : start + LARGE])


def _is_whole(key: str, entry: object) -> bool:
    return isinstance(entry, bytes) and entry[:CHECK] == _digest(key, memoryview(entry)[CHECK:])
