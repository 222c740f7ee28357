import re
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.data.sentences.segment import sentences

FLOOR = 5.0
"""Megabytes (UTF-8) a second."""
SECONDS = 40
"""For a line of 50 megabytes."""


def treebank_text(benchmarks: Path) -> str:
    """The sentences of the treebanks, a paragraph a line."""
    lines: list[str] = []
    for path in sorted((benchmarks / "sbd_ud").glob("*.conllu")):
        text = path.read_text("utf-8")
        paragraphs = re.split(r"^# newpar(?= id|$)", text, flags=re.MULTILINE)
        lines += [" ".join(re.findall(r"^# text = (.*)$", part, re.MULTILINE)) for part in paragraphs]
    return "\n".join(lines)


@pytest.mark.parametrize("split_quotations", [True, False])
def test_throughput(benchmark: BenchmarkFixture, benchmarks: Path, split_quotations: bool) -> None:
    text = treebank_text(benchmarks) * 10
    benchmark(sentences, text, split_quotations=split_quotations)
    if benchmark.stats:  # absent when benchmarks are disabled
        speed = len(text.encode()) / 1e6 / benchmark.stats.stats.min
        benchmark.extra_info["megabytes_per_second"] = round(speed, 2)
        assert speed >= FLOOR


@pytest.mark.parametrize("unit", ["The cat sat on the mat, as cats do. ", "no mark ", "x", ".", '"', "A"])
def test_one_line_of_fifty_megabytes(benchmark: BenchmarkFixture, unit: str) -> None:
    text = unit * (50_000_000 // len(unit))
    start = time.perf_counter()
    benchmark.pedantic(sentences, args=(text,), rounds=1)  # type: ignore[no-untyped-call]
    assert time.perf_counter() - start < SECONDS
