"""Ten times the claims: processor time and peak memory of the commands from a table of rows to a report.

`make bench` prints both for each command. The figures in `docs/explanation/large-datasets.md` are of these commands.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from test_large_tables import PER_ARTICLE, sentences

FEW, MANY = 10_000, 100_000
MOST_TIME, MOST_MEGABYTES = 10.5, 400
"""Of ten times the claims: times the processor time, and megabytes of a command."""

CONFIG = {"name": "large", "task": "claim_detection", "dataset": "data", "gold": "single:somebody"}
CONFIG |= {"classifiers": ["prior_random", "majority"], "metrics": ["f1", "average_precision"]}
NEW = ["--as", "somebody", "--new-scheme", "mine", "--positive", "yes"]
COMMANDS = {
    "add": ["add", "data", "--claims", "rows.jsonl", *NEW],
    "check": ["check", "data"],
    "run": ["run", "large.json"],
    "compare": ["compare", "runs/large"],
    "report": ["report", "runs/large"],
    "add to it": ["add", "data", "--claims", "more.jsonl", "--as", "somebody"],
    "ingest": ["ingest", "articles.jsonl", "--into", "articles"],
}


def write_inputs(folder, n: int) -> None:
    texts = [f"W{text[1:]} {number}." for number, text in enumerate(sentences(n + n // 20)[:n])]
    rows = [
        {"article_id": f"a{number // PER_ARTICLE}", "text": text, "label": ("no", "yes")[number % 2]}
        for number, text in enumerate(texts)
    ]
    articles = [
        {"article_id": f"i{start}", "text": " ".join(texts[start : start + PER_ARTICLE])}
        for start in range(0, n, PER_ARTICLE)
    ]
    more = [row | {"article_id": f"b{row['article_id']}", "text": f"Also {row['text']}"} for row in rows[:1000]]
    for name, lines in (("rows", rows), ("articles", articles), ("more", more)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    (folder / "large.json").write_text(json.dumps(CONFIG), encoding="utf-8")


def measured(folder, arguments: list[str]) -> tuple[float, float]:
    """Seconds of processor time and peak megabytes of a command."""
    with (folder / "output.txt").open("a") as output:
        command = [sys.executable, "-m", "harness", *arguments]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (folder / "output.txt").read_text("utf-8")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


@pytest.mark.benchmark(group="large tables")
def test_ten_times_the_claims_take_ten_times_as_long(benchmark, tmp_path):
    def measure_all() -> dict[int, dict[str, tuple[float, float]]]:
        figures = {}
        for n in (FEW, MANY):
            (tmp_path / str(n)).mkdir()
            write_inputs(tmp_path / str(n), n)
            figures[n] = {name: measured(tmp_path / str(n), command) for name, command in COMMANDS.items()}
        return figures

    figures = benchmark.pedantic(measure_all, rounds=1)
    for name in COMMANDS:
        (few_seconds, few_megabytes), (seconds, megabytes) = figures[FEW][name], figures[MANY][name]
        benchmark.extra_info |= {f"{name}: seconds": [few_seconds, seconds]}
        benchmark.extra_info |= {f"{name}: megabytes": [few_megabytes, megabytes]}
    assert all(figures[MANY][name][0] < MOST_TIME * figures[FEW][name][0] for name in COMMANDS), figures
    assert all(figures[MANY][name][1] < MOST_MEGABYTES for name in COMMANDS), figures
    assert (tmp_path / str(MANY) / "runs" / "large" / "report.html").stat().st_size < 4_000_000
