"""Does numbered pieces of work in several processes, of which this one is the first.

Each process takes the next number from counters that all share, so small pieces cost no message each, and a long one
keeps nobody waiting. A process stays in a group of pieces that share what is made for them, while other groups are left
for the others. The work travels once to each process, in a file whose arrays are mapped into memory. This process
begins at once; the others start early, where they are told to, or where more is left than their start costs.
"""

from __future__ import annotations

import importlib
import mmap
import os
import pickle
import signal
import tempfile
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import lru_cache
from multiprocessing import resource_tracker
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, NamedTuple, Protocol

from harness.errors import EndsRun
from harness.features.threads import available_cores
from harness.files import translate_os_errors
from harness.runner.units.number_queue import NumberQueue
from harness.user_code.local_code import WorkerCode

SLICE_S = 0.5
"""Seconds after which a process hands back what it has done."""
START_S = 1.5
"""Seconds of work that must be left for a process to be started: it takes as long to import what it needs."""
LOOK_S = 0.25
"""Seconds after which this process looks how much is left."""
IDLE_S = 300.0
"""Seconds that a process without work waits for the next run."""
ALIGNMENT = 64
QUEUE = "next"
"""Name of the file with the next number of each group."""
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Variables that linear algebra reads when a process starts."""


class WorkerDied(EndsRun):
    """A worker process was ended from outside."""

    code = "worker-died"


class Work(Protocol):
    """Numbered pieces of work, which can be pickled."""

    def session(self) -> AbstractContextManager[None]:
        """What surrounds pieces that one process does one after the other."""

    def do(self, number: int) -> Any:
        """Does one piece."""


class Piece(NamedTuple):
    """A piece of work that somebody took."""

    number: int
    outcome: Any
    """What `Work.do` returned; None if the piece was left out."""


def do_all(
    work: Work, n: int, jobs: int, leave_out: Callable[[int], bool], starts: Sequence[int] = (0,)
) -> Iterator[Piece]:
    """Does pieces 0 to n - 1; those of a group begin in this order, and one process does them in this order.

    Args:
        jobs: number of processes.
        leave_out: whether a piece is not needed any more; asked before it begins.
        starts: first number of each group of pieces that one process had better do, ascending from 0. A process that
            has no group left helps with the one of which most is left.
    Raises: WorkerDied: a worker process was ended from outside. Whatever `Work.do` raises.
    """
    if min(jobs, n) <= 1:
        with work.session() if n else ExitStack():
            for each in range(n):
                yield Piece(each, None if leave_out(each) else work.do(each))
        return
    with _helpers(work, array("q", [*starts, n]), min(jobs, n), leave_out) as helpers:
        left = n
        with work.session():
            while (number := helpers.queue.take()) is not None:
                yield Piece(number, None if leave_out(number) else work.do(number))
                helpers.first_ended = helpers.first_ended or monotonic()
                left -= 1
                for piece in helpers.handed_back(wait=False):
                    yield piece
                    left -= 1
        while left:
            for piece in helpers.handed_back(wait=True):
                yield piece
                left -= 1


class _Helpers:
    """The other processes, which start when there is enough for them to do."""

    def __init__(
        self, work: Work, folder: Path, jobs: int, bounds: array[int], leave_out: Callable[[int], bool]
    ) -> None:
        with translate_os_errors(folder):
            self.queue = NumberQueue.create(folder / QUEUE, bounds)
        self._work, self._folder, self._jobs, self._leave_out = work, folder, jobs, leave_out
        self._bounds = bounds
        self._slices = SimpleQueue[Future[list[Piece]] | BaseException]()
        self._code = WorkerCode()
        self._executor: Any = None
        self._starter: threading.Thread | None = None
        self._began = monotonic()
        self.first_ended: float | None = None
        self._over = threading.Event()

    def start(self) -> None:
        """Starts the processes, or sees later whether it is worth it."""
        if _LAST_USE.get(self._jobs, -IDLE_S) + IDLE_S / 2 > monotonic():  # they wait for work
            self._start_all()
        else:
            self._starter = threading.Thread(target=self._start_when_worth_it, name="helpers", daemon=True)
            self._starter.start()

    def _start_when_worth_it(self) -> None:
        while not self._over.wait(LOOK_S):
            n, n_left, since = self._bounds[-1], self.queue.n_left, self.first_ended or self._began
            if not n_left:
                return
            elapsed = monotonic() - since
            ended = n - n_left - 2 if self.first_ended else 0  # the first imports; the last goes on
            # Before a second one has ended, nobody knows more than that each takes longer than this.
            if elapsed / max(1, ended) * (n_left if ended > 0 else 1) > START_S:
                try:
                    self._start_all()
                except BaseException as error:  # in a thread, which would swallow it
                    self._slices.put(error)
                return

    def _start_all(self) -> None:
        with translate_os_errors(self._folder):
            _write_work(self._folder, self._work, self._bounds)
        self._executor = _executor(self._jobs)
        for _ in range(self._jobs - 1):
            self._start_slice()

    def _start_slice(self) -> None:
        """Lets a process work for a while; when it hands back, it is given the next slice."""
        unneeded = frozenset(filter(self._leave_out, range(self._bounds[-1])))
        with _deaf_to_ctrl_c():
            future = self._executor.submit(_work_a_while, self._code, str(self._folder), unneeded)
        future.add_done_callback(self._hand_back)

    def _hand_back(self, future: Future[list[Piece]]) -> None:
        self._slices.put(future)
        try:  # in a thread of the executor, which would swallow an error
            if not future.cancelled() and future.exception() is None:
                _LAST_USE[self._jobs] = monotonic()
                if not self._over.is_set() and self.queue.n_left:
                    self._start_slice()
        except BaseException as error:
            self._slices.put(error)

    def handed_back(self, *, wait: bool) -> Iterator[Piece]:
        """The pieces that were handed back by now; with `wait`, at least one slice of them."""
        with suppress(Empty):
            while True:
                answer = self._slices.get(block=wait)
                wait = False
                if isinstance(answer, BaseException):
                    raise answer
                yield from answer.result()

    def stop(self, *, kill: bool) -> None:
        """Lets the processes take no more work; `kill`: ends them."""
        self._over.set()
        if self._starter is not None:
            self._starter.join()
        self.queue.stop()
        if kill and self._executor is not None:
            _LAST_USE.pop(self._jobs, None)
            _end(self._executor)


_LAST_USE: dict[int, float] = {}
"""When processes last handed back work, or were started early, by the number of processes."""


def start_early(jobs: int, modules: Iterable[str]) -> None:
    """Starts the other processes, which import what they need while this one reads its data.

    Where nothing is left for them to do, they end when this one does, or wait for the next run.

    Args:
        jobs: number of processes; with more than there are processors, the others would be in the way.
        modules: what they import; a module that cannot be imported is left to the work that needs it.
    """
    if not 1 < jobs <= available_cores() or jobs in _LAST_USE:
        return
    with suppress(OSError, BrokenExecutor):  # whoever needs the processes tries again, and says what is wrong
        executor = _executor(jobs)
        with _deaf_to_ctrl_c():
            for _ in range(jobs - 1):
                executor.submit(_import_all, tuple(modules))
        _LAST_USE[jobs] = monotonic()


def _import_all(modules: Iterable[str]) -> None:
    for module in modules:
        with suppress(Exception):
            importlib.import_module(module)


def _executor(jobs: int) -> Any:
    """The processes beside this one, which are started once."""
    from joblib.externals.loky import get_reusable_executor

    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    env = dict.fromkeys(ONE_THREAD, "1") | {"OMP_NUM_THREADS": threads}
    with _deaf_to_ctrl_c():
        return get_reusable_executor(max_workers=jobs - 1, env=env, timeout=IDLE_S)


def _end(executor: Any) -> None:
    """Ends the processes at once; loky's own way raises an error in its thread where work waits in its queue."""
    processes = getattr(executor, "_processes", None)  # private, so another version of loky may lack it
    for pid in list(processes or ()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    executor.shutdown(wait=False, kill_workers=processes is None)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Lets processes that start meanwhile not hear Ctrl-C, which a terminal sends to all: this process ends them."""
    resource_tracker.ensure_running()  # Python 3.11 unblocks the signal when it starts this one
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _helpers(work: Work, bounds: array[int], jobs: int, leave_out: Callable[[int], bool]) -> Iterator[_Helpers]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True)))
        helpers = _Helpers(work, folder, jobs, bounds, leave_out)
        stack.callback(helpers.queue.close)
        kill = True
        try:
            helpers.start()
            yield helpers
            kill = False
        except BrokenExecutor as error:
            raise WorkerDied(
                f"a worker process was ended from outside ({_first_line(error)}); finished units are kept: run the "
                "same again, with fewer --jobs if memory ran out"
            ) from None
        finally:
            helpers.stop(kill=kill)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _work_a_while(_: WorkerCode, folder: str, unneeded: frozenset[int]) -> list[Piece]:
    """Does pieces for some time, in a worker process; an end of the whole work ends it too."""
    pieces = list[Piece]()
    _keep_process()
    try:
        work, queue = _read_work(folder)
    except FileNotFoundError:  # everything was done before this process had started
        return pieces
    until = monotonic() + SLICE_S
    with work.session():
        while monotonic() < until and (number := queue.take()) is not None:
            pieces.append(Piece(number, None if number in unneeded else work.do(number)))
    return pieces


def _keep_process() -> None:
    """Lets a worker process hold the features of its fold: loky ends one that has grown by 0.3 GB as a leak."""
    from joblib.externals.loky import process_executor

    # Private; a version of loky that lacks it may end processes of much memory, and starts others for them.
    if hasattr(process_executor, "_MAX_MEMORY_LEAK_SIZE"):
        process_executor._MAX_MEMORY_LEAK_SIZE = float("inf")


def _write_work(folder: Path, work: Work, bounds: array[int]) -> None:
    """Writes the work so that its arrays can be mapped: each begins at a multiple of `ALIGNMENT`."""
    try:  # which pickles classes of a notebook, as pickle does not; joblib brings it as a part or as a dependency
        from joblib.externals import cloudpickle
    except ImportError:
        import cloudpickle

    buffers = list[pickle.PickleBuffer]()
    data = cloudpickle.dumps(work, protocol=5, buffer_callback=buffers.append)
    with (folder / "arrays").open("wb") as arrays:
        places = []
        for buffer in buffers:
            arrays.write(bytes(-arrays.tell() % ALIGNMENT))
            raw = buffer.raw()
            places.append((arrays.tell(), raw.nbytes))
            arrays.write(raw)
        arrays.write(b"\0")  # an empty file cannot be mapped
    (folder / "work").write_bytes(pickle.dumps((data, places, bounds)))


@lru_cache(maxsize=1)
def _read_work(folder: str) -> tuple[Any, NumberQueue]:
    """The work of a folder, read once, and the numbers that are left of it."""
    data, places, bounds = pickle.loads((Path(folder) / "work").read_bytes())  # noqa: S301 - written by the parent
    with (Path(folder) / "arrays").open("rb") as arrays:
        mapped = memoryview(mmap.mmap(arrays.fileno(), 0, access=mmap.ACCESS_READ))
    work = pickle.loads(data, buffers=[mapped[start : start + size] for start, size in places])  # noqa: S301
    return work, NumberQueue(Path(folder) / QUEUE, bounds)
