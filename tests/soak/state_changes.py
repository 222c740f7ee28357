"""Counts the changes that a process makes to a folder, and kills it at a chosen one.

A change is a call that creates, writes, syncs, renames or removes something below the folder. The calls are wrapped in
the process itself, so a kill comes at the same place each time, and is known to be there. Writes of libraries in C++
are not seen; the calls before and after them are.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import signal
from collections import Counter as Counts
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

WRITING = frozenset("wax+")
"""Letters of a mode that writes."""
CREATING = os.O_CREAT | os.O_WRONLY | os.O_RDWR


RANDOM = re.compile(r"(?<=\.partial-harness-)\w{8}|[0-9a-f]{32}|(?<=/tmp)\w{8}(?=\.)")
"""Parts of paths that differ between runs."""


class Point(NamedTuple):
    """A place in a process at which to kill it."""

    call: str
    path: str
    """Path of the change, with `*` for what differs between runs."""
    number: int
    """Number of the change among those of this call and path, from 0."""
    share: float | None = None
    """Share of the bytes of a write that are written before the kill; None: the kill comes before the change."""


class Change(NamedTuple):
    """A change to the folder."""

    call: str
    path: str
    """With `*` for what differs between runs."""
    number: int
    """Number among the changes of this call and path, from 0."""
    size: int = 0
    """Number of bytes to write."""

    def point(self, share: float | None = None) -> Point:
        """The place of this change."""
        return Point(self.call, self.path, self.number, share)

    def is_cut_at(self, share: float) -> bool:
        """Whether a write of this share of its bytes is one of its own: some shares of a few bytes are the same."""
        has_bytes = self.call == "write" and self.size > 1
        return has_bytes and (share in (0, 0.5) or self.size > 100)


class Counter:
    """Counts the changes below a folder in this process; at the point that is given, the process kills itself."""

    def __init__(self, folder: Path, point: Point | None) -> None:
        self.folder = os.path.realpath(folder) + os.sep
        self.point = point
        self.changes: list[Change] = []
        self._counts = Counts[tuple[str, str]]()

    def concerns(self, path: str) -> bool:
        """Whether a path is below the folder."""
        return path.startswith(self.folder)

    def next(self, call: str, path: str, size: int = 0) -> float | None:
        """Counts a change; returns the share to write before the kill, if the kill is due halfway."""
        path = RANDOM.sub("*", path.removeprefix(self.folder))
        number = self._counts[call, path]
        self._counts[call, path] += 1
        self.changes.append(Change(call, path, number, size))
        if self.point is None or self.point[:3] != (call, path, number):
            return None
        if self.point.share is None:
            kill()
        return self.point.share


def kill() -> None:
    """Kills this process: nothing of it runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def path_of(path: Any, dir_fd: int | None = None) -> str:
    """The absolute path of what a call names by path or descriptor; empty for what has none."""
    if isinstance(path, int):
        try:
            return str(Path(f"/proc/self/fd/{path}").readlink())
        except OSError:
            return ""
    base = str(Path.cwd()) if dir_fd is None else path_of(dir_fd)
    return os.path.join(base, os.fsdecode(path))  # noqa: PTH118 - a descriptor's folder can be gone


class CountedStream:
    """A file that counts what is written to it."""

    def __init__(self, stream: Any, path: str, counter: Counter) -> None:
        self._stream, self._path, self._counter = stream, path, counter

    def write(self, data: Any) -> int:
        """Writes data, or a part of it before the kill."""
        share = self._counter.next("write", self._path, len(data))
        if share is not None:
            self._stream.write(data[: int(len(data) * share)])
            self._stream.flush()
            kill()
        return int(self._stream.write(data))

    def writelines(self, lines: Any) -> None:
        """Writes several texts."""
        for line in lines:
            self.write(line)

    def __enter__(self) -> CountedStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)


def watch(counter: Counter) -> None:
    """Wraps the calls of this process that change files."""
    for name in ("replace", "rename", "link", "symlink"):
        _wrap(name, counter, lambda arguments, options: path_of(arguments[1], options.get("dst_dir_fd")))
    for name in ("mkdir", "unlink", "remove", "rmdir", "fsync", "ftruncate", "truncate"):
        _wrap(name, counter, lambda arguments, options: path_of(arguments[0], options.get("dir_fd")))
    _wrap_open(counter)
    _wrap_write(counter)
    _wrap_streams(counter)


def _wrap(name: str, counter: Counter, find: Callable[[Any, Any], str]) -> None:
    real = getattr(os, name)

    def counted(*arguments: Any, **options: Any) -> Any:
        path = find(arguments, options)
        if counter.concerns(path):
            counter.next(name, path)
        return real(*arguments, **options)

    setattr(os, name, counted)


def _wrap_open(counter: Counter) -> None:
    real = os.open

    def counted(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        full = path_of(path, dir_fd)
        if flags & CREATING and counter.concerns(full):
            counter.next("open", full)
        return real(path, flags, mode, dir_fd=dir_fd)

    os.open = counted


def _wrap_write(counter: Counter) -> None:
    real = os.write

    def counted(descriptor: int, data: Any) -> int:
        path = path_of(descriptor)
        if counter.concerns(path):
            share = counter.next("write", path, len(data))
            if share is not None:
                real(descriptor, data[: int(len(data) * share)])
                kill()
        return real(descriptor, data)

    os.write = counted


def _wrap_streams(counter: Counter) -> None:
    real = io.open

    def counted(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        path = path_of(file)
        if not WRITING.intersection(mode) or not counter.concerns(path):
            return real(file, mode, *arguments, **options)
        if not isinstance(file, int):
            counter.next("open", path)
        return CountedStream(real(file, mode, *arguments, **options), path, counter)

    builtins.open = io.open = counted  # type: ignore[assignment]
