"""Processor threads of frozen encoders, measured once in a process: under other load, more threads are slower."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from harness.text_tables import count_of

MIN_TEXTS = 256
"""Number of texts from which the measurement pays; fewer are encoded with torch's own number of threads."""
SAMPLE = 8
"""Number of texts that are encoded to measure."""
ROUNDS = 2
"""Rounds of the measurement, of which the faster one counts; the numbers of threads take turns."""


class ThreadChoice(NamedTuple):
    """How many threads were chosen, and what was measured."""

    threads: int
    seconds: dict[int, float]
    """Time of `SAMPLE` texts by number of threads."""

    def __str__(self) -> str:
        speeds = ", ".join(
            f"{SAMPLE / seconds:.0f} texts a second with {count_of(threads, 'thread')}"
            for threads, seconds in self.seconds.items()
        )
        return f"encoder: {count_of(self.threads, 'thread')}, chosen by measurement ({speeds})"


_choices: list[ThreadChoice] = []


def chosen_threads() -> ThreadChoice | None:
    """The choice of this process; None if nothing was measured."""
    return _choices[0] if _choices else None


@contextmanager
def best_threads(n_texts: int, encode_sample: Callable[[], object]) -> Iterator[None]:
    """Sets the number of threads of torch in the block to the fastest; measures it first if it is not known yet.

    Args:
        n_texts: number of texts to encode in the block.
        encode_sample: encodes `SAMPLE` of them.
    """
    import torch

    if torch.cuda.is_available() or (n_texts < MIN_TEXTS and not _choices):
        yield
        return
    before = torch.get_num_threads()
    try:
        if not _choices:
            _choices.append(_measure(encode_sample, torch.set_num_threads))
        torch.set_num_threads(_choices[0].threads)
        yield
    finally:
        torch.set_num_threads(before)


def _measure(encode_sample: Callable[[], object], set_threads: Callable[[int], object]) -> ThreadChoice:
    n_cores = available_cores()
    # Powers of two below the number of cores, and all of them.
    numbers = [*(2**power for power in range((n_cores - 1).bit_length())), n_cores]
    encode_sample()  # the first time loads code, which no choice should pay for
    seconds = dict.fromkeys(numbers, float("inf"))
    for _ in range(ROUNDS):
        for threads in numbers:
            if seconds[threads] < float("inf") and seconds[threads] > 2 * min(seconds.values()):
                continue  # another round would only take time
            set_threads(threads)
            start = time.perf_counter()
            encode_sample()
            seconds[threads] = min(seconds[threads], time.perf_counter() - start)
    return ThreadChoice(min(seconds, key=lambda threads: seconds[threads]), seconds)


def available_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
