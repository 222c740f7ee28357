"""What would change a verdict: each passage is left out in turn, and the claim is judged again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from harness.data.claims import Claims, ShownPassage
from harness.display import displayed
from harness.runner.models.saved_model import Model
from harness.runner.verification.gold_evidence import evidence_column


@displayed
class LeftOut(NamedTuple):
    """The answer of the judge without one of the passages."""

    verdict: str | None
    """Label without the passage; None: no answer."""
    score: float | None
    """Score, without the passage, of the label that was given with it; None if none was given."""

    def document(self) -> dict[str, Any]:
        """The answer as `harness verify` writes it."""
        return self._asdict()


def judge_without_each(judge: Model, judged: Claims, verdicts: Sequence[str | None]) -> list[tuple[LeftOut, ...]]:
    """Judges each claim once for each of its passages, which is left out.

    Args:
        judge: model of the judge.
        judged: claims with their passages.
        verdicts: label of each claim with all its passages.
    Returns: for each claim, one answer per passage, in their order.
    """
    places = [(row, i) for row, passages in enumerate(judged.evidence) for i in range(len(passages))]
    if not places:
        return [() for _ in range(len(judged))]
    shown: list[Sequence[ShownPassage]] = [
        [*judged.evidence[row][:i], *judged.evidence[row][i + 1 :]] for row, i in places
    ]
    rows = np.array([row for row, _ in places], dtype=np.int64)
    variants = replace(judged.take(rows), evidence=evidence_column(shown))
    scores = judge.score(variants)
    labels = judge.predict(variants, scores)
    columns = {label: column for column, label in enumerate(judge.card.labels)}
    answers: list[list[LeftOut]] = [[] for _ in range(len(judged))]
    for (row, _), label, line in zip(places, labels, scores, strict=True):
        given = verdicts[row]
        answers[row].append(LeftOut(label, None if given is None else float(line[columns[given]])))
    return [tuple(of_claim) for of_claim in answers]
