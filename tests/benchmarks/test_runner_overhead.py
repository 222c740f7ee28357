"""The runner against a bare script that does the same fits: the shipped experiment checkthat-2019."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import fetch, load_experiment, run
from harness.data.claims import Claims, Gold
from harness.metrics.official.checkthat_ranking import checkthat_ranking


def table(files: list[Path]) -> tuple[Claims, Gold]:
    """What a bare script reads: no checks, no ids, no context."""
    rows = [
        (path.stem, *line.rstrip("\r\n").split("\t"))
        for path in files
        for line in path.read_text(encoding="utf-8").split("\n")
        if line.strip()
    ]
    columns = {name: np.array([row[place] for row in rows], dtype=object) for name, place in (("a", 0), ("t", 3))}
    nothing = np.full(len(rows), "", dtype=object)
    claims = Claims(
        claim_id=np.array([f"{row[0]}-{row[1]}" for row in rows], dtype=object),
        article_id=columns["a"],
        text=columns["t"],
        position=np.arange(len(rows)),
        previous=nothing,
        next=nothing,
        title=nothing,
        speaker=nothing,
        published=nothing,
    )
    return claims, Gold(("no", "yes"), np.array([int(row[4]) for row in rows]))


def bare(benchmarks: Path) -> dict[str, float]:
    data = benchmarks / "clef2019" / "data"
    train, gold = table(sorted((data / "training").glob("*.tsv")))
    test, truth = table(sorted((data / "test_annotated").glob("*.tsv")))
    found = {}
    for system in load_experiment("checkthat-2019").systems:
        scores = system.classifier.fit(train, gold, 13).score(test)[:, -1]
        debates = [test.article_id == debate for debate in dict.fromkeys(test.article_id)]
        per_debate = [checkthat_ranking(truth.positive[rows], scores[rows])["average_precision"] for rows in debates]
        found[system.system_name] = float(np.mean(per_debate))
    return found


@pytest.mark.benchmark(group="runner overhead")
def test_bare_script(benchmark, benchmarks):
    benchmark.pedantic(bare, args=(benchmarks,), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="runner overhead")
def test_runner(benchmark, benchmarks, tmp_path):
    fetch("checkthat-2019-task1", benchmarks / "clef2019", tmp_path)

    def runner() -> dict[str, float | None]:
        outcome = run("checkthat-2019", out=tmp_path / "runs", root=tmp_path, fresh=True)
        return {result.system: result.values["checkthat_average_precision"].value for result in outcome.results}

    found = benchmark.pedantic(runner, rounds=3, warmup_rounds=1)
    expected = bare(benchmarks) | {"prior_random": found["prior_random"]}  # drawn by claim_id, which differs here
    assert found == pytest.approx(expected, abs=1e-9)
