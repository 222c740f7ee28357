"""Does numbered pieces of work on the workers of a Dask cluster, which need no file of the machine that asks for them.

A worker that dies costs the pieces that it was doing, which another one does again.
"""

from __future__ import annotations

import logging
import pickle
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4
from warnings import catch_warnings, filterwarnings

from harness.errors import EndsRun, HarnessError, MissingExtra
from harness.files import fingerprint
from harness.user_code.local_code import WorkerCode

CONNECT_S = 10.0
"""Seconds in which a scheduler must answer."""
WORKERS_S = 30.0
"""Seconds in which a cluster without workers must get one."""
LOOK_S = 1.0
"""Seconds between two looks at the workers of a cluster."""
BATCH_S = 0.5
"""Seconds of work that are sent together, where one piece takes less: a message takes some milliseconds."""
AHEAD = 2
"""Batches for each worker at a time, of which it does one."""
OWN_PACKAGE = "claim-harness"
SOURCE = "claim-harness source"


class ClusterError(EndsRun):
    """A cluster cannot be used, or cannot be reached any more."""

    code = "cluster"


class KilledByWork(HarnessError):
    """Several workers were ended from outside while they did one piece of work."""

    code = "worker-died"


class ClusterWork(NamedTuple):
    """Numbered pieces of work; both functions are pickled."""

    session: Callable[[], AbstractContextManager[None]]
    """What surrounds pieces that one worker does one after the other."""
    do: Callable[[int], Any]
    """Does one piece."""


class _Batch(NamedTuple):
    """What a worker hands back."""

    outcomes: list[Any]
    seconds: float


class _Refusal(NamedTuple):
    """What a worker hands back that cannot do the work, such as one of other versions that came late."""

    worker: str
    reason: str


def versions_of(packages: Sequence[str]) -> dict[str, str]:
    """The versions of this process that must be the same everywhere: of Python, of this package, and of others."""
    own = {"Python": ".".join(platform.python_version_tuple()[:2])}
    return own | {package: _version(package) for package in (OWN_PACKAGE, *packages)} | {SOURCE: _source()}


def do_on_cluster(
    scheduler: str, work: ClusterWork, packages: Sequence[str], take: Callable[[int], Sequence[int]]
) -> Iterator[tuple[int, Any]]:
    """Does pieces of work, and yields their numbers with what `ClusterWork.do` returned, or `KilledByWork`.

    Args:
        scheduler: address of the Dask scheduler.
        work: the work.
        packages: distributions whose versions must be the same on each worker.
        take: the numbers of the next pieces, at most so many; empty if there are none.
    Raises: MissingExtra: `distributed` is not installed. ClusterError: the scheduler does not answer, a worker has
        other versions, or none is left. Whatever `ClusterWork.do` raises.
    """
    with _connected(scheduler) as client:
        cluster = _Cluster(client, scheduler, work, versions_of(packages))
        cluster.check_workers(packages)
        yield from cluster.results(take)


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    try:
        from distributed import Client
        from distributed.comm import resolve_address
    except ImportError:
        raise MissingExtra(
            "--backend dask needs distributed; install it with: pip install 'claim-harness[dask]'"
        ) from None
    try:
        # A client that is given no address waits 20 s for itself when it is collected, and prints a traceback.
        with catch_warnings():
            filterwarnings("ignore", category=FutureWarning)  # which is raised, too
            resolve_address(scheduler)
        client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except AssertionError:  # all that distributed says if its thread has not begun within 10 s
        raise ClusterError(
            "--backend dask: the thread of the connection did not start within 10 s, as happens where a machine has "
            "far more work than processors; run the same again when it has less"
        ) from None
    except FutureWarning as error:  # a protocol that takes another package
        raise ClusterError(f"--scheduler: '{scheduler}' cannot be used: {' '.join(str(error).split())}") from None
    except (OSError, ValueError, ImportError) as error:  # ValueError: no address; ImportError: an unknown protocol
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ClusterError(
            f"--scheduler: no Dask scheduler answered at '{scheduler}' within {CONNECT_S:.0f} s ({reason}); start one "
            "with `dask scheduler`, and give the address that it prints, such as tcp://10.0.0.1:8786"
        ) from None
    with _quiet():
        try:
            yield client
        finally:
            with suppress(OSError):
                client.close(timeout=CONNECT_S)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps tracebacks about lost connections from the terminal, which gets a message instead."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _Cluster:
    """A cluster that does pieces of work.

    Args:
        client: the connection.
        address: that of the scheduler, for messages.
        work: the work.
        expected: versions that each worker must have.
    """

    def __init__(self, client: Any, address: str, work: ClusterWork, expected: dict[str, str]) -> None:
        self._client, self._address, self._expected = client, address, expected
        # The result of a task, not a scattered value: the scheduler makes it again if the worker that has it dies.
        self._sent = self._submit(bytes, _pickled((WorkerCode(), work)))
        self._name = uuid4().hex
        self._in_flight: dict[Any, Sequence[int]] = {}
        self._n_workers, self._looked, self._alive = 0, 0.0, monotonic()
        self._seconds, self._n_ended = 0.0, 0

    def check_workers(self, packages: Sequence[str]) -> None:
        """Waits for a worker; refuses those that do not fit.

        Raises: ClusterError: there is no worker, or one has other versions or several threads.
        """
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=WORKERS_S)
        threads: dict[str, int] = self._client.nthreads()
        if not threads:
            raise ClusterError(
                f"--scheduler: {self._address} has no worker; start some: dask worker {self._address} --nthreads 1"
            )
        faults: dict[str, list[str]] = {}
        answers = self._client.run(versions_of, [*packages], on_error="return")
        for worker, answer in sorted(answers.items()):
            if isinstance(answer, BaseException):
                fault = f"this version of {OWN_PACKAGE} cannot be imported ({type(answer).__name__}: {answer})"
            elif answer != self._expected:
                fault = _difference(answer, self._expected)
            elif threads.get(worker, 1) > 1:
                fault = f"{threads[worker]} threads, whose sums may differ; expected 1 (--nthreads 1 --nworkers N)"
            else:
                continue
            faults.setdefault(fault, []).append(worker)
        if faults:
            lines = [f"--scheduler: {_listed(workers)}: {fault}" for fault, workers in faults.items()]
            raise ClusterError("\n".join([*lines, "give each worker the versions of this process, and start it anew"]))

    def results(self, take: Callable[[int], Sequence[int]]) -> Iterator[tuple[int, Any]]:
        """The pieces with their outcomes, as they end."""
        from distributed import wait

        try:
            while True:
                self._look()
                while len(self._in_flight) < AHEAD * max(1, self._n_workers) and (numbers := take(self._batch_size())):
                    self._start(numbers)
                if not self._in_flight:
                    return
                with suppress(TimeoutError), self._client.as_current():
                    wait([*self._in_flight], timeout=LOOK_S, return_when="FIRST_COMPLETED")
                for future in [future for future in self._in_flight if future.done()]:
                    yield from self._outcomes(future, self._in_flight.pop(future))
        except CancelledError:  # of futures: the scheduler has ended
            raise self._lost() from None
        finally:
            if self._client.status == "running":
                self._client.cancel([*self._in_flight], force=True)

    def _look(self) -> None:
        if monotonic() - self._looked < LOOK_S:
            return
        self._looked = monotonic()
        if self._client.status != "running":
            raise self._lost()
        try:
            self._n_workers = len(self._client.nthreads())
        except OSError:
            raise self._lost() from None
        if self._n_workers:
            self._alive = monotonic()
        elif monotonic() - self._alive > WORKERS_S:
            raise ClusterError(
                f"--scheduler: {self._address} has had no worker for {WORKERS_S:.0f} s; finished units are kept: start "
                "workers, then run the same again"
            )

    def _batch_size(self) -> int:
        """As many pieces as take about `BATCH_S`; one until some have ended."""
        return max(1, int(BATCH_S * self._n_ended / self._seconds)) if self._seconds > 0 else 1

    def _start(self, numbers: Sequence[int]) -> None:
        future = self._submit(_do_batch, self._name, self._sent, [*numbers], self._expected)
        self._in_flight[future] = numbers

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        with catch_warnings():
            filterwarnings("ignore", message="Sending large graph")  # it is sent once
            return self._client.submit(function, *arguments, pure=False)

    def _outcomes(self, future: Any, numbers: Sequence[int]) -> Iterator[tuple[int, Any]]:
        from distributed import KilledWorker

        try:
            batch = future.result()
        except KilledWorker as error:
            if len(numbers) > 1:  # one of them ends its workers, so each gets a task of its own
                for number in numbers:
                    self._start([number])
                return
            yield (
                numbers[0],
                KilledByWork(
                    f"{error.allowed_failures + 1} workers were ended from outside while they fitted it, as happens "
                    "where memory runs out; give the workers more, or fewer of them a machine"
                ),
            )
            return
        if isinstance(batch, _Refusal):
            raise ClusterError(
                f"--scheduler: worker {batch.worker}: {batch.reason}; finished units are kept: correct it, then run "
                "the same again"
            )
        self._seconds += batch.seconds
        self._n_ended += len(numbers)
        yield from zip(numbers, batch.outcomes, strict=True)

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"--scheduler: the connection to {self._address} was lost; finished units are kept: start the scheduler "
            "and its workers, then run the same again"
        )


_READ: dict[str, ClusterWork] = {}
"""The work that this worker does, by the name of its run."""


def _do_batch(name: str, sent: bytes, numbers: Sequence[int], expected: Mapping[str, str]) -> _Batch | _Refusal:
    """Does pieces of work, in a worker."""
    from distributed import get_worker

    versions = versions_of([each for each in expected if each not in ("Python", OWN_PACKAGE, SOURCE)])
    if versions != expected:
        return _Refusal(get_worker().address, _difference(versions, expected))
    if name not in _READ:
        _READ.clear()
        try:
            _, _READ[name] = pickle.loads(sent)  # noqa: S301 - the scheduler runs any code anyway
        except Exception as error:
            reason = f"{type(error).__name__}: {error} (code and files must lie under the same path on each worker)"
            return _Refusal(get_worker().address, reason)
    work, began = _READ[name], monotonic()
    with work.session():
        outcomes = [work.do(number) for number in numbers]
    return _Batch(outcomes, monotonic() - began)


def _pickled(parts: object) -> bytes:
    try:
        from joblib.externals import cloudpickle
    except ImportError:
        import cloudpickle
    pickled: bytes = cloudpickle.dumps(parts, protocol=5)
    return pickled


def _difference(versions: Mapping[str, str], expected: Mapping[str, str]) -> str:
    """What differs; the source of this package only if its version does not."""
    differing = [name for name in expected if versions.get(name) != expected[name]]
    named = [name for name in differing if name != SOURCE] or differing
    return ", ".join(
        f"other source code of {OWN_PACKAGE} {expected[OWN_PACKAGE]}"
        if name == SOURCE
        else f"{name} {versions.get(name)}, expected {expected[name]}"
        for name in named
    )


def _listed(workers: Sequence[str]) -> str:
    more = f" and {len(workers) - 3} more" if len(workers) > 3 else ""
    return f"worker{'s' * (len(workers) > 1)} {', '.join(workers[:3])}{more}"


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@cache
def _source() -> str:
    """The fingerprint of the source of this package: a clone keeps its version while it changes."""
    folder = Path(__file__).parents[1]
    return fingerprint(
        part
        for path in sorted(folder.rglob("*.py"))
        for part in (str(path.relative_to(folder)), path.read_text("utf-8"))
    )
