"""Comparisons as they are printed: several metrics, a single system, own label names, notes in every format."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from harness import add_claims, ingest, run
from harness.compare.compare import compare_metrics
from harness.compare.results import read_table
from harness.compare.tables import FORMATS

SCHEME = """\
name: desk
version: 1.0.0
title: What the desk checks
source: own
license: CC0-1.0
language: en
axes:
  - name: worth
    question: Should the desk check this?
    labels:
      - {name: check it, definition: A desk should check this.}
      - {name: leave it, definition: No desk needs to.}
tasks:
  check_worthiness: {axis: worth, positive: [check it], negative: [leave it]}
guideline: Decide.
"""
CONFIG = """\
name: desk
task: check_worthiness
dataset: data
split: {protocol: grouped_folds, k: 4, by: article}
classifiers:
  - tfidf_logreg
  - {name: length, label: "length_100% & <b>|^~"}
  - rules
metrics: [f1, average_precision, {name: label_f1, label: check it}]
intervals: {resamples: 200}
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    (folder / "sources").mkdir()
    rows = []
    for number, place in enumerate(["Oslo", "Lima", "Quito", "Riga", "Perth", "Turin", "Porto", "Osaka"]):
        facts = [f"{place} spent {n * 7 + number} million on trams in 20{10 + n}." for n in range(4)]
        wishes = [f"Let us hope for {place}.", "Well.", f"Who would not love {place}?"]
        (folder / "sources" / f"{place}.txt").write_text("\n".join([*facts, *wishes]), encoding="utf-8")
        rows += [{"article_id": place, "text": text, "worth": "check it"} for text in facts]
        rows += [{"article_id": place, "text": text, "worth": "leave it"} for text in wishes]
    ingest([folder / "sources"], folder / "data")
    dataset = folder / "data" / "dataset.yaml"
    dataset.write_text(re.sub(r"schemes:\n(- .*\n)+", "schemes: [desk]\n", dataset.read_text()), encoding="utf-8")
    (folder / "data" / "schemes").mkdir()
    (folder / "data" / "schemes" / "desk.yaml").write_text(SCHEME, encoding="utf-8")
    add_claims(folder / "data", rows, "me", at="2026-01-01T00:00:00Z")
    (folder / "desk.yaml").write_text(CONFIG.replace("data\n", f"{folder / 'data'}\n", 1), encoding="utf-8")
    return run(folder / "desk.yaml", out=folder / "runs")


def test_labels_have_the_names_of_the_scheme(outcome, tmp_path):
    from harness import build_report

    assert "32 positive (check it)" in str(outcome)
    page = build_report([outcome.folder], tmp_path / "r.html").path.read_text(encoding="utf-8")
    assert page.count('<th scope="row">check it</th>') == 3
    assert '<th scope="row">yes</th>' not in page
    f1, own = (
        [system.value.value for system in c.systems]
        for c in compare_metrics(read_table([outcome.folder]), ["f1", "label_f1_check it"])
    )
    assert own == f1


def test_several_metrics_stand_in_one_table(outcome, harness):
    text = harness("compare", outcome.folder, "--metric", "average_precision", "--metric", "f1").stdout
    assert text.splitlines()[0].split()[:6] == ["system", "AP", "tie", "group", "F1", "tie"]
    assert "pair by AP" in text
    assert "pair by F1" in text
    document = json.loads(
        harness("compare", outcome.folder, "--metric", "f1", "--metric", "average_precision", "--json").stdout
    )
    assert [comparison["metric"] for comparison in document["comparisons"]] == ["f1", "average_precision"]
    assert all(pair["decided_by"] == "p_corrected" for pair in document["comparisons"][0]["pairs"])


@pytest.mark.parametrize("form", FORMATS)
def test_few_units_are_a_note_in_every_format(outcome, form):
    printed = FORMATS[form](compare_metrics(read_table([outcome.folder])))
    assert "only 8 articles: neither the intervals of differences nor p can be trusted" in printed.replace("O", "o")


def test_csv_has_a_row_per_pair_and_system(outcome):
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](compare_metrics(read_table([outcome.folder]), ["f1"])))))
    assert [row["kind"] for row in rows] == ["pair"] * 3 + ["system"] * 3
    assert all(row["p_corrected"] and row["decided_by"] == "p_corrected" for row in rows[:3])
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows[3:])


def test_a_test_that_draws_nothing_does_not_claim_draws(outcome):
    pooled = str(compare_metrics(read_table([outcome.folder]), ["average_precision"])[0])
    assert "Student's t with the spread of leaving out articles; Holm correction for 3 pairs" in pooled
    assert "exchanges" not in pooled
    assert re.search(
        r"p: randomization, [\d,]+ exchanges of articles", str(compare_metrics(read_table([outcome.folder]))[0])
    )


def test_markdown_escapes_names(outcome):
    printed = FORMATS["markdown"](compare_metrics(read_table([outcome.folder])))
    assert "| length_100% & \\<b\\>\\|^~ |" in printed
