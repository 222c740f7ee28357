"""Gold rules: who decides, and what is left undecided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.labels.annotations import new_annotation
from harness.data.labels.gold import active_annotations, gold_labels
from harness.errors import HarnessError, UnknownName
from harness.records import Annotation, GoldLabel


def label(claim: str, annotator: str, value: str, role: str = "label", **more: str | None) -> Annotation:
    return new_annotation(claim, "s", more.pop("axis", None) or "a", value, annotator, "1", role=role, **more)  # type: ignore[arg-type]


# claim | ann | bob | cy  | deciding
# tie   | yes | no  |     |
# most  | yes | no  | no  |
# ruled | yes | no  | no  | dee: yes
# alone | yes |     |     |
LOG = [
    *(label("tie", "ann", "yes"), label("tie", "bob", "no")),
    *(label("most", "ann", "yes"), label("most", "bob", "no"), label("most", "cy", "no")),
    *(label("ruled", "ann", "yes"), label("ruled", "bob", "no"), label("ruled", "cy", "no")),
    label("ruled", "dee", "yes", "adjudicate"),
    label("alone", "ann", "yes"),
]


def gold(rule, log=LOG):
    found = gold_labels(log, "s", "a", rule)
    return {name: record.label for name, record in found.labels.items()}, set(found.undecided)


def test_the_rules():
    # adjudicated: dee decides 'ruled'. majority: 'ruled' has two yes (ann, dee) and two no, a tie.
    assert gold("adjudicated") == ({"most": "no", "ruled": "yes", "alone": "yes"}, {"tie"})
    assert gold("majority") == ({"most": "no", "alone": "yes"}, {"tie", "ruled"})
    assert gold("single:ann") == (dict.fromkeys(("tie", "most", "ruled", "alone"), "yes"), set())
    assert gold("single:nobody") == ({}, set())
    assert gold("single", LOG[-1:]) == ({"alone": "yes"}, set())


def test_single_refuses_several_annotators():
    with pytest.raises(HarnessError, match=r"'single': claim 'tie' has labels by several annotators \(ann, bob\); use"):
        gold("single")


@pytest.mark.parametrize("rule", ["sinlge", "majority:ann", "", "Single", "single:", "Mace"])
def test_an_unknown_rule_names_the_known_ones(rule):
    with pytest.raises(UnknownName, match=r"Known: adjudicated, .*majority, single, single:ANNOTATOR"):
        gold(rule)


@pytest.mark.parametrize("rule", ["mace:", "mace:high", "dawid_skene:0", "dawid_skene:1.1", "mace:nan"])
def test_a_probability_that_is_none_is_refused(rule):
    with pytest.raises(HarnessError, match=f"gold rule '{rule}': expected a probability above 0 and up to 1, got"):
        gold(rule)


# Claims c0 to c19: ann and bob agree, and cy says the opposite on every fourth. The claim "tie": one yes, one no, by
# two annotators who label nothing else.
CROWD = [
    *(label(f"c{n}", who, "no" if n % 2 else "yes") for n in range(20) for who in ("ann", "bob")),
    *(label(f"c{n}", "cy", "yes" if (n % 2) ^ (n % 4 == 0) else "no") for n in range(20)),
    *(label("tie", "dee", "yes"), label("tie", "eve", "no")),
    label("ruled", "fay", "yes", "adjudicate"),
]


@pytest.mark.parametrize("rule", ["dawid_skene", "mace"])
def test_a_model_decides_what_its_probabilities_say(rule):
    labels, undecided = gold(rule, CROWD)
    assert labels == {f"c{n}": "no" if n % 2 else "yes" for n in range(20)}
    assert undecided == {"tie", "ruled"}  # equal probabilities; no label beside the decision
    model = gold_labels(CROWD, "s", "a", rule).model
    assert (model.labels, model.annotators) == (("no", "yes"), ("ann", "bob", "cy", "dee", "eve"))


def test_a_model_with_a_probability_decides_only_what_has_it():
    probabilities = gold_labels(CROWD, "s", "a", "mace").model.consensus.probabilities.max(axis=1)
    least = float(sorted(probabilities)[10])
    labels, undecided = gold(f"mace:{least}", CROWD)
    assert len(labels) == (probabilities >= least).sum() < 20
    assert len(labels) + len(undecided) == 22


def test_a_model_without_labels_decides_nothing():
    assert gold("mace", [label("ruled", "fay", "yes", "adjudicate")]) == ({}, {"ruled"})


def test_two_adjudications_that_differ_decide_nothing():
    log = [*LOG, label("ruled", "eve", "no", "adjudicate")]
    assert gold("adjudicated", log)[1] == {"tie", "ruled"}


def test_the_one_annotators_adjudication_goes_over_their_label():
    log = [label("c", "ann", "no"), label("c", "ann", "yes", "adjudicate")]
    assert gold("single", log) == ({"c": "yes"}, set())


def test_a_superseded_label_no_longer_counts():
    first = label("tie", "ann", "yes")
    second = label("tie", "ann", "no", supersedes=first.annotation_id)
    third = label("tie", "ann", "yes", supersedes=second.annotation_id)
    assert gold("majority", [first, second, label("tie", "bob", "no")]) == ({"tie": "no"}, set())
    assert [a.annotation_id for a in active_annotations([first, second, third])] == [third.annotation_id]


def test_suggestions_decide_nothing():
    suggestion = label("new", "bot", "yes", "suggest")
    assert gold("majority", [*LOG, suggestion])[0].keys() == gold("majority")[0].keys()
    over = label("alone", "ann", "no", "suggest", supersedes=LOG[-1].annotation_id)
    assert gold("majority", [*LOG, over]) == gold("majority")


def test_only_the_named_scheme_and_axis_count():
    assert gold("majority", [*LOG, label("tie", "cy", "yes", axis="other")]) == gold("majority")
    assert gold_labels(LOG, "other", "a").labels == {}


def test_gold_says_how_many_annotators_it_rests_on():
    assert gold_labels(LOG, "s", "a").labels["most"] == GoldLabel(claim_id="most", label="no", annotators=3)


@given(st.permutations(LOG), st.sampled_from(["adjudicated", "majority", "single:bob", "dawid_skene"]))
def test_the_order_of_the_log_does_not_matter(log, rule):
    assert gold(rule, log) == gold(rule)
