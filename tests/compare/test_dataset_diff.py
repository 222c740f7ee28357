"""Two releases of a dataset: what changed, by whom, and what it does to stored results without running a model."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from small_dataset import make_dataset

from harness import diff, open_dataset, run
from harness.data.jsonl import to_json_lines
from harness.data.labels.annotations import new_annotation
from harness.data.labels.gold import active_annotations
from harness.runner.result_files import read_result

EXPERIMENT = {
    "name": "released",
    "task": "checkability",
    "split": {"protocol": "grouped_folds", "k": 2},
    "classifiers": ["length", "rules"],
    "metrics": ["f1", "average_precision"],
    "intervals": {"resamples": 100},
}


def relabel(folder, n):
    """Turns the first n yes or no labels of the only annotator around, by new lines; returns their claims."""
    dataset = open_dataset(folder)
    asked = [a for a in active_annotations(dataset.annotations) if a.axis == "checkable" and a.label in ("yes", "no")]
    turned = [
        new_annotation(
            a.claim_id,
            a.scheme,
            a.axis,
            "no" if a.label == "yes" else "yes",
            a.annotator,
            a.guideline,
            supersedes=a.annotation_id,
        )
        for a in asked[:n]
    ]
    with (folder / "annotations" / f"{asked[0].annotator}.jsonl").open("a", encoding="utf-8") as log:
        log.writelines(to_json_lines(turned))
    return [a.claim_id for a in turned]


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    base = tmp_path_factory.mktemp("releases")
    old = make_dataset(base)
    done = run(EXPERIMENT | {"dataset": str(old)}, out=base / "runs")
    new = base / "new"
    shutil.copytree(old, new)
    turned = relabel(new, 5)
    return old, new, turned, base, done


def test_changes_are_listed_by_annotator_and_claim(releases):
    old, new, turned, _, _ = releases
    found = diff(old, new)
    assert (list(found.claims), list(found.results)) == ([], [])
    assert [change.claim_id for change in found.labels] == turned
    assert {(change.old, change.new) for change in found.labels} <= {("yes", "no"), ("no", "yes")}
    assert {change.claim_id for change in found.gold} == set(turned)
    same = diff(old, old)
    assert (list(same.labels), list(same.gold)) == ([], [])


def test_stored_predictions_are_scored_as_a_run_on_the_new_labels_scores_them(releases):
    old, new, turned, base, done = releases
    found = diff(old, new, base / "runs" / "released")
    # `length` and `rules` learn nothing, so that a run on the new release has the same scores.
    again = run(EXPERIMENT | {"dataset": str(new), "name": "again"}, out=base / "runs")
    expected = {(r.system, name): value.value for r in again.results for name, value in r.values.items()}
    new_values = {(row.system, row.metric): row.new for row in found.results}
    by_score = {key: value for key, value in expected.items() if key[1] == "average_precision"}
    assert {key: new_values[key] for key in by_score} == pytest.approx(by_score)
    assert {row.changed for row in found.results} == {len(turned)}
    stored = {(r.system, name): value.value for r in done.results for name, value in r.values.items()}
    assert {(row.system, row.metric): row.old for row in found.results} == stored
    assert all(read_result(row.path).values[row.metric].value == row.old for row in found.results)


def test_claims_that_one_release_has(releases, harness, tmp_path):
    old, new, _, base, _ = releases
    less = tmp_path / "less"
    shutil.copytree(new, less)
    claims = (less / "claims.jsonl").read_text().splitlines(keepends=True)
    gone = json.loads(claims[0])["claim_id"]
    (less / "claims.jsonl").write_text("".join(claims[1:]))
    for log in (less / "annotations").glob("*.jsonl"):
        log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if gone not in line))
    done = harness("diff", old, less, "--results", base / "runs" / "released", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(change["claim_id"], change["change"]) for change in found["claims"]] == [(gone, "removed")]
    assert {row["n"] for row in found["results"]} == {47}
    back = diff(less, old)
    assert [change.change for change in back.claims] == ["added"]
    printed = harness("diff", old, less, "--results", base / "runs" / "released").stdout
    assert "claims: 1 removed" in printed
    assert re.search(r"gold by the rule adjudicated: (\d) changes\n  checkable: \1\n", printed)
    assert "Gold by the rule of the runs: adjudicated." in printed
    assert "No model was run" in printed


def test_a_result_over_another_dataset_is_named_and_left_out(releases, tmp_path):
    old, new, _, _, _ = releases
    other = make_dataset(tmp_path)
    info = other / "dataset.yaml"
    info.write_text(info.read_text().replace("name: small", "name: other"))
    done = run(EXPERIMENT | {"dataset": str(other)}, out=tmp_path / "runs")
    found = diff(old, new, [result.path for result in done.results])
    assert list(found.results) == []
    assert all("not scored again: it is over other" in note for note in found.notes)
