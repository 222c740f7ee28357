from pathlib import Path

import pytest
import segment_table
from pytest_benchmark.fixture import BenchmarkFixture


def test_the_table_of_what_is_installed(
    benchmark: BenchmarkFixture, benchmarks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark.pedantic(segment_table.main, args=(benchmarks,), rounds=1)  # type: ignore[no-untyped-call]
    table = capsys.readouterr().out
    with capsys.disabled():
        print(table)  # noqa: T201
    rows = [line.split() for line in table.splitlines() if line.startswith("ours ")]
    assert len(rows) == 2
    assert float(rows[0][-1]) >= 5  # MB/s
    assert all(float(row[place]) >= floor for row in rows for place, floor in ((1, 0.955), (2, 0.96), (4, 0.86)))
