"""What the caches in the cache folder hold, and their deletion; fetched benchmarks beside them stay."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from filelock import FileLock, Timeout

from harness.arguments import as_list
from harness.classifiers.storage.fit_cache import FITS, MAX_FITS, is_whole_fit
from harness.display import displayed
from harness.endpoints.cache import Cache
from harness.errors import UnknownName, unknown_name
from harness.features.checked_cache import CheckedCache, Contents
from harness.features.counts.corpus_counts import MANY_TEXTS, stored_counts
from harness.features.vector_cache import VectorCache
from harness.folders import cache_folder
from harness.partial_files import is_temporary

CacheName = Literal["replies", "vectors", "counts", "fits"]


@displayed
class CacheState(NamedTuple):
    """What a cache holds."""

    name: CacheName
    """Name of the cache."""
    holds: str
    """What its entries are, and what a lost one costs."""
    path: Path
    """Its file or folder; it need not exist."""
    entries: int
    """Number of entries."""
    damaged: int
    """Number of entries that are not as they were written; they are not used."""
    size: int
    """Size in bytes."""
    limit: str
    """Beyond what the oldest entries are deleted."""


class _Cache(NamedTuple):
    holds: str
    path: Path
    limit: str
    contents: Callable[[], Contents]
    clear: Callable[[], None]


def caches() -> list[CacheState]:
    """Returns the state of each cache in the cache folder; every entry is read and checked."""
    return [_state(name, cache) for name, cache in _caches().items()]


def prune_caches(names: str | Sequence[str]) -> list[CacheState]:
    """Deletes all entries of caches; returns what they held before.

    What was spent of a budget stays, and so do fits that another process is reading or writing.

    Args:
        names: `replies`, `vectors`, `counts`, `fits`, or several of them.
    Raises: UnknownName: no cache has one of the names; WriteError: the replies cannot be deleted.
    """
    known = _caches()
    for name in as_list(names):
        if name not in known:
            raise UnknownName(unknown_name("cache", name, get_args(CacheName)))
    states = [_state(name, known[name]) for name in dict.fromkeys(as_list(names))]
    for state in states:
        if state.path.exists():
            known[state.name].clear()
    return states


def _state(name: CacheName, cache: _Cache) -> CacheState:
    files = [path for path in (cache.path, *cache.path.rglob("*")) if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    entries, damaged = cache.contents()
    return CacheState(name, cache.holds, cache.path, entries, damaged, size, cache.limit)


def _caches() -> dict[CacheName, _Cache]:
    folder = cache_folder()
    fits, replies = folder / FITS, folder / "replies.sqlite"
    return {
        "replies": _Cache(
            "answers of language models, which may have been paid for",
            replies,
            "none",
            lambda: _replies(folder) if replies.exists() else Contents(0, 0),
            lambda: _clear_replies(folder),
        ),
        "vectors": _of_file("outputs of encoders for texts, computed again", VectorCache.default()),
        "counts": _of_file(f"n-grams of {MANY_TEXTS:,} or more texts, counted again", stored_counts()),
        "fits": _Cache(
            "fitted transformers and fits to other datasets, fitted again",
            fits,
            f"{MAX_FITS} entries",
            lambda: Contents(len(_fits(fits)), sum(not is_whole_fit(fit) for fit in _fits(fits))),
            lambda: _clear_fits(fits),
        ),
    }


def _of_file(holds: str, cache: CheckedCache) -> _Cache:
    limit = f"{cache.max_bytes / 1e9:g} GB"
    return _Cache(holds, cache.path, limit, cache.contents, cache.clear)


def _replies(folder: Path) -> Contents:
    with Cache(folder) as cache:
        return Contents(*cache.count())


def _clear_replies(folder: Path) -> None:
    with Cache(folder) as cache:
        cache.delete_all()


def _fits(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not is_temporary(path))


def _clear_fits(folder: Path) -> None:
    for fit in _fits(folder):
        lock = FileLock(fit.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            continue
        try:
            shutil.rmtree(fit, ignore_errors=True)
        finally:
            lock.release()
