"""Annotators as a reference for systems: only where their agreement means something."""

from __future__ import annotations

import pytest
from small_dataset import make_dataset

from harness import add_claims, build_report, open_dataset, run
from harness.data.dataset import write_split


@pytest.mark.parametrize("split", ["{protocol: grouped_folds, k: 4}", "{file: split.jsonl, train: [a], test: [b]}"])
@pytest.mark.parametrize(("gold", "is_shown"), [("majority", False), ("single:author-pass-1", True)])
def test_annotators_are_no_reference_if_the_gold_leaves_out_where_they_disagree(tmp_path, gold, is_shown, split):
    small = make_dataset(tmp_path)
    rows = [
        {
            "article_id": "Oslo",
            "text": f"Oslo spent {n * 7} million on trams and buses in 20{10 + n}.",
            "checkable": label,
        }
        for n, label in enumerate(["yes", "yes", "yes", "no"])
    ]
    add_claims(small, [*rows, {"article_id": "Oslo", "text": "Well.", "checkable": "no"}], "author-pass-2")
    parts = {claim.claim_id: "b" if claim.article_id in "Oslo Lima" else "a" for claim in open_dataset(small).claims}
    write_split(tmp_path / "split.jsonl", parts)
    config = tmp_path / "e.yaml"
    config.write_text(
        f"name: e\ntask: checkability\ndataset: {small}\ngold: {gold}\nsplit: {split}\n"
        "classifiers: [majority, length]\nmetrics: [f1]\nintervals: {resamples: 100}\n"
    )
    run(config, out=tmp_path / "runs")
    page = build_report([tmp_path / "runs" / "e"], tmp_path / "report.html").path.read_text(encoding="utf-8")
    assert ("author-pass-1 against author-pass-2" in page) == is_shown
    assert ("the gold leaves out 1 test claim on which they disagree" in page) != is_shown
