"""Tables of many claims: near duplicates of 200,000 sentences, and a dataset of 100,000 claims in memory.

`make bench` prints times and megabytes; each is measured in a process of its own, because the memory of a process never
shrinks.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

WORDS, SENTENCES, CLAIMS, PER_ARTICLE = 3_000, 200_000, 100_000, 20
NEAR_MEGABYTES, OPEN_MEGABYTES = 120, 400

MEASURED = """
import json, resource, sys, time
from pathlib import Path
import numpy, scipy.sparse
from harness.audit.near_duplicates import near_pairs
from harness.data.load import open_folder
def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
path = Path(sys.argv[1])
given = path if path.is_dir() else path.read_text("utf-8").splitlines()
before, start = megabytes(), time.process_time()
n = len(open_folder(path)) if path.is_dir() else len(near_pairs(given).left)
print(json.dumps([n, time.process_time() - start, megabytes() - before]))
"""


def sentences(n: int) -> list[str]:
    """Different made-up sentences; every fiftieth is an earlier one with another word."""
    random = np.random.default_rng(13)
    chances = np.arange(1, WORDS + 1) ** -0.9
    lengths = random.integers(6, 26, n)
    words = random.choice(WORDS, lengths.sum(), p=chances / chances.sum())
    made = [" ".join(f"w{word}" for word in part) for part in np.split(words, np.cumsum(lengths)[:-1])]
    for row in range(50, n, 50):
        changed = made[row - 1].split()
        changed[0] = f"x{row}"
        made[row] = " ".join(changed)
    return list(dict.fromkeys(made))


def measured(path) -> tuple[int, float, float]:
    """What was found, seconds of processor time, and megabytes."""
    command = [sys.executable, "-c", MEASURED, str(path)]
    return tuple(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


@pytest.mark.benchmark(group="large tables")
def test_near_duplicates_of_200_000_sentences(benchmark, tmp_path):
    (tmp_path / "sentences.txt").write_text("\n".join(sentences(SENTENCES)), encoding="utf-8")
    n, seconds, megabytes = benchmark.pedantic(measured, args=(tmp_path / "sentences.txt",), rounds=1)
    benchmark.extra_info |= {"seconds": seconds, "megabytes": megabytes}
    assert n > 0
    assert megabytes < NEAR_MEGABYTES


@pytest.mark.benchmark(group="large tables")
def test_a_dataset_of_100_000_claims_in_memory(benchmark, tmp_path):
    from harness import add_claims

    rows = [
        {"article_id": f"a{number // PER_ARTICLE}", "text": f"{text} {number}.", "label": ("no", "yes")[number % 2]}
        for number, text in enumerate(sentences(CLAIMS))
    ]
    add_claims(tmp_path / "data", rows, "somebody", at="2026-01-01T00:00:00Z", new_scheme="mine", positive=["yes"])
    n, seconds, megabytes = benchmark.pedantic(measured, args=(tmp_path / "data",), rounds=1)
    benchmark.extra_info |= {"seconds": seconds, "megabytes": megabytes}
    assert n == len(rows)
    assert megabytes < OPEN_MEGABYTES


FOUND_SECONDS, FOUND_MEGABYTES = 1.5, 150
RUN = """
import json, resource, sys, time
from harness import run
start = time.process_time()
result = run(json.loads(sys.argv[1]), out=sys.argv[2])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(json.dumps([result.fitted, time.process_time() - start, peak]))
"""


@pytest.mark.benchmark(group="large tables")
def test_a_run_of_100_000_claims_found_again(benchmark, tmp_path):
    from harness import add_claims

    rows = [
        {"article_id": f"a{number // PER_ARTICLE}", "text": f"{text} {number}.", "label": ("no", "yes")[number % 2]}
        for number, text in enumerate(sentences(CLAIMS))
    ]
    add_claims(tmp_path / "data", rows, "somebody", at="2026-01-01T00:00:00Z", new_scheme="mine", positive=["yes"])
    config = {"name": "large", "task": "claim_detection", "dataset": str(tmp_path / "data"), "gold": "single:somebody"}
    config |= {"classifiers": ["tfidf_logreg", "majority"], "metrics": ["f1", "average_precision"]}

    def run_in_process() -> list[float]:
        command = [sys.executable, "-c", RUN, json.dumps(config), str(tmp_path / "runs")]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    fitted, seconds, megabytes = run_in_process()
    benchmark.extra_info |= {"first seconds": seconds, "first megabytes": megabytes}
    assert fitted
    fitted, seconds, megabytes = benchmark.pedantic(run_in_process, rounds=1)
    benchmark.extra_info |= {"seconds": seconds, "megabytes": megabytes}
    assert not fitted
    assert seconds < FOUND_SECONDS
    assert megabytes < FOUND_MEGABYTES
