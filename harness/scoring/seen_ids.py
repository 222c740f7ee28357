"""The ids of articles that were read, in memory of a fixed size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

IN_MEMORY = 100_000
"""Number of ids that are kept in memory; further ones go to a temporary file, which the system removes."""
CACHE_KIB = 16_384
"""Memory for the temporary file."""


class SeenIds:
    """Remembers the first place of each id; see `seen_ids`."""

    def __init__(self) -> None:
        self._newest: dict[str, str] = {}
        self._older: sqlite3.Connection | None = None

    def first_place(self, name: str, place: str) -> str | None:
        """Returns where an id was seen before; None, and remembers the place, if it is new."""
        place_before = self._newest.get(name)
        if place_before is None and self._older is not None:
            row = self._older.execute("SELECT place FROM ids WHERE name = ?", (name,)).fetchone()
            place_before = None if row is None else str(row[0])
        if place_before is None:
            self._newest[name] = place
            if len(self._newest) >= IN_MEMORY:
                self._spill()
        return place_before

    def _spill(self) -> None:
        if self._older is None:
            # An empty name is a temporary database: in memory up to its cache, then in a file without a name.
            self._older = sqlite3.connect("", isolation_level=None)
            self._older.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            self._older.execute("PRAGMA journal_mode = OFF")
            self._older.execute("CREATE TABLE ids (name TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")
        self._older.execute("BEGIN")
        self._older.executemany("INSERT INTO ids VALUES (?, ?)", sorted(self._newest.items()))
        self._older.execute("COMMIT")
        self._newest.clear()

    def close(self) -> None:
        """Removes the temporary file."""
        if self._older is not None:
            self._older.close()


@contextmanager
def seen_ids() -> Iterator[SeenIds]:
    """Yields an empty memory of ids."""
    with closing(SeenIds()) as seen:
        yield seen
