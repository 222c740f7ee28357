"""The corrected p decides; a pair whose interval disagrees says so; few units are no ground for either."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.compare.comparison import SystemPair
from harness.compare.decision import decided_interval, disagreement, few_units_caution, is_significant
from harness.compare.footnotes import pair_notes
from harness.compare.paired_tests import Difference


def difference(low, high, p, value=0.095):
    return Difference(
        value=value,
        low=low,
        high=high,
        p=p,
        detectable=0.1,
        test="randomization",
        method="jackknife-t",
        draws=1000,
        resamples=1000,
    )


def note(found, p_corrected, n_units=47):
    return disagreement(found, p_corrected, n_pairs=28, n_units=n_units, unit="article")


def test_the_corrected_p_decides_and_a_disagreeing_interval_says_so():
    assert note(difference(0.02, 0.17, 0.001), 0.02) is None
    assert note(difference(-0.04, 0.23, 0.4), 1.0) is None
    includes = note(difference(-0.04, 0.23, 0.012), 0.04)
    assert "includes 0, but the corrected p (randomization) is below .05; p decides: they differ" in includes
    uncorrected = note(difference(0.01, 0.18, 0.012), 0.33)
    assert "is not corrected for 28 pairs; the corrected p decides: no significant difference" in uncorrected
    other = note(difference(0.01, 0.18, 0.06), 0.06)
    assert "comes from another calculation than p (randomization)" in other


def test_with_few_units_neither_is_trusted():
    assert "as with 7 articles neither can be trusted" in note(difference(-0.04, 0.23, 0.012), 0.04, n_units=7)
    assert few_units_caution(10, "article") is None
    assert few_units_caution(9, "speaker").startswith("only 9 speakers: neither the intervals of differences nor p")


@pytest.mark.parametrize(
    ("low", "high", "value", "p", "decided"),
    [
        (-0.04, 0.23, 0.095, 0.04, (True, False)),
        (-0.23, 0.04, -0.095, 0.04, (False, True)),
        (0.01, 0.2, 0.1, 0.3, (False, False)),
        (0.01, 0.2, 0.1, None, (False, False)),
        (0.01, 0.2, 0.1, 0.01, (True, False)),
    ],
)
def test_the_gate_has_an_interval_that_agrees_with_the_test(low, high, value, p, decided):
    ends = decided_interval(difference(low, high, 0.01, value), p)
    assert (ends[0] > 0, ends[1] < 0) == decided
    assert any(decided) == is_significant(p)
    # Far from 0 the interval stays what it was.
    assert max(map(abs, ends)) == max(abs(low), abs(high))


def footnotes(n_pairs, **fields):
    pairs = [
        SystemPair("best", f"s{n}", difference(0.01, 0.18, 0.04 - n / 1000, 0.1), 0.33, note="decided")
        if not fields
        else SystemPair("best", f"s{n}", None, None, **fields)
        for n in range(n_pairs)
    ]
    comparison = SimpleNamespace(pairs=pairs, heading="F1", n_tested=0)
    return pair_notes([comparison])


def test_a_footnote_on_many_pairs_names_those_with_the_smallest_p_and_counts_the_others():
    assert footnotes(2) == ["best - s0, best - s1: decided"]
    first = "best - s7, best - s6, best - s5, best - s4, best - s3"
    assert footnotes(8) == [f"{first} and 3 more (smallest p first; harness compare --json names all): decided"]
    first = "best - s0, best - s1, best - s2, best - s3, best - s4"
    untested = footnotes(6, reason="only one article")
    assert untested == [f"{first} and 1 more (harness compare --json names all): no difference: only one article"]
