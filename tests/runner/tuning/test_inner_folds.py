"""Choices are made in folds of articles where the training claims are one group, and the result says so."""

from __future__ import annotations

import pytest
from transfer_sources import make_source, write_config

from harness import open_dataset, run
from harness.runner.tuning.inner_folds import InnerFolds, training_folds


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    return [make_source(folder, "alpha", articles=6, words=8), make_source(folder, "beta", articles=2, words=14)]


def test_one_group_is_divided_by_article_and_several_groups_are_not(two):
    claims = open_dataset(two[0]).table()
    by_article = training_folds(claims, InnerFolds(3, "article"), 13)
    by_speaker = training_folds(claims, InnerFolds(3, "speaker"), 13)
    assert by_article.note == by_speaker.note == ""  # a claim without a speaker is a group with its article
    one = training_folds(_with_one_source(claims), InnerFolds(3, "source"), 13)
    assert [fold.test.tolist() for fold in one.folds] == [fold.test.tolist() for fold in by_article.folds]
    assert one.note == " of articles inside one source"
    single = claims.take(claims.article_id == claims.article_id[0])
    assert training_folds(single, InnerFolds(3, "source"), 13).folds == []


def _with_one_source(claims):
    from dataclasses import replace

    source = claims.article_id.copy()
    source[:] = "alpha"
    return replace(claims, source=source)


@pytest.mark.parametrize("protocol", ["transfer", "leave_one_out"])
def test_thresholds_calibration_and_settings_are_chosen_inside_one_source(two, tmp_path, protocol):
    config = write_config(
        tmp_path / "e.yaml",
        two,
        protocol=f"protocol: transfer, by: source, k: 2 => protocol: {protocol}, by: source",
        tuned="label: plain => label: plain, cap: {grid: [5, 40]}",
    )
    results = run(config, out=tmp_path / "runs").results
    chosen = {result.system.split("[")[0]: {} for result in results}
    for result in results:
        chosen[result.system.split("[")[0]] |= result.provenance.chosen
    whole = {"transfer": "alpha to others, seed 13", "leave_one_out": "beta, seed 13"}[protocol]
    assert chosen["plain"][whole].endswith(" of 2 candidates in 3 folds of articles inside one source")
    assert chosen["cut"][whole].startswith("threshold")
    assert chosen["cut"][whole].endswith("on 3 folds of articles inside one source")
    assert chosen["sure"][whole].startswith("platt calibration, threshold")


def test_one_article_to_train_on_leaves_nothing_chosen_and_gives_the_remedy(two, tmp_path):
    results = run(write_config(tmp_path / "e.yaml", two), out=tmp_path / "runs", only=["cut"]).results
    # Of two articles, a fold inside the source leaves one to train on.
    expected = (
        "not calibrated, no threshold chosen: only one article to train on, and articles stay whole; "
        "train on two or more"
    )
    chosen = results[1].provenance.chosen
    assert chosen["beta fold-0, seed 13"] == chosen["beta fold-1, seed 13"] == expected
    assert chosen["beta to others, seed 13"].endswith("on 2 folds of articles inside one source")
