"""What a command costs before its work: processor time of a new process, over that of a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

import pytest

import harness
from harness.folders import shipped

ROUNDS = 5
EMPTY = ("-c", "pass")
DATASET = str(shipped("data") / "public-matters")
LIMITS = {
    "--version": 0.25,
    "list": 0.25,
    "run --help": 0.25,
    f"check {DATASET}": 0.6,
    "check quickstart": 1.0,
    "compare {run}": 1.0,
    "score {text} --system {model}": 1.6,
    "search {index} budget": 0.7,
}
"""Seconds by the command. Of a check, the types of the records and the package that builds them take a good third."""
NAMES = ["version", "list", "help", "check-dataset", "check-config", "compare", "score", "search"]


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


@pytest.fixture(scope="module")
def files(folder):
    """A run of the quickstart with saved models, one of its models, a text of one sentence, and an index."""
    harness.run("quickstart", out=folder / "runs", only=["majority", "tfidf_logreg"], save_models=True)
    (folder / "a.txt").write_text("The government spent 5 million euros on roads in 2019.", encoding="utf-8")
    (folder / "corpus.jsonl").write_text(
        "".join(
            f'{{"document_id": "d", "passage_id": "p{i}", "text": "The budget of town {i} rose."}}\n'
            for i in range(2000)
        ),
        encoding="utf-8",
    )
    harness.write_index(folder / "corpus.jsonl", folder=folder / "index")
    run = folder / "runs" / "quickstart"
    (model,) = run.glob("results/tfidf_logreg-*/model")
    return {"run": run, "model": model, "text": folder / "a.txt", "index": folder / "index"}


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize(("text", "limit"), LIMITS.items(), ids=NAMES)
def test_a_command_starts_at_once(benchmark, text, limit, folder, files):
    command = ("-m", "harness", *(part.format(**files) for part in text.split()))
    for warm in (EMPTY, command):
        processor_seconds(warm, folder)
    pairs = [(processor_seconds(EMPTY, folder), processor_seconds(command, folder)) for _ in range(ROUNDS)]
    benchmark.pedantic(processor_seconds, (command, folder), rounds=1)
    empty, started = (median(seconds) for seconds in zip(*pairs, strict=True))
    benchmark.extra_info["seconds"] = started - empty
    assert started - empty < limit
