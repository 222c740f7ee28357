"""A chain that was run once, for the tests of `harness verify`."""

from __future__ import annotations

import pytest

import harness

CHAIN = {
    "name": "mine",
    "task": "chain",
    "dataset": "public-matters",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "detect": {"gold": "single:author-pass-1", "classifier": "tfidf_logreg"},
    "retrieve": {"retriever": "bm25", "k": 2},
    "judge": {"scheme": "verdict", "gold": "single:author-pass-1", "classifier": "pair_logreg"},
    "intervals": {"resamples": 100},
}


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    outcome = harness.run(CHAIN, out=tmp_path_factory.mktemp("runs"), save_models=True)
    (model,) = outcome.models
    assert model.reason is None
    return outcome.folder
