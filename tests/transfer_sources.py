"""Small datasets for `protocol: transfer`: sources that cut their scores at different places."""

from __future__ import annotations

import random
from pathlib import Path

from harness import add_claims, ingest

WORDS = ["trams", "buses", "spent", "million", "budget", "harbor", "hope", "love", "well", "school", "river", "vote"]


def make_source(folder: Path, name: str, *, articles: int, words: int, unlabeled: int = 0) -> Path:
    """A dataset of articles with ten claims each.

    Args:
        words: number of words from which a claim is mostly positive, so that each source has a threshold of its own.
        unlabeled: number of claims of each article that are labeled cannot tell.
    """
    draw = random.Random(name)
    sources = folder / f"{name}-sources"
    sources.mkdir(parents=True)
    rows = []
    for number in range(articles):
        article = f"{name}{number}"
        for sentence in range(10):
            n_words = draw.randint(3, 20)
            label = "yes" if (n_words >= words) ^ (draw.random() < 0.15) else "no"
            text = f"{name} {number} {sentence} {' '.join(draw.choices(WORDS, k=n_words))}."
            checkable = "cannot tell" if sentence < unlabeled else label
            rows.append({"article_id": article, "text": text, "checkable": checkable})
        text = "\n".join(row["text"] for row in rows if row["article_id"] == article)
        (sources / f"{article}.txt").write_text(text, encoding="utf-8")
    ingest([sources], folder / name)
    add_claims(folder / name, rows, "author-pass-1", at="2026-01-01T00:00:00Z")
    return folder / name


def make_sources(folder: Path) -> list[Path]:
    """Three datasets: one with unlabeled claims, one without, one with a single article."""
    return [
        make_source(folder, "alpha", articles=6, words=8, unlabeled=2),
        make_source(folder, "beta", articles=4, words=14),
        make_source(folder, "single", articles=1, words=10),
    ]


CONFIG = """\
name: carried
task: checkability
dataset: [{datasets}]
split: {{protocol: transfer, by: source, k: 2}}
classifiers:
  - {{name: length, label: plain}}
  - {{name: length, label: cut, threshold: {{aim: f1}}}}
  - {{name: length, label: sure, calibration: platt, threshold: {{aim: precision, at_least: 0.8}}}}
metrics: [average_precision, f1]
intervals: {{resamples: 100}}
"""


def write_config(path: Path, datasets: list[Path], **changes: str) -> Path:
    """Writes the config; `changes` are texts of it and what stands there instead, joined by ` => `."""
    text = CONFIG.format(datasets=", ".join(map(str, datasets)))
    for change in changes.values():
        before, after = change.split(" => ")
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    return path
