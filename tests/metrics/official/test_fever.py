"""The official FEVER and SciFact scorers on the cases that their publishers work out, and at their corners."""

from __future__ import annotations

import pytest

from harness.data.formats.verification.fever_jsonl import GoldVerdict, PredictedVerdict
from harness.data.formats.verification.scifact_jsonl import NOT_ENOUGH_INFO, Abstract, GoldAbstract
from harness.metrics.official.fever import fever
from harness.metrics.official.scifact import scifact

ONE, TWO, THREE = ("page1", 1), ("page2", 2), ("page3", 3)
GOLD = GoldVerdict("REFUTES", ((ONE, TWO),))


def test_fever_gives_the_numbers_of_the_publishers_readme():
    # Precision: 1/1 and 2/3. Recall: the first lacks page2, so 0 and 1.
    found = fever([GOLD, GOLD], [PredictedVerdict("REFUTES", (ONE,)), PredictedVerdict("REFUTES", (ONE, TWO, THREE))])
    assert found == pytest.approx(
        {
            "fever_score": 1 / 2,
            "label_accuracy": 1,
            "evidence_precision": 5 / 6,
            "evidence_recall": 1 / 2,
            "evidence_f1": 0.625,
        }
    )


def test_fever_counts_the_first_five_passages_only():
    late = PredictedVerdict("REFUTES", (THREE, THREE, THREE, ONE, ("page9", 0), TWO))
    assert fever([GOLD], [late])["fever_score"] == 0
    assert fever([GOLD], [late], max_evidence=6)["fever_score"] == 1


def test_fever_precision_is_one_where_nothing_was_predicted():
    found = fever([GOLD], [PredictedVerdict("REFUTES", ())])
    assert (found["evidence_precision"], found["evidence_recall"], found["evidence_f1"]) == (1, 0, 0)


def test_fever_leaves_claims_without_a_verdict_out_of_the_evidence():
    nothing = GoldVerdict("NOT ENOUGH INFO", (((None, None),),))
    found = fever(
        [GOLD, nothing], [PredictedVerdict("REFUTES", (ONE, TWO)), PredictedVerdict("NOT ENOUGH INFO", (THREE,))]
    )
    assert set(found.values()) == {1.0}
    assert fever([nothing], [PredictedVerdict("NOT ENOUGH INFO", ())])["evidence_recall"] == 0


def test_fever_f1_is_zero_where_the_official_program_divides_by_zero():
    assert fever([GOLD], [PredictedVerdict("REFUTES", (THREE,))])["evidence_f1"] == 0


def test_scifact_gives_the_numbers_of_the_publishers_example():
    gold = {
        "11": GoldAbstract("SUPPORT", (frozenset({0, 1}), frozenset({11}))),
        "15": GoldAbstract("SUPPORT", (frozenset({4}),)),
    }
    predicted = {"11": Abstract("SUPPORT", (1, 11, 13)), "16": Abstract("CONTRADICT", (18, 20))}
    found = scifact([gold], [predicted])
    assert [found[f"abstract_rationalized_{name}"] for name in ("precision", "recall", "f1")] == [1 / 2, 1 / 2, 1 / 2]
    assert [found[f"sentence_label_{name}"] for name in ("precision", "recall", "f1")] == pytest.approx(
        [1 / 5, 1 / 4, 2 / 9]
    )


def test_scifact_takes_three_sentences_at_the_abstract_level_and_all_at_the_sentence_level():
    gold = {"1": GoldAbstract("SUPPORT", (frozenset({9}),))}
    found = scifact([gold], [{"1": Abstract("SUPPORT", (1, 2, 3, 9))}])
    assert (found["abstract_label_only_f1"], found["abstract_rationalized_f1"]) == (1, 0)
    assert found["sentence_selection_precision"] == 1 / 4
    assert found["sentence_selection_recall"] == 1


def test_scifact_counts_selected_sentences_under_a_wrong_label():
    gold = {"1": GoldAbstract("SUPPORT", (frozenset({9}),))}
    found = scifact([gold], [{"1": Abstract("CONTRADICT", (9,)), "2": Abstract(NOT_ENOUGH_INFO, (1, 2))}])
    assert (found["sentence_selection_f1"], found["sentence_label_f1"]) == (1, 0)
    assert found["abstract_label_only_precision"] == 0
