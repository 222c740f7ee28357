"""The leakage atlas against the publishers' files, and the command that finds the same."""

from __future__ import annotations

import json

import pytest

from harness import audit_targets, open_dataset
from harness.audit.ancestry import atlas, overlaps
from harness.audit.sentences import audit_view, build_sentence_table

PAIRS = [
    pytest.param(("claimbuster", "checkthat-2024-task1"), marks=pytest.mark.soak),
    ("checkthat-2020-task1", "checkthat-2021-task1a"),
    pytest.param(("checkthat-2019-task1", "checkthat-2020-task5"), marks=pytest.mark.soak),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_of_the_atlas_is_what_the_files_give(bring, pair):
    root = bring(*pair)
    measured = overlaps(build_sentence_table([audit_view(open_dataset(name, root)) for name in pair]))
    remembered = [o for o in atlas() if {o.dataset_left, o.dataset_right} == set(pair)]
    assert {(o.left, o.right): o for o in measured} == {(o.left, o.right): o for o in remembered}


def of(left, right):
    (found,) = [o for o in atlas() if (o.left, o.right) == (left, right)]
    return found


def test_the_atlas_knows_what_the_field_should():
    truth = of("checkthat-2024-task1/en-dev", "claimbuster/groundtruth")
    assert (truth.rows_left, truth.rows_right, truth.near_left, truth.agreeing) == (1032, 1032, 1028, 1028)
    crowd = of("checkthat-2024-task1/en-train", "claimbuster/crowdsourced")
    assert (crowd.near_left, crowd.near_right, crowd.agreeing, crowd.compared) == (22480, 22480, 22468, 22468)
    debates = of("checkthat-2019-task1/test", "checkthat-2020-task5/train")
    assert (debates.mostly_left, debates.articles_left, debates.near_left) == (2, 7, 1817)
    tweets = of("checkthat-2020-task1/test", "checkthat-2021-task1a/dev")
    assert (tweets.near_left, tweets.rows_left, tweets.rows_right) == (139, 140, 140)
    speech = of("checkthat-2020-task5/train", "policlaim/train")
    assert (speech.mostly_left, speech.near_right) == (1, 131)
    assert of("checkthat-2021-task1a/test", "checkthat-2022-task1a/en-train").near_left == 145


def test_the_command_finds_copies_between_benchmarks(bring, harness):
    root = bring("checkthat-2020-task1", "checkthat-2021-task1a")
    done = harness("audit", "checkthat-2020-task1", "checkthat-2021-task1a", "--data-root", root, "--json")
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 0, done.stderr
    assert set(findings[0]) == {"check", "severity", "where", "count", "message"}
    twins = [f for f in findings if f["check"] == "A13" and f["count"] == 139]
    assert [f["where"] for f in twins] == ["checkthat-2020-task1/test and checkthat-2021-task1a/dev"]


def test_an_experiment_is_audited_by_its_folds(bring, harness, tmp_path):
    root = bring("claimbuster")
    config = tmp_path / "random.yaml"
    text = "name: random\ntask: checkability\ndataset: claimbuster\nsplit: {protocol: random_folds, k: 2}\n"
    config.write_text(text + "classifiers: [majority]\n")
    done = harness("audit", config, "--data-root", root)
    assert done.returncode == 1
    assert "error: A04 random, fold-0:" in done.stdout
    assert "docs/reference/audit-checks/ explains the checks" in done.stdout


@pytest.mark.parametrize(
    ("targets", "part"),
    [
        (["public-maters"], "Did you mean 'public-matters'"),
        (["nowhere.yaml"], "nowhere.yaml: does not exist"),
        (["claimbuster"], "is not fetched yet"),
        ([], "Missing argument"),
    ],
)
def test_an_audit_that_cannot_be(harness, targets, part):
    done = harness("audit", *targets)
    assert done.returncode == 2
    assert part in done.stderr


def test_the_shipped_data_has_no_error():
    assert not audit_targets(["public-matters"]).failed
