"""Slices, tie ranges, costs and reasons: what a result keeps beside its values."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness import add_claims, compare_results, run
from harness.errors import HarnessError
from harness.runner.slices import MAX_SLICES, too_small

CONFIG = """\
name: e
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers: [majority, length, {{name: tfidf_logreg, min_df: 1}}]
metrics: [accuracy, average_precision, recall_at_text_fraction]
intervals: {{resamples: 100}}
{more}
"""


@pytest.fixture
def config(small: Path, tmp_path: Path):
    def write(more: str, dataset: Path = small) -> Path:
        path = tmp_path / "e.yaml"
        path.write_text(CONFIG.format(dataset=dataset, more=more), encoding="utf-8")
        return path

    return write


def test_slices_are_the_claims_they_say(config, tmp_path):
    outcome = run(config("slices: [article, length, checkable]"), out=tmp_path / "runs")
    result = outcome.results[2]
    table = pq.read_table(Path(result.path) / "predictions.parquet").to_pandas()
    table = table[table.gold.notna()]
    for part in result.slices:
        if part.by == "article":
            inside = table[table.article_id == part.of]
            assert part.n == len(inside)
            assert part.n_positive == (inside.gold == "yes").sum()
            assert part.values["accuracy"].value == pytest.approx((inside.gold == inside.predicted).mean())
            assert part.values["accuracy"].low is None
            assert "too small" in part.note
    assert sum(part.n for part in result.slices if part.by == "article") == result.n
    assert sum(part.n for part in result.slices if part.by == "length") == result.n
    of_axis = {part.of: part for part in result.slices if part.by == "checkable"}
    assert of_axis["no"].n_positive == 0
    assert of_axis["no"].values["average_precision"].reason == "no claim has gold label 'yes'"
    assert "Acc by article" in str(outcome)
    assert "*: too few" in str(outcome)


def with_scheme(folder: Path, name: str, axis: str = "verdict") -> None:
    """Adds a scheme of the dataset's own: one axis, with the labels yes and no."""
    labels = "[{name: holds, definition: It does.}, {name: fails, definition: It does not.}]"
    (folder / "schemes").mkdir(exist_ok=True)
    (folder / "schemes" / f"{name}.yaml").write_text(
        f'name: {name}\nversion: "1"\ntitle: T\nsource: S\nlicense: CC0\nlanguage: en\n'
        f"axes: [{{name: {axis}, question: Q, definition: D., labels: {labels}}}]\ntasks: {{}}\nguideline: G.\n",
        encoding="utf-8",
    )
    info = (folder / "dataset.yaml").read_text(encoding="utf-8")
    (folder / "dataset.yaml").write_text(info.replace("schemes:\n", f"schemes:\n- {name}\n"), encoding="utf-8")


def test_an_axis_of_another_scheme_of_the_dataset_is_a_slice(config, small, tmp_path):
    folder = tmp_path / "two"
    shutil.copytree(small, folder)
    with_scheme(folder, "outcome")
    claims = [json.loads(line) for line in (folder / "claims.jsonl").read_text(encoding="utf-8").splitlines()]
    labels = ["holds" if number % 3 else "fails" for number in range(len(claims))]
    rows = [{"claim_id": c["claim_id"], "verdict": label} for c, label in zip(claims, labels, strict=True)]
    add_claims(folder, rows, "desk", scheme="outcome", at="2026-01-02T00:00:00Z")
    path = config("scheme: three-axes\nslices: [verdict]", folder)
    results = run(path, out=tmp_path / "runs").results
    counts = {part.of: part.n for part in results[0].slices}
    assert set(counts) == {"holds", "fails"}
    assert sum(counts.values()) == results[0].n
    # A label of the other scheme changes: the slices of the same experiment change with it.
    add_claims(folder, [rows[0] | {"verdict": "holds"}], "desk", scheme="outcome", at="2026-01-03T00:00:00Z")
    again = run(path, out=tmp_path / "runs").results
    assert {part.of: part.n for part in again[0].slices} == {"holds": counts["holds"] + 1, "fails": counts["fails"] - 1}


def test_an_axis_that_two_other_schemes_have_needs_its_scheme(config, small, tmp_path):
    folder = tmp_path / "three"
    shutil.copytree(small, folder)
    with_scheme(folder, "first")
    with_scheme(folder, "second")
    claim_id = json.loads((folder / "claims.jsonl").read_text(encoding="utf-8").splitlines()[0])["claim_id"]
    add_claims(folder, [{"claim_id": claim_id, "verdict": "holds"}], "desk", scheme="second")
    with pytest.raises(HarnessError, match=r"several schemes .*; write second.verdict or first.verdict"):
        run(config("scheme: three-axes\nslices: [verdict]", folder), out=tmp_path / "runs")
    path = config("scheme: three-axes\nslices: [second.verdict]", folder)
    (part,) = run(path, out=tmp_path / "runs").results[0].slices
    assert (part.by, part.of, part.n) == ("second.verdict", "holds", 1)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("lenght", "Did you mean 'length'"), ("speaker", "no claim has a speaker"), ("agreement", "several annotators")],
)
def test_a_slice_that_the_data_does_not_have_is_refused(config, harness, kind, said):
    done = harness("run", config(f"slices: [{kind}]"))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_small_slices_say_so():
    assert too_small(9, 40, "article") == "too small for a conclusion: 9 articles"
    assert too_small(12, 3, "article") == "too small for a conclusion: 3 positive"
    assert too_small(10, 10, "article") is None
    assert too_small(10, None, "article") is None
    assert MAX_SLICES > 2


def test_claims_that_annotators_differ_on_are_a_slice_and_soft_gold(config, small, tmp_path):
    folder = tmp_path / "two"
    shutil.copytree(small, folder)
    claims = [json.loads(line) for line in (folder / "claims.jsonl").read_text(encoding="utf-8").splitlines()]
    first = {
        record["claim_id"]: record["label"]
        for line in (folder / "annotations" / "author-pass-1.jsonl").read_text(encoding="utf-8").splitlines()
        if (record := json.loads(line))["axis"] == "checkable"
    }
    settled = [claim for claim in claims if first[claim["claim_id"]] != "cannot tell"]
    rows = []
    for number, claim in enumerate(settled):
        label = first[claim["claim_id"]]
        other = {"yes": "no", "no": "yes"}[label] if number % 4 == 0 else label
        rows.append({"article_id": claim["article_id"], "text": claim["text"], "checkable": other})
    add_claims(folder, rows, "author-pass-2", at="2026-01-02T00:00:00Z")
    path = config("slices: [agreement]\ngold: single:author-pass-1", folder)
    single = run(path, out=tmp_path / "runs", overrides=["metrics=[accuracy, soft_accuracy]"]).results[0]
    assert {part.of: part.n for part in single.slices} == {
        "annotators differ": len(range(0, len(settled), 4)),
        "annotators agree": len(settled) - len(range(0, len(settled), 4)),
    }
    assert single.values["soft_accuracy"].value < 1
    adjudicated = run(
        path, out=tmp_path / "runs", overrides=["gold=adjudicated", "metrics=[accuracy, soft_accuracy]"]
    ).results[0]
    # A tie of two annotators has no gold label, so all that is left is agreed on.
    assert adjudicated.excluded["annotators disagree"] == len(range(0, len(settled), 4))
    assert adjudicated.values["soft_accuracy"].value == pytest.approx(adjudicated.values["accuracy"].value)


def test_the_range_over_orders_of_equal_scores(config, tmp_path):
    plain = run(config(""), out=tmp_path / "runs").results
    assert plain[0].values["average_precision"].worst is None
    ranged = run(config("ties: range"), out=tmp_path / "runs").results
    constant = ranged[0].values["average_precision"]
    assert constant.worst < constant.value < constant.best
    assert ranged[0].values["accuracy"].worst is None
    # The worst order of equal scores has the positive claims last.
    table = pq.read_table(Path(ranged[0].path) / "predictions.parquet").to_pandas()
    order = (
        table[table.gold.notna()]
        .assign(positive=lambda rows: rows.gold == "yes")
        .sort_values(["score:yes", "positive"], ascending=[False, True], kind="stable")
    )
    ranks = np.flatnonzero(order.positive) + 1
    assert constant.worst == pytest.approx(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def test_results_keep_what_fitting_cost(config, tmp_path):
    for result in run(config(""), out=tmp_path / "runs").results:
        assert result.cost.claims_scored == 56
        assert result.cost.fit_seconds >= 0
        assert result.cost.peak_megabytes is None or result.cost.peak_megabytes > 10


def test_results_keep_what_drove_scores_where_it_is_asked_for(config, tmp_path):
    without = run(config(""), out=tmp_path / "runs").results[2]
    assert "reasons" not in pq.read_schema(Path(without.path) / "predictions.parquet").names
    outcome = run(config("explain: true"), out=tmp_path / "runs")
    kept = pq.read_table(Path(outcome.results[2].path) / "predictions.parquet").to_pandas()
    name, text, weight = json.loads(kept.reasons[0])[0]
    assert name.startswith(("word:", "char:"))
    assert isinstance(text, str)
    assert weight
    weights = [abs(entry[2]) for entry in json.loads(kept.reasons[3])]
    assert weights == sorted(weights, reverse=True)
    constant = pq.read_schema(Path(outcome.results[0].path) / "predictions.parquet").names
    assert "reasons" not in constant
    assert np.array_equal(
        kept["score:yes"], pq.read_table(Path(without.path) / "predictions.parquet")["score:yes"].to_numpy()
    )


def test_text_shares_and_soft_gold_compare_from_kept_results(config, tmp_path):
    outcome = run(config(""), out=tmp_path / "runs")
    compared = compare_results([outcome.folder], metric="recall_at_text_fraction_0.1")
    for system in compared.systems:
        kept = next(result for result in outcome.results if result.system == system.name)
        assert system.value.value == kept.values["recall_at_text_fraction_0.1"].value


def test_speakers_are_units_of_a_comparison(config, small, tmp_path):
    outcome = run(config(""), out=tmp_path / "runs", overrides=["intervals.unit=speaker"])
    compared = compare_results([outcome.folder], metric="accuracy")
    # Without speakers a claim goes with its article.
    assert (compared.unit, compared.n_units) == ("speaker", 8)
    with pytest.raises(HarnessError, match="speakers"):
        _without_speakers(outcome)


def test_topics_are_units_of_intervals_and_of_a_comparison(config, small, tmp_path):
    folder = tmp_path / "by-topic"
    shutil.copytree(small, folder)
    path = folder / "claims.jsonl"
    claims = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for claim in claims:  # three topics over all articles, and claims without one in Oslo
        claim |= {} if claim["article_id"] == "Oslo" else {"topic": f"topic {len(claim['text']) % 3}"}
    path.write_text("".join(json.dumps(claim) + "\n" for claim in claims), encoding="utf-8")
    overrides = ["intervals.unit=topic", "metrics=[accuracy]"]
    outcome = run(config("", folder), out=tmp_path / "runs", overrides=overrides)
    compared = compare_results([outcome.folder], metric="accuracy")
    assert (compared.unit, compared.n_units) == ("topic", 4)


def _without_speakers(outcome):
    for result in outcome.results:
        path = Path(result.path) / "predictions.parquet"
        pq.write_table(pq.read_table(path).drop_columns(["speaker"]), path)
    compare_results([outcome.folder], metric="accuracy")
