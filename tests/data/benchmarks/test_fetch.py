"""Public benchmarks come in from a copy of the publisher's files, or are refused with a reason."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
from dataset_folders import content

from harness import FaultsError, HarnessError, fetch, open_dataset
from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
from harness.data.formats import READERS
from harness.data.labels.gold import gold_labels
from harness.data.load import find_dataset
from harness.data.splits.by_time import by_time
from harness.schemes import load_scheme


@pytest.fixture(params=["checkthat-2019-task1", "claimbuster"])
def fetched_name(request):
    return request.param


def test_each_claim_is_its_slice_of_the_article(fetched, fetched_name):
    dataset = open_dataset(fetched_name, fetched)
    texts = {article.article_id: article.text or "" for article in dataset.articles}
    assert all(texts[c.article_id][c.start : c.end] == c.text == (c.text or "").strip() for c in dataset.claims)
    assert all("\n" not in (c.text or "") for c in dataset.claims)
    for article in dataset.articles:
        own = [claim.text for claim in dataset.claims if claim.article_id == article.article_id]
        assert [line.strip() for line in (article.text or "").split("\n")] == own


@pytest.mark.parametrize(
    ("name", "parts", "labels"),
    [
        ("checkthat-2019-task1", {"train": 16_421, "test": 7_080}, {"not check-worthy": 22_925, "check-worthy": 576}),
        ("claimbuster", {"groundtruth": 1_032, "crowdsourced": 22_501}, {"NFS": 15_416, "UFS": 2_466, "CFS": 5_651}),
    ],
)
def test_parts_and_labels_are_the_publishers(fetched, name, parts, labels):
    dataset = open_dataset(name, fetched)
    assert Counter(dataset.splits["official"].values()) == parts
    gold = gold_labels(dataset.annotations, dataset.info.schemes[0], "label", "single:publisher")
    assert Counter(found.label for found in gold.labels.values()) == labels
    assert {annotation.role for annotation in dataset.annotations} == {"label"}


def test_debates_are_dated_by_their_names_so_that_they_split_by_time(fetched):
    dataset = open_dataset("checkthat-2019-task1", fetched)
    dates = {article.article_id: article.published for article in dataset.articles}
    assert (dates["20160926_1pres"], dates["20182601_trump_world"]) == ("2016-09-26", "2018-01-26")
    claims = dataset.table()
    fold = by_time(claims, test_from="2018-01-01")
    assert {day[:4] for day in claims.published[fold.train]} == {"2015", "2016", "2017"}
    assert {day[:4] for day in claims.published[fold.test]} == {"2018", "2019"}


def test_fetching_twice_gives_the_same_bytes(fetched, benchmarks, tmp_path):
    fetch("claimbuster", benchmarks / "claimbuster", tmp_path)
    assert content(tmp_path / "claimbuster") == content(fetched / "claimbuster")


def test_one_changed_byte_is_refused(benchmarks, tmp_path, harness):
    copy = tmp_path / "copy"
    shutil.copytree(benchmarks / "claimbuster" / "datasets", copy)
    path = copy / "groundtruth.csv"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    done = harness("fetch", "claimbuster", "--from", copy)
    assert done.returncode == 2
    assert done.stderr.startswith(f"harness: {path}: is not the publisher's file: its SHA-256 is not 64890c51e109")
    assert "get an unmodified copy from https://doi.org" in done.stderr
    assert not (tmp_path / "data-root" / "claimbuster").exists()


def test_files_that_are_absent_are_reported_and_the_others_come_in(benchmarks, tmp_path, harness):
    copy = tmp_path / "flat"
    copy.mkdir()
    shutil.copy(benchmarks / "claimbuster" / "datasets" / "groundtruth.csv", copy)
    done = harness("fetch", "claimbuster", "--from", copy)
    assert done.returncode == 0, done.stderr
    assert "articles, 1,032 claims" in done.stdout
    assert done.stderr == f"missing in {copy}: datasets/crowdsourced.csv\n"
    dataset = open_dataset("claimbuster", tmp_path / "data-root")
    assert set(dataset.splits["official"].values()) == {"groundtruth"}


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["claimbuster"], "cannot be downloaded automatically: get the publisher's files from https://doi.org"),
        (
            ["claimbuster", "--from", "empty"],
            "empty: contains none of the files of 'claimbuster': datasets/groundtruth.csv",
        ),
        (["claimbuster", "--from", "nowhere"], "nowhere: does not exist; --from expects the folder or zip file"),
        (["claimbutser", "--from", "empty"], "no benchmark is called 'claimbutser'. Did you mean 'claimbuster'?"),
        (["claimbuster", "--offline"], "--offline needs --from PATH"),
    ],
)
def test_a_fetch_that_cannot_be(tmp_path, harness, arguments, part):
    (tmp_path / "empty").mkdir()
    done = harness("fetch", *arguments)
    assert done.returncode == 2
    assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data-root").exists()


WITHOUT_LABELS = {"checkthat-2025-task2"}
"""Benchmarks whose files have statements and no labels."""


@pytest.mark.parametrize("name", benchmark_names())
def test_a_described_benchmark_fits_its_scheme_and_format(name):
    benchmark = load_benchmark(name)
    assert benchmark.name == name
    assert benchmark.format in READERS
    labels = load_scheme(benchmark.scheme).axes[0].labels
    assert name in WITHOUT_LABELS or all(label.code is not None for label in labels)


@pytest.mark.parametrize(
    ("name", "error", "part"),
    [
        (
            "claimbuster",
            HarnessError,
            "'claimbuster' is not fetched yet .*: harness fetch claimbuster --from FOLDER",
        ),
        ("public-maters", HarnessError, "no dataset is called 'public-maters'. Did you mean 'public-matters'"),
        ("no/where", FaultsError, "no/where: does not exist; check the path"),
        (".", FaultsError, "is not a dataset folder: it has no dataset.yaml"),
    ],
)
def test_a_dataset_that_is_not_there(tmp_path, name, error, part):
    with pytest.raises(error, match=part):
        find_dataset(name, tmp_path)
