"""The report of 10 systems on 10,000 claims with texts, scores and reasons: how large it is, and how long it takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness import add_claims, build_report, ingest, open_dataset, run

ARTICLES, SENTENCES = 100, 100
MOST_BYTES = 5_000_000
CONFIG = """\
name: large
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2, by: article}}
classifiers:
{systems}
metrics: [average_precision, f1, brier]
random_seeds: [1]
intervals: {{resamples: 1000}}
"""


def words(random: np.random.Generator, n: int) -> list[str]:
    """Made-up words whose use falls off as that of words does."""
    letters = np.array(list("etaoinshrdlucmfwypvbg"))
    known = ["".join(random.choice(letters, size)) for size in random.integers(2, 10, 8000)]
    places = np.minimum(random.zipf(1.3, n) - 1, len(known) - 1)
    return [known[place] for place in places]


def make_run(folder: Path) -> Path:
    """A finished run of ten systems, whose predictions then get reasons as linear systems give them."""
    random = np.random.default_rng(13)
    stream = iter(words(random, ARTICLES * SENTENCES * 32))
    rows = []
    (folder / "sources").mkdir()
    for article in range(ARTICLES):
        lines = [" ".join(next(stream) for _ in range(length)) for length in random.integers(8, 30, SENTENCES)]
        lines = [f"{line.capitalize()} {number}." for number, line in enumerate(lines)]
        (folder / "sources" / f"article-{article:03}.txt").write_text("\n".join(lines), encoding="utf-8")
        rows += [
            {"article_id": f"article-{article:03}", "text": line, "checkable": str(random.choice(["yes", "no"]))}
            for line in lines
        ]
    ingest([folder / "sources"], folder / "data")
    add_claims(folder / "data", rows, "somebody", at="2026-01-01T00:00:00Z")
    systems = "\n".join(
        f"  - {{name: claimbuster_features, C: {0.001 * 3**number:f}, label: system-{number}}}" for number in range(10)
    )
    config = folder / "large.yaml"
    config.write_text(CONFIG.format(dataset=folder / "data", systems=systems), encoding="utf-8")
    outcome = run(config, out=folder / "runs")
    for result in outcome.results:
        explain(Path(result.path) / "predictions.parquet", folder / "data", random)
    return outcome.folder


def explain(path: Path, dataset: Path, random: np.random.Generator) -> None:
    """Ten reasons a claim: n-grams of its own text, with weights that differ from claim to claim."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {claim.claim_id: claim.text for claim in open_dataset(dataset).claims}
    table = pq.read_table(path)
    said = []
    for claim in table["claim_id"].to_pylist():
        found = texts[claim].split()
        chosen = [found[place] for place in random.integers(0, len(found), 10)]
        weights = -np.sort(-np.abs(random.normal(0, 1, 10))) * random.choice([-1, 1], 10)
        said.append(
            json.dumps([[f"word:{word.lower()}", word, weight] for word, weight in zip(chosen, weights, strict=True)])
        )
    if "reasons" in table.column_names:
        table = table.drop_columns(["reasons"])
    pq.write_table(table.append_column("reasons", pa.array(said, pa.string())), path)


@pytest.mark.benchmark(group="report")
def test_report_of_ten_systems_on_ten_thousand_claims(benchmark, tmp_path):
    folder = make_run(tmp_path)
    made = benchmark.pedantic(build_report, args=([folder], tmp_path / "report.html"), rounds=1)
    benchmark.extra_info["megabytes"] = made.size / 1e6
    print(made)  # noqa: T201
    assert (made.systems, made.claims) == (10, ARTICLES * SENTENCES)
    assert made.note is None
    assert made.size < MOST_BYTES
