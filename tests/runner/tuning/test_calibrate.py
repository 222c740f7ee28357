"""Thresholds and calibration: by hand, against scikit-learn, and never on a test claim."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness import run
from harness.errors import FaultsError
from harness.runner.tuning.calibrate import FlagShare, MaximizeF1, PrecisionFloor, choose_threshold, isotonic, platt

SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
POSITIVE = np.array([True, True, False, True, False, False])


def test_thresholds_by_hand():
    # F1 from the top: 2/4, 4/5, 4/6, 6/7, 6/8, 6/9; the best is at .6, so the threshold is between .5 and .6
    assert choose_threshold(MaximizeF1(aim="f1"), SCORES, POSITIVE) == (pytest.approx(0.55), "F1 0.857")
    assert choose_threshold(FlagShare(aim="flagged_share", share=0.35), SCORES, POSITIVE) == (
        pytest.approx(0.75),
        "0.333 of the claims",
    )
    # precision from the top: 1, 1, 2/3, 3/4, 3/5, 1/2; the lowest with .75 is at .6
    found = choose_threshold(PrecisionFloor(aim="precision", at_least=0.75), SCORES, POSITIVE)
    assert found == (pytest.approx(0.55), "precision 0.750, recall 1.000")


def test_a_precision_that_is_not_reached_predicts_nothing():
    threshold, reached = choose_threshold(PrecisionFloor(aim="precision", at_least=0.9), SCORES, ~POSITIVE)
    assert threshold > SCORES.max()
    assert reached == "no threshold reaches a precision of 0.9"


def test_equal_scores_are_on_one_side():
    scores = np.array([0.5, 0.5, 0.5, 0.1])
    threshold, reached = choose_threshold(
        FlagShare(aim="flagged_share", share=0.3), scores, np.array([True, False, True, False])
    )
    assert threshold == pytest.approx(0.3)
    assert reached == "0.750 of the claims"


def test_platt_agrees_with_scikit_learn():
    from sklearn.calibration import _SigmoidCalibration

    random = np.random.default_rng(1)
    scores = random.normal(0, 3, 300)
    positive = random.random(300) < 1 / (1 + np.exp(-(1.5 * scores - 1)))
    expected = _SigmoidCalibration().fit(scores, positive).predict(scores)
    assert platt(scores, positive, False).apply(scores) == pytest.approx(expected, abs=2e-3)


def test_platt_never_turns_a_ranking_over():
    curve = platt(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, False]), False)
    assert curve.apply(np.array([0.0, 9.0])) == pytest.approx([0.5, 0.5])


def test_isotonic_agrees_with_scikit_learn():
    from sklearn.isotonic import IsotonicRegression

    random = np.random.default_rng(2)
    scores, positive = random.random(200), random.random(200) < 0.4
    fitted = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(scores, positive)
    new = np.linspace(-0.5, 1.5, 50)
    assert isotonic(scores, positive).apply(new) == pytest.approx(fitted.predict(new))


CONFIG = """\
name: e
task: checkability
dataset: {dataset}
split: {split}
classifiers:
  - {{name: length, label: plain}}
  - {{name: length, label: cut, threshold: {{aim: f1}}}}
  - {{name: length, label: platt, calibration: platt, threshold: {{aim: precision, at_least: 0.9}}}}
metrics: [f1, brier]
intervals: {{resamples: 100}}
"""


@pytest.fixture
def config(small: Path, tmp_path: Path):
    def write(split: str) -> Path:
        path = tmp_path / "e.yaml"
        path.write_text(CONFIG.format(dataset=small, split=split), encoding="utf-8")
        return path

    return write


def test_thresholds_are_chosen_in_folds_of_the_training_claims(config, tmp_path):
    plain, cut, calibrated = run(config("{k: 4, inner_folds: {k: 2}}"), out=tmp_path / "runs").results
    assert plain.provenance.chosen == {}
    for said in cut.provenance.chosen.values():
        assert said.startswith("threshold")
        assert said.endswith("on 2 folds of the training claims")
    assert cut.values["f1"].value >= plain.values["f1"].value
    assert plain.values["brier"].reason
    assert calibrated.values["brier"].value < 0.3
    table = pq.read_table(Path(calibrated.path) / "predictions.parquet").to_pandas()
    assert table["score:yes"].between(0, 1).all()
    assert (table["score:yes"] + table["score:no"]).to_numpy() == pytest.approx(1)


def test_what_is_chosen_does_not_depend_on_test_labels(small, tmp_path):
    """The labels of one fold's test claims are turned over: that fold's threshold and scores stay."""
    import shutil

    from harness.data.splits.folds import read_split

    other = tmp_path / "other"
    shutil.copytree(small, other)
    from harness import freeze_split

    freeze_split(small, tmp_path / "s.jsonl", k=4)
    parts = read_split(tmp_path / "s.jsonl")
    path = other / "annotations" / "author-pass-1.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    turned = {"yes": "no", "no": "yes"}
    for record in records:
        if parts[record["claim_id"]] == "fold-0":
            record["label"] = turned.get(record["label"], record["label"])
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    chosen = []
    for folder in (small, other):
        config = tmp_path / "e.yaml"
        config.write_text(CONFIG.format(dataset=folder, split="{file: s.jsonl}"), encoding="utf-8")
        results = run(config, out=tmp_path / folder.name).results
        chosen.append([result.provenance.chosen.get("fold-0, seed 13") for result in results[1:]])
    assert chosen[0] == chosen[1]


def test_a_dev_part_decides_where_there_is_one(config, small, tmp_path):
    claims = [json.loads(line) for line in (small / "claims.jsonl").read_text(encoding="utf-8").splitlines()]
    articles = sorted({claim["article_id"] for claim in claims})
    parts = {name: ("train", "dev", "test")[number % 3] for number, name in enumerate(articles)}
    split = tmp_path / "parts.jsonl"
    rows = [json.dumps({"claim_id": c["claim_id"], "part": parts[c["article_id"]]}) for c in claims]
    split.write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = config("{file: parts.jsonl, train: [train], dev: [dev], test: [test]}")
    results = run(path, out=tmp_path / "runs").results
    assert next(iter(results[1].provenance.chosen.values())).endswith("on the dev part")
    both = config("{file: parts.jsonl, train: [train], dev: [train], test: [test]}")
    with pytest.raises(Exception, match="part 'train' is in both train and dev"):
        run(both, out=tmp_path / "runs")
    with pytest.raises(FaultsError, match="dev: applies to official and file only"):
        run(config("{k: 3, dev: [dev]}"), out=tmp_path / "runs")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("threshold: {aim: f2}", "Did you mean 'f1'"),
        ("threshold: {aim: flagged_share}", "share"),
        ("threshold: {aim: precision, at_least: 2}", "at_least"),
        ("calibration: plat", "'platt' or 'isotonic'"),
        ("threshold: 0.4", "no field is called 'threshold'|not a known|threshold"),
    ],
)
def test_wrong_decisions_are_refused_with_their_line(small, tmp_path, setting, said):
    path = tmp_path / "e.yaml"
    text = CONFIG.format(dataset=small, split="{k: 4}").replace("label: plain", f"label: plain, {setting}")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FaultsError, match=said) as caught:
        run(path, out=tmp_path / "runs")
    assert f"{path}:6" in str(caught.value)


def test_transfer_fits_each_source_alone_and_tests_every_claim_once(small, tmp_path):
    import shutil

    folder = tmp_path / "sources"
    shutil.copytree(small, folder)
    path = folder / "articles.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, record in enumerate(records):
        record["publisher"] = ("Morning Post", "Evening Mail")[number % 2]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    config = tmp_path / "e.yaml"
    config.write_text(CONFIG.format(dataset=folder, split="{protocol: transfer, by: source, k: 2}"), encoding="utf-8")
    outcome = run(config, out=tmp_path / "runs", only=["plain"])
    assert [r.system for r in outcome.results] == ["plain[train_on=Morning Post]", "plain[train_on=Evening Mail]"]
    tables = [pq.read_table(Path(r.path) / "predictions.parquet").to_pandas() for r in outcome.results]
    publisher = {record["article_id"]: record["publisher"] for record in records}
    for result, table in zip(outcome.results, tables, strict=True):
        assert table.claim_id.is_unique
        assert result.n == 48
        source = result.system.split("=")[1].rstrip("]")
        own = table.article_id.map(publisher) == source
        assert table[~own].fold.unique().tolist() == [f"{source} to others"]
        assert len(table[own].fold.unique()) == 2
        assert {part.of: part.n for part in result.slices} == {"Morning Post": 24, "Evening Mail": 24}
    config.write_text(CONFIG.format(dataset=folder, split="{protocol: transfer}"), encoding="utf-8")
    with pytest.raises(FaultsError, match="transfer requires groups of articles"):
        run(config, out=tmp_path / "runs")
