"""A config for the small dataset, made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.fixture
def config(small: Path, tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG.format(dataset=small), encoding="utf-8")
    return path
