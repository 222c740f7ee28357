"""Context: novelty by hand, what each block sees, and reasons that say where they come from."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from claim_tables import claims_of, gold_of

from harness.classifiers import build
from harness.classifiers.ngram_models.context import novelty_of
from harness.classifiers.storage.serialize import deserialize, serialize

SMALL = {"min_df": 1, "C": 10.0, "weight": 1.0}


def test_novelty_by_hand():
    texts = ["Taxes rose.", "Taxes ROSE again.", "Never again!", "...", "Taxes rose."]
    # new words: both of 2; "again" of 3; "never" of 2; no word; the next article begins anew
    assert novelty_of(claims_of(texts)).tolist() == [1, 1 / 3, 1 / 2, 0, 1]


def test_novelty_follows_the_article_and_not_the_table():
    claims = claims_of(["Taxes rose.", "Taxes rose again."])
    assert novelty_of(claims.take(np.array([1, 0]))).tolist() == [1 / 3, 1]


def debate():
    """Four articles: what follows a question, what Bo says, what comes last is positive in turn."""
    texts = ["Is it so?", "It is.", "Well, well.", "It is."] * 4
    claims = claims_of(texts)
    speakers = np.array(["Al", "Bo", "Al", None] * 4, dtype=object)
    return replace(claims, speaker=speakers)


@pytest.mark.parametrize(
    ("block", "codes", "reason"),
    [
        ("previous", [0, 1, 0, 0], "previous:word:so"),
        ("next", [1, 0, 1, 0], "next:word:is"),
        ("speaker", [0, 1, 0, 0], "speaker:bo"),
        ("position", [0, 0, 0, 1], "position:place"),
    ],
)
def test_each_block_sees_what_it_is_named_for(block, codes, reason):
    claims, gold = debate(), gold_of(codes * 4)
    scorer = build("context_logreg", SMALL | {"blocks": [block], "C": 1000.0}).fit(claims, gold, 13)
    scores = scorer.score(claims)[:, 1]
    assert scores[gold.positive].min() > scores[~gold.positive].max()
    row = int(np.flatnonzero(gold.positive)[0])
    weights = {r.name: r.weight for r in scorer.explain(claims)[row]}
    assert weights[reason] > 0
    blind = build("context_logreg", SMALL | {"blocks": []}).fit(claims, gold, 13).score(claims)[:, 1]
    assert blind[1] == blind[3]


def test_what_was_said_before_is_told_from_what_is_new():
    claims, gold = claims_of(["It is.", "It is.", "Well, well.", "Well, well."] * 4), gold_of([1, 0, 1, 0] * 4)
    scorer = build("context_logreg", SMALL | {"blocks": ["novelty"]}).fit(claims, gold, 13)
    assert (scorer.predict(claims, scorer.score(claims)) == gold.codes).all()
    assert {r.name: r.weight for r in scorer.explain(claims)[0]}["novelty"] > 0


def test_only_the_claims_own_words_are_found_in_it():
    claims, gold = debate(), gold_of([0, 1, 0, 0] * 4)
    scorer = build("context_logreg", SMALL).fit(claims, gold, 13)
    for text, reasons in zip(claims.text, scorer.explain(claims), strict=True):
        for reason in reasons:
            assert reason.text in text
            assert not (reason.text and reason.name.partition(":")[0] in ("previous", "next", "speaker"))


def test_a_speaker_of_one_article_is_not_learned():
    claims = debate()
    claims.speaker[0] = "Cy"
    scorer = build("context_logreg", SMALL).fit(claims, gold_of([0, 1, 0, 0] * 4), 13)
    assert scorer.context.speakers == ("al", "bo")


def test_it_is_kept(tmp_path):
    claims, gold = debate(), gold_of([0, 1, 0, 0] * 4)
    scorer = build("context_logreg", SMALL).fit(claims, gold, 13)
    again = deserialize(json.loads(json.dumps(serialize(scorer, tmp_path))), tmp_path)
    assert np.array_equal(again.score(claims), scorer.score(claims))
    assert again.explain(claims) == scorer.explain(claims)
