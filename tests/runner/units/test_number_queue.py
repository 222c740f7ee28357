"""Numbers that several processes take: each once, group by group."""

from __future__ import annotations

from array import array
from pathlib import Path

from harness.runner.units.number_queue import NumberQueue


def test_numbers_come_from_the_own_group_then_an_untouched_one_then_the_fullest(tmp_path):
    bounds = array("q", [0, 2, 3, 9])
    own = NumberQueue.create(tmp_path / "next", bounds)
    other = NumberQueue(tmp_path / "next", bounds)
    assert [own.take(), other.take(), own.take(), own.take()] == [0, 2, 1, 3]
    assert [other.take(), own.take(), other.n_left] == [4, 5, 3]
    own.stop()
    assert (own.take(), other.take(), own.n_left) == (None, None, 0)
    own.close()
    other.close()


def test_a_queue_that_nobody_holds_keeps_no_file_open(tmp_path):
    bounds = array("q", [0, 2])
    first = NumberQueue.create(tmp_path / "next", bounds)
    open_files = Path("/dev/fd")
    n_open = len(list(open_files.iterdir()))
    assert NumberQueue(tmp_path / "next", bounds).take() == 0
    assert len(list(open_files.iterdir())) == n_open
    first.close()
