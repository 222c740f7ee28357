"""Work in several processes: each piece once, in little more time than the pieces take, whatever happens to one."""

from __future__ import annotations

import os
import signal
import time
from contextlib import nullcontext

import numpy as np
import pytest

from harness.errors import EndsRun, HarnessError
from harness.runner.units import pool
from harness.runner.units.pool import Piece, WorkerDied, do_all


class Sleeps:
    """Pieces that take a time; each tells the process that did it, and what it read of the shared array."""

    def __init__(self, seconds: float = 0.0, parent_seconds: float | None = None, fault: str | None = None) -> None:
        self.seconds, self.fault, self.parent = seconds, fault, os.getpid()
        self.parent_seconds = seconds if parent_seconds is None else parent_seconds
        self.array = np.arange(1000)

    def session(self):
        return nullcontext()

    def do(self, number):
        at_home = os.getpid() == self.parent
        time.sleep(self.parent_seconds if at_home else self.seconds)
        if self.fault == "killed" and not at_home:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "ends" and not at_home:
            raise EndsRun("no more")
        return os.getpid(), int(self.array[number]), self.array.flags.writeable


@pytest.fixture
def at_once(monkeypatch):
    """Other processes start whatever there is to do."""
    monkeypatch.setattr(pool, "LOOK_S", 0.0)
    monkeypatch.setattr(pool, "START_S", -1.0)


def never(_):
    return False


def test_one_process_does_all_in_order():
    assert [piece.number for piece in do_all(Sleeps(), 5, 1, never)] == [0, 1, 2, 3, 4]
    assert list(do_all(Sleeps(), 0, 4, never)) == []
    assert next(iter(do_all(Sleeps(), 1, 1, lambda _: True))) == Piece(0, None)


def test_processes_share_the_pieces_and_the_arrays(at_once):
    pieces = list(do_all(Sleeps(0.001, parent_seconds=0.02), 400, 2, lambda number: number % 10 == 0))
    assert sorted(piece.number for piece in pieces) == list(range(400))
    assert all((piece.outcome is None) == (piece.number % 10 == 0) for piece in pieces)
    finished = [piece for piece in pieces if piece.outcome]
    assert all(piece.outcome[1] == piece.number for piece in finished)
    elsewhere = [piece for piece in finished if piece.outcome[0] != os.getpid()]
    assert len(elsewhere) > 20
    assert not any(piece.outcome[2] for piece in elsewhere)  # mapped into memory


def test_little_work_starts_no_process(monkeypatch):
    monkeypatch.setattr(pool, "_LAST_USE", {})
    monkeypatch.setattr(pool._Helpers, "_start_all", lambda _: pytest.fail("started"))
    began = time.monotonic()
    assert len(list(do_all(Sleeps(0.01), 50, 2, never))) == 50
    assert time.monotonic() - began < 5


def test_a_worker_that_is_killed_is_said(at_once):
    with pytest.raises(WorkerDied, match=r"was ended from outside .*run the same again, with fewer --jobs"):
        list(do_all(Sleeps(0.0, parent_seconds=0.05, fault="killed"), 400, 2, never))


def test_an_error_that_ends_the_run_comes_from_any_process(at_once):
    with pytest.raises(HarnessError, match="no more"):
        list(do_all(Sleeps(0.0, parent_seconds=0.05, fault="ends"), 400, 2, never))


def test_a_process_stays_in_a_group_and_helps_at_the_end(at_once):
    starts = list(range(0, 60, 10))
    pieces = list(do_all(Sleeps(0.01), 60, 2, never, starts))
    assert sorted(piece.number for piece in pieces) == list(range(60))
    shares = {(piece.number // 10, piece.outcome[0]) for piece in pieces}
    assert len(shares) <= len(starts) + 2  # one group is split at the end, and one where the other process starts


def test_processes_that_start_early_have_imported_what_they_need(monkeypatch):
    monkeypatch.setattr(pool, "available_cores", lambda: 2)
    monkeypatch.setattr(pool, "_LAST_USE", {})
    pool.start_early(2, ["no_such_module", "colorsys"])
    assert pool._LAST_USE  # they wait for work
    loaded = pool._executor(2).submit(eval, "'colorsys' in __import__('sys').modules")
    assert loaded.result(timeout=60)
    # A terminal sends Ctrl-C to all processes: the others would print where they were.
    deaf = pool._executor(2).submit(eval, "2 in __import__('signal').pthread_sigmask(0, [])")
    assert deaf.result(timeout=60)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_no_process_starts_where_none_is_of_use(monkeypatch):
    monkeypatch.setattr(pool, "available_cores", lambda: 2)
    monkeypatch.setattr(pool, "_LAST_USE", {})
    pool.start_early(1, [])  # nothing to start
    pool.start_early(3, [])  # more than there are cores
    assert not pool._LAST_USE


def test_work_is_done_where_no_process_can_start_early(monkeypatch):
    monkeypatch.setattr(pool, "available_cores", lambda: 2)
    monkeypatch.setattr(pool, "_LAST_USE", {})

    def refuse(_):
        raise OSError("no semaphores")

    monkeypatch.setattr(pool, "_executor", refuse)
    pool.start_early(2, [])
    assert not pool._LAST_USE
    assert len(list(do_all(Sleeps(), 3, 2, never))) == 3


def test_loky_has_the_private_names_that_are_used(at_once):
    from joblib.externals.loky import __version__, process_executor

    seen = f"loky {__version__}; seen in 3.6.0, of joblib 1.6.0: without it, see `_end` and `_keep_process`"
    assert hasattr(process_executor, "_MAX_MEMORY_LEAK_SIZE"), seen
    assert list(do_all(Sleeps(0.01), 20, 2, never))
    assert hasattr(pool._executor(2), "_processes"), seen


def test_processes_are_ended_where_loky_does_not_name_them():
    class OfAnotherLoky:
        def shutdown(self, **options):
            self.options = options

    executor = OfAnotherLoky()
    pool._end(executor)
    assert executor.options == {"wait": False, "kill_workers": True}


class Grows(Sleeps):
    """Pieces of which a later one of another process takes much memory, as features do."""

    def do(self, number):
        if os.getpid() != self.parent and number > 25 and not hasattr(self, "features"):
            self.features = b"x" * 350_000_000
        return super().do(number)


def test_a_process_may_hold_much_memory(at_once):
    pieces = list(do_all(Grows(0.1), 70, 2, never))
    elsewhere = {piece.outcome[0] for piece in pieces} - {os.getpid()}
    assert len(elsewhere) == 1
