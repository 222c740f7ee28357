"""Locks of folders, so that two commands do not write to one at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.files import WriteError, make_folder, translate_os_errors


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
