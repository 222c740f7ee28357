"""Shows progress on stderr: a bar in a terminal, elsewhere a plain line every half minute."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from harness.guarded_stream import unguarded
from harness.progress import Advance, Progress
from harness.text_tables import visible

INTERVAL_S = 30.0
"""Time between two plain lines."""
MINUTE, HOUR = 60, 3600


def show_progress(unit: str, *, size: int = 1) -> Progress:
    """Returns the hook that shows progress on stderr.

    Args:
        unit: what is counted ("fits", "MB").
        size: amount of work per unit that is shown (1,000,000 for bytes as MB).
    """

    @contextmanager
    def show(total: int | None) -> Iterator[Advance]:
        with (_bar if sys.stderr.isatty() else _lines)(Count(unit, total, size=size)) as advance:
            yield advance

    return show


class Count:
    """Counts finished work, and says how far it is: amount, rate, remaining time and last step.

    Args:
        unit: what is counted.
        total: amount of work; None: unknown.
        size: amount of work per unit that is shown.
        clock: function that returns seconds.
    """

    def __init__(
        self, unit: str, total: int | None, *, size: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.unit, self.total, self.size, self.clock = unit, total, size, clock
        self.finished = 0
        self.step = ""
        self.start = clock()

    def advance(self, step: str, amount: int = 1, /) -> None:
        """Counts a finished step."""
        self.finished += amount
        self.step = step

    def line(self) -> str:
        """Returns the state as one line: `12 of 40 fits, 2.4 a minute, about 12 min left: rules fold-2, seed 13`."""
        amount = self._number(self.finished)
        counted = (
            f"{amount} {self.unit}" if self.total is None else f"{amount} of {self._number(self.total)} {self.unit}"
        )
        rate = self.rate()
        last = f": {self.step}" if self.step else ""
        return f"{counted}{f', {rate}' if rate else f', {duration(self.clock() - self.start)} so far'}{last}"

    def rate(self) -> str:
        """Returns the rate and the remaining time; empty before the first step."""
        seconds = self.clock() - self.start
        if not self.finished or seconds <= 0:
            return ""
        per_second = self.finished / self.size / seconds
        if per_second >= 1:
            rate = f"{per_second:,.1f} a second"
        elif per_second * MINUTE >= 1:
            rate = f"{per_second * MINUTE:.1f} a minute"
        else:
            rate = f"{per_second * HOUR:.1f} an hour"
        if self.total is None:
            return rate
        return f"{rate}, about {duration((self.total - self.finished) / self.size / per_second)} left"

    def _number(self, amount: int) -> str:
        return f"{amount:,}" if self.size == 1 else f"{amount / self.size:,.1f}"


def duration(seconds: float) -> str:
    """Returns a duration in words: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if seconds < 2 * HOUR else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def _lines(count: Count, interval_s: float | None = None) -> Iterator[Advance]:
    """Prints the state every half minute, from a thread, because one step can take longer."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(INTERVAL_S if interval_s is None else interval_s):
            click.echo(count.line(), err=True)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield count.advance
    finally:
        ended.set()
        thread.join()


@contextmanager
def _bar(count: Count) -> Iterator[Advance]:
    """Shows a bar with the state beside it, which disappears at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task
    from rich.progress import Progress as Bar
    from rich.text import Text

    class State(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(visible(count.line()).replace("\n", " "), overflow="ellipsis", no_wrap=True)

    shown = SpinnerColumn() if count.total is None else BarColumn(20)
    with Bar(shown, State(), console=Console(file=unguarded(sys.stderr)), transient=True) as bar:
        task = bar.add_task("", total=count.total)

        def advance(step: str, amount: int = 1, /) -> None:
            count.advance(step, amount)
            bar.update(task, advance=amount)

        yield advance
