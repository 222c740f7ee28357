"""The scores of statements are means over statements."""

from __future__ import annotations

import pytest

from harness.metrics.official.chrf import chrf, corpus_chrf
from harness.metrics.official.statements import statement_scores


class Equal:
    """1 for equal texts."""

    def score(self, candidate, reference):
        return float(candidate == reference)


def test_means_over_statements_and_the_pooled_value():
    candidates, references = (
        ["Rain fell.", "", "It rained in Bonn."],
        ["Rain fell.", "Snow fell.", "It snowed in Bonn."],
    )
    values = statement_scores(candidates, references, Equal())
    pairs = list(zip(candidates, references, strict=True))
    assert values["meteor"] == pytest.approx(1 / 3)
    assert values["chrf"] == pytest.approx((1 + 0 + chrf(*pairs[2])) / 3)
    assert values["corpus_chrf"] == corpus_chrf(pairs) != pytest.approx(values["chrf"])
