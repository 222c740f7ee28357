"""How near statements come to reference statements: METEOR and chrF, as for CheckThat! 2025 task 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.metrics.official.chrf import chrf, corpus_chrf


class TextScore(Protocol):
    """Scores of two texts, such as METEOR."""

    def score(self, candidate: str, reference: str) -> float:
        """The score of a candidate text against a reference text."""
        ...


def statement_scores(candidates: Sequence[str], references: Sequence[str], meteor: TextScore) -> dict[str, float]:
    """The means of METEOR and chrF over statements, and the chrF of all as one text.

    Args:
        candidates, references: statements of the same claims in the same order; at least one.
        meteor: the METEOR of two texts.
    """
    pairs = list(zip(candidates, references, strict=True))
    return {
        "meteor": sum(meteor.score(*pair) for pair in pairs) / len(pairs),
        "chrf": sum(chrf(*pair) for pair in pairs) / len(pairs),
        "corpus_chrf": corpus_chrf(pairs),
    }
