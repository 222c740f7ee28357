"""`harness gold`: gold labels, soft labels and what is undecided, of datasets and of files of ratings."""

from __future__ import annotations

import json

import pytest
from small_dataset import make_dataset

from harness import add_claims, gold, open_dataset, withdraw
from harness.errors import HarnessError, UnknownName

WIDE = "id,x,y,z\n1,a,a,b\n2,a,a,a\n3,b,b,b\n4,a,b,b\n5,a,b,\n"


@pytest.fixture
def ratings(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(WIDE, encoding="utf-8")
    return path


def test_a_file_by_majority(ratings):
    (axis,) = gold(ratings, "majority").axes
    assert axis.labels == {"1": "a", "2": "a", "3": "b", "4": "b"}
    assert axis.undecided == ("5",)
    assert axis.probabilities["5"] == {"a": 0.5, "b": 0.5}
    assert axis.probabilities["1"] == {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 3)}


def test_a_file_by_one_annotator(ratings):
    (axis,) = gold(ratings, "single:z").axes
    assert (axis.labels, axis.undecided) == ({"1": "b", "2": "a", "3": "b", "4": "b"}, ())
    with pytest.raises(UnknownName, match="no annotator with labels is called 'w'"):
        gold(ratings, "single:w")


@pytest.mark.parametrize("rule", ["dawid_skene", "mace"])
def test_a_file_by_a_model(ratings, rule):
    (axis,) = gold(ratings, rule).axes
    assert {claim: axis.labels[claim] for claim in "1234"} == {"1": "a", "2": "a", "3": "b", "4": "b"}
    assert all(sum(soft.values()) == pytest.approx(1) for soft in axis.probabilities.values())
    assert axis.labels["5"] == "b"  # y is the most reliable
    assert max(axis.reliability, key=axis.reliability.get) == "y"


def test_a_probability_leaves_the_rest_undecided(ratings):
    (axis,) = gold(ratings, "mace:0.95").axes
    least = {claim: max(soft.values()) for claim, soft in axis.probabilities.items()}
    assert set(axis.undecided) == {claim for claim, value in least.items() if value < 0.95} != set()
    assert set(axis.labels) | set(axis.undecided) == set("12345")


def test_notes_say_what_a_model_cannot_tell(tmp_path, ratings):
    path = tmp_path / "two.csv"
    path.write_text("id,x,y\n1,a,a\n2,a,b\n3,b,b\n", encoding="utf-8")
    (axis,) = gold(path, "mace").axes
    assert axis.notes[0].startswith("labels of fewer than 3 annotators do not tell which of them is right")
    assert gold(ratings, "dawid_skene").axes[0].notes == []
    # Three annotators of one item each: every start believes another one.
    path.write_text("id,x,y,z\n1,a,b,c\n", encoding="utf-8")
    (axis,) = gold(path, "mace", annotators=["x", "y", "z"]).axes
    assert axis.undecided == ("1",)
    assert "random starts differ on 1 of 1 items, which are undecided" in axis.notes


def test_a_dataset_end_to_end(tmp_path, harness):
    folder = make_dataset(tmp_path)
    claims = open_dataset(folder).claims
    rows = [{"article_id": c.article_id, "text": c.text, "checkable": "no"} for c in claims[:3]]
    add_claims(folder, rows, "second", at="2026-01-02T00:00:00Z")
    shown = harness("gold", folder, "--rule", "majority")
    assert shown.returncode == 0, shown.stderr
    assert claims[0].claim_id in shown.stdout
    document = json.loads(harness("gold", folder, "--rule", "majority", "--json").stdout)
    axis = document["axes"]["checkable"]
    assert set(axis["undecided"]) == {claim.claim_id for claim in claims[:3]}
    assert len(axis["labels"]) + len(axis["undecided"]) == len(claims)
    withdraw(folder, "second", claim=claims[0].claim_id)
    (after,) = gold(folder, "majority").axes
    assert set(after.undecided) == {claim.claim_id for claim in claims[1:3]}
    refused = harness("gold", folder, "--rule", "majorty")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no gold rule is called 'majorty'. Did you mean 'majority'?" in refused.stderr


def test_options_that_fit_nothing_are_refused(tmp_path):
    folder = make_dataset(tmp_path)
    with pytest.raises(HarnessError, match="is no file: columns and delimiter are options of a file"):
        gold(folder, columns={"item": "id"})
    with pytest.raises(UnknownName, match="no scheme is called 'other'"):
        gold(folder, scheme="other")
