"""Several runs that use one run folder at the same time, or one that has it to itself."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from harness.files import make_folder, translate_os_errors
from harness.folders import Locked, folder_lock

PATIENCE_S = 0.5
"""Seconds to wait for a lock that another run may hold for a moment, to see whether it is alone."""
LOOK_S = 0.02
"""Seconds between two looks at the lock."""


@contextmanager
def shared_folder(folder: Path, *, alone: bool = False) -> Iterator[bool]:
    """Keeps a run folder open to other runs, or to none, until the block ends or the process dies.

    Runs share units by their leases. The value of the block is whether another run uses the folder already.

    Args:
        folder: created if absent.
        alone: whether to keep other runs out, as one does that fits finished units again.
    Raises: Locked: another run keeps this one out, or would be in its way. WriteError: the folder cannot be written.
    """
    make_folder(folder)
    with translate_os_errors(folder):
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with translate_os_errors(folder):
            is_alone = _lock(descriptor, fcntl.LOCK_EX)
            has_place = is_alone if alone else _lock(descriptor, fcntl.LOCK_SH, PATIENCE_S)
        if not has_place:
            raise Locked(folder, _refusal(folder, alone=alone))
        yield not is_alone
    finally:
        os.close(descriptor)


def writing_results(folder: Path) -> AbstractContextManager[None]:
    """Waits until no other run writes the results of a run folder, and keeps others from it until the block ends."""
    return folder_lock(folder, "results", name=".results.lock", wait_s=-1)


def _refusal(folder: Path, *, alone: bool) -> str:
    if alone:
        return (
            f"{folder}: another process is writing to this folder (a run), and --fresh would fit its units again; wait "
            "until it ends, or choose another --out folder"
        )
    return (
        f"{folder}: another process is writing to this folder (a run with --fresh); wait until it ends, then run the "
        "same again, or choose another --out folder"
    )


def _lock(descriptor: int, kind: int, patience: float = 0.0) -> bool:
    """Takes a lock; returns whether it is free within some seconds."""
    until = monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        if monotonic() >= until:
            return False
        sleep(LOOK_S)
