"""QuanTemp in the published format: claims with a rating; the fact-checker's article stays out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import FaultsError, check, fetch, open_dataset
from harness.data.formats.source import SourceFile
from harness.data.formats.verification.quantemp_files import read_articles
from harness.schemes import load_scheme

ROWS = [
    {
        "country_of_origin": "usa",
        "label": "Conflicting",
        "url": "https://example.org/boats",
        "lang": "en",
        "claim": "The tax spawned 2,000 companies.",
        "doc": "We find this half true.",
        "taxonomy_label": "statistical",
        "label_original": "half-true",
    },
    {"label": "False", "claim": "The pier burned in 1921.", "taxonomy_label": "temporal", "doc": "", "lang": "en"},
    {"claim": "Nobody rated this.", "doc": None},
]


def source(text):
    return SourceFile(Path("a.json"), text.encode(), load_scheme("quantemp"))


def test_a_claim_keeps_its_kind_and_rating_but_not_the_fact_check():
    conflicting, false, unrated = read_articles(source(json.dumps(ROWS)))
    (claim,) = conflicting.claims
    assert (claim.text, claim.topic, claim.evidence) == ("The tax spawned 2,000 companies.", "statistical", ())
    (label,) = claim.labels
    assert (label.code, label.note) == ("Conflicting", "the publisher's rating: half-true")
    assert conflicting.url == "https://example.org/boats"
    assert "half true" not in repr(conflicting.claims)
    assert (false.article_id, false.claims[0].labels[0].note, unrated.claims[0].labels) == ("2", None, ())


def test_every_fault_has_its_place():
    rows = [ROWS[0] | {"label": "half-true"}, {"label": "True"}, {"label": "True", "claim": 5}, 7]
    with pytest.raises(FaultsError) as refused:
        read_articles(source(json.dumps(rows)))
    assert [str(fault) for fault in refused.value.faults] == [
        'a.json:1: label: expected one of False, Conflicting, True, got "half-true"',
        "a.json:2: claim: is missing",
        "a.json:3: claim: expected text",
        "a.json:4: is not a JSON object",
    ]


def test_a_copy_comes_in_and_a_download_is_refused_with_the_command(tmp_path):
    (tmp_path / "copy").mkdir()
    for part in ("train", "val"):
        (tmp_path / "copy" / f"{part}_claims_quantemp.json").write_text(json.dumps(ROWS), encoding="utf-8")
    got = fetch("quantemp", tmp_path / "copy", tmp_path / "root")
    assert (got.claims, got.absent, len(got.unpinned)) == (6, ("data/raw_data/test_claims_quantemp.json",), 2)
    assert check([got.folder]) == []
    assert set(open_dataset(got.folder).splits["official"].values()) == {"train", "val"}
    with pytest.raises(Exception, match="harness fetch quantemp --from FOLDER"):
        fetch("quantemp", None, tmp_path / "root")


def test_the_labs_files_are_read_by_language(tmp_path):
    for language, name in (("English", "train_claims_quantemp"), ("Spanish", "val_spanish_claims")):
        (tmp_path / "copy" / language).mkdir(parents=True)
        rows = [row | {"claim": f"{row['claim']} ({language})"} for row in ROWS]
        (tmp_path / "copy" / language / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    got = fetch("checkthat-2025-task3", tmp_path / "copy", tmp_path / "root")
    assert (got.claims, len(got.absent)) == (6, 2)
    dataset = open_dataset(got.folder)
    assert set(dataset.splits["official"].values()) == {"en-train", "es-val"}
    assert {article.language for article in dataset.articles} == {None, "es"}
