"""The one rule that decides whether two systems differ: the corrected p-value of their test.

The interval of a difference is descriptive. It is not corrected for the number of pairs, and unless scores are ranked
together it comes from another calculation than the test, so the two can disagree. Tie groups, significance marks and
gates follow the corrected p-value; each pair where the interval disagrees says so (docs/explanation/intervals.md).
"""

from __future__ import annotations

import math
from typing import Literal

from harness.compare.paired_tests import Difference
from harness.metrics.intervals import ROUGH_UNITS
from harness.text_tables import count_of

LEVEL = 0.05
"""Significance level of the corrected p-value."""
DECIDED_BY: Literal["p_corrected"] = "p_corrected"
"""Name of the deciding number in JSON and CSV."""
RULE = (
    "two systems differ if the corrected p is below .05: it decides tie groups, marks and gates, because the "
    "intervals of differences are not corrected for the number of pairs"
)


def is_significant(p_corrected: float | None) -> bool:
    """Whether two systems differ; False without a test."""
    return p_corrected is not None and p_corrected < LEVEL


def disagreement(difference: Difference, p_corrected: float, *, n_pairs: int, n_units: int, unit: str) -> str | None:
    """What a reader must know if the interval of a difference and its test disagree; None if they agree.

    Args:
        difference: the difference with its interval and uncorrected p-value.
        p_corrected: the p-value that decides.
        n_pairs: number of tested pairs that it is corrected for.
        n_units: number of resampling units.
        unit: resampling unit.
    """
    excludes_zero = difference.low > 0 or difference.high < 0
    if is_significant(p_corrected) == excludes_zero:
        return None
    verdict = "no significant difference" if excludes_zero else "they differ, but by how much is uncertain"
    if n_units < ROUGH_UNITS:
        verdict = f"provisionally, as with {count_of(n_units, unit)} neither can be trusted"
    if not excludes_zero:
        return (
            f"the interval ({difference.method}) includes 0, but the corrected p ({difference.test}) is below .05; "
            f"p decides: {verdict}"
        )
    if difference.p < LEVEL:
        why = f"is not corrected for {count_of(n_pairs, 'pair')}"
    else:
        why = f"({difference.method}) comes from another calculation than p ({difference.test})"
    return f"the interval excludes 0, but it {why}; the corrected p decides: {verdict}"


def few_units_caution(n_units: int, unit: str) -> str | None:
    """The caution for comparisons over fewer than `ROUGH_UNITS` units; None from that number on.

    Exchanging n units gives no p-value below 2 / 2**n, and a spread estimated from fewer than 10 units is itself off by
    a quarter or more, so neither an interval nor a p-value holds what it promises.
    """
    if n_units >= ROUGH_UNITS:
        return None
    return (
        f"only {count_of(n_units, unit)}: neither the intervals of differences nor p can be trusted "
        f"(that takes {ROUGH_UNITS} or more), and tie groups are provisional"
    )


def decided_interval(difference: Difference, p_corrected: float | None) -> tuple[float, float]:
    """The interval of a difference where the test has decided about 0: an end on the wrong side moves to 0.

    If the systems differ, an interval that includes 0 ends just before it, on the side of the value; if they do not, an
    interval that excludes 0 is stretched to include it.
    """
    low, high = difference.low, difference.high
    if not is_significant(p_corrected):
        return min(low, 0.0), max(high, 0.0)
    if difference.value > 0:
        return max(low, math.nextafter(0.0, 1.0)), high
    return low, min(high, math.nextafter(0.0, -1.0))
