"""What a unit costs beside its fit: processor time of 200 tiny units, new and again, and the gain of two processes.

Processor time and ratios, because other load changes the time on the wall. Pieces that wait instead of computing show
what processes gain whatever else the machine does.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from statistics import median

import pytest

from harness import run
from harness.runner.units.pool import do_all

UNITS = 200
CONFIG = """\
name: tiny
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers: [prior_random, majority]
metrics: [f1]
random_seeds: [{seeds}]
intervals: {{resamples: 100}}
"""
MAX_NEW_MS = 8.0
MAX_AGAIN_S = 0.3


@pytest.fixture
def tiny(small, tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(CONFIG.format(dataset=small, seeds=", ".join(map(str, range(1, 50)))), encoding="utf-8")
    return path


def processor_seconds(function) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


@pytest.mark.benchmark(group="units")
def test_tiny_units_cost_little_new_and_next_to_nothing_again(benchmark, tiny, tmp_path):
    assert run(tiny, out=tmp_path / "warm").fitted == UNITS  # imports what a fit needs

    def measured() -> tuple[float, float]:
        out = tmp_path / f"runs-{time.monotonic_ns()}"
        new = processor_seconds(lambda: run(tiny, out=out))
        return 1000 * new / UNITS, processor_seconds(lambda: run(tiny, out=out))

    pairs = [measured() for _ in range(3)]
    benchmark.pedantic(measured, rounds=1)
    new_ms, again_s = (median(values) for values in zip(*pairs, strict=True))
    benchmark.extra_info.update(new_ms=new_ms, again_s=again_s)
    assert new_ms < MAX_NEW_MS
    assert again_s < MAX_AGAIN_S


class Waits:
    """Pieces that wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def session(self):
        return nullcontext()

    def do(self, _):
        time.sleep(self.seconds)


@pytest.mark.benchmark(group="units")
@pytest.mark.parametrize(("pieces", "seconds", "gain"), [(200, 0.02, 1.3), (60, 0.1, 1.6)])
def test_a_second_process_gains(benchmark, pieces, seconds, gain):
    def wall(jobs: int) -> float:
        began = time.monotonic()
        assert len(list(do_all(Waits(seconds), pieces, jobs, lambda _: False))) == pieces
        return time.monotonic() - began

    wall(2)  # starts the process
    ratio = median(wall(1) / wall(2) for _ in range(3))
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(wall, args=(2,), rounds=1)
    assert ratio > gain
