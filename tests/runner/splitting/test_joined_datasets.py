"""Several datasets as one: joined ids, mapped labels, and a warning where a test claim was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import HarnessError, run
from harness.runner.load_config import load_experiment
from harness.runner.plan import load_data

CONFIG = """\
name: crossed
task: check_worthiness
dataset: [claimbuster, checkthat-2024-task1]
split: {{protocol: official, train: [{train}], test: [checkthat-2024-task1/en-dev]}}
classifiers: [length]
metrics: [average_precision]
intervals: {{resamples: 100}}
"""


def config(folder, train, **changes):
    text = CONFIG.format(train=train)
    for old, new in changes.values():
        text = text.replace(old, new)
    path = folder / "crossed.yaml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def crossed(bring, tmp_path_factory):
    """A run that is trained on a part of one dataset and scored on another."""
    root, folder = bring("claimbuster", "checkthat-2024-task1"), tmp_path_factory.mktemp("crossed")
    return run(config(folder, "claimbuster/crowdsourced"), root=root, out=folder)


def test_trained_on_one_scheme_and_scored_on_another(crossed):
    (result,) = crossed.results
    assert (result.dataset, result.n, result.n_positive) == ("claimbuster + checkthat-2024-task1", 1032, 238)
    assert [line.split(":")[0] for line in result.label_mapping] == [
        "claimbuster (claimbuster.label)",
        "checkthat-2024-task1 (checkthat.label)",
    ]
    assert "loses: The difference between an unimportant fact and no fact." in str(crossed)
    schemes = [scheme.name for scheme in result.provenance.schemes]
    assert schemes == ["claimbuster", "checkthat"]


def test_a_copy_of_the_training_set_is_no_test(bring, tmp_path):
    root = bring("claimbuster", "checkthat-2024-task1")
    (result,) = run(config(tmp_path, "claimbuster"), root=root, out=tmp_path).results
    # all but a few texts of fewer than five words
    assert result.deduplicated is not None
    assert (result.deduplicated.n_duplicates, result.deduplicated.n) == (1028, 4)
    assert any(
        warning.startswith("1,028 of 1,032 test claims are exact or near duplicates") for warning in result.warnings
    )
    kept = json.loads((tmp_path / "crossed" / "results" / result.result_id / "result.json").read_text())
    assert kept["deduplicated"]["n_duplicates"] == 1028


def test_values_without_copies_are_those_of_the_other_claims(crossed):
    import pyarrow.parquet as pq
    from sklearn.metrics import average_precision_score

    (result,) = crossed.results
    table = pq.read_table(Path(result.path) / "predictions.parquet").to_pandas()
    assert result.deduplicated is not None
    assert result.deduplicated.n_duplicates + result.deduplicated.n == len(table) == 1032
    whole = average_precision_score(table["gold"] == "yes", table["score:yes"])
    assert result.values["average_precision"].value == pytest.approx(whole, abs=0.02)
    assert result.deduplicated.values["average_precision"].value != result.values["average_precision"].value


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("check_worthiness", "claim_type", "scheme 'checkthat' does not answer the task 'claim_type'"),
        ("checkthat-2024-task1/en-dev]", "nowhere]", "nowhere"),
        ("[claimbuster, checkthat-2024-task1]", "[claimbuster, claimbuster]", "'claimbuster' is listed twice"),
        ("[claimbuster, checkthat-2024-task1]", "[]", "dataset"),
        ("task: check_worthiness", "task: check_worthiness\nscheme: claimbuster", "no scheme of dataset"),
    ],
)
def test_what_cannot_be_joined(bring, tmp_path, old, new, said):
    root = bring("claimbuster", "checkthat-2024-task1")
    path = config(tmp_path, "claimbuster", changed=(old, new))
    if "claim_type" in new:
        path.write_text(path.read_text().replace("average_precision", "macro_f1").replace("length", "majority"))
    with pytest.raises(HarnessError, match=said):
        run(path, root=root, out=tmp_path)


def test_each_dataset_in_turn_is_a_source(bring, tmp_path):
    root = bring("checkthat-2020-task1", "checkthat-2021-task1a")
    path = tmp_path / "sources.yaml"
    path.write_text(
        "name: sources\ntask: check_worthiness\ndataset: [checkthat-2020-task1, checkthat-2021-task1a]\n"
        "split: {protocol: leave_one_out, by: source}\nclassifiers: [length]\nmetrics: [average_precision]\n"
        "intervals: {resamples: 100}\n"
    )
    (result,) = run(path, root=root, out=tmp_path).results
    assert result.n == 962 + 1312
    # the 2020 tweets are nearly all in the 2021 edition, and it holds them all but 350
    assert result.deduplicated is not None
    assert result.deduplicated.n_duplicates > 1800


def test_an_experiment_on_one_dataset_says_nothing_of_joining(bring, tmp_path):
    root = bring("checkthat-2020-task1")
    path = tmp_path / "one.yaml"
    path.write_text(
        "name: one\ntask: check_worthiness\ndataset: checkthat-2020-task1\nclassifiers: [length]\n"
        "split: {protocol: official, train: [train], test: [test]}\nmetrics: [average_precision]\n"
        "intervals: {resamples: 100}\n"
    )
    (result,) = run(path, root=root, out=tmp_path).results
    assert (result.label_mapping, result.deduplicated) == ((), None)
    assert [scheme.name for scheme in result.provenance.schemes] == ["checkthat"]


def test_verdicts_of_two_schemes_are_joined_and_what_is_left_out_is_counted(bring):
    root = bring("covid-fact")
    config = {
        "name": "across",
        "task": "verdict",
        "dataset": ["public-matters", "covid-fact"],
        "gold": "majority",
        "split": {"protocol": "transfer", "by": "source"},
        "classifiers": ["majority"],
        "metrics": ["accuracy"],
    }
    data = load_data(load_experiment(config), root)
    gold = data.gold.gold
    assert gold.labels == ("refuted", "supported")
    codes = dict(zip(data.claims.claim_id[data.gold.rows_with_gold], gold.codes, strict=True))
    dataset = data.joined.datasets[1]
    verdicts = {one.claim_id: one.label for one in dataset.annotations}
    assert {verdicts[name.partition(":")[2]] for name, code in codes.items() if name.startswith("covid") and code} == {
        "supported"
    }
    assert data.gold.counts["without a counterpart in the other schemes"] > 60
    assert "left out: not enough evidence, conflicting or cherry-picked" in data.label_mapping[0]
