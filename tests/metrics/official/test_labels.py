"""The official label scorers on cases worked by hand, and against scikit-learn, which the official programs call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score, precision_recall_fscore_support

from harness.errors import Undefined
from harness.metrics.official.labels import (
    all_labels,
    checkthat_factuality,
    checkthat_subjectivity,
    cohen_kappa,
    policlaim,
    positive_label,
)


def labels(*known: str) -> st.SearchStrategy[tuple[list[str], list[str]]]:
    pairs = st.lists(st.tuples(st.sampled_from(known), st.sampled_from(known)), min_size=1, max_size=12)
    return pairs.map(lambda found: ([gold for gold, _ in found], [predicted for _, predicted in found]))


def test_subjectivity_by_hand():
    # SUBJ: 1 right of 2 predicted and 2 gold; OBJ: 2 of 3 and 3.
    found = checkthat_subjectivity(["SUBJ", "SUBJ", "OBJ", "OBJ", "OBJ"], ["SUBJ", "OBJ", "OBJ", "OBJ", "SUBJ"])
    macro = (1 / 2 + 2 / 3) / 2
    assert found == pytest.approx(
        {
            "macro_f1": macro,
            "macro_precision": macro,
            "macro_recall": macro,
            "accuracy": 3 / 5,
            "precision": 1 / 2,
            "recall": 1 / 2,
            "f1": 1 / 2,
        }
    )


@given(labels("OBJ", "SUBJ"))
def test_subjectivity_is_what_scikit_learn_gives_the_official_program(pair):
    gold, predicted = pair
    macro = precision_recall_fscore_support(gold, predicted, average="macro", zero_division=0)
    of_subjective = precision_recall_fscore_support(gold, predicted, labels=["SUBJ"], zero_division=0)
    found = checkthat_subjectivity(gold, predicted)
    assert [found[f"macro_{name}"] for name in ("precision", "recall", "f1")] == pytest.approx(macro[:3])
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(
        [of_subjective[n][0] for n in range(3)]
    )
    assert found["accuracy"] == pytest.approx(accuracy_score(gold, predicted))


@given(labels("No", "Yes"))
def test_positive_label_is_what_scikit_learn_gives_the_official_program(pair):
    gold, predicted = pair
    wanted = precision_recall_fscore_support(gold, predicted, pos_label="Yes", average="binary", zero_division=0)
    found = positive_label(gold, predicted, "Yes")
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(wanted[:3])


def test_factuality_by_hand():
    # Distances 2, 0, 0, 1. Per gold label: TRUE (2 + 0) / 2, FALSE 0, HALF-TRUE 1.
    # F1: TRUE 1/2 (P 1/2, R 1/2), FALSE 2/3 (P 1/2, R 1), HALF-TRUE 0.
    found = checkthat_factuality(["TRUE", "TRUE", "FALSE", "HALF-TRUE"], ["FALSE", "TRUE", "FALSE", "TRUE"])
    assert found == pytest.approx(
        {
            "mean_absolute_error": 3 / 4,
            "macro_mean_absolute_error": 2 / 3,
            "accuracy": 1 / 2,
            "macro_f1": (1 / 2 + 2 / 3) / 3,
            "macro_recall": (1 / 2 + 1) / 3,
        }
    )


def test_factuality_without_gold_of_a_label_has_no_macro_means():
    found = checkthat_factuality(["TRUE", "FALSE"], ["TRUE", "TRUE"])
    assert found["mean_absolute_error"] == 1
    for metric in ("macro_mean_absolute_error", "macro_f1", "macro_recall"):
        assert isinstance(found[metric], Undefined)
        assert str(found[metric]) == "no claim has gold label HALF-TRUE"


def test_liar_counts_labels_that_do_not_occur():
    # F1: true 2/3 (P 1/2, R 1), false 0, the other four 0.
    six = ["pants-fire", "false", "barely-true", "half-true", "mostly-true", "true"]
    assert all_labels(["true", "false"], ["true", "true"], six) == pytest.approx({"accuracy": 1 / 2, "macro_f1": 1 / 9})


def test_policlaim_by_hand():
    # Agreement .75, by chance .5 * .25 + .5 * .75 = .5: kappa .5. The experts: one is the system, one is the gold.
    gold, predicted = ["1", "1", "0", "0"], ["1", "0", "0", "0"]
    found = policlaim(gold, [predicted, gold], predicted)
    assert found == pytest.approx(
        {"accuracy": 3 / 4, "precision": 1, "recall": 1 / 2, "f1": 2 / 3, "kappa": 1 / 2, "expert_kappa": 3 / 4}
    )
    assert "expert_kappa" not in policlaim(gold, [], predicted)


@given(labels("0", "1"))
def test_kappa_is_scikit_learns_where_it_exists(pair):
    found = cohen_kappa(*pair)
    if isinstance(found, Undefined):
        assert len({*pair[0], *pair[1]}) == 1
    else:
        assert found == pytest.approx(cohen_kappa_score(*pair))
