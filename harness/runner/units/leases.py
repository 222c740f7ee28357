"""Leases: while a process fits a unit, a file says so to the other processes that share the run folder.

A lease needs no lock service, only a file that is made where none was, which every shared file system can do. Its owner
touches it every few seconds. Nobody compares clocks: whoever waits sees whether the file changes while its own clock
advances, so a clock that jumps ends no lease and keeps none.
"""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple
from uuid import uuid4

from harness.errors import FaultsError
from harness.files import make_folder, state_bytes, translate_os_errors

LEASE_S = 120.0
"""Seconds without a sign of life after which the lease of another machine has run out."""
TORN_S = 5.0
"""Seconds after which a lease has run out whose owner was killed while it wrote its name into it."""
HEARTBEAT_S = 10.0
"""Seconds between two signs of life."""
POLL_S = (0.02, 1.0)
"""Shortest and longest wait between two looks at a lease."""


class Seen(NamedTuple):
    """A lease as it was when somebody looked."""

    content: bytes
    """What its owner wrote."""
    mtime_ns: int
    """Changes with each sign of life."""


class Lease:
    """A lease of this process.

    Args:
        path: its file.
        content: what this process wrote into it, as nobody else does.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.content = content

    def is_own(self) -> bool:
        """Whether nobody has taken the lease over, as happens after a pause of this process that outlasts it."""
        with suppress(FaultsError):
            seen = _look(self.path)
            return seen is not None and seen.content == self.content
        return False

    def give_back(self) -> None:
        """Ends the lease."""
        _HEART.forget(self)
        if self.is_own():
            with suppress(OSError):
                self.path.unlink()


class Waiting:
    """Looks at leases of others until they end."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[Seen, float]] = {}

    def try_take(self, path: Path) -> Lease | None:
        """The lease of a unit; None if another process has it.

        Args:
            path: the file of the unit.
        Raises: WriteError: the lease cannot be written. FaultsError: what is in its place is no file.
        """
        file = path.parent / ".leases" / f"{path.stem}.json"
        lease = _make(file)
        seen = None if lease else _look(file)
        if lease is not None or seen is None:  # None: it ended just now
            return lease or _make(file)
        first, since = self._seen.get(file, (None, 0.0))
        if first != seen:
            self._seen[file] = seen, (since := monotonic())
        if not _has_ended(seen) and monotonic() - since < (TORN_S if _owner_in(seen) is None else LEASE_S):
            return None
        _remove(file, seen)
        return _make(file)


@contextmanager
def unit_lease(path: Path) -> Iterator[Lease]:
    """Waits until no other process fits the unit of a file, and keeps others from it until the block ends.

    Raises: WriteError: the lease cannot be written.
    """
    waiting, pause = Waiting(), POLL_S[0]
    while (lease := waiting.try_take(path)) is None:
        sleep(pause)
        pause = min(2 * pause, POLL_S[1])
    try:
        yield lease
    finally:
        lease.give_back()


def remove_ended(units: Path) -> None:
    """Removes the leases of dead processes: nobody waits for that of a unit which is finished.

    Args:
        units: folder of the units.
    """
    for file in (units / ".leases").glob("*"):
        seen = _look(file)
        if seen is not None and _has_ended(seen):
            _remove(file, seen)


def _make(file: Path) -> Lease | None:
    """Makes the file of a lease; None if there is one."""
    content = json.dumps({**_owner(), "token": uuid4().hex}).encode()
    with translate_os_errors(file):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return None
        except FileNotFoundError:
            make_folder(file.parent)
            return _make(file)
        try:
            os.write(descriptor, content)
        except OSError:
            file.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
    lease = Lease(file, content)
    _HEART.add(lease)
    return lease


def _look(file: Path) -> Seen | None:
    """A lease; None if it has ended.

    Raises: FaultsError: something else is in its place, for whose end nobody may wait.
    """
    with suppress(OSError):
        content = state_bytes(file)
        return None if content is None else Seen(content, file.stat().st_mtime_ns)
    return None


def _remove(file: Path, seen: Seen) -> None:
    """Removes a lease that has ended, unless it is another one by now."""
    aside = file.with_name(f".{file.stem}-{uuid4().hex}")
    with suppress(OSError):
        file.rename(aside)
        if aside.read_bytes() != seen.content:  # another process was faster and has made its own
            os.link(aside, file)
        aside.unlink()


def _has_ended(seen: Seen) -> bool:
    """Whether the owner is of this machine and is dead; only time tells of other machines, and of a torn file."""
    owner = _owner_in(seen)
    return owner is not None and owner["host"] == _host() and owner["began"] != _began(owner["pid"])


def _owner_in(seen: Seen) -> dict[str, Any] | None:
    """Who wrote a lease; None if it is torn."""
    try:
        owner: dict[str, Any] = json.loads(seen.content)
        return owner if owner.keys() >= {"host", "pid", "began"} else None
    except (ValueError, AttributeError):
        return None


@cache
def _host() -> str:
    """The machine since it was started, and the container: in another one, the same number is another process."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{platform.node()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _began(pid: int) -> str | None:
    """When a process of this machine began, which tells it from a later one of the same number; None: it is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return "alive"  # of another user
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "alive"
    state, *fields = text.rpartition(")")[2].split()
    return None if state in ("Z", "X") else fields[18]


def _owner() -> dict[str, object]:
    pid = os.getpid()
    return {"host": _host(), "pid": pid, "began": _own_start(pid)}


@cache
def _own_start(pid: int) -> str | None:
    return _began(pid)


class _Heart:
    """Gives signs of life for the leases of this process."""

    def __init__(self) -> None:
        self._leases: dict[Path, Lease] = {}
        self._pid: int | None = None

    def add(self, lease: Lease) -> None:
        """Gives signs of life for a lease from now on."""
        if self._pid != os.getpid():  # a process that was forked has no thread, and none of the leases
            self._pid, self._leases = os.getpid(), {}
            threading.Thread(target=self._beat, name="leases", daemon=True).start()
        self._leases[lease.path] = lease

    def forget(self, lease: Lease) -> None:
        """Gives no more of them."""
        self._leases.pop(lease.path, None)

    def _beat(self) -> None:
        while True:
            sleep(HEARTBEAT_S)
            for lease in list(self._leases.values()):
                with suppress(OSError):
                    if lease.is_own():
                        os.utime(lease.path)


_HEART = _Heart()
