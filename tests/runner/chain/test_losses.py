"""What each stage of a chain loses, against scikit-learn on the stored predictions."""

from __future__ import annotations

import json

import pytest
from sklearn.metrics import f1_score

import harness
from harness.errors import HarnessError

CHAIN = {
    "name": "mine",
    "task": "chain",
    "dataset": "public-matters",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "detect": {"gold": "single:author-pass-1", "classifier": "tfidf_logreg"},
    "retrieve": {"retriever": "bm25", "k": 3},
    "judge": {"scheme": "verdict", "gold": "single:author-pass-1", "classifier": "evidence_rules"},
    "intervals": {"resamples": 100},
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return harness.run(CHAIN, out=tmp_path_factory.mktemp("runs"))


def macro_f1(gold, predicted):
    return f1_score(gold, predicted, average="macro", labels=sorted(set(gold)), zero_division=0)


def test_rows_and_losses_are_those_of_the_stored_predictions(outcome):
    detection, found, gold = (result.to_pandas("predictions").set_index("claim_id") for result in outcome.results)
    detected = detection["predicted"].eq("yes")
    # Every claim of this dataset is a sentence that overlaps no other, so that a gold claim matches itself or nothing.
    whole = found["predicted"].where(detected.reindex(found.index), "not found")
    expected = {
        "S0": macro_f1(found["gold"], whole),
        "S1": macro_f1(found["gold"], found["predicted"]),
        "S2": macro_f1(gold["gold"], gold["predicted"]),
    }
    document = outcome.document()
    assert {name: row["value"] for name, row in document["rows"].items()} == pytest.approx(expected)
    losses = {name: loss["value"] for name, loss in document["losses"].items()}
    assert losses == pytest.approx(
        {
            "detection": expected["S1"] - expected["S0"],
            "retrieval": expected["S2"] - expected["S1"],
            "judging": 1 - expected["S2"],
            "together": 1 - expected["S0"],
        }
    )
    assert losses["together"] == pytest.approx(losses["detection"] + losses["retrieval"] + losses["judging"])
    n_found = int(detected.reindex(found.index).sum())
    assert (document["n"], document["n_found"]) == (len(found), n_found)
    beyond = document["beyond_gold"]["S0"]
    assert beyond["claims"] == int(detected.sum()) - n_found
    assert beyond["precision"]["value"] == pytest.approx(n_found / detected.sum())
    assert beyond["per_article"]["value"] == pytest.approx(beyond["claims"] / detection["article_id"].nunique())
    assert document["beyond_gold"]["S1"]["precision"]["value"] == 1


def test_every_number_has_an_interval_around_it(outcome):
    document = outcome.document()
    for row in (*document["rows"].values(), *document["losses"].values()):
        assert row["low"] < row["value"] < row["high"]
    for estimate in (document["beyond_gold"]["S0"]["per_article"], document["beyond_gold"]["S0"]["precision"]):
        assert 0 <= estimate["low"] < estimate["value"] < estimate["high"]


def test_both_stages_are_trained_on_the_same_articles(outcome):
    detection, *judged = (result.to_pandas("predictions") for result in outcome.results)
    fold_of = dict(zip(detection["article_id"], detection["fold"], strict=True))
    for table in judged:
        assert [fold_of[name] for name in table["article_id"]] == list(table["fold"])


def test_the_table_and_the_file_show_the_same(outcome):
    document = json.loads((outcome.folder / "chain.json").read_text(encoding="utf-8"))
    assert document == json.loads(json.dumps(outcome.document()))
    text = str(outcome)
    for words in ("S0: the article", "S2: gold claims and gold evidence", "detection  S1 - S0", "beyond gold"):
        assert words in text
    assert "<table>" in outcome._repr_html_()


def test_a_detector_that_flags_everything_finds_all_and_pays_in_precision(tmp_path):
    all_flagged = CHAIN | {"detect": CHAIN["detect"] | {"classifier": "majority"}}
    document = harness.run(all_flagged, out=tmp_path).document()
    assert document["n_found"] == document["n"]
    assert document["rows"]["S0"]["value"] == document["rows"]["S1"]["value"]
    assert document["losses"]["detection"]["value"] == 0
    assert document["beyond_gold"]["S0"]["precision"]["value"] < 0.2


def test_units_are_reused_and_planned(outcome, tmp_path):
    new, folder = harness.plan(CHAIN, out=tmp_path), outcome.folder.parent
    assert (new.units, new.finished, outcome.fitted) == (6, 0, 6)
    assert harness.run(CHAIN, out=folder).fitted == 0
    plan = harness.plan(CHAIN, out=folder)
    assert plan.finished == plan.units == 6


def test_a_chain_is_run_whole(tmp_path):
    with pytest.raises(HarnessError, match="needs all its stages"):
        harness.run(CHAIN, out=tmp_path, only="majority")


def test_a_chain_without_a_detector_starts_at_gold_claims(outcome):
    """Its rows are those of the same judge in a chain with a detector, and nothing is said of detection."""
    given = harness.run(CHAIN | {"detect": "gold"}, out=outcome.folder.parent, save_models=True)
    document, with_detector = given.document(), outcome.document()
    assert list(document["rows"]) == ["S1", "S2"]
    assert document["rows"] == {name: with_detector["rows"][name] for name in ("S1", "S2")}
    losses = document["losses"]
    assert list(losses) == ["retrieval", "judging", "together"]
    assert losses["retrieval"] == with_detector["losses"]["retrieval"]
    assert losses["together"]["value"] == pytest.approx(1 - document["rows"]["S1"]["value"])
    assert losses["together"]["low"] < losses["together"]["value"] < losses["together"]["high"]
    text = str(given)
    assert "detection           not measured" in text
    assert "not measured: detection, S0 (the whole chain)" in text
    assert given.models[0].folder is None
    assert "name a detector" in given.models[0].reason
