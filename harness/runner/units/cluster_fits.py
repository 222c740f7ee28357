"""Fits units on a Dask cluster: the workers fit, and this process has the leases and writes the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from harness.endpoints.cluster import ClusterWork, do_on_cluster
from harness.errors import HarnessError
from harness.runner.units.leases import Lease
from harness.runner.units.pool import Piece

BACKENDS = ("local", "dask")


class Workers(NamedTuple):
    """What fits the units of a run."""

    jobs: int = 1
    """Number of processes of this machine."""
    scheduler: str | None = None
    """Address of the scheduler of a Dask cluster that fits in their place."""

    @classmethod
    def of(cls, backend: str, scheduler: str | None, jobs: int, *, offline: bool = False) -> Workers:
        """The workers that the options of a run name.

        Raises: HarnessError: the options do not go together.
        """
        if backend not in BACKENDS:
            raise HarnessError(f"--backend: got '{backend}'; expected one of {', '.join(BACKENDS)}")
        if backend == "local":
            if scheduler is not None:
                raise HarnessError("--scheduler: needs --backend dask; add it, or leave --scheduler out")
            return cls(jobs)
        if not scheduler:
            raise HarnessError("--backend dask: needs --scheduler ADDRESS, such as tcp://10.0.0.1:8786")
        if jobs != 1:
            raise HarnessError("--jobs: does not go with --backend dask, whose workers are the processes; leave it out")
        if offline:
            raise HarnessError(f"needs the network ({scheduler}), which --offline refuses")
        return cls(scheduler=scheduler)


class ClusterFits(Protocol):
    """Fits in three steps, of which a worker does the second."""

    packages: tuple[str, ...]

    def session(self) -> AbstractContextManager[None]:
        """What surrounds fits that one worker does one after the other."""

    def begin(self, number: int) -> Any:
        """The lease of a unit, or the outcome that it has without a fit."""

    def fit(self, number: int) -> Any:
        """Fits a unit; returns an error that ends its fit."""

    def end(self, lease: Lease, number: int, fitted: Any) -> Any:
        """Writes a fitted unit, gives its lease back, and returns its outcome."""


def fit_on_cluster(fits: ClusterFits, n: int, scheduler: str, leave_out: Callable[[int], bool]) -> Iterator[Piece]:
    """Fits units 0 to n - 1; see `pool.do_all` for the pieces, and `do_on_cluster` for the errors."""
    numbers = iter(range(n))
    leases = dict[int, Lease]()
    without_fit = list[Piece]()

    def take(most: int) -> list[int]:
        taken = list[int]()
        for number in numbers:
            begun = None if leave_out(number) else fits.begin(number)
            if isinstance(begun, Lease):
                leases[number] = begun
                taken.append(number)
                if len(taken) == most:
                    break
            else:
                without_fit.append(Piece(number, begun))
        return taken

    try:
        work = ClusterWork(fits.session, fits.fit)
        for number, fitted in do_on_cluster(scheduler, work, fits.packages, take):
            yield Piece(number, fits.end(leases.pop(number), number, fitted))
            while without_fit:
                yield without_fit.pop()
    finally:
        for lease in leases.values():
            lease.give_back()
    yield from without_fit
