"""Runs share a run folder, but for one that fits finished units again."""

from __future__ import annotations

import pytest

from harness.folders import Locked
from harness.runner.units.sharing import shared_folder


def test_the_first_run_is_alone_and_further_ones_learn_that_they_are_not(tmp_path):
    with shared_folder(tmp_path / "runs") as first, shared_folder(tmp_path / "runs") as second:
        assert (first, second) == (False, True)
    with shared_folder(tmp_path / "runs") as third:
        assert not third


def test_a_fresh_run_and_others_keep_each_other_out(tmp_path):
    with (
        shared_folder(tmp_path),
        pytest.raises(Locked, match="--fresh would fit its units again; wait"),
        shared_folder(tmp_path, alone=True),
    ):
        pass
    with shared_folder(tmp_path, alone=True):
        with pytest.raises(Locked, match=r"\(a run with --fresh\); wait until it ends"), shared_folder(tmp_path):
            pass
        with pytest.raises(Locked, match="wait"), shared_folder(tmp_path, alone=True):
            pass
    with shared_folder(tmp_path, alone=True) as joins:
        assert not joins
