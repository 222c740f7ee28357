"""Which articles to label next: those that a model is unsure of, and that no labeled article is like."""

from __future__ import annotations

import json
import shutil

import pytest
from small_dataset import PLACES, make_dataset

from harness import ingest, next_articles, run
from harness.errors import HarnessError

LABELED = PLACES[:5]


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A dataset with labels on five of eight articles, and the run of a model that learned from them."""
    base = tmp_path_factory.mktemp("started")
    full = make_dataset(base)
    folder = base / "started"
    shutil.copytree(full, folder)
    log = folder / "annotations" / "author-pass-1.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(line for line in lines if any(place in line for place in LABELED)), encoding="utf-8")
    experiment = {
        "name": "started",
        "task": "checkability",
        "dataset": str(folder),
        "split": {"k": 2},
        "classifiers": ["nb_logreg"],
        "metrics": ["f1"],
        "intervals": {"resamples": 100},
    }
    run(experiment, out=base / "runs", save_models=True)
    return folder, base / "runs" / "started", full


def test_articles_without_labels_are_ranked_and_written_claim_by_claim(started, tmp_path):
    folder, model, _ = started
    result = next_articles(folder, model, tmp_path / "order.jsonl")
    assert {article.article_id for article in result.articles} == set(PLACES) - set(LABELED)
    assert (result.axis, result.labeled, result.without) == ("checkable", 5, 3)
    scores = [article.score for article in result.articles]
    assert scores == sorted(scores, reverse=True)
    for article in result.articles:
        assert article.score == pytest.approx((article.uncertainty + article.distance) / 2)
        assert 0 < article.uncertainty <= 1
        assert 0 < article.distance < 1
        assert len(article.claims) == 7
    rows = [json.loads(line) for line in (tmp_path / "order.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["claim_id"] for row in rows] == [claim for article in result.articles for claim in article.claims]
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)


def test_an_article_like_one_above_it_goes_down(started, tmp_path):
    folder, model, _ = started
    copy, sources = tmp_path / "copy", tmp_path / "sources"
    shutil.copytree(folder, copy)
    sources.mkdir()
    (sources / "whales.txt").write_text("Whales sing below ice. Krill glows.", encoding="utf-8")
    (sources / "more-whales.txt").write_text("Whales sing below ice. Krill glows green.", encoding="utf-8")
    (sources / "bakers.txt").write_text("Bakers knead dough at dawn. Ovens roar.", encoding="utf-8")
    ingest([sources], copy)
    # Both whales are as far from every labeled article as the bakers, until one of them is chosen.
    by_distance = next_articles(copy, model, distance_weight=1).articles
    *top, last = [article.article_id for article in by_distance if not article.article_id.istitle()]
    assert set(top) in ({"whales", "bakers"}, {"more-whales", "bakers"})
    assert "whales" in last
    assert by_distance[-1].article_id == last
    assert [article.article_id for article in next_articles(copy, model, n=1, distance_weight=1).articles] == top[:1]


def test_what_cannot_be_ranked_is_said(started):
    folder, model, full = started
    with pytest.raises(HarnessError, match="every claim has a label; bring in articles first"):
        next_articles(full, model)
    with pytest.raises(HarnessError, match="the scores of length are no probabilities"):
        next_articles(folder, "length")
    with pytest.raises(HarnessError, match="--distance-weight: expected a number from 0 to 1, got 2"):
        next_articles(folder, model, distance_weight=2)
