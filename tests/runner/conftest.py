"""A small dataset and a config for it, made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import add_claims, ingest

PLACES = ["Oslo", "Lima", "Quito", "Riga", "Perth", "Turin", "Porto", "Osaka"]
CONFIG = """\
name: small
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers: [majority, prior_random, length]
metrics: [f1, average_precision, mean_average_precision, brier]
random_seeds: [1, 2, 3]
intervals: {{resamples: 200}}
"""


def make_dataset(folder: Path) -> Path:
    sources = folder / "sources"
    sources.mkdir(parents=True)
    rows = []
    for number, place in enumerate(PLACES):
        facts = [f"{place} spent {n * 7 + number} million on trams and buses in 20{10 + n}." for n in range(4)]
        wishes = [f"Let us hope for {place}.", "Well.", f"Who would not love {place}?"]
        (sources / f"{place}.txt").write_text("\n".join([*facts, *wishes]), encoding="utf-8")
        rows += [{"article_id": place, "text": text, "checkable": "yes"} for text in facts]
        rows += [{"article_id": place, "text": text, "checkable": "no"} for text in wishes[1:]]
        rows += [{"article_id": place, "text": wishes[0], "checkable": "cannot tell"}]
    ingest([sources], folder / "small")
    add_claims(folder / "small", rows, "author-pass-1", at="2026-01-01T00:00:00Z")
    return folder / "small"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 8 articles, 56 claims, 8 of them labelled cannot tell."""
    return make_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture
def config(small: Path, tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG.format(dataset=small), encoding="utf-8")
    return path
