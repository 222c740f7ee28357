"""A cache of text vectors: one file of bounded size that processes share and later runs reuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from harness.arrays import Vectors
from harness.display import displayed
from harness.features.checked_cache import CheckedCache
from harness.files import fingerprint
from harness.folders import cache_folder

Vector = npt.NDArray[np.float32]

MAX_BYTES = 2_000_000_000
TEXTS_PER_WRITE = 512
"""Texts between two writes to the cache, so that an interrupted run can resume."""


@displayed
@dataclass(frozen=True)
class VectorCache(CheckedCache):
    """Vectors by key in a SQLite file. If the file cannot be read or written, nothing is cached, without an error."""

    max_bytes: int = MAX_BYTES
    """Size in bytes above which the oldest vectors are deleted."""

    @classmethod
    def default(cls) -> Self:
        """The cache in the cache folder."""
        return cls(cache_folder() / "encodings.sqlite")

    def get(self, keys: Sequence[str]) -> dict[str, Vector]:
        """Returns the cached vectors by key; those that are damaged are left out."""
        # Little-endian on every machine, so that the file can be shared between machines.
        return {key: np.frombuffer(entry, dtype="<f4") for key, entry in self.get_bytes(keys).items()}

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Adds vectors in one transaction."""
        self.put_bytes({key: np.ascontiguousarray(vector, dtype="<f4").tobytes() for key, vector in vectors.items()})


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
    cache = cache or VectorCache.default()
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
