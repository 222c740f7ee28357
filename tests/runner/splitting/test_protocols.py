"""Every protocol through the real command, on a copy of the shipped data with dates, topics and publishers."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness import freeze_split, load_experiment, open_dataset, run
from harness.data.splits.folds import read_split
from harness.errors import FaultsError, HarnessError

CONFIG = """\
name: e
task: checkability
dataset: {dataset}
split: {split}
classifiers: [majority, length]
metrics: [f1]
intervals: {{resamples: 100}}
"""
PUBLISHERS = ("Morning Post", "Evening Mail", "Weekly Review")
SPEAKERS = ("A. Mayor", "B. Clerk", None)


def rewritten(path: Path, change) -> None:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, record in enumerate(records):
        change(number, record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture(scope="module")
def dataset(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """public-matters; article n is of year 2000 + n, publisher n mod 3 and topic n mod 4."""
    folder = tmp_path_factory.mktemp("protocols") / "public-matters"
    shutil.copytree(root / "data" / "public-matters", folder)
    place: dict[str, int] = {}

    def of_article(number, record):
        place[record["article_id"]] = number
        record |= {"published": f"{2000 + number}-05-01", "publisher": PUBLISHERS[number % 3]}

    def of_claim(number, record):
        record["topic"] = f"topic {place[record['article_id']] % 4}"
        if SPEAKERS[number % 3]:
            record["speaker"] = SPEAKERS[number % 3]

    rewritten(folder / "articles.jsonl", of_article)
    rewritten(folder / "claims.jsonl", of_claim)
    return folder


@pytest.fixture
def config(dataset: Path, tmp_path: Path):
    def write(split: str, data: Path | None = None) -> Path:
        path = tmp_path / "e.yaml"
        path.write_text(CONFIG.format(dataset=data or dataset, split=split), encoding="utf-8")
        return path

    return write


def predictions(path: str):
    return pq.read_table(Path(path) / "predictions.parquet").to_pandas()


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("split", "whole", "folds"),
    [
        ("{protocol: grouped_folds, by: topic, k: 4}", "topic", 4),
        ("{protocol: grouped_folds, by: source, k: 3}", "source", 3),
        ("{protocol: grouped_folds, by: article, k: 3, stratified: true}", "article_id", 3),
        ("{protocol: grouped_folds, by: article, k: 3, hash_assignment: true}", "article_id", 3),
        ("{protocol: leave_one_out, by: topic}", "topic", 4),
        ("{protocol: leave_one_out, by: source}", "source", 3),
        ("{protocol: leave_one_out, by: article}", "article_id", None),
    ],
)
def test_every_claim_is_tested_once_and_its_group_with_it(config, dataset, harness, split, whole, folds):
    done = harness("run", config(split), "--json")
    assert done.returncode == 0, done.stderr
    table = open_dataset(dataset).table()
    group = dict(zip(table.claim_id, getattr(table, whole), strict=True))
    result = json.loads(done.stdout)["results"][0]
    found = predictions(harness_path(result["path"], done))
    assert sorted(found["claim_id"]) == sorted(table.claim_id)
    assert found.groupby(found["claim_id"].map(group))["fold"].nunique().max() == 1
    assert found["fold"].nunique() == (folds or len(set(table.article_id)))
    if "leave_one_out" in split:
        assert set(found["fold"]) == set(group.values())
    assert result["warnings"] == []


def harness_path(path: str, done) -> str:
    """Where the command ran, its paths start."""
    return str(Path(done.args[-2]).parent / path)


def test_by_speaker_claims_without_one_are_counted_in_a_warning(config, dataset, tmp_path):
    result = run(config("{protocol: leave_one_out, by: speaker}"), out=tmp_path / "runs").results[0]
    table = open_dataset(dataset).table()
    silent = sum(speaker is None for speaker in table.speaker)
    assert f"{silent} of {len(table)} claims have no speaker; they are grouped with their article" in result.warnings
    found = predictions(result.path)
    assert {"A. Mayor", "B. Clerk"} < set(found["fold"])
    assert sorted(found["claim_id"]) == sorted(table.claim_id)
    # Articles have several speakers: what is left of an article is trained on while the rest is tested on.
    assert any("test articles have other claims in the training data" in warning for warning in result.warnings)


@pytest.mark.parametrize("option", ["test_from: 2010", "test_from: 2010-01-01", "test_share: 0.4"])
def test_by_time_the_later_articles_are_tested(config, dataset, tmp_path, option):
    result = run(config(f"{{protocol: by_time, {option}}}"), out=tmp_path / "runs").results[0]
    table = open_dataset(dataset).table()
    tested = set(predictions(result.path)["claim_id"])
    dates = {inside: [d for c, d in zip(table.claim_id, table.published, strict=True) if (c in tested) == inside]
             for inside in (True, False)}  # fmt: skip
    assert max(dates[False]) < min(dates[True])
    if option.startswith("test_from"):
        assert min(dates[True]) == "2010-05-01"
    else:
        assert abs(len(tested) / len(table) - 0.4) < 0.06  # an article is at most a tenth or so of the claims


def test_undated_claims_are_refused_with_their_number(config, root, harness):
    shipped = root / "data" / "public-matters"
    n = len(open_dataset(shipped).claims)
    done = harness("run", config("{protocol: by_time, test_share: 0.2}", shipped))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{n} of {n} claims have no date" in done.stderr


def test_stratified_folds_differ_less_in_positives(config, tmp_path):
    spread = {}
    for stratified in ("true", "false"):
        result = run(config(f"{{k: 5, stratified: {stratified}}}"), out=tmp_path / stratified).results[0]
        found = predictions(result.path)
        spread[stratified] = np.ptp((found["gold"] == "yes").groupby(found["fold"]).sum())
    assert spread["true"] < spread["false"]


def test_stable_folds_keep_their_articles_when_one_is_added(config, dataset, tmp_path):
    """Taken the other way round: the last article goes, and no other moves."""
    smaller = tmp_path / "smaller"
    shutil.copytree(dataset, smaller)
    articles = (smaller / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    gone = json.loads(articles[-1])["article_id"]
    for path in (smaller / "articles.jsonl", smaller / "claims.jsonl", *(smaller / "annotations").glob("*.jsonl")):
        kept = [line for line in path.read_text(encoding="utf-8").splitlines() if f'"{gone}' not in line]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    (smaller / "evidence.jsonl").unlink()
    fold_of = []
    for name, data in (("small", smaller), ("whole", dataset)):
        result = run(config("{k: 3, hash_assignment: true}", data), out=tmp_path / name, only=["length"]).results[0]
        found = predictions(result.path)
        fold_of.append(dict(zip(found["claim_id"], found["fold"], strict=True)))
    assert len(fold_of[0]) < len(fold_of[1])
    assert fold_of[0].items() <= fold_of[1].items()


def test_a_learning_curve_is_one_system_a_share_and_fits_nothing_twice(config, dataset, tmp_path, monkeypatch):
    from harness.classifiers.baselines.trivial import Length

    seen = []
    fit = Length.fit
    monkeypatch.setattr(Length, "fit", lambda self, claims, *more: seen.append(claims) or fit(self, claims, *more))
    path = config("{k: 3, train_share: {each: [0.01, 0.02, 0.2, 0.5, 1]}}")
    outcome = run(path, out=tmp_path / "runs")
    assert [result.system for result in outcome.results if "length" in result.system] == [
        *(f"length[train_share={share}]" for share in ("0.01", "0.02", "0.2", "0.5", "1"))
    ]
    # Shares of .01 and .02 are the same one article: three fits serve both.
    assert len(seen) == 4 * 3
    assert outcome.fitted == 2 * 4 * 3
    for fold in range(3):
        trained = [set(claims.claim_id) for claims in seen[fold::3]]
        assert all(smaller < larger for smaller, larger in itertools.pairwise(trained))
    assert len(set(seen[0].article_id)) == 1
    plain = run(config("{k: 3}"), out=tmp_path / "plain").results
    last = outcome.results[-1]
    assert last.values == plain[-1].values
    assert any(
        "train_share 0.01: groups are not divided, so the actual share is" in warning
        for warning in outcome.results[0].warnings
    )
    assert not last.warnings


def test_a_lone_share_and_systems_with_settings_are_named_too(config):
    loaded = load_experiment(config("{train_share: 0.5}"), ["classifiers.1={name: length, cap: {each: [3, 4]}}"])
    assert [system.system_name for system in loaded.systems] == [
        "majority[train_share=0.5]",
        "length[cap=3,train_share=0.5]",
        "length[cap=4,train_share=0.5]",
    ]
    assert load_experiment(config(json.dumps(loaded.experiment.document()["split"]))).experiment.split == (
        loaded.experiment.split
    )


def test_settings_are_tuned_in_inner_folds_of_whole_groups_of_the_training_claims(
    config, dataset, tmp_path, monkeypatch
):
    from harness.classifiers.baselines.trivial import Length

    fits = []
    fit = Length.fit
    monkeypatch.setattr(Length, "fit", lambda self, claims, *more: fits.append(claims) or fit(self, claims, *more))
    path = config("{protocol: leave_one_out, by: source, inner_folds: {k: 2, by: topic}}")
    run(path, out=tmp_path / "runs", only=["length"], overrides=["classifiers.1={name: length, cap: {grid: [5, 40]}}"])
    # Each of 3 sources: 2 candidates in 2 inner folds, and one fit of the better one.
    assert len(fits) == 3 * (2 * 2 + 1)
    for start in range(0, len(fits), 5):
        *inner, outer = fits[start : start + 5]
        assert len(set(outer.source)) == 2
        for claims in inner:
            assert set(claims.claim_id) < set(outer.claim_id)
            left = set(outer.claim_id) - set(claims.claim_id)
            assert not set(claims.topic) & {t for c, t in zip(outer.claim_id, outer.topic, strict=True) if c in left}


@pytest.mark.parametrize(
    ("options", "split"),
    [
        ({"protocol": "leave_one_out", "by": "source"}, "{protocol: leave_one_out, by: source}"),
        ({"k": 3, "hash_assignment": True}, "{k: 3, hash_assignment: true}"),
        ({"k": 4, "by": "topic"}, "{k: 4, by: topic}"),
        ({"k": 4, "stratified": True, "task": "checkability"}, "{k: 4, stratified: true}"),
        ({"protocol": "by_time", "test_from": "2008"}, "{protocol: by_time, test_from: 2008}"),
    ],
)
def test_a_frozen_split_is_the_split(config, dataset, tmp_path, options, split):
    frozen = freeze_split(dataset, tmp_path / "f.jsonl", **options)
    parts = read_split(tmp_path / "f.jsonl")
    assert sum(frozen.parts.values()) == len(parts) == len(open_dataset(dataset).claims)
    named = ", train: [train], test: [test]" if "test_from" in options else ""
    values = [
        {name: value.value for name, value in run(config(each), out=tmp_path / str(n)).results[1].values.items()}
        for n, each in enumerate([split, f"{{file: f.jsonl{named}}}"])
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_command_freezes_the_same_bytes_under_any_hash_seed(dataset, harness_process, tmp_path, seed):
    options = ["--by", "topic", "--k", "3", "--stratified", "--task", "checkability"]
    done = harness_process("split", dataset, "-o", tmp_path / "f.jsonl", *options, PYTHONHASHSEED=seed)
    assert done.returncode == 0, done.stderr
    freeze_split(dataset, tmp_path / "g.jsonl", by="topic", k=3, stratified=True, task="checkability")
    assert (tmp_path / "f.jsonl").read_bytes() == (tmp_path / "g.jsonl").read_bytes()
    first = json.loads((tmp_path / "f.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert list(first) == ["claim_id", "part"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "artcle"}, "by: expected 'article', 'speaker', 'topic' or 'source', got \"artcle\""),
        ({"kk": 3}, "kk: is not a known field"),
        ({"test_from": "2010"}, "test_from: applies to by_time only, not to grouped_folds"),
        ({"protocol": "by_time"}, "by_time requires a date"),
        ({"stratified": True}, "stratified: requires a task"),
        ({"protocol": "official", "train": ("a",), "test": ("b",)}, "frozen already"),
        ({"k": 1}, "k: expected greater than or equal to 2"),
    ],
)
def test_a_split_that_cannot_be_frozen_says_why_and_writes_nothing(dataset, tmp_path, options, message):
    with pytest.raises(HarnessError) as refused:
        freeze_split(dataset, tmp_path / "f.jsonl", **options)
    assert message in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("split", "fault"),
    [
        ("{protocol: by_tiem}", "e.yaml:4: split.protocol: expected"),
        ("{by: topics}", "e.yaml:4: split.by: expected 'article', 'speaker', 'topic' or 'source'"),
        (
            "{protocol: by_time}",
            "e.yaml:4: split.protocol: by_time requires a date, as in test_from: 2024-01-31, or a share",
        ),
        ("{protocol: by_time, test_from: 2010, test_share: 0.1}", "not both"),
        ("{protocol: by_time, test_share: 1}", "e.yaml:4: split.test_share: expected less than 1, got 1"),
        ("{protocol: by_time, test_from: true}", "e.yaml:4: split.test_from: expected a text, got true"),
        (
            "{protocol: leave_one_out, k: 3}",
            "e.yaml:4: split.k: applies to grouped_folds, random_folds and transfer only, not to leave",
        ),
        (
            "{file: x.jsonl, hash_assignment: true}",
            "e.yaml:4: split.hash_assignment: applies to grouped_folds and random_folds only, not to file",
        ),
        (
            "{hash_assignment: true, stratified: true}",
            "e.yaml:4: split.stratified: cannot be combined with hash_assignment",
        ),
        ("{train_share: 0}", "e.yaml:4: split.train_share: expected greater than 0, got 0"),
        ("{train_share: {each: [0.1, 2]}}", "e.yaml:4: split.train_share.each[1]: expected less than or equal to 1"),
        ("{train_share: {each: []}}", "e.yaml:4: split.train_share: each must list at least one share"),
        ("{train_share: {each: [0.1, 0.1]}}", "e.yaml:4: split.train_share: each lists a share twice"),
        ("{train_share: {eahc: [0.1]}}", "e.yaml:4: split.train_share.eahc: no field is called 'eahc'"),
        ("{inner_folds: {kk: 3}}", "e.yaml:4: split.inner_folds.kk: no field is called 'kk'. Did you mean 'k'?"),
        ("{inner_folds: {k: 1}}", "e.yaml:4: split.inner_folds.k: expected greater than or equal to 2, got 1"),
    ],
)
def test_a_wrong_split_is_told_with_its_line_before_any_data_is_read(config, split, fault):
    with pytest.raises(FaultsError) as refused:
        load_experiment(config(split, Path("nowhere")))
    assert fault in str(refused.value)
