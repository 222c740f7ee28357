"""A cache of text vectors: one file of bounded size that processes share and later runs reuse."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.arrays import Vectors
from harness.display import displayed
from harness.files import fingerprint
from harness.folders import cache_folder

Vector = npt.NDArray[np.float32]

MAX_BYTES = 2_000_000_000
LOCK_TIMEOUT_S = 60.0
"""Seconds to wait while another process writes."""
TEXTS_PER_WRITE = 512
"""Texts between two writes to the cache, so that an interrupted run can resume."""
KEYS_PER_QUERY = 500
"""Keys in one query; SQLite supports at least 999."""


@displayed
@dataclass(frozen=True)
class VectorCache:
    """Vectors by key in a SQLite file. If the file cannot be read or written, nothing is cached, without an error."""

    path: Path
    """Path of the file."""
    max_bytes: int = MAX_BYTES
    """Size in bytes above which the oldest vectors are deleted."""

    def get(self, keys: Sequence[str]) -> dict[str, Vector]:
        """Returns the cached vectors by key."""
        vectors: dict[str, Vector] = {}
        with suppress(sqlite3.Error, OSError), closing(self._open()) as connection:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                batch = list(keys[start : start + KEYS_PER_QUERY])
                marks = ",".join("?" * len(batch))
                rows = connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", batch)  # noqa: S608
                # Little-endian on every machine, so that the file can be shared between machines.
                vectors |= {key: np.frombuffer(vector, dtype="<f4") for key, vector in rows}
        return vectors

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Adds vectors in one transaction."""
        rows = [(key, np.ascontiguousarray(vector, dtype="<f4").tobytes()) for key, vector in vectors.items()]
        with suppress(sqlite3.Error, OSError), closing(self._open()) as connection:
            with connection:
                connection.executemany("INSERT OR IGNORE INTO vectors (key, vector) VALUES (?, ?)", rows)
            self._evict_oldest(connection)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S)
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key TEXT UNIQUE, vector BLOB)"
            )
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _evict_oldest(self, connection: sqlite3.Connection) -> None:
        """Deletes the older half of the vectors if the file is too large."""
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if pages * size <= self.max_bytes:
            return
        # Half at a time, because rewriting the file (VACUUM) is slow and should be rare.
        with connection:
            middle = "SELECT number FROM vectors ORDER BY number LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM vectors)"
            connection.execute(f"DELETE FROM vectors WHERE number < ({middle})")  # noqa: S608
        connection.execute("VACUUM")


def compute_or_load(
    space: str, texts: Sequence[str], compute: Callable[[list[str]], Vectors], cache: VectorCache | None = None
) -> Vectors:
    """Returns the vectors of texts; computes and caches those that are not cached yet.

    Args:
        space: fingerprint of everything besides the text that the vectors depend on.
        texts: texts to encode; equal texts are computed once.
        compute: function from texts to vectors, each of which depends on its own text only.
        cache: cache of the vectors; default: `encodings.sqlite` in the cache folder.
    Returns: shape (n_texts, n_dimensions); (0, 0) for no texts.
    """
    cache = cache or VectorCache(cache_folder() / "encodings.sqlite")
    keys = [fingerprint((space, text)) for text in texts]
    vectors = cache.get(sorted(set(keys)))
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in vectors}
    # Texts of similar length are computed together, which wastes the least padding.
    missing_keys = sorted(missing, key=lambda key: (len(missing[key]), key))
    for start in range(0, len(missing_keys), TEXTS_PER_WRITE):
        batch = missing_keys[start : start + TEXTS_PER_WRITE]
        new_vectors = dict(zip(batch, compute([missing[key] for key in batch]), strict=True))
        cache.put(new_vectors)
        vectors |= new_vectors
    width = len(next(iter(vectors.values()))) if vectors else 0
    return np.array([vectors[key] for key in keys], dtype=np.float32).reshape(len(texts), width)
