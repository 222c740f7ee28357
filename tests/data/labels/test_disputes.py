"""What annotators differ on, until somebody decides it."""

from __future__ import annotations

import pytest
from dataset_folders import to_label

from harness import HarnessError, add_claims, adjudicate, disputes, label, open_dataset
from harness.data.labels.gold import gold_labels


@pytest.fixture
def folder(tmp_path):
    folder = to_label(tmp_path / "d").folder
    label(folder, "ann", keys="11121q")
    label(folder, "bob", keys="12112q")
    label(folder, "cal", keys="121q")
    return folder


def gold(folder, axis):
    return gold_labels(open_dataset(folder).annotations, "two-axes", axis, "adjudicated")


def test_labels_that_differ_are_listed_in_the_order_of_claims_and_axes(folder):
    claims = [claim.claim_id for claim in open_dataset(folder).claims]
    result = disputes(folder)
    assert result.document() == {
        "disputes": [
            {"claim_id": claims[0], "axis": "tone", "labels": {"ann": "calm", "bob": "loud", "cal": "loud"}},
            {"claim_id": claims[1], "axis": "tone", "labels": {"ann": "loud", "bob": "calm"}},
            {"claim_id": claims[2], "axis": "factual", "labels": {"ann": "yes", "bob": "no"}},
        ]
    }
    assert (result.decided, result.compared) == (0, 5)


def test_a_decision_settles_a_dispute_and_is_gold(folder):
    claims = [claim.claim_id for claim in open_dataset(folder).claims]
    assert adjudicate(folder, "chief", keys="131q").questions == 3
    assert gold(folder, "tone").labels[claims[0]].label == "calm"
    assert gold(folder, "tone").labels[claims[1]].label == "cannot tell"
    assert disputes(folder).document() == {"disputes": []}
    assert disputes(folder).decided == 3
    assert gold(folder, "factual").undecided == ()


def test_decisions_come_from_a_file_too(folder):
    claims = [claim.claim_id for claim in open_dataset(folder).claims]
    rows = [{"claim_id": claims[0], "tone": "calm"}, {"claim_id": claims[1], "tone": "calm"}]
    assert add_claims(folder, rows, "bob", role="adjudicate").annotations_added == 2
    assert [d.claim_id for d in disputes(folder).disputes] == [claims[2]]
    # A decision is apart from the label of the same person.
    assert gold(folder, "tone").votes[claims[0]] == ("calm", "loud", "loud")
    assert gold(folder, "tone").labels[claims[0]].label == "calm"


def test_adjudicators_who_differ_leave_it_open(folder):
    adjudicate(folder, "chief", keys="1q")
    claims = [claim.claim_id for claim in open_dataset(folder).claims]
    add_claims(folder, [{"claim_id": claims[0], "tone": "loud"}], "deputy", role="adjudicate")
    assert disputes(folder).disputes[0].claim_id == claims[0]
    assert disputes(folder).disputes[0].decisions == {"chief": "calm", "deputy": "loud"}
    adjudicate(folder, "third", keys="2q")
    assert disputes(folder).decided == 1


def test_a_scheme_that_is_unknown(folder):
    with pytest.raises(HarnessError, match=r"no scheme is called 'tow-axes'\. Did you mean 'two-axes'"):
        disputes(folder, scheme="tow-axes")
