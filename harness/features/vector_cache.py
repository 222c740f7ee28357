"""Vectors of texts that were computed before, kept in one bounded file between runs and shared by processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.arrays import Vectors
from harness.files import fingerprint
from harness.folders import cache_folder

Vector = npt.NDArray[np.float32]

MAX_BYTES = 2_000_000_000
SECONDS_TO_WAIT = 60.0
KEPT_AT_A_TIME = 512
"""Texts after which vectors go to the cache, so that a run that is killed goes on where it stopped."""
AT_A_TIME = 500
"""Keys in one query; SQLite takes 999 at least."""


@dataclass(frozen=True)
class VectorCache:
    """Vectors by key in a file. A file that cannot be read or written caches nothing, and is no error."""

    path: Path
    most_bytes: int = MAX_BYTES
    """The oldest vectors are dropped when the file grows beyond this."""

    def get(self, keys: Sequence[str]) -> dict[str, Vector]:
        """The vectors that are there, by key."""
        found: dict[str, Vector] = {}
        with suppress(sqlite3.Error, OSError), closing(self._open()) as connection:
            for start in range(0, len(keys), AT_A_TIME):
                some = list(keys[start : start + AT_A_TIME])
                places = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({places})", some)  # noqa: S608
                found |= {key: np.frombuffer(vector, dtype="<f4") for key, vector in rows}
        return found

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Keeps some vectors, all or none."""
        rows = [(key, np.ascontiguousarray(vector, dtype="<f4").tobytes()) for key, vector in vectors.items()]
        with suppress(sqlite3.Error, OSError), closing(self._open()) as connection:
            with connection:
                connection.executemany("INSERT OR IGNORE INTO vectors (key, vector) VALUES (?, ?)", rows)
            self._evict_oldest(connection)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=SECONDS_TO_WAIT)
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key TEXT UNIQUE, vector BLOB)"
            )
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _evict_oldest(self, connection: sqlite3.Connection) -> None:
        """Drops the older half of the vectors where the file is too large."""
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if pages * size <= self.most_bytes:
            return
        with connection:
            middle = "SELECT number FROM vectors ORDER BY number LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM vectors)"
            connection.execute(f"DELETE FROM vectors WHERE number < ({middle})")  # noqa: S608
        connection.execute("VACUUM")


def compute_or_load(
    space: str, texts: Sequence[str], compute: Callable[[list[str]], Vectors], cache: VectorCache | None = None
) -> Vectors:
    """The vectors of texts, each computed once and then kept.

    Args:
        space: what the vectors depend on besides the text.
        texts: any; equal ones are computed once.
        compute: vectors of texts, each depending on nothing but its text.
        cache: where vectors are kept; default `encodings.sqlite` in the cache folder.
    Returns: shape (n_texts, n_dimensions); (0, 0) for no texts.
    """
    cache = cache or VectorCache(cache_folder() / "encodings.sqlite")
    keys = [fingerprint((space, text)) for text in texts]
    found = cache.get(sorted(set(keys)))
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
    waiting = sorted(missing, key=lambda key: (len(missing[key]), key))
    for start in range(0, len(waiting), KEPT_AT_A_TIME):
        some = waiting[start : start + KEPT_AT_A_TIME]
        made = dict(zip(some, compute([missing[key] for key in some]), strict=True))
        cache.put(made)
        found |= made
    width = len(next(iter(found.values()))) if found else 0
    return np.array([found[key] for key in keys], dtype=np.float32).reshape(len(texts), width)
