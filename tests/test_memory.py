"""What imports make is left alone by the garbage collector; freed memory goes back to the system."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from importlib import import_module

import pytest

from harness import memory
from harness.memory import importing

SCRIPT = """
from pathlib import Path
from harness.memory import MANY_TEXTS, return_freed_memory
def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
kept, freed = [], []
for _ in range(2000):  # blocks too small to be mapped alone, of which every second one stays
    freed.append(bytearray(50_000))
    kept.append(bytearray(1_000))
del freed
before = megabytes()
return_freed_memory(MANY_TEXTS - 1)
assert before - megabytes() < 1
return_freed_memory(MANY_TEXTS)
print(before - megabytes())
"""


@pytest.mark.skipif(memory._malloc_trim() is None or sys.platform != "linux", reason="the C library is not glibc")
def test_memory_between_blocks_in_use_goes_back():
    output = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True).stdout
    assert float(output) > 50


def test_another_c_library_changes_nothing(monkeypatch):
    monkeypatch.setattr(memory, "_malloc_trim", lambda: None)
    memory.return_freed_memory(memory.MANY_TEXTS)


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
