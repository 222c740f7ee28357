"""Counts that a score leaves to its reasons: counted once, with the same numbers, and kept no longer."""

from __future__ import annotations

import numpy as np
import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS

from harness.features.counts.kept_counts import counts_kept
from harness.features.ngrams import Ngrams, NgramSettings
from harness.features.weights import BinaryNgrams, Tfidf

TEXTS = [*OPINIONS, *STATISTICS]


@pytest.fixture
def counted(monkeypatch) -> list[list[str]]:
    """The texts that are counted, each time."""
    calls = []
    count = Ngrams._count_blocks
    monkeypatch.setattr(Ngrams, "_count_blocks", lambda ngrams, texts: calls.append(texts) or count(ngrams, texts))
    return calls


@pytest.mark.parametrize("kind", [Tfidf, BinaryNgrams])
def test_sums_and_features_of_the_same_texts_are_counted_once_and_are_those_of_each_alone(kind, counted):
    features, _ = kind.fit(NgramSettings(), TEXTS)
    weights = np.random.default_rng(0).normal(size=(len(features.ngrams), 2))
    sums, rows = features.sums(FORECASTS, weights), features.transform(FORECASTS)
    assert len(counted) == 2
    with counts_kept():
        for _ in range(2):  # neither changes what the other reads
            assert np.array_equal(features.sums(FORECASTS, weights), sums)
            assert (features.transform(FORECASTS) != rows).nnz == 0
        assert len(counted) == 3
        features.transform(FORECASTS[1:])
        kind.fit(NgramSettings(min_df=1), TEXTS)[0].transform(FORECASTS)
        assert len(counted) == 5
    features.transform(FORECASTS)
    assert len(counted) == 6
