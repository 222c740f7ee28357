"""When the garbage collector runs, and when freed memory goes back to the system."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pauses the garbage collector while the block creates many records, which is a third faster.

    Each collection would otherwise traverse all records created so far.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def importing() -> Iterator[None]:
    """Pauses the garbage collector while the block imports modules, and has it leave alone what they made."""
    n_modules = len(sys.modules)
    with gc_paused():
        yield
        if len(sys.modules) == n_modules:  # nothing was made; what is garbage by now would never be collected
            return
        was_frozen = gc.get_freeze_count()
        gc.freeze()
        if not was_frozen:  # the process is somebody else's, who may want it collected: it is old, no more
            gc.unfreeze()


MANY_TEXTS = 50_000
"""Number of texts from which on a step leaves more behind than it takes to give it back."""


def return_freed_memory(n_texts: int) -> None:
    """Gives freed memory back to the system, after a step that needed much of it for many texts.

    The C library keeps what lies between blocks in use, up to half of the memory of a large run. Where it is not glibc,
    nothing happens.
    """
    trim = _malloc_trim() if n_texts >= MANY_TEXTS else None
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    import ctypes

    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
