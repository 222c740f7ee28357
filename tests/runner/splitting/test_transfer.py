"""`protocol: transfer` through a whole run: what each system is trained and tested on, and what is compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from transfer_sources import make_source, make_sources, write_config

from harness import HarnessError, build_report, check, compare_results, load_model, run
from harness.data.splits.folds import Fold
from harness.runner.splitting.joined_datasets import load_joined
from harness.runner.splitting.protocols import with_training_share
from harness.runner.splitting.split_config import Split
from harness.runner.splitting.transfer import name_before_training, name_trained_on


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_sources(tmp_path_factory.mktemp("transfer"))


@pytest.fixture(scope="module")
def outcome(sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("carried")
    return run(write_config(folder / "carried.yaml", sources), out=folder / "runs")


def table_of(result):
    return pq.read_table(Path(result.path) / "predictions.parquet").to_pandas()


def test_every_system_is_tested_on_every_claim_once_with_or_without_a_label(outcome):
    tables = [table_of(result) for result in outcome.results]
    assert len(tables[0]) == 110
    assert tables[0].gold.isna().sum() == 12
    for result, table in zip(outcome.results, tables, strict=True):
        assert table.claim_id.tolist() == tables[0].claim_id.tolist()
        assert table.claim_id.is_unique
        source = result.system.split("=")[1].rstrip("]")
        is_own = table.claim_id.str.startswith(f"{source}:")
        assert set(table.fold[~is_own]) == {f"{source} to others"}
        assert set(table.fold[is_own]) == {f"{source} fold-0", f"{source} fold-1"}
        assert table[is_own].groupby("article_id").fold.nunique().max() == 1
        assert result.n == 98


def test_a_run_over_data_with_unlabeled_claims_is_compared_and_reported(outcome, tmp_path, harness):
    comparison = compare_results([outcome.folder])
    assert {system.name for system in comparison.systems} == {result.system for result in outcome.results}
    assert comparison.n == 98
    assert len(comparison.pairs) == 15
    values = {result.system: result.values["average_precision"].value for result in outcome.results}
    assert {system.name: system.value.value for system in comparison.systems} == pytest.approx(values)
    assert any("trained on one source and tested on all" in note for note in comparison.notes)
    report = build_report([outcome.folder], tmp_path / "report.html")
    assert (report.systems, report.claims) == (6, 110)
    printed = harness("compare", outcome.folder)
    assert printed.returncode == 0
    assert "trained on one source and tested on all" in printed.stdout


def test_a_source_of_one_article_is_a_test_set_only_and_the_run_says_so(outcome):
    assert [result.system for result in outcome.results[:2]] == ["plain[train_on=alpha]", "plain[train_on=beta]"]
    assert all("single" not in result.system for result in outcome.results)
    (warning,) = (text for text in outcome.results[0].warnings if "'single'" in text)
    assert warning.startswith("no system is trained on 'single': labeled claims in one article only")
    assert "label a second article" in warning
    assert {part.of: part.n for part in outcome.results[0].slices} == {"alpha": 48, "beta": 40, "single": 10}


def test_where_no_source_can_be_trained_on_run_and_check_say_what_to_do(tmp_path):
    datasets = [make_source(tmp_path, name, articles=1, words=8) for name in ("one", "two")]
    config = write_config(tmp_path / "e.yaml", datasets)
    with pytest.raises(HarnessError, match=r"no source has labeled claims in two articles.*label a second article"):
        run(config, out=tmp_path / "runs")
    (fault,) = check([config])
    assert fault.line == 4
    assert "no source has labeled claims in two articles" in fault.message


def test_a_trial_is_over_the_same_claims_for_every_source(sources, tmp_path):
    outcome = run(write_config(tmp_path / "e.yaml", sources[:2]), out=tmp_path / "runs", limit=20)
    assert [len(table_of(result)) for result in outcome.results] == [40] * 6
    assert "limited to 20 claims per source: a trial, not a result" in outcome.results[0].warnings
    assert len(compare_results([outcome.folder]).systems) == 6


def test_a_share_of_one_source_is_a_share_of_its_articles(sources, tmp_path):
    config = write_config(tmp_path / "e.yaml", sources[:2], share="k: 2 => k: 2, train_share: 0.5")
    outcome = run(config, out=tmp_path / "runs", only=["plain[train_share=0.5]"])
    assert [result.system for result in outcome.results] == [
        "plain[train_share=0.5,train_on=alpha]",
        "plain[train_share=0.5,train_on=beta]",
    ]
    joined = load_joined([str(path) for path in sources[:2]])
    alpha = np.flatnonzero(joined.claims.source == "alpha")
    fold = Fold("alpha to others", alpha, np.flatnonzero(joined.claims.source == "beta"))
    shared = with_training_share(Split(protocol="transfer", by="source"), 0.5, joined.claims, [fold])
    assert shared.warnings == []
    assert len(set(joined.claims.article_id[shared.folds[0].train])) == 3


@pytest.mark.parametrize("name", ["length", "length[train_share=0.1]", "mine]"])
def test_the_name_of_a_system_holds_its_source_and_gives_its_own_name_back(name):
    named = name_trained_on(name, "Morning, Post]")
    assert named.endswith("train_on=Morning, Post]]")
    assert name_before_training(named, "Morning, Post]") == name


def test_a_saved_model_is_fitted_to_the_group_of_its_system(sources, tmp_path):
    config = write_config(tmp_path / "carried.yaml", sources)
    saved = run(config, out=tmp_path / "runs", only=["plain"], save_models=True).models
    cards = {model.system: load_model(model.folder).card for model in saved}
    trained_on = {name: (card.trained_on.rows, card.trained_on.claims) for name, card in cards.items()}
    assert trained_on == {
        "plain[train_on=alpha]": ("the claims with gold of alpha", 48),
        "plain[train_on=beta]": ("the claims with gold of beta", 40),
    }


def test_systems_of_one_group_have_no_test_over_folds(outcome):
    of_alpha = [result for result in outcome.results if result.system.endswith("train_on=alpha]")]
    pairs = compare_results(of_alpha, metric="f1").pairs
    assert [pair.difference.folds_p for pair in pairs] == [None] * 3
