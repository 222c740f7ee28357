"""What a command costs before its work: processor time of a new process, over that of a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

import pytest

ROUNDS = 5
EMPTY = ("-c", "pass")
LIMITS = {("--version",): 0.25, ("list",): 0.25, ("run", "--help"): 0.25}
"""Seconds by the arguments of the command."""


def processor_seconds(arguments, cwd) -> float:
    """User and system time of a Python process; compiled modules are kept, as an installed package keeps them."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(cwd / "compiled")
    process = subprocess.Popen([sys.executable, *arguments], cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("start")


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize(("arguments", "limit"), LIMITS.items(), ids=map(" ".join, LIMITS))
def test_a_command_starts_at_once(benchmark, arguments, limit, folder):
    command = ("-m", "harness", *arguments)
    for warm in (EMPTY, command):
        processor_seconds(warm, folder)
    pairs = [(processor_seconds(EMPTY, folder), processor_seconds(command, folder)) for _ in range(ROUNDS)]
    benchmark.pedantic(processor_seconds, (command, folder), rounds=1)
    empty, started = (median(seconds) for seconds in zip(*pairs, strict=True))
    benchmark.extra_info["seconds"] = started - empty
    assert started - empty < limit
