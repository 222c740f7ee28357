"""What imports make is left alone by the garbage collector, and stays its user's."""

from __future__ import annotations

import gc
import sys
import weakref
from importlib import import_module

import pytest

from harness.garbage_collector import importing


@pytest.fixture
def a_module(tmp_path, monkeypatch):
    """A module that is not imported yet."""
    (tmp_path / "not_imported_yet.py").write_text("made = ['a list of its own']", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "not_imported_yet"
    sys.modules.pop("not_imported_yet", None)


def test_what_an_import_makes_is_old_but_can_be_collected(a_module):
    gc.unfreeze()
    with importing():
        made = import_module(a_module).made
    assert not gc.get_freeze_count()
    assert any(each is made for each in gc.get_objects(generation=2))


def test_what_an_import_makes_is_frozen_where_a_program_freezes(a_module):
    gc.freeze()
    try:
        with importing():
            made = import_module(a_module).made
        assert gc.get_freeze_count()
        assert not any(each is made for each in gc.get_objects())
    finally:
        gc.unfreeze()


def test_what_is_garbage_is_collected_if_all_was_imported_before():
    gc.freeze()
    try:
        cycle = {"garbage"}, []
        cycle[1].append(cycle)
        garbage = weakref.ref(cycle[0])
        del cycle
        with importing():
            import_module("gc")
        gc.collect()
        assert garbage() is None
    finally:
        gc.unfreeze()
