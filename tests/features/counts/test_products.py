"""Products with features that are no matrix: those of the matrix, in 64 bits and in 32, at once and in blocks."""

from __future__ import annotations

import numpy as np
import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS, STRANGE

from harness.features.counts import sparse_rows
from harness.features.counts.products import MatrixProducts, TfidfProducts
from harness.features.counts.shared_counts import SharedCounts
from harness.features.ngrams import NgramSettings
from harness.features.weights import Tfidf

TEXTS = [*OPINIONS, *STATISTICS, *FORECASTS, *STRANGE, "again and again and again", "", "x"]
TRAIN = [*TEXTS[::2], "", *TEXTS[:3], *TEXTS[1::2]]  # in another order, some of them twice
SETTINGS = [
    NgramSettings(),
    NgramSettings(word_ngrams=None, min_df=1),
    NgramSettings(char_ngrams=None, sublinear_tf=False),
]


@pytest.fixture(params=[sparse_rows.ENTRIES, 50], ids=["at once", "in blocks"])
def _blocks(request, monkeypatch):
    monkeypatch.setattr(sparse_rows, "ENTRIES", request.param)
    monkeypatch.setattr(sparse_rows, "STEP", 7)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("settings", SETTINGS, ids=["both", "characters", "words"])
def test_products_are_those_of_the_matrix(settings):
    plain, rows = Tfidf.fit(settings, TRAIN)
    matrix = MatrixProducts(rows)
    with SharedCounts(TEXTS).used():
        features, own = Tfidf.fit_products(settings, TRAIN)
        assert Tfidf.fit_products(settings, TRAIN)[1] is own
    assert isinstance(own, TfidfProducts)
    assert own.shape == matrix.shape == rows.shape
    assert np.array_equal(features.idf, plain.idf)
    random = np.random.default_rng(0)
    weights, values = random.normal(size=rows.shape[1]), random.normal(size=rows.shape[0])
    for each in (matrix, own):
        for short, tolerance in ((False, 1e-12), (True, 1e-4)):
            assert each.times(weights, short=short) == pytest.approx(rows @ weights, abs=tolerance)
            assert each.back(values, short=short) == pytest.approx(rows.T @ values, abs=tolerance)
            assert each.times(weights, short=short).dtype == each.back(values, short=short).dtype == np.float64


@pytest.mark.usefixtures("_blocks")
def test_products_do_not_depend_on_what_else_is_counted():
    def bits(texts: list[str]) -> list[bytes]:
        with SharedCounts(texts).used():
            _, own = Tfidf.fit_products(NgramSettings(), TRAIN)
        random = np.random.default_rng(0)
        weights, values = random.normal(size=own.shape[1]), random.normal(size=own.shape[0])
        products = [(own.times(weights, short=short), own.back(values, short=short)) for short in (False, True)]
        return [product.tobytes() for pair in products for product in pair]

    assert bits(TEXTS) == bits([*reversed(TEXTS), "zebras again come first", *OPINIONS])


def test_texts_that_nobody_shares_have_the_same_products():
    weights = np.random.default_rng(0).normal(size=Tfidf.fit_products(NgramSettings(), TRAIN)[1].shape[1])
    alone = Tfidf.fit_products(NgramSettings(), TRAIN)[1].times(weights)
    with SharedCounts(TEXTS).used():
        assert np.array_equal(Tfidf.fit_products(NgramSettings(), TRAIN)[1].times(weights), alone)
