"""Batches: many requests in one file; nothing is submitted twice or lost, and single calls find every reply."""

from __future__ import annotations

import numpy as np
import pytest
from batch_server import serving_batches
from claim_tables import claims_of, yes_no

from harness.classifiers import build
from harness.errors import HarnessError

GUIDE = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
FIVE = claims_of([f"{n} loaves." if n % 2 else f"Lovely{"!" * n}" for n in range(5)])


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "reply-cache"))
    with serving_batches() as server:
        yield server


def model(server, **settings):
    common = {"endpoint": server.url, "model": "tiny", "guide": GUIDE, "retries": 2, "backoff_s": 0.01, "batch": True}
    return build("language_model", common | settings)


def fitted(server, **settings):
    return model(server, **settings).fit(*yes_no(), 13)


def test_a_batch_answers_as_single_calls_do(server):
    scorer = fitted(server)
    scores = scorer.score(FIVE)
    assert len(server.asked) == 1  # the trial
    assert [len(ids) for ids in server.submitted()] == [5]
    single = fitted(server, batch=False)
    assert (single.score(FIVE) == scores).all()
    assert len(server.asked) == 1
    assert single.api_usage(FIVE) == scorer.api_usage(FIVE)
