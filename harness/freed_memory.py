"""Memory that was freed, and that the process still holds."""

from __future__ import annotations

from functools import cache
from typing import Any


def return_freed_memory() -> None:
    """Gives freed memory back to the system, after a step that needed much for a while.

    The C library keeps what lies between blocks in use, up to half of the memory of a large run. Where it is not glibc,
    nothing happens.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    import ctypes

    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
