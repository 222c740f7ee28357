"""Memory that was freed goes back to the system, where the C library can do that."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness import freed_memory

SCRIPT = """
from pathlib import Path
from harness.freed_memory import return_freed_memory
def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
kept, freed = [], []
for _ in range(2000):  # blocks too small to be mapped alone, of which every second one stays
    freed.append(bytearray(50_000))
    kept.append(bytearray(1_000))
del freed
before = megabytes()
return_freed_memory()
print(before - megabytes())
"""


@pytest.mark.skipif(freed_memory._malloc_trim() is None or sys.platform != "linux", reason="the C library is not glibc")
def test_memory_between_blocks_in_use_goes_back():
    output = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True).stdout
    assert float(output) > 50


def test_another_c_library_changes_nothing(monkeypatch):
    monkeypatch.setattr(freed_memory, "_malloc_trim", lambda: None)
    freed_memory.return_freed_memory()
