"""Numbers that several processes take, each once, in groups that one process had better take."""

from __future__ import annotations

import fcntl
import os
from array import array
from pathlib import Path
from weakref import finalize


class NumberQueue:
    """The numbers that several processes take, from a file with the next number of each group.

    Args:
        path: the file.
        bounds: first number of each group, and the number of pieces.
    """

    def __init__(self, path: Path, bounds: array[int]) -> None:
        self._bounds, self._group = bounds, -1
        self._file = os.open(path, os.O_RDWR)
        self._close = finalize(self, os.close, self._file)  # also when nobody holds the queue any more

    @classmethod
    def create(cls, path: Path, bounds: array[int]) -> NumberQueue:
        """Creates the file, with nothing taken."""
        path.write_bytes(bounds[:-1].tobytes())
        return cls(path, bounds)

    def take(self) -> int | None:
        """The next number of the group that this process is in, else of the first that is untouched, else of the one
        of which most is left; None if nothing is left."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            following = self._following()
            left = [end - number for number, end in zip(following, self._bounds[1:], strict=True)]
            if self._group < 0 or not left[self._group]:
                untouched = (g for g, number in enumerate(following) if number == self._bounds[g] and left[g])
                self._group = next(untouched, max(range(len(left)), key=left.__getitem__))
            if not left[self._group]:
                return None
            number = following[self._group]
            os.pwrite(self._file, array("q", [number + 1]).tobytes(), self._group * following.itemsize)
            return number
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    @property
    def n_left(self) -> int:
        """Number of pieces that nobody has taken."""
        return sum(self._bounds[1:]) - sum(self._following())

    def stop(self) -> None:
        """Lets nobody take another number."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            os.pwrite(self._file, self._bounds[1:].tobytes(), 0)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Closes the file; a thread that still asks gets an error, and no number of another file."""
        self._file = -1
        self._close()

    def _following(self) -> array[int]:
        following = array("q")
        following.frombytes(os.pread(self._file, (len(self._bounds) - 1) * following.itemsize, 0))
        return following
