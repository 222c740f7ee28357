"""Predicted and gold claims are matched one to one by the characters that they share."""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.runner.chain.matching import Span, match_spans

SPANS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 8)).map(lambda pair: Span(pair[0], sum(pair))), max_size=4
)


def shared(a: Span, b: Span) -> int:
    return len(set(range(*a)) & set(range(*b)))


def jaccard(a: Span, b: Span) -> float:
    return shared(a, b) / len(set(range(*a)) | set(range(*b)))


def test_equal_spans_match():
    spans = [Span(0, 10), Span(10, 30), Span(40, 50)]
    assert match_spans(spans, spans[::-1]) == {0: 2, 1: 1, 2: 0}


def test_half_of_the_characters_is_enough_and_less_is_not():
    assert match_spans([Span(0, 10)], [Span(0, 5)]) == {0: 0}  # 5 of 10
    assert match_spans([Span(0, 10)], [Span(0, 4)]) == {}  # 4 of 10
    assert match_spans([Span(0, 10)], [Span(5, 15)]) == {}  # 5 of 15


def test_the_total_counts_and_not_the_best_pair():
    # Predicted 1 shares 9 with gold 0 and 8 with gold 1; predicted 0 matches gold 0 only, with 5 of 10 characters.
    gold, predicted = [Span(0, 10), Span(1, 9)], [Span(0, 5), Span(1, 10)]
    assert match_spans(gold, predicted) == {0: 0, 1: 1}  # 5 + 8, where 9 + 0 is what the best pair gives


def test_nothing_matches_nothing():
    assert match_spans([], [Span(0, 1)]) == match_spans([Span(0, 1)], []) == {}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(SPANS, SPANS)
def test_no_other_matching_shares_more(gold, predicted):
    matched = match_spans(gold, predicted)
    assert len(set(matched.values())) == len(matched)
    assert all(jaccard(gold[row], predicted[column]) >= 0.5 for row, column in matched.items())
    short, long = sorted([gold, predicted], key=len)
    best = max(
        sum(shared(a, b) for a, b in zip(short, chosen, strict=True) if jaccard(a, b) >= 0.5)
        for chosen in itertools.permutations(long, len(short))
    )
    assert sum(shared(gold[row], predicted[column]) for row, column in matched.items()) == best
