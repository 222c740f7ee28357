"""Trials on a part of the claims: samples of whole articles, and lists of ids."""

from __future__ import annotations

import json

import pytest

from harness import open_dataset, plan, run
from harness.errors import FaultsError, HarnessError
from harness.runner.load_config import load_experiment
from harness.runner.plan import load_data
from harness.runner.runs.trial import Trial, read_ids


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    from small_dataset import make_dataset

    dataset = make_dataset(tmp_path_factory.mktemp("trial"))
    split = {"protocol": "grouped_folds", "k": 2, "by": "article"}
    return {"name": "t", "task": "checkability", "dataset": str(dataset), "split": split, "classifiers": ["majority"]}


def data_of(content, trial, **changes):
    return load_data(load_experiment(content | changes), trial=trial)


def articles(data, fold, side):
    return set(data.claims.article_id[getattr(fold, side)])


def test_a_sample_has_whole_articles_and_keeps_the_folds(content):
    full, data = data_of(content, Trial()), data_of(content, Trial(sample=30))
    for fold, whole in zip(data.folds, full.folds, strict=True):
        for side in ("train", "test"):
            drawn = articles(data, fold, side)
            assert drawn < articles(full, whole, side)
            rows = getattr(whole, side)
            expected = rows[[article in drawn for article in data.claims.article_id[rows]]]
            assert getattr(fold, side).tolist() == expected.tolist()
    assert "limited to 35 claims of 5 of 8 articles, drawn with seed 13 (--sample 30)" in data.warnings[0]


def test_a_smaller_sample_is_part_of_a_larger_one_and_the_seed_draws_it(content):
    def drawn(n, seed=13):
        data = data_of(content, Trial(sample=n), random_seeds=[seed])
        return set.union(*(articles(data, fold, "test") for fold in data.folds))

    assert drawn(30) < drawn(45)
    assert len({frozenset(drawn(30, seed)) for seed in (13, 14, 15)}) > 1
    assert drawn(30) == drawn(30)


def test_ids_of_claims_and_of_articles_are_used_alone(content, tmp_path):
    claims = open_dataset(content["dataset"]).claims
    one = next(claim for claim in claims if claim.article_id == "Riga")
    chosen = tmp_path / "ids.txt"
    chosen.write_text("\n".join(["Oslo", "Lima", "Quito", "", one.claim_id]), encoding="utf-8")
    outcome = run(content, out=tmp_path / "runs", ids=chosen, limit=50, overrides=["split.test_share=null"])
    (result,) = outcome.results
    assert result.n_articles == 4
    stored = json.loads((tmp_path / "runs" / "t" / "current.json").read_text(encoding="utf-8"))
    assert result.trial == stored["results"][0]["trial"] == f"--limit 50 --ids ({read_ids(chosen).name})"
    assert "trial (--limit 50 --ids (4 ids, " in str(outcome)


def test_ids_that_nothing_has_are_refused_with_their_lines(content, tmp_path):
    chosen = tmp_path / "ids.txt"
    chosen.write_text("Oslo\nBergen\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=r"ids\.txt:2: the dataset has no claim and no article with the id 'Bergen'"):
        plan(content, ids=chosen, out=tmp_path)
    chosen.write_text("Oslo\nOslo\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=r"ids\.txt:2: 'Oslo' is listed twice \(first on line 1\)"):
        plan(content, ids=chosen, out=tmp_path)
    with pytest.raises(FaultsError, match="has no ids"):
        plan(content, ids=[], out=tmp_path)


def test_a_sample_that_leaves_a_fold_empty_says_what_to_do(content, tmp_path):
    with pytest.raises(HarnessError, match="--sample 1 leaves none, so choose more claims"):
        plan(content, sample=1, out=tmp_path)
    with pytest.raises(HarnessError, match="--sample: expected a number of claims from 1, got 0"):
        plan(content, sample=0, out=tmp_path)
