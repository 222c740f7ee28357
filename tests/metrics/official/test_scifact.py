"""SciFact's four F1s, where the visible files do not show the rule, and the labels of claims."""

import pytest

from harness.data.formats.verification.scifact_jsonl import Abstract, GoldAbstract
from harness.metrics.official.scifact import scifact, scifact_claims

FOUR = frozenset({1, 2, 3, 4})


@pytest.mark.parametrize(
    ("rationales", "sentences", "expected"),
    [
        ((FOUR,), (1, 2, 3, 4), 1),
        ((FOUR,), (9, 1, 2, 3, 4), 0),
        ((FOUR, frozenset({7})), (1, 2, 3, 4), 0),
        ((FOUR, frozenset({7})), (1, 2, 7, 4), 1),
        ((frozenset({4}),), (1, 2, 3, 4), 0),
    ],
)
def test_as_many_sentences_as_the_shortest_rationale_can_rationalize_at_least_three(rationales, sentences, expected):
    gold, predicted = [{"5": GoldAbstract("SUPPORT", rationales)}], [{"5": Abstract("SUPPORT", sentences)}]
    assert scifact(gold, predicted)["abstract_rationalized_f1"] == expected


def test_a_claim_without_an_abstract_is_one_of_not_enough_info():
    right, wrong = Abstract("SUPPORT", ()), Abstract("CONTRADICT", ())
    gold = [{"5": GoldAbstract("SUPPORT", ())}, {}, {}, {"6": GoldAbstract("CONTRADICT", ())}]
    predicted = [{"4": Abstract("NOT_ENOUGH_INFO", ()), "5": right}, {}, {"7": right}, {"6": wrong, "8": right}]
    assert scifact_claims(gold, predicted) == pytest.approx(
        {"CONTRADICT": 1, "NOT_ENOUGH_INFO": 2 / 3, "SUPPORT": 2 / 3, "macro_f1": 7 / 9, "accuracy": 3 / 4}
    )
