"""Shards: parts of the units of a run that several processes fit into one run folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.display import displayed
from harness.errors import HarnessError
from harness.files import WriteError, make_folder, translate_os_errors
from harness.text_tables import count_of

if TYPE_CHECKING:
    from filelock import FileLock

PATIENCE = 2.0
"""Seconds to wait for a lock that another process may hold for a moment, to see whether it is free."""


class Shard(NamedTuple):
    """One of several parts of the units of an experiment."""

    number: int
    """From 1."""
    of: int
    """Number of shards."""

    @classmethod
    def parse(cls, value: str | tuple[int, int]) -> Shard:
        """The shard of `1/4` or (1, 4).

        Raises: HarnessError: the value is no shard.
        """
        text = value if isinstance(value, str) else "/".join(map(str, value))
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*", text, re.ASCII)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise HarnessError(f"--shard: got '{text}'; expected I/N with I from 1 to N, such as 1/4")
        return cls(int(match[1]), int(match[2]))

    def has(self, unit_id: str) -> bool:
        """Whether a unit belongs to the shard; its id alone decides, so other units change nothing."""
        return int(unit_id, 16) % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@displayed
class ShardProgress(NamedTuple):
    """What a run of one shard has left behind, in place of results."""

    shard: str
    """The shard, such as `1/4`."""
    units: int
    """Number of units of the shard."""
    missing: int
    """Number of its units that are not fitted, because their system failed."""
    left: int
    """Number of units of the whole experiment that are not fitted yet, those of the shard included."""
    of_others: int = 0
    """Number of units in the folder that are of other settings, data or versions of packages."""

    def __str__(self) -> str:
        own = f"shard {self.shard}: {self.units - self.missing} of {count_of(self.units, 'unit')} fitted"
        if self.of_others:
            own += (
                f"; {count_of(self.of_others, 'unit')} in the folder of other settings, data or package versions, "
                "which are not used: where the shards should agree, give each the same config, data and versions"
            )
        if not self.left:
            return f"{own}; no unit of the experiment is left: run the same without --shard for the results"
        return (
            f"{own}; {count_of(self.left, 'unit')} of the experiment left: when the other shards have ended, run the "
            "same without --shard, which fits what is left and writes the results"
        )


def count_foreign(folder: Path, unit_ids: Sequence[str]) -> int:
    """Number of units in a run folder that an experiment does not have."""
    return len({path.stem for path in (folder / "units").glob("[0-9a-f]*.parquet")} - {*unit_ids})


@contextmanager
def shard_lock(folder: Path, shard: Shard) -> Iterator[None]:
    """Keeps other runs of the same shard, and runs of the whole experiment, from a run folder until the block ends.

    A process that dies gives its locks back.

    Raises: WriteError: such a run is going on, or the folder cannot be written.
    """
    make_folder(folder)
    with _held(folder / f".shard-{shard.number}-of-{shard.of}.lock", folder, f"shard {shard}"):
        with _held(folder / ".lock", folder, "a run of the whole experiment"):
            pass
        yield


def refuse_shards(folder: Path) -> None:
    """Refuses a folder in which a shard is being fitted; call it only under the lock of the folder.

    Raises: WriteError: a shard is being fitted.
    """
    for path in sorted(folder.glob(".shard-*-of-*.lock")):
        _, number, _, of = path.stem.split("-")
        with _held(path, folder, f"shard {number}/{of}", patience=0.0):
            pass


@contextmanager
def _held(path: Path, folder: Path, purpose: str, patience: float = PATIENCE) -> Iterator[FileLock]:
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    with translate_os_errors(folder):
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            raise WriteError(
                f"{folder}: another process is writing to this folder ({purpose}); wait until it ends, then run the "
                "same again"
            ) from None
    try:
        yield lock
    finally:
        lock.release()
