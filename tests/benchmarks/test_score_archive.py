"""Scoring of character n-grams against scikit-learn's pipeline, on words that training did not have."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.feature_extraction.text import TfidfVectorizer
from test_segment_speed import treebank_text

from harness.data.sentences.segment import sentences
from harness.features.ngrams import NgramSettings
from harness.features.weights import Tfidf

TIMES = 8.0
"""Times faster than scikit-learn, in processor time."""
PEAK = 250_000_000
"""Bytes of memory."""
GROWTH = 1.1
"""Times the memory for ten times the rows."""
LETTERS = "etaoinshrdlu"
SCORE = """\
import resource, sys, harness
harness.score_archive(sys.argv[1], "rules", sys.argv[2], claims=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def new_words(lines: list[str], n: int, share: float = 0.3) -> list[str]:
    """Sentences in which a share of the words has another letter before the last one."""
    rng = random.Random(13)
    rows = []
    for _ in range(n):
        words = rng.choice(lines).split()
        rows.append(" ".join(w[:-1] + rng.choice(LETTERS) + w[-1:] if rng.random() < share else w for w in words))
    return rows


@pytest.fixture(scope="module")
def lines(benchmarks: Path) -> list[str]:
    text = treebank_text(benchmarks)
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_scores_against_scikit_learn(benchmark: BenchmarkFixture, lines: list[str], share: float) -> None:
    texts = new_words(lines, 8_000, share)
    tfidf, rows = Tfidf.fit(NgramSettings(word_ngrams=None, char_ngrams=(2, 5), min_df=1), lines)
    plain = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True).fit(lines)
    weights = np.random.default_rng(13).normal(size=(rows.shape[1], 1))
    plain_weights = np.zeros_like(weights)
    plain_weights[[plain.vocabulary_[name.removeprefix("char:")] for name in tfidf.ngrams.names()]] = weights
    scorers = {
        "ours": lambda: np.concatenate(
            [tfidf.sums(texts[at : at + 4096], weights) for at in range(0, len(texts), 4096)]
        ),
        "theirs": lambda: plain.transform(texts) @ plain_weights,
    }
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    scores = {}
    for _ in range(3):
        for name, scorer in scorers.items():
            start = time.process_time()
            scores[name] = scorer()
            seconds[name].append(time.process_time() - start)
    np.testing.assert_allclose(scores["ours"], scores["theirs"], atol=1e-9)
    ratio = float(np.median(seconds["theirs"]) / np.median(seconds["ours"]))
    benchmark.extra_info["times_faster"] = round(ratio, 1)
    benchmark.extra_info["a_second"] = round(len(texts) / float(np.median(seconds["ours"])))
    benchmark.pedantic(scorers["ours"], rounds=1)  # type: ignore[no-untyped-call]
    assert ratio >= TIMES, ratio


def test_memory_does_not_grow_with_the_archive(lines: list[str], tmp_path: Path) -> None:
    table = pa.table({"text": new_words(lines, 50_000)})
    peaks = []
    for n in (1, 10):
        with pq.ParquetWriter(tmp_path / f"{n}.parquet", table.schema) as writer:
            for _ in range(n):
                writer.write_table(table)
        command = [sys.executable, "-c", SCORE, str(tmp_path / f"{n}.parquet"), str(tmp_path / f"out-{n}")]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert peaks[1] <= GROWTH * peaks[0], peaks
    assert 1024 * peaks[1] <= PEAK, peaks
