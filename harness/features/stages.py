"""Where time goes: adds up wall and processor time by stage, each without the stages inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from time import perf_counter, process_time
from typing import NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Spent(NamedTuple):
    """Time that a stage took."""

    wall: float = 0.0
    """Seconds on the clock."""
    processor: float = 0.0
    """Seconds of the processors, over all threads of the process."""

    def plus(self, other: Spent) -> Spent:
        """The sum of both."""
        return Spent(self.wall + other.wall, self.processor + other.processor)


class StageClock:
    """Adds up the time of stages."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}
        self._names: list[str] = []
        self._since = Spent()

    def enter(self, name: str) -> None:
        """Begins a stage; the one around it pauses."""
        self._charge()
        self._names.append(name)

    def leave(self) -> None:
        """Ends the stage that began last."""
        self._charge()
        self._names.pop()

    def _charge(self) -> None:
        now = Spent(perf_counter(), process_time())
        if self._names:
            name = self._names[-1]
            elapsed = Spent(now.wall - self._since.wall, now.processor - self._since.processor)
            self.spent[name] = self.spent.get(name, Spent()).plus(elapsed)
        self._since = now


_CLOCK: ContextVar[StageClock | None] = ContextVar("stage_clock", default=None)
"""The clock of this thread; other threads have none, so their wall time is that of whoever waits for them."""


@contextmanager
def stage_clock() -> Iterator[Mapping[str, Spent]]:
    """Times the stages inside the block; gives the mapping that they are added to. A clock around it pauses not."""
    clock = StageClock()
    token = _CLOCK.set(clock)
    try:
        yield clock.spent
    finally:
        _CLOCK.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Counts the time inside the block as that of a stage, if a clock is running."""
    clock = _CLOCK.get()
    if clock is None:
        yield
        return
    clock.enter(name)
    try:
        yield
    finally:
        clock.leave()


def in_stage(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates a function whose time is that of a stage."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            with stage(name):
                return function(*args, **kwargs)

        return timed

    return decorate


def add_up(*parts: Mapping[str, Spent]) -> dict[str, Spent]:
    """The sums of the times of several clocks."""
    total = dict[str, Spent]()
    for part in parts:
        for name, spent in part.items():
            total[name] = total.get(name, Spent()).plus(spent)
    return total
