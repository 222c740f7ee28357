"""Means over claims, with intervals over articles."""

from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.probes.measure import BEHAVES, EditedClaim, mean_over_articles


def test_claims_of_one_article_count_as_one_observation():
    values = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    alone = mean_over_articles(values, np.arange(8))
    together = mean_over_articles(values, np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    assert alone.value == together.value == 0.625
    assert together.high - together.low > alone.high - alone.low


def test_a_share_at_its_bound_has_an_exact_interval_with_articles_as_trials():
    share = mean_over_articles(np.zeros(12), np.arange(12) // 3, is_share=True)
    assert (share.value, share.low) == (0, 0)
    assert share.high == pytest.approx(1 - 0.025 ** (1 / 4))


@pytest.mark.parametrize("n_articles", [1, 2])
def test_fewer_than_three_articles_have_no_interval(n_articles):
    estimate = mean_over_articles(np.ones(4), np.arange(4) % n_articles, is_share=True)
    assert (estimate.value, estimate.low) == (1, None)


def test_no_claim_has_no_mean():
    assert mean_over_articles(np.zeros(0), np.zeros(0, dtype=np.int64)).value is None


@pytest.mark.parametrize(
    ("labels", "scores", "behaves"),
    [
        (("supported", "refuted"), (0.9, 0.1), {"verdict should flip", "should fall"}),
        (("refuted", "refuted"), (0.2, 0.2), {"must not change"}),  # refutes whatever it reads
        (("supported", "supported"), (0.9, 0.95), {"must not change"}),
    ],
)
def test_a_flip_is_right_only_from_the_right_verdict_to_the_right_one(labels, scores, behaves):
    claim = EditedClaim("c", "a", "x", "y", "supported", "refuted", *scores, *labels)
    assert {name for name, rule in BEHAVES.items() if rule(claim)} == behaves
