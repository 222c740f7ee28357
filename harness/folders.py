"""Where things live on disk: fetched benchmarks, what is cached, shipped data and experiments."""

from __future__ import annotations

import os
from pathlib import Path


def data_root(chosen: str | Path | None = None) -> Path:
    """Where fetched benchmarks live: `chosen`, else `$HARNESS_DATA_ROOT`, else the platform's user cache folder."""
    return Path(chosen) if chosen is not None else _chosen_or_user_cache("HARNESS_DATA_ROOT")


def cache_folder() -> Path:
    """Where replies, vectors, exported encoders and slow fits are kept: `$HARNESS_CACHE`, else the user cache folder.

    A reply costs money to ask for again; the others can be computed again.
    """
    return _chosen_or_user_cache("HARNESS_CACHE")


def _chosen_or_user_cache(variable: str) -> Path:
    if os.environ.get(variable):
        return Path(os.environ[variable])
    import platformdirs

    return Path(platformdirs.user_cache_dir("claim-harness"))


def shipped(kind: str) -> Path:
    """The folder of what ships with the project: `data` or `experiments`; in the wheel, else in the clone."""
    package = Path(__file__).parent
    inside = package / "shipped" / kind
    return inside if inside.is_dir() else package.parent / kind
