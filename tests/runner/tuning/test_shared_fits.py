"""Fits that tuning, calibration and thresholds share, and paths of C."""

from __future__ import annotations

import numpy as np
import pytest
from claim_tables import OPINIONS, STATISTICS, claims_of, gold_of

from harness.classifiers.ngram_models import linear
from harness.classifiers.ngram_models.linear import TfidfLogreg
from harness.metrics import METRICS
from harness.runner.tuning.calibrate import with_calibration
from harness.runner.tuning.inner_folds import InnerFolds
from harness.runner.tuning.shared_fits import path_order
from harness.runner.tuning.tune import with_settings_search

STRENGTHS = (3.0, 1.0, 2.0)


@pytest.fixture(scope="module")
def rows():
    pairs = zip(OPINIONS, STATISTICS, strict=True)
    texts = [text for pair in pairs for text in pair]
    return claims_of(texts, per_article=2), gold_of([0, 1] * (len(texts) // 2))


def searched(strengths=STRENGTHS):
    choices = [{"C": strength} for strength in strengths]
    metric = METRICS.get("average_precision")()
    return with_settings_search("tfidf_logreg", {"min_df": 1}, choices, metric, InnerFolds())


def test_calibration_uses_the_fits_of_the_search(rows, monkeypatch):
    fitted = []
    solve = linear.fit_logistic_regression
    monkeypatch.setattr(
        linear, "fit_logistic_regression", lambda matrix, *given: fitted.append(matrix.shape) or solve(matrix, *given)
    )
    scorer = with_calibration(searched(), {"calibration": "platt"}, InnerFolds()).fit(*rows, 1)
    # 3 candidates in 3 folds and the choice fitted to all; in each of the folds 3 candidates in 3 folds, and the choice
    # fitted to the fold is one of the first nine.
    assert len(fitted) == scorer.fits == (3 * 3 + 1) + 3 * 3 * 3


def test_a_path_starts_at_the_fit_before(rows, monkeypatch):
    starts = []
    solve = linear.fit_logistic_regression

    def noted(matrix, positive, strength, class_weight, start):
        starts.append((strength, start and start.strength))
        return solve(matrix, positive, strength, class_weight, start)

    monkeypatch.setattr(linear, "fit_logistic_regression", noted)
    searched().fit(*rows, 1)
    assert starts[:9] == [(1.0, None), (2.0, 1.0), (3.0, 2.0)] * 3


def test_a_start_and_shared_fits_change_no_score_and_no_choice(rows):
    claims, gold = rows
    cold = TfidfLogreg(min_df=1, C=2.0).fit(claims, gold, 1)
    near = TfidfLogreg(min_df=1, C=1.0)
    warm = TfidfLogreg(min_df=1, C=2.0).fit_from((near, near.fit(claims, gold, 1)), claims, gold, 1)
    np.testing.assert_allclose(warm.score(claims), cold.score(claims), atol=1e-6)
    chosen = searched((2.0,)).fit(claims, gold, 1)
    np.testing.assert_allclose(chosen.score(claims), cold.score(claims), atol=1e-9)


def test_the_path_goes_from_strong_to_weak_regularization():
    candidates = [TfidfLogreg(C=strength) for strength in STRENGTHS]
    assert path_order(candidates) == [1, 2, 0]
