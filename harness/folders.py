"""Folders for fetched benchmarks, cached files, and shipped data and experiments; locks; safe names of files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.files import WriteError, make_folder, translate_os_errors


def data_root(chosen: str | Path | None = None) -> Path:
    """Returns the folder of fetched benchmarks: `chosen`, `$HARNESS_DATA_ROOT`, or the user cache folder."""
    return Path(chosen) if chosen is not None else _folder_from_environment("HARNESS_DATA_ROOT")


def cache_folder() -> Path:
    """Returns the folder of cached replies, vectors, encoders and fits: `$HARNESS_CACHE`, or the user cache folder.

    Deleting it loses replies of paid APIs; everything else can be recomputed.
    """
    return _folder_from_environment("HARNESS_CACHE")


def _folder_from_environment(variable: str) -> Path:
    # An empty variable counts as unset: Path("") would be the current folder.
    if os.environ.get(variable):
        return Path(os.environ[variable])
    import platformdirs

    return Path(platformdirs.user_cache_dir("claim-harness"))


def shipped(kind: str) -> Path:
    """Returns the folder of shipped files, in an installed wheel or in a clone.

    Args:
        kind: `data` or `experiments`.
    """
    package = Path(__file__).parent
    in_wheel = package / "shipped" / kind
    return in_wheel if in_wheel.is_dir() else package.parent / kind


def safe_name(text: str, otherwise: str) -> str:
    """A text as an id or file name of at most 100 characters: a hyphen replaces each run of unsafe characters.

    Args:
        text: any text.
        otherwise: the name for a text without safe characters.
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100] or otherwise


class Locked(WriteError):
    """Another process writes to the folder."""

    def __init__(self, folder: Path, message: str) -> None:
        self.folder = folder
        super().__init__(message)


@contextmanager
def folder_lock(folder: Path, purpose: str, *, name: str = ".lock", wait_s: float = 0) -> Iterator[None]:
    """Locks a folder against other processes until the block ends or the process dies.

    Args:
        folder: created if absent.
        purpose: what needs the lock ("a run", "ingest"), for the message.
        name: name of the lock file.
        wait_s: seconds to wait for another process.
    Raises: Locked: another process has locked the folder. WriteError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    make_folder(folder)
    lock = FileLock(folder / name, timeout=wait_s)
    with translate_os_errors(folder):
        try:
            lock.acquire()
        except Timeout:
            raise Locked(
                folder,
                f"{folder}: another process is writing to this folder ({purpose}); "
                "wait until it ends, or choose another folder",
            ) from None
    try:
        yield
    finally:
        lock.release()
