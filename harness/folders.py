"""Where things live on disk: fetched benchmarks, shipped data and experiments."""

from __future__ import annotations

import os
from pathlib import Path


def data_root(chosen: str | Path | None = None) -> Path:
    """Where fetched benchmarks live: `chosen`, else `$HARNESS_DATA_ROOT`, else the platform's user cache folder."""
    if chosen is not None:
        return Path(chosen)
    if os.environ.get("HARNESS_DATA_ROOT"):
        return Path(os.environ["HARNESS_DATA_ROOT"])
    import platformdirs

    return Path(platformdirs.user_cache_dir("claim-harness"))


def shipped(kind: str) -> Path:
    """The folder of what ships with the project: `data` or `experiments`; in the wheel, else in the clone."""
    package = Path(__file__).parent
    inside = package / "shipped" / kind
    return inside if inside.is_dir() else package.parent / kind
