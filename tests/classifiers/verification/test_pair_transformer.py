"""Encoders that read claim and passage in one input: what reaches the network, learning, and passages as a mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from claim_tables import FORECASTS, OPINIONS, STATISTICS, claims_of, gold_of
from scipy.special import softmax
from tiny_encoder import make_encoder, skip_without_torch

from harness.classifiers import build
from harness.classifiers.verification.pair_transformer import pairs_of
from harness.data.claims import ShownPassage, no_evidence

skip_without_torch()
TEXTS = [*STATISTICS, *OPINIONS, *FORECASTS]
LEARN = {"epochs": 40, "learning_rate": 5e-3, "batch_size": 8, "pooling": "cls"}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(make_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def shown(texts, passages):
    column = no_evidence(len(texts))
    for row, of_claim in enumerate(passages):
        column[row] = tuple(ShownPassage(f"p{number}", text) for number, text in enumerate(of_claim))
    return replace(claims_of(texts), evidence=column)


def test_every_passage_makes_a_pair_and_a_claim_without_any_an_empty_one():
    pairs, rows = pairs_of(shown(["a", "b", "c"], [["x", "y"], [], ["z"]]))
    assert pairs == [("a", "x"), ("a", "y"), ("b", ""), ("c", "z")]
    assert rows.tolist() == [0, 0, 1, 2]


def test_the_network_gets_what_the_tokenizer_makes_of_a_pair(encoder):
    import torch
    from transformers import AutoModel, AutoTokenizer

    from harness.features.network import load
    from harness.features.pair_network import PairEncoder

    network = PairEncoder.of(load(Path(encoder), "cls", 64))
    pairs = [("the old town", "rents rose by 14 percent"), ("the bridge", ""), ("percent " * 50, "the town " * 50)]
    inputs = AutoTokenizer.from_pretrained(encoder)(
        *map(list, zip(*pairs, strict=True)), padding=True, truncation=True, max_length=64, return_tensors="pt"
    )
    assert inputs["token_type_ids"].any()
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(encoder).eval()(**inputs).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(network.apply(pairs), expected, atol=1e-5)


def test_it_learns_from_the_passage(encoder):
    """The claim is always the same, so that only the passage gives the label away."""
    passages = [[text] for text in (*STATISTICS, *OPINIONS)]
    claims, gold = shown(["By 2030 every street will have trees."] * 12, passages), gold_of([1] * 6 + [0] * 6)
    scorer = build("pair_transformer", {"model": encoder} | LEARN).fit(claims, gold, 13)
    scores = scorer.score(claims)
    assert (scores.argmax(axis=1) == gold.codes).mean() > 0.9
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)


def test_the_score_is_the_softmax_of_the_mean_over_the_passages(encoder):
    claims = shown(TEXTS[:3], [[TEXTS[4], TEXTS[9]], [], [TEXTS[5]]])
    gold = gold_of([0, 1, 0])
    scorer = build("pair_transformer", {"model": encoder, "epochs": 2}).fit(claims, gold, 13)
    logits = scorer.network.apply([(TEXTS[0], TEXTS[4]), (TEXTS[0], TEXTS[9]), (TEXTS[1], ""), (TEXTS[2], TEXTS[5])])
    means = np.array([logits[:2].mean(axis=0), logits[2], logits[3]], dtype=float)
    np.testing.assert_allclose(scorer.score(claims), softmax(means, axis=1), atol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_early_stopping_keeps_articles_whole(encoder):
    claims = shown(TEXTS, [[TEXTS[(row + 1) % 18], TEXTS[(row + 5) % 18]] for row in range(18)])
    gold = gold_of([row % 2 for row in range(18)])
    classifier = build("pair_transformer", {"model": encoder, "epochs": 3, "patience": 1, "held_out": 0.3})
    first = classifier.fit(claims, gold, 7)
    assert "held-out articles" in first.chosen
    scores = first.score(claims)
    assert np.array_equal(classifier.fit(claims, gold, 7).score(claims), scores)
    assert not np.array_equal(classifier.fit(claims, gold, 8).score(claims), scores)
    rows = np.array([11, 2])
    assert np.array_equal(first.score(claims.take(rows)), scores[rows])
