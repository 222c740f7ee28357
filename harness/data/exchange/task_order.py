"""The order of tasks that are labeled blind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def shuffled(tasks: Iterable[T], claim_id: Callable[[T], str]) -> list[T]:
    """Returns tasks in a shuffled order that a second export repeats, and that does not hint at labels.

    Args:
        tasks: tasks.
        claim_id: returns the id of the claim, or of the article, of a task.
    """
    return sorted(tasks, key=lambda task: hashlib.sha256(str(claim_id(task)).encode()).hexdigest())
