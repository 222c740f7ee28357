"""Progress of long work: the hook that functions call, and that the command line shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Advance(Protocol):
    """Takes each finished step."""

    def __call__(self, step: str, amount: int = 1, /) -> None:
        """Counts a step: its name, and how much of the work it was."""


Progress = Callable[[int | None], AbstractContextManager[Advance]]
"""Shows progress: called with the amount of work (None: unknown), it gives the function that takes finished steps."""


def silent(_: int | None) -> AbstractContextManager[Advance]:
    """Shows no progress."""
    return nullcontext(ignore)


def ignore(_: str, _amount: int = 1, /) -> None:
    """Takes a finished step and shows nothing."""
