"""Temporary folders for what is not finished, which the next write removes if their process was killed."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

TEMPORARY_PREFIX = ".partial-harness-"
"""Prefix of temporary folders."""
TEMPORARY_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + r"[a-z0-9_]{8}")
"""What `tempfile` makes of the prefix; no other folder is taken for a temporary one."""
CONTENT = re.compile(r"\d+(\.\w+)?|new|old")
"""Names in a temporary folder; one that has others is not ours."""
OLD = "old"
"""Folder, in a temporary one, of a folder that is being replaced."""
HERE = -100
"""`AT_FDCWD` of Linux: paths are relative to the working folder."""
SWAP = 2
"""Flag of renameat2 (Linux) and of renamex_np (macOS) that lets two paths change places."""


def is_temporary(path: Path) -> bool:
    """Returns whether a path is a temporary folder of this package, or lies in one."""
    return any(TEMPORARY_NAME.fullmatch(part) for part in path.parts)


@contextmanager
def temporary_folder(folder: Path) -> Iterator[Path]:
    """Yields a new folder in `folder`, and removes it after the block.

    Those that killed processes left in `folder` are removed first.

    Raises: OSError: the folder cannot be made.
    """
    _remove_once(folder.absolute())
    path, lock = _make_locked(folder)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def remove_partial_files(folder: Path) -> None:
    """Removes, from a folder and those in it, the temporary folders of killed processes."""
    for path in folder.rglob(TEMPORARY_PREFIX + "*"):
        _remove_if_left(path)


@cache
def _remove_once(folder: Path) -> None:
    """Removes what killed processes left in a folder, once in a process: looking through a large folder takes time."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(TEMPORARY_PREFIX):
                _remove_if_left(Path(entry.path))


def _make_locked(folder: Path) -> tuple[Path, int | None]:
    """Makes a temporary folder; returns it with the descriptor that holds its lock, which ends with the process."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder))
        try:
            lock = _lock(path)
        except OSError:
            if path.is_dir():  # locks are not possible there, so nobody removes it
                return path, None
            continue  # another process took it for one that was left
        if path.is_dir():
            return path, lock
        os.close(lock)


def _lock(path: Path) -> int:
    """Locks a folder, and returns the descriptor that holds the lock.

    Raises: OSError: another process holds it, or the file system has no locks.
    """
    import fcntl

    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_if_left(path: Path) -> None:
    """Removes a temporary folder if it is ours and no process uses it."""
    if not TEMPORARY_NAME.fullmatch(path.name) or path.is_symlink():
        return
    with suppress(OSError):
        lock = _lock(path)
        try:
            if all(CONTENT.fullmatch(entry.name) for entry in path.iterdir()):
                _put_back(path)
                shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)


def _put_back(path: Path) -> None:
    """Puts a folder that was moved away, and not replaced yet, back to its place."""
    for old in (path / OLD).glob("*"):
        if not (path.parent / old.name).exists():
            old.rename(path.parent / old.name)


def replace_folder(new: Path, path: Path) -> None:
    """Puts a new folder, which lies in a temporary one, in the place of another, if there is one.

    Raises: OSError: the operating system refuses; the other folder is unchanged.
    """
    if not path.exists():
        new.rename(path)
    elif not exchange(new, path):
        # A rename cannot replace a folder that has files, so the old one moves away first, and back on failure.
        old = new.parent / OLD / path.name
        old.parent.mkdir()
        path.rename(old)
        try:
            new.rename(path)
        except OSError:
            old.rename(path)
            raise


def exchange(one: Path, other: Path) -> bool:
    """Lets two paths change places at one instant; returns whether the operating system and file system can do so."""
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        swap = getattr(library, "renamex_np", None)
        return swap is not None and swap(first, second, SWAP) == 0
    swap = getattr(library, "renameat2", None)
    return swap is not None and swap(HERE, first, HERE, second, SWAP) == 0
