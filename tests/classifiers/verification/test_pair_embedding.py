"""Claims and passages as vectors of a frozen encoder: the features, what they can learn, and what they do not see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS, claims_of, gold_of
from tiny_encoder import make_encoder, skip_without_torch

from harness.classifiers import build
from harness.classifiers.verification.pair_embedding import pair_vectors
from harness.data.claims import Gold, ShownPassage, no_evidence
from harness.features.encoders import Encoder, EncoderSettings

skip_without_torch()
TEXTS = [*STATISTICS, *OPINIONS, *FORECASTS]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(make_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def shown(claims, passages):
    column = no_evidence(len(claims))
    for row, texts in enumerate(passages):
        column[row] = tuple(ShownPassage(f"p{number}", text) for number, text in enumerate(texts))
    return replace(claims, evidence=column)


def repeated_or_not():
    """Each claim twice: with itself as its passage, and with another claim; only the pair gives the label away."""
    claims = shown(claims_of([*TEXTS, *TEXTS]), [[text] for text in [*TEXTS, *TEXTS[5:], *TEXTS[:5]]])
    return claims, gold_of([1] * len(TEXTS) + [0] * len(TEXTS))


def test_the_features_are_u_v_difference_and_product_as_means_over_passages(encoder):
    model = Encoder.of(EncoderSettings(model=encoder))
    claims = shown(claims_of(TEXTS[:3]), [[TEXTS[3], TEXTS[4]], [], [TEXTS[5]]])
    rows = pair_vectors(claims, model)
    u = model.encode(TEXTS[:3]).astype(np.float64)
    v, w, x = model.encode(TEXTS[3:6]).astype(np.float64)
    np.testing.assert_allclose(
        rows[0], [*u[0], *(v + w) / 2, *(abs(u[0] - v) + abs(u[0] - w)) / 2, *(u[0] * v + u[0] * w) / 2]
    )
    np.testing.assert_array_equal(rows[1], [*u[1], *np.zeros(3 * 32)])
    np.testing.assert_allclose(rows[2], [*u[2], *x, *abs(u[2] - x), *u[2] * x])


def test_it_learns_what_only_the_pair_gives_away(encoder):
    claims, gold = repeated_or_not()
    scorer = build("pair_embedding", {"model": encoder, "C": 1.0}).fit(claims, gold, 13)
    assert (scorer.score(claims).argmax(axis=1) == gold.codes).mean() > 0.9
    hidden = replace(claims, evidence=no_evidence(len(claims)))
    alone = build("pair_embedding", {"model": encoder, "C": 1.0}).fit(hidden, gold, 13)
    assert (alone.score(hidden).argmax(axis=1) == gold.codes).mean() == 0.5


def test_the_score_of_a_claim_depends_on_its_own_row_to_the_last_bit(encoder):
    claims, gold = repeated_or_not()
    gold = Gold(("a", "b", "c", "d"), np.arange(len(claims)) % 3)
    scorer = build("pair_embedding", {"model": encoder}).fit(claims, gold, 13)
    scores = scorer.score(claims)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert (scores[:, 3] == 0).all()  # no training claim has the last label
    rows = np.array([17, 3, 30])
    assert np.array_equal(scorer.score(claims.take(rows)), scores[rows])
