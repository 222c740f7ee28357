"""Leases: one process fits a unit at a time, and the lease of a dead or silent one is taken over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from harness.errors import FaultsError
from harness.files import WriteError
from harness.runner.units import leases
from harness.runner.units.leases import Waiting, unit_lease


@pytest.fixture
def unit(tmp_path):
    (tmp_path / "units").mkdir()
    return tmp_path / "units" / "u1.parquet"


@pytest.fixture
def clock(monkeypatch):
    """Seconds of the process that waits; the wall clock is not asked."""
    now = [1000.0]
    monkeypatch.setattr(leases, "monotonic", lambda: now[0])
    return now


def written(unit, **changes):
    """A lease of another process, as it lies in the folder."""
    own = Waiting().try_take(unit)
    document = json.loads(own.content) | changes
    own.give_back()
    own.path.write_text(json.dumps(document))
    return own.path


def test_a_unit_is_fitted_by_one_process_at_a_time(unit):
    order = []

    def hold(name: str) -> None:
        with unit_lease(unit):
            order.append(f"{name} in")
            time.sleep(0.05)
            order.append(f"{name} out")

    threads = [threading.Thread(target=hold, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = order[0][0], order[2][0]
    assert order == [f"{first} in", f"{first} out", f"{second} in", f"{second} out"]
    assert not list((unit.parent / ".leases").iterdir())


def test_the_lease_of_a_dead_process_of_this_machine_is_taken_at_once(unit):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    written(unit, pid=dead.pid)
    taken = Waiting().try_take(unit)
    assert taken is not None
    assert taken.is_own()


def test_a_process_with_the_number_of_a_dead_one_does_not_hold_its_lease(unit):
    written(unit, began="1")
    assert Waiting().try_take(unit) is not None


def test_a_process_of_another_container_of_this_machine_is_not_taken_for_dead(unit, monkeypatch):
    written(unit, pid=2**22 - 1)  # of a container, where the number is that of a living process
    leases._host.cache_clear()
    monkeypatch.setattr(leases.Path, "readlink", lambda _: "pid:[1]")
    try:
        assert Waiting().try_take(unit) is None
    finally:
        leases._host.cache_clear()


def test_a_lease_of_another_machine_runs_out_when_it_is_silent(unit, clock):
    file = written(unit, host="elsewhere")
    waiting = Waiting()
    assert waiting.try_take(unit) is None
    clock[0] += leases.LEASE_S - 1
    assert waiting.try_take(unit) is None
    os.utime(file, ns=(1, 1))  # a sign of life, by a clock that is decades behind
    clock[0] += leases.LEASE_S - 1
    assert waiting.try_take(unit) is None
    clock[0] += 2
    assert waiting.try_take(unit) is None
    clock[0] += leases.LEASE_S
    assert waiting.try_take(unit) is not None


@pytest.mark.parametrize("mtime", [0, 4_000_000_000])
def test_no_clock_but_its_own_ends_a_lease(unit, clock, mtime):
    os.utime(written(unit, host="elsewhere"), (mtime, mtime))
    assert Waiting().try_take(unit) is None


def test_an_owner_learns_that_its_lease_was_taken_and_does_not_end_the_next(unit):
    first = Waiting().try_take(unit)
    written_by_next = json.loads(first.content) | {"token": "next"}
    first.path.write_text(json.dumps(written_by_next))
    assert not first.is_own()
    first.give_back()
    assert first.path.exists()


def test_a_lease_that_changed_hands_meanwhile_is_left_alone(unit):
    file = written(unit, host="elsewhere")
    seen = leases._look(file)
    file.write_text("of a third process")
    leases._remove(file, seen)
    assert file.read_text() == "of a third process"
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("content", [b"", b'{"host"', b'{"host": "h"}', b"7"])
def test_a_torn_lease_runs_out_soon(unit, clock, content):
    file = written(unit)
    file.write_bytes(content)
    waiting = Waiting()
    assert waiting.try_take(unit) is None
    clock[0] += leases.TORN_S
    assert waiting.try_take(unit) is not None


def test_leases_of_the_dead_are_removed_and_those_of_the_living_stay(unit):
    file = written(unit, began="1")
    aside = file.with_name(f".{file.stem}-0123")
    file.rename(aside)
    other = unit.with_name("u2.parquet")
    with unit_lease(other) as lease:
        written(unit, began="1")
        leases.remove_ended(unit.parent)
        assert list(file.parent.iterdir()) == [lease.path]


def test_a_living_owner_gives_signs_of_life(unit, monkeypatch):
    monkeypatch.setattr(leases, "HEARTBEAT_S", 0.01)
    heart = leases._Heart()
    monkeypatch.setattr(leases, "_HEART", heart)
    with unit_lease(unit) as lease:
        os.utime(lease.path, ns=(1, 1))
        for _ in range(500):
            if lease.path.stat().st_mtime_ns != 1:
                break
            time.sleep(0.01)
        assert lease.path.stat().st_mtime_ns != 1


def test_a_full_disk_is_said_and_leaves_no_lease(unit, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(leases.os, "write", full)
    with pytest.raises(WriteError, match="the disk is full"):
        Waiting().try_take(unit)
    monkeypatch.undo()
    assert Waiting().try_take(unit) is not None


@pytest.mark.parametrize("place", [os.mkdir, os.mkfifo])
def test_nobody_waits_for_what_is_no_lease(place, unit):
    own = Waiting().try_take(unit)
    own.give_back()
    place(own.path)
    with (
        pytest.raises(FaultsError, match=r"u1.json: is a (folder|device or a pipe); expected a file"),
        unit_lease(unit),
    ):
        pass
    assert not own.is_own()
