"""A stage of a chain that fails on one claim goes on with the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from harness.data.claims import Claims
from harness.errors import HarnessError

T = TypeVar("T")


class StageFailure(NamedTuple):
    """Why a stage has nothing for a claim."""

    reason: str


def for_each_claim(claims: Claims, work: Callable[[Claims], Sequence[T]]) -> list[T | StageFailure]:
    """What a stage gives for claims: all at once, and one claim at a time if that fails.

    Args:
        claims: the claims.
        work: the stage; gives one value per claim.
    Raises: HarnessError: the stage fails on every claim.
    """
    try:
        return [*work(claims)]
    except HarnessError:
        if len(claims) <= 1:
            raise
        values = [_of_one(claims.take(np.array([row], dtype=np.int64)), work) for row in range(len(claims))]
        if all(isinstance(value, StageFailure) for value in values):
            raise
        return values


def _of_one(claim: Claims, work: Callable[[Claims], Sequence[T]]) -> T | StageFailure:
    try:
        (value,) = work(claim)
    except HarnessError as error:
        return StageFailure(str(error))
    return value
