"""`harness compare` of eight systems on 9,674 articles of one claim each: processor time and memory.

`python tests/benchmarks/test_compare_speed.py FOLDER` makes the results in a folder, to be compared by hand.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness import add_claims, open_dataset, run

CLAIMS, SYSTEMS = 9674, 8
MOST_SECONDS, MOST_MEGABYTES = 3.0, 300.0
CONFIG = """\
name: wide
task: claim_detection
dataset: {dataset}
split: {{protocol: grouped_folds, k: 5, by: article}}
classifiers:
{systems}
metrics: [f1, accuracy, macro_f1]
random_seeds: [1]
"""


def make_run(folder: Path, claims: int = CLAIMS, systems: int = SYSTEMS) -> Path:
    """A finished run of systems that read their predictions from files; the later ones are better by a little."""
    random = np.random.default_rng(5)
    positive = random.random(claims) < 0.3
    texts = [f"Claim number {number}." for number in range(claims)]
    with (folder / "claims.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["article_id", "text", "label"])
        writer.writerows(
            (f"a{number:05}", texts[number], "yes" if yes else "no") for number, yes in enumerate(positive)
        )
    add_claims(folder / "data", folder / "claims.csv", "somebody", at="2026-01-01T00:00:00Z")
    shared = random.normal(0, 1, claims)
    lines = []
    ids = {claim.text: claim.claim_id for claim in open_dataset(folder / "data").claims}
    for number in range(systems):
        logit = (1 + number / 40) * (positive - 0.5) + shared + random.normal(0, 0.7, claims)
        with (folder / f"system-{number}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["claim_id", "score"])
            writer.writerows(
                (ids[text], round(float(score), 4)) for text, score in zip(texts, 1 / (1 + np.exp(-logit)), strict=True)
            )
        path = folder / f"system-{number}.csv"
        lines.append(f"  - {{name: from_file, path: {path}, probabilities: true, label: system-{number}}}")
    config = folder / "wide.yaml"
    config.write_text(CONFIG.format(dataset=folder / "data", systems="\n".join(lines)), encoding="utf-8")
    return run(config, out=folder / "runs").folder


def measured(*arguments: str) -> tuple[float, float]:
    """Seconds of processor time and megabytes of peak memory of a command."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "use = resource.getrusage(resource.RUSAGE_CHILDREN); print(use.ru_utime + use.ru_stime, use.ru_maxrss / 1024)"
    )
    command = [sys.executable, "-c", code, sys.executable, "-m", "harness", *arguments]
    seconds, megabytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(megabytes)


@pytest.mark.benchmark(group="compare")
def test_compare_of_eight_systems_on_single_claim_articles(benchmark, tmp_path):
    folder = make_run(tmp_path)
    seconds, megabytes = benchmark.pedantic(measured, args=("compare", str(folder)), rounds=3)
    benchmark.extra_info.update(processor_seconds=seconds, megabytes=megabytes)
    print(f"{seconds:.2f} s of processor time, {megabytes:.0f} MB")  # noqa: T201
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MEGABYTES


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print(make_run(target))  # noqa: T201
